"""What chapter 34 lets its reader try: any measure, against the batch size and against the gap."""

from dataclasses import replace

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.sensitivity import maps
from hw1lib.chapters.sensitivity.result import GAPS, SHORT, Result, accuracy_lost
from hw1lib.chapters.sensitivity.spec import ARMS, AS_A
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
    points,
)
from hw1lib.judging.ranks import rank_correlation
from hw1lib.showing.palette import BLACK, COLORS

DASHES = ("", "6 3", "6 3 2 3", "2 3")


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    small, *_, large = result.spec.batch_sizes
    return Number(
        text=f"With batches of {large:,} images in place of {small:,}, A's learning rate and as "
        "many epochs: how many percentage points of test accuracy are lost?",
        quantity="test accuracy lost (percentage points)",
        low=-10,
        high=100,
        values=accuracy_lost(result, AS_A),
    )


def explore(result: Result, name: str) -> None:
    """Show a chosen measure of all networks."""
    stored = replace(view(result), id=name)
    against.explore(
        stored,
        name,
        "Any measure of the chapter against the batch size (left; medians and bands over "
        "trainings), and against the generalization gap, a point for each training (right).",
        result=result,
        standin=result.standin,
        visits={"train": maps.visit(stored, result.images)},
    )


def view(result: Result) -> View:
    """Describe each measure by arm and batch size, and by network."""
    names = [name for name in SHORT if any(name in of for of in result.described.values())]
    sizes = np.array(result.spec.batch_sizes, dtype=float)
    layers: list[Layer] = []
    for n, arm in enumerate(ARMS):
        values = [
            [_measured(result.sweep[arm, size], name) for size in result.spec.batch_sizes]
            for name in names
        ]
        shown = together([together(row) for row in values])
        look = {"label": arm, "colour": COLORS[n], "dash": DASHES[n]}
        layers += curves(sizes, Along(_positive(shown), ("measure",)), **look)
    every = list(result.described.values())
    gaps = [np.concatenate([_gap(of, gap) for of in every]) for gap in GAPS]
    measured = [np.concatenate([_measured(of, name) for of in every]) for name in names]
    layers.append(
        points(
            Along(_positive(np.stack(measured)), ("measure",)),
            Along(np.stack(gaps), ("gap",)),
            panel=1,
            colour=BLACK,
        )
    )
    rhos = [[rank_correlation(*_both(m, gap)).mean for gap in gaps] for m in measured]
    labels = tuple(SHORT[name] for name in names)
    return View(
        title="Measures, batch sizes and the generalization gap",
        alt="One measure against the batch size, a curve for each way of training, and against "
        "the gap, a point for each training.",
        panels=[
            Panel(
                title="By batch size",
                x=Axis(label="images per update", log=True),
                y=Axis(label=labels, log=True, by="measure"),
            ),
            Panel(
                title="With the gap",
                x=Axis(label=labels, log=True, by="measure"),
                y=Axis(label=tuple(GAPS.values()), by="gap"),
            ),
        ],
        layers=layers,
        controls=[
            choice("measure", "Measure", labels, start=names.index("jacobian_test")),
            choice("gap", "Gap", list(GAPS.values())),
        ],
        readings=[
            Reading(
                label="rank correlation with the gap",
                value=Along(np.array(rhos), ("measure", "gap")),
            )
        ],
        offline="Training small networks, and seeing which pixels they react to, needs "
        "Python: run this notebook in JupyterLab.",
    )


def _measured(of: dict[str, np.ndarray], name: str) -> np.ndarray:
    some = next(iter(of.values()))
    return np.asarray(of.get(name, np.full(some.shape, np.nan)), dtype=float)


def _gap(of: dict[str, np.ndarray], gap: str) -> np.ndarray:
    if gap == "loss_gap":
        return np.asarray(of["test_loss"] - of["train_loss"])
    return np.asarray(of["train_accuracy"] - of["test_accuracy"])


def _positive(values: np.ndarray) -> np.ndarray:
    """Leave out what a logarithmic axis has no place for."""
    return np.where(values > 0, values, np.nan)


def _both(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(first) & np.isfinite(second)
    return first[known], second[known]
