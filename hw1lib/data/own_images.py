"""Somebody's own images: what a folder of them needs beyond what published sets need."""

from __future__ import annotations

import hashlib

import torch

from hw1lib.data.image_sets import ImageSet, Split, assembled


def among(*sets: ImageSet | None) -> ImageSet | None:
    """Return the folder of images among image sets, of which there is one at most."""
    return next((s for s in sets if s is not None and s.source == "folder"), None)


def notice(*sets: ImageSet | None) -> str:
    """Say which folder's images are learned; empty where none is.

    The text of a chapter is written for the published sets, whatever is learned.
    """
    images = among(*sets)
    if images is None:
        return ""
    channels, height, width = images.train.images.shape[1:]
    colour = "grayscale" if channels == 1 else "colour"
    learned, tested = _pixels(images.train), _pixels(images.test)
    twice, seen = len(learned) - len({*learned}), sum(map({*learned}.__contains__, tested))
    faults = [
        f"{twice:,} of the images to learn are there twice" if twice else "",
        f"{seen:,} of the test images are among those to learn" if seen else "",
    ]
    known = "".join(f"; {fault}" for fault in faults if fault)
    return (
        f"Learned here: {images.description}, {width}×{height} pixels, {colour}, in "
        f"{len(images.classes)} classes, {len(images.train):,} to learn and "
        f"{len(images.test):,} to be tested on; guessing is right on {images.chance:.3g} %{known}. "
        "Where the text speaks of the reports' sets, their images or their ten classes, the "
        "numbers are those of this folder."
    )


def in_one_channel(images: ImageSet) -> ImageSet:
    """Put the colours of a folder's images below each other, which is all one to a perceptron."""
    if images.source != "folder" or len(images.mean) == 1:
        return images
    train, test = (
        Split(part.images.flatten(1, 2)[:, None], part.labels)
        for part in (images.train, images.test)
    )
    return assembled(images.name, images.source, train, test, images.classes)


def distinct(images: ImageSet) -> ImageSet:
    """Leave out the training images that a folder has twice: least squares take them amiss."""
    if images.source != "folder":
        return images
    first = {image: k for k, image in reversed([*enumerate(_pixels(images.train))])}
    if len(first) == len(images.train):
        return images
    kept = torch.tensor(sorted(first.values()))
    train = Split(images.train.images[kept], images.train.labels[kept])
    constants = images.mean, images.std
    return assembled(images.name, images.source, train, images.test, images.classes, constants)


def _pixels(split: Split) -> list[bytes]:
    """Name each image by its pixels, so that equal ones are found."""
    return [hashlib.sha256(image.numpy().data).digest() for image in split.images]
