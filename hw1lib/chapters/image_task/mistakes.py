"""Which images a network of chapter 12 gets wrong: small ones, trained on the spot."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from hw1lib.chapters import image_views, on_images
from hw1lib.chapters.on_images import (
    CONVOLUTION,
    OTHER_SEEDS,
    PERCEPTRON,
    YOURS,
    Build,
    Seen,
    Trial,
    side_by_side,
)
from hw1lib.data.image_sets import ImageSet
from hw1lib.data.randomized import permute_pixels
from hw1lib.exploring.live import Frames
from hw1lib.exploring.session import BACK, Visit
from hw1lib.exploring.views import Along, Control, Reading, State, View, choice

TRAININGS = (1, 4)
PIXELS = ("in natural order", "permuted")
SHOWN = ("as the networks see them", "in natural order")


def visit(stored: View, sets: dict[str, ImageSet], build: Build | None) -> Visit:
    """Describe the way from the chapter's explorer to networks that are trained on the spot.

    Args:
        stored: What the explorer shows.
        sets: Images to choose from, by how they are called.
        build: Makes a network of the reader's own, if there is one.
    """
    controls = (
        choice("set", "Train on", list(sets), live=True),
        choice("pixels", "Pixels", PIXELS, live=True),
        choice("trainings", "Trainings", TRAININGS, live=True),
        image_views.button("train", "Train small networks"),
    )
    names = [PERCEPTRON, CONVOLUTION, *([YOURS] if build else [])]

    def action(state: State, number: int) -> Frames:
        images = [*sets.values()][int(state["set"])]
        first = OTHER_SEEDS + 100 * number
        count = TRAININGS[int(state["trainings"])]
        trials = {
            name: Trial(
                images=images,
                network=name,
                build=build,
                permuted=PIXELS[int(state["pixels"])] == "permuted",
                seeds=tuple(range(first, first + count)),
            )
            for name in names
        }
        for runs in side_by_side(trials):
            yield partial(drawn, stored, runs, controls)

    return Visit(controls, action)


def drawn(stored: View, runs: dict[str, Seen], asked: tuple[Control, ...], over: bool) -> View:
    """Describe networks that are learning, and once they have, what they get wrong."""
    view = image_views.learning(
        stored,
        runs,
        title="Small networks, trained on the spot",
        over=over,
        note="solid: test images, dotted: training images; bands over trainings",
    )
    return learned(view, runs, asked) if over else view


def learned(view: View, runs: dict[str, Seen], asked: tuple[Control, ...]) -> View:
    """Add to a view test images that the first network of each kind gets wrong."""
    first = next(iter(runs.values()))
    images, classes = first.task.images, first.task.images.classes
    wrong = {name: _wrong(seen) for name, seen in runs.items()}
    natural = on_images.shown(images.test.images[: on_images.TESTED])
    seen_as = natural
    if first.trial.permuted:
        permuted = permute_pixels(images.test.images[: on_images.TESTED], seed=0)
        seen_as = on_images.shown(permuted)
    tiles = np.full((len(runs), 2, image_views.TILES, *natural.shape[1:]), np.nan)
    pairs = np.full((len(runs), image_views.TILES), np.nan)
    for row, (name, places) in enumerate(wrong.items()):
        places = places[: image_views.TILES]
        tiles[row, 0, : len(places)], tiles[row, 1, : len(places)] = (
            seen_as[places],
            natural[places],
        )
        said = runs[name].said()[0, places]
        pairs[row, : len(places)] = first.truth[places] * len(classes) + said
    short = image_views.short(classes)
    texts = [f"{true}→{said}" for true in short for said in short]
    place = image_views.mosaic_of(natural)
    readings = [
        Reading(
            label="test accuracy, median",
            value=Along(np.array([np.median(seen.test[-1]) for seen in runs.values()]), ("look",)),
            unit="%",
        ),
        Reading(
            label=f"test images of {len(first.truth)} that the first training gets wrong",
            value=Along(np.array([float(len(places)) for places in wrong.values()]), ("look",)),
        ),
    ]
    return replace(
        view,
        panels=[*view.panels, image_views.gallery_panel("It gets wrong (true→said)")],
        layers=[
            *view.layers,
            image_views.gallery(tiles, 1, ("look", "shown")),
            image_views.labels(place, pairs, texts, ("look",), panel=1),
        ],
        controls=[
            choice("look", "Look at", list(runs)),
            choice("shown", "Images", SHOWN),
            *asked,
            BACK,
        ],
        readings=readings,
        status=on_images.progress(runs, over=True),
    )


def _wrong(seen: Seen) -> np.ndarray:
    """Return which test images the first training gets wrong."""
    return np.flatnonzero(seen.said()[0] != seen.truth)
