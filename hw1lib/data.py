"""Data: target functions to fit, and image sets as whole tensors in memory.

`TARGETS` holds the functions of the function-fit chapter. `load` returns MNIST or
CIFAR-10, a stand-in for them, or a folder of images, always as an `ImageSet`. Its
splits are tensors; batches are gathered by index and normalized as they are used.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hw1lib import realsets, standins
from hw1lib.realsets import DataError, UnavailableError

DATASETS = ("mnist", "cifar10")
MODES = ("auto", "real", "standin", "folder:PATH")


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


def name_standins(*sets: ImageSet) -> str:
    """Name the stand-ins among image sets, for captions; empty where there are none."""
    return "; ".join(sorted({s.description for s in sets if s.source == "standin"}))


def randomize_labels(
    labels: Tensor, share: float, classes: int, generator: torch.Generator
) -> Tensor:
    """Replace a share of labels by random classes.

    Each label is redrawn with probability `share`, uniformly over all classes, its own among
    them: where all are redrawn, one in `classes` is still right. From generators in the same
    state, what a smaller share redraws a larger one redraws too, and alike.

    Args:
        labels: Classes, shape (N,); left as they are.
        share: Expected share of labels to redraw, from 0 to 1.
        classes: How many classes there are.
        generator: On the CPU, so that every device gets the same labels.

    Returns:
        Shape (N,).

    Raises:
        ValueError: If the share lies outside 0 to 1.

    Source:
        C. Zhang et al., "Understanding deep learning requires rethinking generalization", ICLR
        2017, section 2.1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of random labels lies between 0 and 1, got {share}")
    redrawn = torch.rand(len(labels), generator=generator) < share
    drawn = torch.randint(classes, (len(labels),), generator=generator)
    return torch.where(redrawn.to(labels.device), drawn.to(labels.device), labels)


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


def _real(name: str, root: Path | str | None) -> ImageSet:
    train, test, classes = realsets.read(name, root)
    return _image_set(name, "real", Split(*train), Split(*test), classes, _CONSTANTS[name])


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
