"""MNIST and CIFAR-10 as they are published: downloaded once, and checked on every read."""

from __future__ import annotations

import hashlib
import http.client
import os
import pickle
import queue
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import torch
from torch import Tensor

# torchvision is imported where a server has answered, since that takes seconds

REACH_SECONDS = 8.0  # for the first server of a set to answer, name look-up included
STALL_SECONDS = 30.0  # without a byte, after which a running download is given up

Examples = tuple[Tensor, Tensor]  # images uint8 (N, C, H, W), labels int64 (N,)


class DataError(ValueError):
    """Data that are there but cannot be used, or that cannot be had."""

    def _render_traceback_(self) -> list[str]:
        # a notebook shows the sentence without forty lines of our own frames
        return [f"{type(self).__name__}: {self}"]


class MissingFolderError(DataError, FileNotFoundError):
    """A folder of images that is not there."""


class UnavailableError(DataError):
    """A real set that is neither on this machine nor to be downloaded."""


@dataclass(frozen=True)
class _Published:
    """A set as it is published: its files, where torchvision puts them."""

    title: str
    folder: str  # of the files, below the root
    files: Mapping[str, str]  # MD5 by file name; those of CIFAR-10 are also torchvision's
    mirrors: tuple[str, ...]  # where torchvision finds it
    archive: str  # the first to be had there


