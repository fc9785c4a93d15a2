"""Folders of images, one folder for each class, as torchvision's `ImageFolder` takes them."""

import contextlib
import glob
import hashlib
import os
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from hw1lib.data.published import DataError, MissingFolderError

IMAGE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp",
    ".gif",
)  # fmt: skip
# images by their names, too, that are not read: they must not be missing without a word
FOREIGN_SUFFIXES = (
    ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".raw", ".dng", ".cr2", ".nef", ".psd",
    ".npy",
)  # fmt: skip
SKIPPED = (".", "__MACOSX", "@eaDir", "$RECYCLE.BIN")  # how folders of systems begin
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
        MissingFolderError: If a folder is missing.
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


def named(path: str) -> Path:
    """Return the folder of a name, which may begin with `~`.

    Raises:
        MissingFolderError: If no folder can have such a name.
    """
    try:
        root = Path(path).expanduser()
        root.stat()
    except FileNotFoundError:
        pass  # which of its folders is missing is said when it is read
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        short = path if len(path) <= 80 else f"{path[:40]}...{path[-40:]}"
        shown = short.encode(errors="replace").decode()
        raise MissingFolderError(f"there is no folder {shown!r}: {why}") from None
    return root


def state(root: Path) -> str:
    """Name the state of a folder's files: any that is added, changed or removed changes it."""
    digest = hashlib.sha256(os.fsencode(root.absolute()))
    below = glob.escape(str(root))
    for path in sorted([*glob.glob(f"{below}/t*/*"), *glob.glob(f"{below}/t*/*/*")]):
        with contextlib.suppress(OSError):  # one that cannot be looked at is refused when read
            seen = os.stat(path)
            changed = f" {seen.st_ino} {seen.st_size} {seen.st_mtime_ns}"
            digest.update(os.fsencode(path) + changed.encode())
    return digest.hexdigest()


def printable(name: str) -> str:
    """Write a file's name so that any program can take it, also where it is no UTF-8."""
    return os.fsencode(name).decode(errors="replace")


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
        raise MissingFolderError(
            f"there is no folder {folder}; data='folder:PATH' reads "
            "PATH/train/<class>/*.png and PATH/test/<class>/*.png"
        )
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_symlink() and not path.is_dir():
            raise DataError(f"{path} is a link that leads to no folder")
        if path.is_dir() and not path.name.startswith(SKIPPED):
            # one name has two spellings in Unicode, and a Mac writes the other one
            name = unicodedata.normalize("NFC", printable(path.name))
            if name in files:
                raise DataError(f"{folder} holds the class {name} twice, in two spellings")
            files[name] = _images_in(path)
    if not files:
        raise DataError(f"{folder} holds no class folders")
    return files


def _images_in(folder: Path) -> list[Path]:
    """Return the images of a class in alphabetical order; others are refused, not passed over."""
    shown = [file for file in sorted(folder.iterdir()) if not file.name.startswith(SKIPPED)]
    files = [file for file in shown if file.suffix.lower() in IMAGE_SUFFIXES]
    for file in shown:
        if file.suffix.lower() in FOREIGN_SUFFIXES:
            raise DataError(f"{file} is of a kind that is not read; convert it, to PNG for example")
        if file.is_dir():
            raise DataError(
                f"{folder} holds the folder {file.name}; the images of a class lie in one folder"
            )
        if file.exists() and not file.is_file():  # reading a pipe would wait for ever
            raise DataError(f"{file} is no file, but a pipe or a device")
    if not files:
        raise DataError(f"{folder} holds no images ({', '.join(IMAGE_SUFFIXES)})")
    return files


def _read_image(path: Path, like: np.ndarray | None = None) -> np.ndarray:
    """Return an image as uint8 (H, W, C), refused if its shape is not that of `like`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of what a camera noted
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                frames = getattr(file, "n_frames", 1)
                if frames > 1 and file.format != "MPO":  # a telephone's JPEG, with a preview
                    raise DataError(f"{path} holds {frames} images; give each a file of its own")
                image = _turned(_lossless(file))
                mode, pixels = image.mode, np.asarray(image)
    except DataError:
        raise
    except Exception as error:  # whatever Pillow's plugins raise for a damaged file
        raise DataError(f"cannot read the image {path}: {error}") from None
    if mode not in ("L", "RGB"):
        raise DataError(
            f"{path} has the mode {mode}, expected L (grayscale) or RGB (8 bits each); convert it"
        )
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if like is not None and pixels.shape != like.shape:
        raise DataError(
            f"{path} is {_size_and_kind(pixels)}, but the first image is {_size_and_kind(like)}; "
            "all must be alike"
        )
    return pixels


def _lossless(image: Image.Image) -> Image.Image:
    """Write an image in grey or in colours where that changes none of its pixels."""
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "LA", "PA", "RGBA"):
        opaque = image.convert("RGBA").getchannel("A").getextrema() == (255, 255)
        return image.convert("L" if image.mode == "LA" else "RGB") if opaque else image
    return image


def _turned(image: Image.Image) -> Image.Image:
    """Turn an image as its camera says, where what the camera says can be read."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, Image.DecompressionBombError):
        raise
    except Exception:  # a damaged note of the camera; the pixels are read by themselves
        return image


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
