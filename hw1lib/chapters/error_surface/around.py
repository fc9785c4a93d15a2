"""What chapter 24 shows of a plane that is visited: the network at each of its places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters import image_views, on_images
from hw1lib.chapters.error_surface.spec import HIDDEN, REGRESSORS, SGD, Spec
from hw1lib.chapters.error_surface.visiting import (
    KINDS,
    OTHER_SEEDS,
    Place,
    redrawn,
    visit,
)
from hw1lib.chapters.on_images import Seen, Trial, watch
from hw1lib.data.image_sets import ImageSet
from hw1lib.exploring.live import Frames
from hw1lib.exploring.session import BACK, Visit
from hw1lib.exploring.views import (
    Along,
    Axis,
    Control,
    Layer,
    Panel,
    Reading,
    State,
    View,
    choice,
    curves,
    heat,
    line,
    points,
    slider,
)
from hw1lib.measuring import geometry, landscape
from hw1lib.networks import replicas
from hw1lib.networks.modes import evaluating
from hw1lib.showing.palette import GREEN, RED

SIDE = 15  # places along a side of a classifier's plane
HERE = ("a", "b")


@dataclass(frozen=True)
class Confusions:
    """The plane around one classifier, and what the network at each of its points says."""

    seed: int
    places: np.ndarray  # (A,) along either direction, 0 at the solution
    loss: np.ndarray  # (A, A) cross-entropy of test images in nats, first direction first
    counts: np.ndarray  # (A, A, K, K) test images by true class and by what is said
    redrawn: np.ndarray  # (A, REDRAWN) loss along random directions, each drawn anew


def classifier(seen: Seen) -> Confusions:
    """Measure the plane of two random directions around a classifier."""
    model, task, seed = seen.model, seen.task, seen.trial.seeds[0]
    loss = task.loss(task.test)
    classes, truth = len(task.images.classes), task.test[1]

    def counts(stack: nn.Module) -> Tensor:
        with evaluating(stack):
            said = stack(task.prepare(task.test[0])).argmax(dim=-1)
        cells = truth * classes + said  # (R, N)
        found = torch.nn.functional.one_hot(cells, classes**2).sum(dim=1)
        return found.unflatten(1, (classes, classes))

    places = np.linspace(-1, 1, SIDE)
    first, second = landscape.random_directions(model, 2, (seed,))[:, 0]
    along = torch.from_numpy(places)
    plane = geometry.plane(replicas.weights(model).detach()[0], first, second, along, along)
    return Confusions(
        seed=seed,
        places=places,
        loss=geometry.along(model, plane, loss).numpy(),
        counts=geometry.along(model, plane, counts, chunk=15).numpy(),
        redrawn=redrawn(model, places, loss, seed),
    )


def way(stored: View, spec: Spec, names: list[str], images: ImageSet) -> Visit:
    """Describe the way from the chapter's explorer to a network that is trained on the spot.

    Args:
        stored: What the explorer shows.
        spec: The chapter's settings.
        names: Its networks, in the order of the control `network`.
        images: What its classifiers learn.
    """
    asked: tuple[Control, ...] = (
        choice("kind", "Visit a new training's plane", KINDS, live=True),
        image_views.button("visit", "Train one and go there"),
    )

    def action(state: State, number: int) -> Frames:
        name = names[int(state["network"])]
        if name in REGRESSORS:
            waiting = replace(stored.settled(state), status=f"Training {name} ...")
            yield lambda _: waiting
            place = visit(spec, name, KINDS[int(state["kind"])], number)
            yield lambda _: regressor_view(stored, place)
        else:
            yield from _classified(stored, Trial(
                images=images, hidden=HIDDEN, updates=400, seeds=(OTHER_SEEDS + number,)
            ))  # fmt: skip

    return Visit(asked, action)


def _classified(stored: View, trial: Trial) -> Iterator[partial[View]]:
    """Train a classifier, and look around it once it has learned or was stopped."""
    for seen in watch(trial):
        yield partial(learning_or_around, stored, seen)


def learning_or_around(stored: View, seen: Seen, over: bool) -> View:
    """Describe a classifier that learns; at its end, its plane."""
    if over:
        return classifier_view(stored, classifier(seen), seen)
    return image_views.learning(
        stored, {SGD: seen}, title="A classifier, trained on the spot", over=over
    )


def _sliders(places: np.ndarray) -> list[Control]:
    shown, middle = [f"{p:.2f}" for p in places], len(places) // 2
    return [
        slider("a", "First direction", shown, start=middle),
        slider("b", "Second direction", shown, start=middle),
        BACK,
    ]


def _plane(places: np.ndarray, loss: np.ndarray) -> list[Layer]:
    """Draw a plane in panel 0, with the chosen place."""
    at = Along(places[:, None], ("a",)), Along(places[:, None], ("b",))
    return [
        heat(places, places, loss.T, log=True),
        points(*at, colour=RED, width=4, label="here"),
    ]


def _panels(places: np.ndarray, there: Panel) -> list[Panel]:
    return [
        Panel(
            title="Loss",
            x=Axis(label="first direction"),
            y=Axis(label="second direction"),
            picks={"x": ("a", places), "y": ("b", places)},
        ),
        there,
        Panel(
            title="Ten other random directions",
            x=Axis(label="step"),
            y=Axis(label="loss", log=True),
        ),
    ]


def regressor_view(stored: View, place: Place) -> View:
    """Describe a regressor's plane, with the network at each of its places."""
    return View(
        id=stored.id,
        title=f"{place.name}: the networks around one training",
        alt="The loss over a plane, what the network at the chosen place computes, and the loss "
        "along random directions with their band.",
        panels=_panels(
            place.places,
            Panel(title="The network there", x=Axis(label="x"), y=Axis(label="f(x)")),
        ),
        layers=[
            *_plane(place.places, place.loss),
            line(place.x, place.target, panel=1, dash="2 3", label="target"),
            line(place.x, Along(place.outputs, HERE), panel=1, colour=RED, label="network"),
            *curves(place.places, place.redrawn, panel=2, colour=GREEN, label="loss, drawn anew"),
        ],
        controls=_sliders(place.places),
        readings=[
            Reading(label="loss", value=Along(place.loss, HERE)),
            Reading(label="gradient norm", value=Along(place.slope, HERE)),
            Reading(label="curvature along its gradient", value=Along(place.curvature, HERE)),
        ],
        status=f"{place.name}, seed {place.seed}, {place.about}",
    )


