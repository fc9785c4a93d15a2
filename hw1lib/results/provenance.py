"""What a result was computed with: versions, commit and machine. It decides no number."""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

CHECKOUT = Path(__file__).resolve().parents[2]


def record(functions: list[str], how: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return the content of provenance.json, for a computation that ends now.

    Args:
        functions: Names of those that computed.
        how: They did it: on which `device`; by what updates were `compiled`, if they were; and
            with which results of others they `began_with`, and the seconds that these had taken.
        seconds: How long.
    """
    return {
        **environment(),
        "functions": functions,
        "threads": torch.get_num_threads(),
        **how,
        "seconds": round(seconds, 3),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@functools.cache
def environment() -> dict[str, Any]:
    """Return what this process runs on, asked before it computes: files may change meanwhile."""
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "hw1lib": version("hw1lib"),
        },
        "git": _git(),
        "machine": {"platform": platform.platform(), "cpu": _cpu(), "cores": os.cpu_count()},
    }


def _git() -> dict[str, Any] | None:
    """Return the commit that is checked out and whether files differ from it."""
    if not (CHECKOUT / ".git").exists():
        return None
    ask = functools.partial(
        subprocess.run, cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    try:
        commit = ask(["git", "rev-parse", "HEAD"]).stdout.strip()
        changes = ask(["git", "status", "--porcelain", "--untracked-files=no"]).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _cpu() -> str:
    with suppress(OSError):
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        if found:
            return found[1]
    return platform.processor()
