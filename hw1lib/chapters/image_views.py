"""What explorers show of networks that learned images on the spot: curves, images and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hw1lib.chapters import on_images
from hw1lib.chapters.on_images import CONVOLUTION, PERCEPTRON, YOURS, Seen
from hw1lib.exploring.mosaics import Mosaic
from hw1lib.exploring.session import STOP
from hw1lib.exploring.views import (
    Along,
    Array,
    Axis,
    Control,
    Layer,
    Panel,
    View,
    curves,
    image,
    line,
    words,
)
from hw1lib.showing.palette import BLUE, GREEN, ORANGE, PINK, RED

TILES, ACROSS = 15, 5  # images that are shown, and in a row
LETTERS = 4  # of a class's name below an image
LOOKS = {  # colour of each network, or of what it learned with
    PERCEPTRON: BLUE,
    CONVOLUTION: RED,
    YOURS: PINK,
}
OTHERS = (GREEN, ORANGE)


def learning(
    stored: View, runs: Mapping[str, Seen], *, title: str, over: bool, note: str = ""
) -> View:
    """Describe networks that are learning, in the place of what is stored, with a button to stop.

    Args:
        stored: What the explorer shows before.
        runs: How far each network has come, by its name.
        title: Of the whole.
        over: Whether they have learned all that they will.
        note: What else is to be known.
    """
    panel = Panel(
        title="While they learn",
        x=Axis(label="updates", low=0),
        y=Axis(label="accuracy (%)", low=0, high=100),
    )
    return View(
        id=stored.id,
        title=title,
        alt="Accuracy of each network against updates.",
        panels=[panel],
        layers=_accuracies(runs),
        controls=[STOP],
        note=note,
        status=on_images.progress(runs, over=over),
    )


def _accuracies(runs: Mapping[str, Seen]) -> list[Layer]:
    layers: list[Layer] = []
    for n, (name, seen) in enumerate(runs.items()):
        colour = LOOKS.get(name) or OTHERS[n % len(OTHERS)]
        x = np.array(seen.updates, dtype=float)
        layers += curves(x, np.stack(seen.test), colour=colour, label=f"{name}, test")
        train = np.median(np.stack(seen.train), axis=1)
        layers.append(line(x, train, colour=colour, dash="2 3", label=f"{name}, training"))
    return layers


def mosaic_of(images: np.ndarray) -> Mosaic:
    """Return where images (..., C, H, W) lie in a panel of `TILES`."""
    return Mosaic(TILES, ACROSS, *images.shape[-2:])


def gallery_panel(title: str) -> Panel:
    """Return a panel for images."""
    return Panel(title=title, x=Axis(label="pixel"), y=Axis(label="pixel"), bare=True)


def gallery(images: np.ndarray, panel: int, by: tuple[str, ...] = ()) -> Layer:
    """Draw images (..., N, C, H, W) from 0 to 1, N up to `TILES`; leading axes belong to `by`."""
    place = mosaic_of(images)
    pixels = place.pixels(images)
    return image(place.x, place.y, Along(pixels, by) if by else pixels, panel=panel)


def labels(
    place: Mosaic, which: np.ndarray, texts: Sequence[str], by: tuple[str, ...] = (), **look: Any
) -> Layer:
    """Write below each image one of the texts: `which` (..., N), NaN for none."""
    full = np.full((*which.shape[:-1], place.count), np.nan)
    full[..., : which.shape[-1]] = which
    chosen: Array = Along(full, by) if by else full
    return words(*place.words, chosen, texts, **look)


def short(classes: Sequence[str]) -> list[str]:
    """Cut names of classes to what fits below a small image."""
    return [name[:LETTERS] for name in classes]


def button(name: str, label: str) -> Control:
    """Return a button that Python answers."""
    return Control(kind="button", name=name, label=label, live=True)
