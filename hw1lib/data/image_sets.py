"""Image sets as whole tensors in memory.

`load` returns MNIST or CIFAR-10, a stand-in for them, or a folder of images, always as an
`ImageSet`. Its splits are tensors; batches are gathered by index and normalized as they are used.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from hw1lib.data import folders, published, standins
from hw1lib.data.published import UnavailableError
from hw1lib.marks import FOLDER, literal

DATASETS = ("mnist", "cifar10")
MODES = ("auto", "real", "standin", "folder:PATH")


class StandInWarning(UserWarning):
    """A stand-in is used where the real set was preferred."""


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
    def has_pixels(self) -> bool:
        """Whether the images are there, and not only known by their number and shape."""
        return not self.train.images.is_meta

    @property
    def description(self) -> str:
        """One phrase for captions, in Markdown, so that no stand-in passes for the real set."""
        if self.source == "folder":
            return f"{FOLDER}{literal(self.name)}"
        return _TITLES[self.name] if self.source == "real" else _STANDIN_TITLES[self.name]

    @property
    def title(self) -> str:
        """The same phrase for figures, where Matplotlib would begin a formula at a $."""
        if self.source == "folder":
            return f"{FOLDER}{self.name}".replace("$", r"\$")
        return self.description

    @property
    def subject(self) -> str:
        """What the examples are called where a sentence speaks of them."""
        return "images" if self.source == "folder" else _SUBJECTS[self.name]

    @property
    def chance(self) -> float:
        """Accuracy of guessing any class alike, in percent."""
        return 100 / len(self.classes)

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
        return images.float().div_(255).sub_(mean).div_(std)


_SUBJECTS = {"mnist": "digits", "cifar10": "colour images"}
_TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
_STANDIN_TITLES = {
    "mnist": "stand-in for MNIST (scikit-learn digits)",
    "cifar10": "stand-in for CIFAR-10 (drawn shapes)",
}
_CONSTANTS = {  # mean and standard deviation as everybody uses them
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
}
# what is known of the published sets without their files
FINGERPRINTS = {
    "mnist": "3ee7f568b8fdc8915ba79f8c2e5cfce6e08e6def379bae044b8ec31ae87c0afb",
    "cifar10": "cb85cdd084bdd7718e8e746014bbc16f32cbe9ab4e0757d9f59e641b39f8f958",
}
_SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}
_COUNTS = {"mnist": (60_000, 10_000), "cifar10": (50_000, 10_000)}
_CLASSES = {
    "mnist": tuple("0123456789"),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
}  # fmt: skip


def load(
    name: str,
    data: str = "auto",
    *,
    root: Path | str | None = None,
    sizes: tuple[int, int] | None = None,
    known: bool = False,
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
        sizes: Training and test images of a stand-in, (4000, 1000) by default; the
            other sources have the sizes they have.
        known: Whether, where "auto" finds no real set, the set without its pixels will do, under
            whose fingerprint stored results are found.

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
        return _folder(folders.named(data.removeprefix("folder:")))
    if data not in MODES[:3]:
        raise ValueError(f"unknown data mode {data!r}; known: {', '.join(MODES)}")
    if data == "standin":
        return _standin(name, sizes)
    try:
        return _real(name, root)
    except UnavailableError as reason:
        if data == "real":
            raise
        if known:
            return _known(name)
        warnings.warn(
            f"{reason}; using the {_STANDIN_TITLES[name]} instead", StandInWarning, stacklevel=2
        )
        return _standin(name, sizes)


def name_standins(*sets: ImageSet) -> str:
    """Name what stands in the place of the published sets, for captions; empty where nothing does.

    That are stand-ins, or the images of a folder.
    """
    return "; ".join(sorted({s.description for s in sets if s.source != "real"}))


def assembled(
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


@lru_cache(maxsize=2)  # every chapter of a report asks for the same
def _standin(name: str, sizes: tuple[int, int]) -> ImageSet:
    draw, classes = {
        "mnist": (standins.digits, standins.DIGITS),
        "cifar10": (standins.shapes, standins.SHAPES),
    }[name]
    train, test = (
        Split(torch.from_numpy(images), torch.from_numpy(labels)) for images, labels in draw(sizes)
    )
    return assembled(name, "standin", train, test, classes)


def _known(name: str) -> ImageSet:
    """Return a real set without its pixels."""
    train, test = (
        Split(
            torch.empty((count, *_SHAPES[name]), dtype=torch.uint8, device="meta"),
            torch.empty(count, dtype=torch.int64, device="meta"),
        )
        for count in _COUNTS[name]
    )
    return ImageSet(
        name, "real", train, test, *_CONSTANTS[name], _CLASSES[name], FINGERPRINTS[name]
    )


def _real(name: str, root: Path | str | None) -> ImageSet:
    train, test, classes = published.read(name, root)
    return assembled(name, "real", Split(*train), Split(*test), classes, _CONSTANTS[name])


def _folder(root: Path) -> ImageSet:
    return _read_folder(root, folders.state(root))


@lru_cache(maxsize=1)  # likewise
def _read_folder(root: Path, state: str) -> ImageSet:
    train, test, classes = folders.read(root)
    name = folders.printable(root.resolve().name)
    return assembled(name, "folder", Split(*train), Split(*test), classes)
