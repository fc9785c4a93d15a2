"""Data: target functions to fit, and image sets as whole tensors in memory.

`TARGETS` holds the functions of the function-fit chapter. `load` returns MNIST or
CIFAR-10, a stand-in for them, or a folder of images, always as an `ImageSet`. Its
splits are tensors; batches are gathered by index and normalized as they are used.
"""

from __future__ import annotations

import hashlib
import http.client
import math
import os
import pickle
import queue
import socket
import tempfile
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hw1lib import standins

# torchvision is imported where it is used: that takes seconds, and not every chapter has images

DATASETS = ("mnist", "cifar10")
MODES = ("auto", "real", "standin", "folder:PATH")

REACH_SECONDS = 8.0  # for the first server of a set to answer, name look-up included
STALL_SECONDS = 30.0  # without a byte, after which a running download is given up


class DataError(ValueError):
    """Data that are there but cannot be used, or that cannot be had."""


class UnavailableError(DataError):
    """A real set that is neither on this machine nor to be downloaded."""


class StandInWarning(UserWarning):
    """A stand-in is used where the real set was preferred."""


# ---------------------------------------------------------------- one-dimensional targets


@dataclass(frozen=True)
class Target:
    """A function of one variable, to be fitted on [-1, 1]."""

    name: str  # key in TARGETS
    title: str  # for legends and tables
    formula: str  # LaTeX, without dollar signs
    function: Callable[[Tensor], Tensor]  # elementwise; keeps shape and dtype

    def __call__(self, x: Tensor) -> Tensor:
        """Return the values at `x`, a floating-point tensor of any shape."""
        return self.function(x)


def _sign_of_sine(x: Tensor) -> Tensor:
    r"""Return sign(sin(5 pi x)) without rounding noise: exactly 0 at its jumps k/5.

    The sign of a computed sin(5 pi x) at x = 1 is the sign of a rounding error. Here it
    comes from s = 5x alone: the sine vanishes where s is whole, and is positive where
    the whole part of s is even. Then f(-x) = -f(x) holds exactly as well.
    """
    s = 5 * x
    whole = torch.floor(s)
    return torch.where(s == whole, 0, 1 - 2 * torch.remainder(whole, 2))


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            "sinc", "sinc(5x)", r"\frac{\sin(5\pi x)}{5\pi x}", lambda x: torch.sinc(5 * x)
        ),  # torch.sinc(5x) is 1 at x = 0
        Target("sine", "sin(5πx)", r"\sin(5\pi x)", lambda x: torch.sin(5 * math.pi * x)),
        Target("sign", "sign(sin(5πx))", r"\operatorname{sgn}(\sin(5\pi x))", _sign_of_sine),
    )
}


