"""Kernels: of which Python they are, how they are reached, and how they end in time."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

LONGEST_PATH = 85  # bytes of a folder for sockets, of 103 on macOS, with a file's name behind it
LOOK = 1.0  # seconds between two looks at another process
OWN = "-ipython"  # ends the name of a kernel's own folder of settings


@contextmanager
def connection_folder() -> Iterator[str]:
    """Make a folder for a kernel's connection, and remove those that killed processes left."""
    here = f"hw1-kernel-{zlib.crc32(platform.node().encode()):08x}-"  # of this machine
    for left in Path(tempfile.gettempdir()).glob(f"{here}*"):
        owner = left.name.removeprefix(here).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    own = f"{here}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=own, ignore_cleanup_errors=True) as folder:
        yield folder


def connection(folder: str) -> dict[str, str]:
    """Return how a kernel is reached, by sockets in a folder of its own."""
    found = {"connection_file": str(Path(folder, "kernel.json"))}
    Path(f"{found['connection_file']}{OWN}").mkdir()
    # kernels that start together race for TCP ports; but a socket's path must be short
    if os.name != "nt" and len(os.fsencode(folder)) <= LONGEST_PATH:
        found["transport"] = "ipc"
    return found


def end_with(pid: int) -> None:
    """End this process soon after another has ended; kernels end with this one by themselves."""

    def watch() -> None:
        while psutil.pid_exists(pid):
            time.sleep(LOOK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Kernel(AsyncKernelManager):
    """A kernel of the Python that runs this, whatever kernels the user has registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """What is started."""
        # the debugger in ipykernel complains about frozen modules on every start
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        # nor the user's start-up files, settings and history of IPython
        own = f"--ipython-dir={{connection_file}}{OWN}"
        return KernelSpec(argv=[*command, "-f", "{connection_file}", own], language="python")


class Limit:
    """Ends kernels once their time is over, also one that is stopped or hears no signal.

    Args:
        seconds: Their time; None for any.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds, self.over = seconds, False
        self._kernels: list[Kernel] = []
        self._timer = threading.Timer(seconds or 0, self._end)

    def manager(self) -> type[Kernel]:
        """Return a class of kernels that this limit holds for."""
        kernels = self._kernels

        class Limited(Kernel):
            def __init__(self, **settings: Any) -> None:
                super().__init__(**settings)
                kernels.append(self)

        return Limited

    def _end(self) -> None:
        self.over = True
        for kernel in self._kernels:
            process = getattr(kernel.provisioner, "process", None)
            with suppress(OSError):
                if process is not None and os.name != "nt":
                    os.killpg(process.pid, signal.SIGKILL)  # it leads a group, with its children
                elif process is not None:
                    process.kill()

    def __enter__(self) -> Limit:
        if self.seconds is not None:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
