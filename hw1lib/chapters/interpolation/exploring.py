"""What chapter 33 lets its reader try: any pair of trainings, and any place on the line."""

from dataclasses import replace

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.interpolation import between
from hw1lib.chapters.interpolation.result import ACCURACY, FLOOR, LOSS, TEST, TRAIN, Pair, Result
from hw1lib.chapters.interpolation.spec import OTHER
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import spread, together
from hw1lib.exploring.sketches import Curve
from hw1lib.exploring.views import (
    Along,
    Array,
    Axis,
    Panel,
    Reading,
    View,
    choice,
    curves,
    rule,
    slider,
)
from hw1lib.measuring import geometry
from hw1lib.showing.palette import BLUE, RED

DRAWN = 7  # places at which a curve is predicted
PLACES = 61  # of the slider, from one end of all lines to the other
SPLITS = {"training": (TRAIN, BLUE, ""), "test": (TEST, RED, "6 3")}


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Curve:
    """Return what is to be predicted."""
    pair, spec = result.pairs[OTHER], result.spec
    (between,) = np.nonzero((pair.alphas > -1e-9) & (pair.alphas < 1 + 1e-9))
    drawn = between[spread(len(between), DRAWN)]
    return Curve(
        text="Adam trains two networks from different first weights, one in batches of "
        f"{spec.small_batch:,} images, the other of {spec.large_batch:,}. How does the accuracy on "
        "the training images change on the line from the weights of the first to those of the "
        "second?",
        quantity="training accuracy (%)",
        along=Axis(label="position: 0 the first network, 1 the second"),
        at=pair.alphas[drawn],
        low=0,
        high=100,
        values=_along(pair, TRAIN, ACCURACY)[drawn].T,
    )


def explore(result: Result, name: str) -> None:
    """Show every line of the chapter, with a slider along it."""
    stored = replace(view(result), id=name)
    against.explore(
        stored,
        name,
        "Loss and accuracy on the line between two trainings: choose the pair and go along the "
        "line. Lines are medians over the pairs of one kind, bands reach from the 10th to the "
        "90th percentile.",
        result=result,
        standin=result.standin,
        visits={"train": between.visit(stored, result.images)},
    )


def view(result: Result) -> View:
    """Describe the lines of all pairs."""
    pairs = result.pairs
    alphas = together([pair.alphas for pair in pairs.values()])
    places = np.linspace(np.nanmin(alphas), np.nanmax(alphas), PLACES)
    x, here = Along(alphas, ("pair",)), Along(places[:, None], ("alpha",))
    layers = [rule(x=here), rule(x=here, panel=1)]
    readings = []
    for name, (split, colour, dash) in SPLITS.items():
        for panel, measure in enumerate((LOSS, ACCURACY)):
            lines = [_along(pair, split, measure) for pair in pairs.values()]
            look = {"panel": panel, "label": name, "colour": colour, "dash": dash}
            layers += curves(x, Along(together(lines), ("pair",)), **look)
            what = "loss" if measure == LOSS else "accuracy"
            unit = "nats" if measure == LOSS else "%"
            readings.append(
                Reading(label=f"{name} {what}", value=_at(pairs, lines, places), unit=unit)
            )
    return View(
        title="The line between two trainings",
        alt="Loss and accuracy along the line, one curve for each split.",
        panels=[
            Panel(
                title="Loss",
                x=Axis(label="position: 0 the first end, 1 the second"),
                y=Axis(label="nats", log=True, by="pair"),
                picks={"x": ("alpha", places)},
            ),
            Panel(
                title="Accuracy",
                x=Axis(label="position: 0 the first end, 1 the second"),
                y=Axis(label="%", low=0, high=100),
                picks={"x": ("alpha", places)},
            ),
        ],
        layers=layers,
        controls=[
            choice("pair", "Pair", [_name(result, name, pair) for name, pair in pairs.items()]),
            slider(
                "alpha", "Position", [f"{a:.2f}" for a in places], start=PLACES // 2, plays=True
            ),
        ],
        readings=[*readings, Reading(label="barrier, median", value=_barriers(pairs), unit="nats")],
        note=f"bands over up to {result.spec.replicas} pairs",
        offline="Going between two new networks, and reading what each says about "
        "single images, needs Python: run this notebook in JupyterLab.",
    )


def _name(result: Result, name: str, pair: Pair) -> str:
    return f"{name}: {result.label(pair.first)} → {result.label(pair.second)}"


def _along(pair: Pair, split: int, measure: int) -> np.ndarray:
    """Return what is drawn along the lines of a kind, (K, R)."""
    values = pair.line[:, :, split, measure]
    return 100 * values if measure == ACCURACY else np.maximum(values, FLOOR)


def _at(pairs: dict[str, Pair], lines: list[np.ndarray], places: np.ndarray) -> Array:
    """Return the medians at the stored places that are nearest to those of the slider."""
    found = np.full((len(pairs), len(places)), np.nan)
    for row, pair, values in zip(found, pairs.values(), lines, strict=True):
        nearest = np.abs(pair.alphas - places[:, None]).argmin(axis=1)
        inside = (places >= pair.alphas.min() - 1e-9) & (places <= pair.alphas.max() + 1e-9)
        if np.isfinite(values).any():
            row[inside] = np.nanmedian(values[:, pair.sound], axis=1)[nearest[inside]]
    return Along(found, ("pair", "alpha"))


def _barriers(pairs: dict[str, Pair]) -> Array:
    found = np.full(len(pairs), np.nan)
    for place, pair in enumerate(pairs.values()):
        ends = np.isclose(pair.alphas[:, None], [0, 1]).any(axis=0)
        if ends.all() and pair.sound.any():  # some ranges lack an end
            found[place] = np.median(geometry.barrier(pair.along(TRAIN, LOSS), pair.alphas))
    return Along(found, ("pair",))