def grid(points: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a uniform grid of [-1, 1], both ends included, shape (points,).

    Each point is the quotient of two whole numbers, rounded: -1, 0 and 1 are hit
    exactly and the grid is its own mirror image, which `torch.linspace` does not promise.

    >>> grid(5).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    if points < 2:
        raise ValueError(f"a grid needs at least its 2 ends, got points={points}")
    numerators = torch.arange(1 - points, points, 2, dtype=torch.float64)
    return (numerators / (points - 1)).to(dtype)


# ------------------------------------------------------------------------- image sets


@dataclass(frozen=True)
class Split:
    """Images with their labels."""

    images: Tensor  # uint8 (N, C, H, W)
    labels: Tensor  # int64 (N,), indices into the set's classes

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class ImageSet:
    """A labelled image set in memory."""

    name: str  # "mnist", "cifar10", or the folder's name
    source: str  # "real", "standin" or "folder"
    train: Split
    test: Split
    mean: tuple[float, ...]  # per channel, of pixel / 255 over the training images
    std: tuple[float, ...]  # likewise
    classes: tuple[str, ...]  # name of each label
    fingerprint: str  # SHA-256 of shapes and bytes: which data a result belongs to

    @property
    def description(self) -> str:
        """One phrase for captions, so that no stand-in passes for the real set."""
        if self.source == "folder":
            return f"images of the folder {self.name}"
        return _TITLES[self.name] if self.source == "real" else _STANDIN_TITLES[self.name]

    def normalized(self, images: Tensor) -> Tensor:
        """Return (images / 255 - mean) / std in float32, on the images' device.

        Args:
            images: uint8 (..., C, H, W), usually a batch gathered from a split.

        Raises:
            ValueError: If `images` are not uint8 (then they are normalized already),
                or their channels are not this set's.
        """
        if images.dtype != torch.uint8:
            raise ValueError(f"normalized() takes uint8 images, got {images.dtype}")
        channels = len(self.mean)
        if images.ndim < 3 or images.shape[-3] != channels:
            raise ValueError(
                f"images have shape {tuple(images.shape)}, expected (..., {channels}, H, W)"
            )
        mean = torch.tensor(self.mean, device=images.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(-1, 1, 1)
        return (images.float() / 255 - mean) / std


_TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
_STANDIN_TITLES = {
    "mnist": "stand-in for MNIST (scikit-learn digits)",
    "cifar10": "stand-in for CIFAR-10 (drawn shapes)",
}
_CONSTANTS = {  # mean and standard deviation as everybody uses them
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
}


def load(
    name: str,
    data: str = "auto",
    *,
    root: Path | str | None = None,
    sizes: tuple[int, int] | None = None,
) -> ImageSet:
    """Load an image set into memory.

    Args:
        name: One of `DATASETS`.
        data: Where the images come from. "auto": the real set if it is there or can be
            downloaded, else its stand-in with a `StandInWarning`; "real": the real set or
            an error; "standin": the stand-in, without touching the network;
            "folder:PATH": the images PATH/train/<class>/* and PATH/test/<class>/* in
            place of the named set.
        root: Folder of the real sets, in torchvision's layout. By default the environment
            variable HW1_DATA, else the folder `data` beside the package.
        sizes: Training and test images of a stand-in, (10000, 2000) by default; the
            other sources have the sizes they have.

    Raises:
        ValueError: If `name`, `data` or `sizes` is not one of the above.
        FileNotFoundError: If a folder that was asked for is missing, or HW1_DATA empty.
        DataError: If files are damaged, unreadable or do not fit together; a damaged
            real set is never replaced by a stand-in.
        UnavailableError: If "real" data are neither there nor to be downloaded.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown dataset {name!r}; known: {', '.join(DATASETS)}")
    sizes = standins.checked_sizes(sizes)
    if isinstance(data, str) and data.startswith("folder:"):
        return _from_folder(Path(data.removeprefix("folder:")).expanduser())
    if data not in MODES[:3]:
        raise ValueError(f"unknown data mode {data!r}; known: {', '.join(MODES)}")
    if data == "standin":
        return _standin(name, sizes)
    try:
        return _real(name, root)
    except UnavailableError as reason:
        if data == "real":
            raise
        warnings.warn(
            f"{reason}; using the {_STANDIN_TITLES[name]} instead", StandInWarning, stacklevel=2
        )
        return _standin(name, sizes)


def permute_pixels(images: Tensor, seed: int) -> Tensor:
    """Shuffle the pixel positions, by the same permutation in all images and channels.

    The control arm of convolution: what is left is the same information without
    neighbours. A fully connected network cannot tell the difference, a convolutional one
    can. The permutation depends on `seed` and on H * W only, so that training and test
    images get the same one.

    Args:
        images: (..., H, W), any dtype.
        seed: Chooses the permutation.

    Returns:
        Images of the same shape and dtype.
    """
    positions = images.shape[-2] * images.shape[-1]
    permutation = np.argsort(np.random.Generator(np.random.PCG64(seed)).random(positions))
    order = torch.from_numpy(permutation).to(images.device)
    return images.flatten(-2)[..., order].reshape(images.shape)


def _image_set(
    name: str,
    source: str,
    train: Split,
    test: Split,
    classes: Sequence[str],
    constants: tuple[tuple[float, ...], tuple[float, ...]] | None = None,
) -> ImageSet:
    """Complete an image set by its normalization constants and fingerprint."""
    mean, std = constants or _channel_statistics(train.images)
    digest = hashlib.sha256()
    for tensor in (train.images, train.labels, test.images, test.labels):
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().data)
    fingerprint = digest.hexdigest()
    return ImageSet(name, source, train, test, mean, std, tuple(classes), fingerprint)


def _channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of pixel / 255 for each channel.

    From counts of the 256 values, in whole numbers, so that they are the same everywhere.
    """
    means, stds = [], []
    for channel in images.unbind(1):
        counts = torch.bincount(channel.flatten(), minlength=256).tolist()
        pixels = sum(counts)
        mean = sum(v * n for v, n in enumerate(counts)) / pixels
        square = sum(v * v * n for v, n in enumerate(counts)) / pixels
        means.append(mean / 255)
        stds.append(max(math.sqrt(max(square - mean**2, 0)), 1) / 255)  # 1: a constant channel
    return tuple(means), tuple(stds)


def _standin(name: str, sizes: tuple[int, int]) -> ImageSet:
    draw, classes = {
        "mnist": (standins.digits, standins.DIGITS),
        "cifar10": (standins.shapes, standins.SHAPES),
    }[name]
    train, test = (
        Split(torch.from_numpy(images), torch.from_numpy(labels)) for images, labels in draw(sizes)
    )
    return _image_set(name, "standin", train, test, classes)


# ---------------------------------------------------------------------- the real sets


@dataclass(frozen=True)
class _Published:
    """A set as it is published: its files, and the archives they come in."""

    folder: str  # of the files, below the root
    files: Mapping[str, str]  # MD5 by file name
    mirrors: Sequence[str]  # addresses of folders that hold the archives
    archives: Sequence[Sequence[str]]  # file name and MD5 of each
    unpack: str  # where the archives are unpacked, below the root


_MNIST_FILES = {  # torchvision knows the checksums of the archives only
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def _published(name: str) -> _Published:
    from torchvision.datasets import CIFAR10 as cifar
    from torchvision.datasets import MNIST as mnist

    if name == "mnist":
        raw = "MNIST/raw"
        return _Published(raw, _MNIST_FILES, mnist.mirrors, mnist.resources, raw)
    files = dict(cifar.train_list + cifar.test_list)
    files[cifar.meta["filename"]] = cifar.meta["md5"]
    mirror = cifar.url.removesuffix(cifar.filename)
    archives = [(cifar.filename, cifar.tgz_md5)]
    return _Published(cifar.base_folder, files, [mirror], archives, ".")


def _real(name: str, root: Path | str | None) -> ImageSet:
    """Read a real set from the root, after downloading it if it is not there."""
    root, published = _checked_root(root), _published(name)
    folder = root / published.folder
    missing = [file for file in published.files if not _exists(folder / file)]
    if len(missing) == len(published.files):
        _download(_TITLES[name], published, root)
    elif missing:
        raise DataError(
            f"{_TITLES[name]} in {folder} is incomplete, without {', '.join(missing)}; "
            "add what is missing, or remove the folder to have it downloaded"
        )

    def read(file: str) -> bytes:
        return _verified(folder / file, published.files[file])

    train, test, classes = {"mnist": _read_mnist, "cifar10": _read_cifar10}[name](read)
    return _image_set(name, "real", train, test, classes, _CONSTANTS[name])


def _checked_root(root: Path | str | None) -> Path:
    """Return the folder of the real sets; only the default one may not exist yet."""
    variable = os.environ.get("HW1_DATA")
    if root is None and not variable:
        return Path(__file__).resolve().parents[1] / "data"
    origin = "HW1_DATA names" if root is None else "root is"
    path = Path(root or variable or "").expanduser()
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


_Reader = Callable[[str], bytes]


def _read_mnist(read: _Reader) -> tuple[Split, Split, Sequence[str]]:
    def split(prefix: str) -> Split:
        # an IDX file is a header of 4 bytes and 4 more per dimension, then the values
        images = np.frombuffer(read(f"{prefix}-images-idx3-ubyte"), np.uint8, offset=16)
        labels = np.frombuffer(read(f"{prefix}-labels-idx1-ubyte"), np.uint8, offset=8)
        return Split(
            torch.tensor(images).view(-1, 1, 28, 28), torch.tensor(labels, dtype=torch.int64)
        )

    return split("train"), split("t10k"), [str(digit) for digit in range(10)]


def _read_cifar10(read: _Reader) -> tuple[Split, Split, Sequence[str]]:
    from torchvision.datasets import CIFAR10 as cifar

    def unpickled(file: str) -> dict:
        return pickle.loads(read(file), encoding="latin1")  # safe: the checksum was right

    def split(files: Sequence[Sequence[str]]) -> Split:
        batches = [unpickled(file) for file, _ in files]
        images = np.concatenate([batch["data"] for batch in batches])
        labels = [label for batch in batches for label in batch["labels"]]
        return Split(torch.from_numpy(images).view(-1, 3, 32, 32), torch.tensor(labels))

    classes = unpickled(cifar.meta["filename"])[cifar.meta["key"]]
    return split(cifar.train_list), split(cifar.test_list), classes


# -------------------------------------------------------------------------- downloads


def _download(title: str, published: _Published, root: Path) -> None:
    """Download a set with torchvision, and move it into place once it is complete."""
    from torchvision.datasets.utils import download_and_extract_archive

    first = published.archives[0][0]
    address = _first_to_answer(tuple(mirror + first for mirror in published.mirrors))
    if address is None:
        hosts = ", ".join(str(urlparse(mirror).hostname) for mirror in published.mirrors)
        raise UnavailableError(f"{title} is not in {root} and cannot be downloaded from {hosts}")
    mirror = address.removesuffix(first)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as scratch, _impatience():
            for file, md5 in published.archives:
                target = str(Path(scratch) / published.unpack)
                download_and_extract_archive(mirror + file, target, filename=file, md5=md5)
            (root / published.folder).mkdir(parents=True, exist_ok=True)
            for file in published.files:
                os.replace(Path(scratch, published.folder, file), root / published.folder / file)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"{title} is not in {root} and its download from {mirror} failed: {error}"
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


# -------------------------------------------------------------------- folders of images


IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")


def _from_folder(root: Path) -> ImageSet:
    """Read root/train/<class>/* and root/test/<class>/*, all images of one size and kind."""
    train_files, test_files = _class_files(root / "train"), _class_files(root / "test")
    classes = sorted(train_files)
    if len(classes) < 2:
        raise DataError(f"{root / 'train'} holds {len(classes)} class folder, expected 2 or more")
    if unknown := sorted(set(test_files) - set(classes)):
        raise DataError(
            f"{root / 'test'} holds classes that {root / 'train'} does not: {', '.join(unknown)}"
        )
    like = _read_image(train_files[classes[0]][0])

    def split(files: Mapping[str, Sequence[Path]]) -> Split:
        labels = [classes.index(name) for name, paths in files.items() for _ in paths]
        arrays = [_read_image(path, like) for paths in files.values() for path in paths]
        images = np.stack(arrays).transpose(0, 3, 1, 2)
        return Split(torch.from_numpy(images).contiguous(), torch.tensor(labels))

    name = root.resolve().name
    return _image_set(name, "folder", split(train_files), split(test_files), classes)


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Return the image files of each class, both in alphabetical order."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}; data='folder:PATH' reads "
            "PATH/train/<class>/*.png and PATH/test/<class>/*.png"
        )
    files = {
        path.name: sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    if not files:
        raise DataError(f"{folder} holds no class folders")
    for name, paths in files.items():
        if not paths:
            raise DataError(f"{folder / name} holds no images ({', '.join(IMAGE_SUFFIXES)})")
    return files


def _read_image(path: Path, like: np.ndarray | None = None) -> np.ndarray:
    """Return an image as uint8 (H, W, C), refused if its shape is not that of `like`."""
    try:
        with Image.open(path) as image:
            mode, pixels = image.mode, np.asarray(image)
    except (OSError, SyntaxError) as error:  # the latter is Pillow's for a broken PNG
        raise DataError(f"cannot read the image {path}: {error}") from None
    if mode not in ("L", "RGB"):
        raise DataError(f"{path} has the mode {mode}, expected L (grayscale) or RGB (8 bits each)")
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if like is not None and pixels.shape != like.shape:
        raise DataError(
            f"{path} is {_size_and_kind(pixels)}, but the first image is {_size_and_kind(like)}; "
            "all must be alike"
        )
    return pixels


def _size_and_kind(image: np.ndarray) -> str:
    height, width, channels = image.shape
    return f"{width}x{height} {'grayscale' if channels == 1 else 'colour'}"
