"""Folders of images, one folder for each class, as torchvision's `ImageFolder` takes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from hw1lib.data.published import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
SMALLEST, LARGEST = 10, 256  # sides of an image in pixels: two 5x5 convolutions, and the memory
MOST = 2**31  # values of all images together, a byte each

Examples = tuple[Tensor, Tensor]  # images uint8 (N, C, H, W), labels int64 (N,)


def read(root: Path) -> tuple[Examples, Examples, list[str]]:
    """Read root/train/<class>/* and root/test/<class>/*, all images of one size and kind.

    The images of a split are mixed in a fixed way, so that its first n hold every class in its
    share: chapters learn the first images of a split. Files that are hidden or no images by their
    names are passed over, and images are turned as their camera says.

    Returns:
        Training images with their labels, test images with theirs, and the classes' names.

    Raises:
        FileNotFoundError: If a folder is missing.
        DataError: If an image cannot be read, is too small or too large, or the folders or images
            do not fit together.
    """
    train_files, test_files = _class_files(root / "train"), _class_files(root / "test")
    classes = sorted(train_files)
    if len(classes) < 2:
        raise DataError(f"{root / 'train'} holds {len(classes)} class folder, expected 2 or more")
    for has, lacks in (("test", "train"), ("train", "test")):
        known = {"train": set(train_files), "test": set(test_files)}
        if missing := sorted(known[has] - known[lacks]):
            raise DataError(
                f"{root / has} holds classes that {root / lacks} does not: {', '.join(missing)}; "
                "every class must be learned and tested"
            )
    like = _read_image(train_files[classes[0]][0])
    _check_size(root, like, sum(len(of) for s in (train_files, test_files) for of in s.values()))

    def split(files: Mapping[str, Sequence[Path]]) -> Examples:
        labels = np.repeat(np.arange(len(classes)), [len(files[name]) for name in classes])
        order = mixed(labels)
        paths = [path for name in classes for path in files[name]]
        images = np.stack([_read_image(paths[k], like) for k in order]).transpose(0, 3, 1, 2)
        return torch.from_numpy(images).contiguous(), torch.from_numpy(labels[order])

    return split(train_files), split(test_files), classes


def mixed(labels: np.ndarray) -> np.ndarray:
    """Order examples so that the first n of them hold every class in its share, for every n.

    Args:
        labels: Shape (N,).

    Returns:
        Indices, (N,), always the same for the same labels: within a class in random order, and
        the k-th of n examples of a class at about k / n of the way.
    """
    generator = np.random.default_rng(0)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        place[generator.permutation(own)] = (np.arange(len(own)) + 0.5) / len(own)
    return np.lexsort([labels, place])


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Return the image files of each class, both in alphabetical order."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}; data='folder:PATH' reads "
            "PATH/train/<class>/*.png and PATH/test/<class>/*.png"
        )
    files = {
        path.name: [
            file
            for file in sorted(path.iterdir())
            if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
        ]
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
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
            mode, pixels = image.mode, np.asarray(ImageOps.exif_transpose(image))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # a SyntaxError is Pillow's for a broken PNG
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


def _check_size(root: Path, like: np.ndarray, count: int) -> None:
    """Refuse images that are too small for the networks, or too many and large for the memory."""
    sides = like.shape[:2]
    if not SMALLEST <= min(sides) <= max(sides) <= LARGEST:
        raise DataError(
            f"the images of {root} are {_size_and_kind(like)}, expected sides of {SMALLEST} to "
            f"{LARGEST} pixels; scale them first"
        )
    if count * like.size > MOST:
        raise DataError(
            f"{root} holds {count:,} images of {like.size:,} values, more than {MOST:,} values "
            "together; give fewer or smaller ones"
        )


def _size_and_kind(image: np.ndarray) -> str:
    height, width, channels = image.shape
    return f"{width}x{height} {'grayscale' if channels == 1 else 'colour'}"