_PUBLISHED = {
    "mnist": _Published(
        "MNIST",
        "MNIST/raw",
        {
            "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
            "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        "train-images-idx3-ubyte.gz",
    ),
    "cifar10": _Published(
        "CIFAR-10",
        "cifar-10-batches-py",
        {
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            "test_batch": "40351d587109b95175f43aff81a1287e",
            "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
        },
        ("https://www.cs.toronto.edu/~kriz/",),
        "cifar-10-python.tar.gz",
    ),
}


def is_here(name: str, root: Path | str | None = None) -> bool:
    """Return whether all files of a set are there, damaged or not; arguments as of `read`."""
    published = _PUBLISHED[name]
    folder = _checked_root(root) / published.folder
    return all(_exists(folder / file) for file in published.files)


def read(name: str, root: Path | str | None) -> tuple[Examples, Examples, Sequence[str]]:
    """Read a set from the root, after downloading it if it is not there.

    Args:
        name: "mnist" or "cifar10".
        root: Folder of the sets; by default that of HW1_DATA, else `data` beside the package.

    Returns:
        Images and labels of the training and of the test split, and the names of the classes.

    Raises:
        FileNotFoundError: If the folder that was asked for is missing, or HW1_DATA empty.
        DataError: If files are missing, damaged or unreadable.
        UnavailableError: If the set is neither there nor to be downloaded.
    """
    root, published = _checked_root(root), _PUBLISHED[name]
    folder = root / published.folder
    missing = [file for file in published.files if not _exists(folder / file)]
    if len(missing) == len(published.files):
        _download(name, root)
    elif missing:
        raise DataError(
            f"{published.title} in {folder} is incomplete, without {', '.join(missing)}; "
            "add what is missing, or remove the folder to have it downloaded"
        )

    seen = [(folder / file).stat() for file in published.files]
    state = str([(of.st_ino, of.st_size, of.st_mtime_ns) for of in seen])
    return _read(name, folder, state)


@lru_cache(maxsize=2)  # the chapters of a report ask for the same ones
def _read(name: str, folder: Path, state: str) -> tuple[Examples, Examples, Sequence[str]]:
    """Read files in a state that is another one after any change."""

    def verified(file: str) -> bytes:
        return _verified(folder / file, _PUBLISHED[name].files[file])

    return {"mnist": _read_mnist, "cifar10": _read_cifar10}[name](verified)


def _checked_root(root: Path | str | None) -> Path:
    """Return the folder of the real sets; only the default one may not exist yet."""
    variable = os.environ.get("HW1_DATA")
    if root is None and not variable:
        return Path(__file__).resolve().parents[2] / "data"
    origin = "HW1_DATA names" if root is None else "root is"
    path = Path(root or variable or "").expanduser()
    if root is None:  # a notebook runs in another folder than make
        path = Path(__file__).resolve().parents[2] / path
    if not _exists(path):
        raise FileNotFoundError(f"{origin} {path}, which does not exist")
    try:
        empty = not any(path.iterdir())
    except OSError as error:
        raise DataError(f"{origin} {path}, which cannot be listed: {error.strerror}") from None
    if empty and root is None:  # as when a disk was not mounted
        raise FileNotFoundError(
            f"{origin} {path}, which is empty; it should hold MNIST or CIFAR-10 in "
            "torchvision's layout (leave HW1_DATA unset to have them downloaded)"
        )
    return path


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return True


def _verified(path: Path, md5: str) -> bytes:
    """Return the contents of a published file, which nobody can have changed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataError(
            f"{path} is damaged: its {len(content)} bytes have the MD5 {found}, expected {md5}; "
            f"restore it, or remove {path.parent} to have the set downloaded"
        )
    return content


# Reading


_Reader = Callable[[str], bytes]


def _read_mnist(read: _Reader) -> tuple[Examples, Examples, Sequence[str]]:
    def split(prefix: str) -> Examples:
        # an IDX file is a header of 4 bytes and 4 more per dimension, then the values
        images = np.frombuffer(read(f"{prefix}-images-idx3-ubyte"), np.uint8, offset=16)
        labels = np.frombuffer(read(f"{prefix}-labels-idx1-ubyte"), np.uint8, offset=8)
        return (torch.tensor(images).view(-1, 1, 28, 28), torch.tensor(labels, dtype=torch.int64))

    return split("train"), split("t10k"), [str(digit) for digit in range(10)]


def _read_cifar10(read: _Reader) -> tuple[Examples, Examples, Sequence[str]]:
    def unpickled(file: str) -> dict:
        return pickle.loads(read(file), encoding="latin1")  # safe: the checksum was right

    def split(*files: str) -> Examples:
        batches = [unpickled(file) for file in files]
        images = np.concatenate([batch["data"] for batch in batches])
        labels = [label for batch in batches for label in batch["labels"]]
        return torch.from_numpy(images).view(-1, 3, 32, 32), torch.tensor(labels)

    train = split(*(f"data_batch_{number}" for number in range(1, 6)))
    return train, split("test_batch"), unpickled("batches.meta")["label_names"]


# Downloading


def _download(name: str, root: Path) -> None:
    """Download a set with torchvision, and move it into place once it is complete."""
    published = _PUBLISHED[name]
    address = _first_to_answer(tuple(mirror + published.archive for mirror in published.mirrors))
    if address is None:
        hosts = ", ".join(str(urlparse(mirror).hostname) for mirror in published.mirrors)
        raise UnavailableError(
            f"{published.title} is not in {root} and cannot be downloaded from {hosts}"
        )
    mirror = address.removesuffix(published.archive)

    from torchvision.datasets import CIFAR10 as cifar
    from torchvision.datasets import MNIST as mnist
    from torchvision.datasets.utils import download_and_extract_archive

    archives, unpack = {  # with their MD5, and where they are unpacked
        "mnist": (mnist.resources, published.folder),
        "cifar10": ([(cifar.filename, cifar.tgz_md5)], "."),
    }[name]
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as scratch, _impatience():
            for file, md5 in archives:
                target = str(Path(scratch) / unpack)
                download_and_extract_archive(mirror + file, target, filename=file, md5=md5)
            (root / published.folder).mkdir(parents=True, exist_ok=True)
            for file in published.files:
                os.replace(Path(scratch, published.folder, file), root / published.folder / file)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"{published.title} is not in {root} and its download from {mirror} failed: {error}"
        ) from None


@cache  # a network that is down is waited for once in a process
def _first_to_answer(addresses: tuple[str, ...]) -> str | None:
    """Return the address whose first byte arrives first, or None after REACH_SECONDS.

    torchvision's downloads wait without limit for a server that accepts a connection and
    stays silent, so servers are tried before. In threads, since the look-up of a name
    obeys no timeout: a thread that hangs is left behind.
    """
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def ask(address: str) -> None:
        request = urllib.request.Request(address, headers={"User-Agent": "hw1lib"})
        try:
            with urllib.request.urlopen(request, timeout=REACH_SECONDS) as response:
                answers.put(address if response.read(1) else None)
        except (OSError, http.client.HTTPException):
            answers.put(None)

    for address in addresses:
        threading.Thread(target=ask, args=(address,), daemon=True).start()
    deadline = time.monotonic() + REACH_SECONDS
    for _ in addresses:
        try:
            answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if answer is not None:
            return answer
    return None


@contextmanager
def _impatience() -> Iterator[None]:
    """Let sockets time out after STALL_SECONDS of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
