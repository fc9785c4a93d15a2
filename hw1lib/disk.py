"""Files and folders that outlast a power failure, and names that tell whose they are."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path

import psutil

DAY = 86400.0  # seconds
# neither through a link nor waiting for a pipe; Windows has neither
PLAINLY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def read_file(path: Path) -> bytes:
    """Return the content of a plain file; nothing if there is no such file."""
    try:
        handle = os.open(path, PLAINLY)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return b""
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return b""
    with open(handle, "rb") as file:
        return file.read()


def write_file(path: Path, content: bytes) -> None:
    """Write a new file, and return once it is on the disk."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, to outlast a power failure."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(folder: Path) -> None:
    """Return once the names in a folder are on the disk, where the system can say so."""
    if os.name == "nt":  # which opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step: whoever looks finds all of the old one or all of the new one.

    What processes that were ended have left of theirs is removed.
    """
    sweep(path.parent)
    temporary = temporary_name(path.parent)
    try:
        write_file(temporary, content)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(folder: Path) -> Path:
    """Return an unused name in `folder` that tells who uses it."""
    return folder / f".tmp-{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"


def sweep(folder: Path) -> None:
    """Remove what processes that no longer run have left in `folder`."""
    for path in folder.glob(".tmp-*"):
        with suppress(OSError, ValueError):  # just renamed, not ours to remove, or not our name
            host, pid = path.name.removeprefix(".tmp-").rsplit("-", 2)[:2]
            ended = host == platform.node() and not psutil.pid_exists(int(pid))
            if ended or time.time() - path.stat().st_mtime > DAY:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
