"""Folders of images, one folder for each class, as torchvision's `ImageFolder` takes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hw1lib.data.published import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")

Examples = tuple[Tensor, Tensor]  # images uint8 (N, C, H, W), labels int64 (N,)


def read(root: Path) -> tuple[Examples, Examples, list[str]]:
    """Read root/train/<class>/* and root/test/<class>/*, all images of one size and kind.

    Returns:
        Training images with their labels, test images with theirs, and the classes' names.

    Raises:
        FileNotFoundError: If a folder is missing.
        DataError: If an image cannot be read, or the folders or images do not fit together.
    """
    train_files, test_files = _class_files(root / "train"), _class_files(root / "test")
    classes = sorted(train_files)
    if len(classes) < 2:
        raise DataError(f"{root / 'train'} holds {len(classes)} class folder, expected 2 or more")
    if unknown := sorted(set(test_files) - set(classes)):
        raise DataError(
            f"{root / 'test'} holds classes that {root / 'train'} does not: {', '.join(unknown)}"
        )
    like = _read_image(train_files[classes[0]][0])

    def split(files: Mapping[str, Sequence[Path]]) -> Examples:
        labels = [classes.index(name) for name, paths in files.items() for _ in paths]
        arrays = [_read_image(path, like) for paths in files.values() for path in paths]
        images = np.stack(arrays).transpose(0, 3, 1, 2)
        return torch.from_numpy(images).contiguous(), torch.tensor(labels)

    return split(train_files), split(test_files), classes


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
