"""What chapter 21 lets its reader try: layers, random walks, and a slider along the paths."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.weight_paths.result import PARTS, POINTS, Paths, Result, all_points
from hw1lib.chapters.weight_paths.spec import OF_B
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import together
from hw1lib.exploring.questions import Number
from hw1lib.exploring.views import (
    Along,
    Axis,
    Layer,
    Panel,
    Reading,
    View,
    choice,
    curves,
    line,
    points,
    rule,
    slider,
)
from hw1lib.measuring import trajectories
from hw1lib.showing.palette import BLACK, BLUE, RED

BY = ("network", "part", "kind")


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    paths = result.paths[OF_B]
    walks = paths.straightness(None, walk=True)
    told = f"{np.median(walks):.2f}" if len(walks) else "nothing, for all diverged"
    return Number(
        text="Divide the distance from the first to the last weights by the length of the path: 1 "
        f"is straight. Random walks with the same step lengths have {told} ({paths.name}). What do "
        "trainings have?",
        quantity="displacement / path length",
        low=0,
        high=1,
        values=paths.straightness(None),
    )


def explore(result: Result, name: str) -> None:
    """Show the paths of each network and part, trained or random, with a slider over epochs."""
    against.explore(
        view(result),
        name,
        "Paths of all trainings in the plane of their first two components, with where each is "
        "after so many epochs, and the test accuracy there. Choose the part of the network, and "
        "put random walks of the same steps in the trainings' place.",
        result=result,
        standin=result.standin,
    )


def view(result: Result) -> View:
    """Describe the planes of all networks, parts and kinds of points."""
    every = list(result.paths.values())
    scores = together(
        [together([_planes(paths, layer) for layer in PARTS.values()]) for paths in every]
    )
    # (networks, parts, kinds, R, T, 2)
    count, moments = scores.shape[3:5]
    layers: list[Layer] = []
    for run in range(count):
        xs, ys = np.moveaxis(scores[:, :, :, run], -1, 0)
        layers.append(line(Along(xs, BY), Along(ys, BY), colour=BLUE, width=1.0))
    at = np.moveaxis(scores, 4, 3)  # (networks, parts, kinds, T, R, 2)
    xs, ys = np.moveaxis(at, -1, 0)
    there = (*BY, "moment")
    layers.append(points(Along(xs, there), Along(ys, there), colour=RED, label="where each is"))
    layers.append(
        points(
            Along(xs[..., 0, :], BY), Along(ys[..., 0, :], BY), colour=BLACK, width=2, label="start"
        )
    )
    epochs = together([paths.epochs.astype(float) for paths in every])
    accuracy = together([100 * paths.test[:, paths.arrived, 2] for paths in every])
    layers += curves(
        Along(epochs, BY[:1]), Along(accuracy, BY[:1]), panel=1, colour=BLUE, label="test accuracy"
    )
    layers.append(rule(x=Along(epochs[..., None], ("network", "moment")), panel=1))
    shares = [_by_kind(paths, _plane_share) for paths in every]
    straight = [_by_kind(paths, _straight) for paths in every]
    return View(
        title="Paths through weight space",
        alt="The trainings' paths lead outwards from near the middle; beside them the test "
        "accuracy against epochs.",
        panels=[
            Panel(
                title="Paths",
                x=Axis(label="first component (weights)"),
                y=Axis(label="second component (weights)"),
            ),
            Panel(
                title="What they reach", x=Axis(label="epochs"), y=Axis(label="test accuracy (%)")
            ),
        ],
        layers=layers,
        controls=[
            choice("network", "Network", [paths.name for paths in every]),
            choice("part", "Part", list(PARTS), start=len(PARTS) - 1),
            choice("kind", "Points", list(POINTS)),
            slider(
                "moment",
                "Epochs",
                [f"{n:g}" for n in epochs[0]],
                start=moments // 2,
                plays=True,
            ),
        ],
        readings=[
            Reading(label="variance in this plane", value=Along(np.array(shares), BY), unit="%"),
            Reading(
                label="displacement / path length, median", value=Along(np.array(straight), BY)
            ),
        ],
    )


def _planes(paths: Paths, layer: int | None) -> np.ndarray:
    """Return where trainings and walks lie in a plane of their own, (kinds, R', T, 2)."""
    found = []
    for walk in POINTS.values():
        gram = paths.gram(layer, walk=walk)
        if not len(paths.arrived):
            found.append(np.full((len(paths.diverged), len(paths.epochs), 2), np.nan))
            continue
        scores = trajectories.principal_components(all_points(gram)).scores
        found.append(scores.reshape(*gram.shape[:2], 2))
    return np.stack(found)


def _by_kind(
    paths: Paths, measure: Callable[[Paths, int | None, bool], float]
) -> list[list[float]]:
    return [[measure(paths, layer, walk) for walk in POINTS.values()] for layer in PARTS.values()]


def _plane_share(paths: Paths, layer: int | None, walk: bool) -> float:
    return 100 * paths.plane_share(layer, walk=walk)


def _straight(paths: Paths, layer: int | None, walk: bool) -> float:
    found = paths.straightness(layer, walk=walk)
    return float(np.median(found)) if len(found) else float("nan")