def classifier_view(stored: View, found: Confusions, seen: Seen) -> View:
    """Describe a classifier's plane, with the confusions of the network at each of its places."""
    classes = seen.task.images.classes
    numbers = np.arange(float(len(classes)))
    right = 100 * np.trace(found.counts, axis1=2, axis2=3) / len(seen.truth)
    shown = image_views.short(classes)
    named = ", ".join(f"{n} {name}" for n, name in enumerate(shown) if str(n) != name)
    return View(
        id=stored.id,
        title="The classifiers around one training",
        alt="The loss over a plane, what the network at the chosen place says by the true class, "
        "and the loss along random directions with their band.",
        panels=_panels(
            found.places,
            Panel(title="Test images", x=Axis(label="it says"), y=Axis(label="true class")),
        ),
        layers=[
            *_plane(found.places, found.loss),
            heat(numbers, numbers, Along(found.counts.astype(float), HERE), panel=1),
            *curves(found.places, found.redrawn, panel=2, colour=GREEN, label="loss, drawn anew"),
        ],
        controls=_sliders(found.places),
        readings=[
            Reading(label="loss on test images", value=Along(found.loss, HERE), unit="nats"),
            Reading(label="test accuracy", value=Along(right, HERE), unit="%"),
        ],
        note=f"classes: {named}" if named else "",
        status=f"{on_images.progress({'classifier': seen}, over=True)}; seed {found.seed}, random "
        "directions of each unit's own length",
    )
