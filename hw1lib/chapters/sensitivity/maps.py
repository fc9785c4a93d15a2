"""Which pixels a network of chapter 34 reacts to: small ones, trained on the spot."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from hw1lib.chapters import image_views, on_images
from hw1lib.chapters.on_images import LEARNED, OTHER_SEEDS, Seen, Trial, side_by_side
from hw1lib.data.image_sets import ImageSet
from hw1lib.exploring.live import Frames
from hw1lib.exploring.session import BACK, Visit
from hw1lib.exploring.views import Along, Control, Reading, State, View, choice, heat
from hw1lib.measuring import sensitivities
from hw1lib.networks.modes import evaluating
from hw1lib.showing.palette import RED

BATCHES = (20, 500)
PASSES = 5  # over the images, whatever the batch size


def visit(stored: View, images: ImageSet) -> Visit:
    """Describe the way from the chapter's explorer to networks that are trained on the spot."""
    controls = (image_views.button("train", "Train with small and large batches"),)

    def action(state: State, number: int) -> Frames:
        learned = min(LEARNED, len(images.train))
        sizes = [min(size, learned) for size in BATCHES]
        trials = {
            f"batches of {size}": Trial(
                images=images,
                batch_size=size,
                updates=PASSES * -(-learned // size),
                seeds=(OTHER_SEEDS + number,),
            )
            for size in sizes
        }
        for runs in side_by_side(trials):
            yield partial(drawn, stored, runs, controls)

    return Visit(controls, action)


def drawn(stored: View, runs: dict[str, Seen], asked: tuple[Control, ...], over: bool) -> View:
    """Describe networks that are learning, and once they have, what they react to."""
    view = image_views.learning(
        stored,
        runs,
        title="Small networks, trained on the spot with two batch sizes",
        over=over,
        note="solid: test images, dotted: training images",
    )
    return with_maps(view, runs, asked) if over else view


def with_maps(view: View, runs: dict[str, Seen], asked: tuple[Control, ...]) -> View:
    """Add test images, and for each of their pixels how strongly the outputs react to it."""
    first = next(iter(runs.values()))
    images, truth = (part[: image_views.TILES] for part in first.task.test)
    pictures = on_images.shown(images)
    place = image_views.mosaic_of(pictures)
    maps = np.stack([reactions(seen) for seen in runs.values()])  # (networks, N, 1, H, W)
    norms = [
        float(sensitivities.input_gradient_norms(
            seen.model, *seen.task.test, prepare=seen.task.prepare
        ).mean())
        for seen in runs.values()
    ]  # fmt: skip
    right = [float(seen.test[-1][0]) for seen in runs.values()]
    texts = image_views.short(first.task.images.classes)
    said = np.stack([seen.said()[0, : len(images)] for seen in runs.values()]).astype(float)
    wrong = said != truth.numpy()
    look = ("look",)
    return replace(
        view,
        alt="Accuracies, test images with what the network says, and which pixels it reacts to.",
        panels=[
            *view.panels,
            image_views.gallery_panel("What it says"),
            image_views.gallery_panel("Reacts to"),
        ],
        layers=[
            *view.layers,
            image_views.gallery(pictures, 1),
            image_views.labels(place, said, texts, look, panel=1),
            heat(place.x, place.y, Along(place.pixels(maps)[:, 0], look), panel=2),
            image_views.labels(
                place, np.where(wrong, 0.0, np.nan), ["wrong"], look, panel=2, colour=RED
            ),
        ],
        controls=[choice("look", "Trained with", list(runs)), *asked, BACK],
        readings=[
            Reading(
                label="sensitivity of the loss, mean over test images",
                value=Along(np.array(norms), look),
                unit="nats per unit",
            ),
            Reading(label="test accuracy", value=Along(np.array(right), look), unit="%"),
        ],
    )


def reactions(seen: Seen) -> np.ndarray:
    r"""Measure how strongly the first network's outputs react to each pixel of the shown images.

    .. math:: \sqrt{\sum_k \lVert \partial f_k(x) / \partial x_{ij} \rVert_2^2}

    over the channels of a pixel; the squares of all pixels sum up to that of the Jacobian's norm.

    Returns:
        Shape (N, 1, H, W), in units of output per unit of the normalized pixel.
    """
    x = seen.task.images.normalized(seen.task.test[0][: image_views.TILES]).requires_grad_()
    with evaluating(seen.model):
        outputs = seen.model(x.flatten(-3) if seen.task.flat else x)[0]
    squares = torch.zeros_like(x[:, :1])
    for output in outputs.unbind(dim=1):
        (slope,) = torch.autograd.grad(output.sum(), x, retain_graph=True)
        squares += slope.square().sum(dim=1, keepdim=True)
    return np.asarray(squares.sqrt().numpy())
