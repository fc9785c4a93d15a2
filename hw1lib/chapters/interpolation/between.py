"""The networks between two, trained on the spot for chapter 33, and what each says of images."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import nn

from hw1lib.chapters import image_views, on_images
from hw1lib.chapters.on_images import OTHER_SEEDS, TESTED, Seen, Trial, side_by_side
from hw1lib.data.image_sets import ImageSet
from hw1lib.exploring.live import Frames
from hw1lib.exploring.session import BACK, Visit
from hw1lib.exploring.views import (
    Along,
    Axis,
    Control,
    Panel,
    Reading,
    State,
    View,
    choice,
    line,
    rule,
    slider,
)
from hw1lib.measuring import geometry
from hw1lib.networks import replicas
from hw1lib.networks.modes import evaluating
from hw1lib.showing.palette import BLACK, BLUE, RED
from hw1lib.training import losses

SAME, OTHER = "the same first weights", "other first weights"
ALPHAS = np.linspace(-0.5, 1.5, 41)
FIRST, SECOND = "first network", "second network"


def visit(stored: View, images: ImageSet) -> Visit:
    """Describe the way from the chapter's explorer to two networks that are trained on the spot."""
    controls = (
        choice("ends", "Two networks from", (SAME, OTHER), start=1, live=True),
        image_views.button("train", "Train two and go between them"),
    )

    def action(state: State, number: int) -> Frames:
        first = OTHER_SEEDS + 10 * number
        begins = (first, first if int(state["ends"]) == 0 else first + 1)
        trials = {
            name: Trial(images=images, seeds=(begin,), orders=(first + 2 + n,))
            for n, (name, begin) in enumerate(zip((FIRST, SECOND), begins, strict=True))
        }
        for runs in side_by_side(trials):
            yield partial(drawn, stored, runs, controls)

    return Visit(controls, action)


def drawn(stored: View, runs: dict[str, Seen], asked: tuple[Control, ...], over: bool) -> View:
    """Describe what there is to see."""
    if over and len(runs) == 2:
        return between(stored, runs[FIRST], runs[SECOND], asked)
    return image_views.learning(
        stored, runs, title="Two small networks, trained on the spot", over=over
    )


def between(stored: View, first: Seen, second: Seen, asked: tuple[Control, ...]) -> View:
    """Describe the line between two networks, and what each place says about some test images."""
    ends = [replicas.weights(seen.model).detach()[0] for seen in (first, second)]
    weights = geometry.line(ends[0], ends[1], torch.from_numpy(ALPHAS))
    task = first.task
    measures = (losses.cross_entropy, losses.accuracy)
    splits = {
        "training": ((task.train[0][:TESTED], task.train[1][:TESTED]), BLUE, ""),
        "test": (task.test, RED, "6 3"),
    }

    def said(model: nn.Module) -> torch.Tensor:
        with evaluating(model):
            return model(task.prepare(task.test[0][: image_views.TILES])).argmax(dim=-1)

    here = Along(ALPHAS[:, None], ("alpha",))
    layers = [rule(x=here), rule(x=here, panel=1)]
    readings = []
    for name, (examples, colour, dash) in splits.items():
        measure = partial(task.measure, examples=examples, measures=measures)
        found = geometry.along(first.model, weights, measure).numpy()
        for panel, values in enumerate((found[:, 0], 100 * found[:, 1])):
            look = {"panel": panel, "label": name, "colour": colour, "dash": dash}
            layers.append(line(ALPHAS, values, **look))
            what, unit = (("loss", "nats"), ("accuracy", "%"))[panel]
            readings.append(
                Reading(label=f"{name} {what}", value=Along(values, ("alpha",)), unit=unit)
            )
    classes = geometry.along(first.model, weights, said).numpy()
    pictures = on_images.shown(task.test[0][: image_views.TILES])
    right = classes == first.truth[: image_views.TILES]
    place, texts = image_views.mosaic_of(pictures), image_views.short(task.images.classes)
    layers.append(image_views.gallery(pictures, 2))
    for colour, there in ((BLACK, right), (RED, ~right)):
        chosen = np.where(there, classes, np.nan)
        layers.append(image_views.labels(place, chosen, texts, ("alpha",), panel=2, colour=colour))
    across = Axis(label="position (0 first, 1 second)")
    return View(
        id=stored.id,
        title="The networks between two that were trained on the spot",
        alt="Loss and accuracy along the line, and what the network there says about test images.",
        panels=[
            Panel(title="Loss", x=across, y=Axis(label="nats", log=True),
                  picks={"x": ("alpha", ALPHAS)}),
            Panel(title="Accuracy", x=across, y=Axis(label="%", low=0, high=100),
                  picks={"x": ("alpha", ALPHAS)}),
            image_views.gallery_panel("What it says there (red: wrong)"),
        ],
        layers=layers,
        controls=[
            slider("alpha", "Position", [f"{a:.2f}" for a in ALPHAS], start=len(ALPHAS) // 2,
                   plays=True),
            *asked,
            BACK,
        ],
        readings=readings,
        status=on_images.progress({FIRST: first, SECOND: second}, over=True),
    )  # fmt: skip
