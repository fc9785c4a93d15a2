#!/usr/bin/env python3
"""Make the virtual environment from requirements.lock, if it is missing or stale.

Needs Python 3.11 to 3.13 and nothing else: uv from PATH, else uv installed with pip into
`.boot`, else (or with INSTALLER=pip) plain pip. Every package is checked against its hash.
"""

from __future__ import annotations  # so that an older Python gets as far as the refusal below

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
ELSEWHERE = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH", "UV_SYSTEM_PYTHON"}


def run(*command: str | Path) -> None:
    """Run a command, showing it first."""
    print("+", *command, flush=True)
    # where the user's pip installs by default is no place for this environment's packages
    ours = {k: v for k, v in os.environ.items() if k not in ELSEWHERE} | {"PIP_USER": "0"}
    subprocess.run([str(word) for word in command], check=True, env=ours)


def executable(folder: Path, name: str) -> Path:
    """Path of a program inside a virtual environment."""
    return folder / "Scripts" / f"{name}.exe" if os.name == "nt" else folder / "bin" / name


def find_uv() -> Path | None:
    """Find uv on PATH, or install it beside the project; None where neither works."""
    if on_path := shutil.which("uv"):
        return Path(on_path)
    boot = ROOT / ".boot"
    try:
        if not executable(boot, "uv").exists():
            print("setting up uv, which installs the packages five times faster than pip")
            run(sys.executable, "-m", "venv", boot)
            run(executable(boot, "python"), "-m", "pip", "install", "--quiet", "uv")
    except (subprocess.CalledProcessError, OSError):
        shutil.rmtree(boot, ignore_errors=True)
        return None
    return executable(boot, "uv")


def install(venv: Path) -> None:
    """Install the locked packages and this project into `venv`."""
    lock = ROOT / "requirements.lock"
    python = executable(venv, "python")
    uv = None if os.environ.get("INSTALLER") == "pip" else find_uv()
    if uv:
        if not python.exists():
            run(uv, "venv", "--quiet", "--seed", "--python", sys.executable, venv)
        run(
            uv,
            "pip",
            "sync",
            "--quiet",
            "--compile-bytecode",
            "--python",
            python,
            "--require-hashes",
            lock,
        )
        pip: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        run(sys.executable, "-m", "venv", venv)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(*pip, "--require-hashes", "--requirement", lock)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def main() -> None:
    """Bring `.venv` in step with the lock; do nothing where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where to make it")
    venv = parser.parse_args().venv
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            f"{sys.executable} is Python {sys.version.split()[0]}; "
            "this project needs 3.11 to 3.13. Name one: make PYTHON=python3.12 report"
        )

    inputs = (ROOT / "requirements.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    stamp, place = venv / ".lock-sha256", venv / ".place"
    wanted, here = hashlib.sha256(inputs).hexdigest(), f"{ROOT}\n{venv.absolute()}"
    made_here = place.exists() and place.read_text(encoding="utf-8") == here
    if executable(venv, "python").exists() and not made_here:
        # its programs and its link to the library name the folder where it was made
        print(f"{venv.name} was not made for this checkout here, and is made anew", flush=True)
        venv.unlink() if venv.is_symlink() else shutil.rmtree(venv)
    if made_here and stamp.exists() and stamp.read_text() == wanted:
        return
    print(
        f"making {venv.name} from requirements.lock (5 GB on disk, about half a minute)", flush=True
    )
    started = time.monotonic()
    try:
        install(venv)
    except subprocess.CalledProcessError as error:
        lacks_venv = "venv" in error.cmd and not shutil.which("uv")
        hint = " On Debian or Ubuntu: apt install python3-venv." if lacks_venv else ""
        sys.exit(f"setting up the environment failed at: {' '.join(error.cmd)}.{hint}")
    place.write_text(here, encoding="utf-8")
    stamp.write_text(wanted)
    print(f"environment ready in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
