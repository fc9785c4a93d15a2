"""Notebooks executed each in a process of its own, none of which outlives the one that asked."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import psutil

GRACE = 10  # seconds for a process to end by itself once it is to


class Unwanted(Exception):
    """A process was ended, since nobody waits for it any more."""


class Apart:
    """Executes notebooks in processes, and ends those that still run when it is left."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._open, self._lock = True, threading.Lock()

    def execute(
        self,
        source: Path,
        target: Path,
        parameters: Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> str:
        """Execute a notebook as `hw1lib.publish.execute` does, in a process of one thread.

        Returns:
            The last line of its complaint; empty if all went well.

        Raises:
            Unwanted: If it was ended on its way.
        """
        command = [sys.executable, "-m", "hw1lib.publish.execute", str(source), str(target)]
        command += ["--with-process", str(os.getpid())]
        for name, given in parameters.items():
            command += ["-p", name, json.dumps(given) if isinstance(given, list) else str(given)]
        if timeout:  # the command ends its kernel itself
            command += ["--timeout", str(timeout)]
        return self.run(command, timeout and timeout + GRACE)

    def run(self, command: Sequence[str], timeout: float | None) -> str:
        """Run a command; as `execute`."""
        with self._lock:
            if not self._open:
                raise Unwanted
            process = subprocess.Popen(
                command,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=os.name != "nt",  # so that its kernel ends with it
            )
            self._running.add(process)
        with process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                return f"not finished after {timeout:g} s"
            finally:
                _end(process)
                self._running.discard(process)
        if not self._open:
            raise Unwanted
        lines = [line for line in output.splitlines() if line.strip()]
        complaint = lines[-1] if lines else f"exit status {process.returncode}"
        return complaint if process.returncode else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False
        for process in [*self._running]:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process that still runs, at first politely, and all that it has begun."""
    if process.poll() is not None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        if os.name != "nt":  # which can only kill
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        process.kill()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
