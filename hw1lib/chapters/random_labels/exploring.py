"""What chapter 31 lets its reader try: how many labels are random, and what is then learned."""

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.random_labels.result import Fit, Result, slower_to, with_subject
from hw1lib.chapters.random_labels.spec import MLP, NETWORKS
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import spread_late, together
from hw1lib.exploring.questions import Number
from hw1lib.exploring.views import (
    Along,
    Axis,
    Panel,
    Reading,
    View,
    choice,
    curves,
    rule,
    slider,
)
from hw1lib.showing.palette import BLUE, GREEN, RED

BY = ("network", "share")
DRAWN = 60  # measurements of a curve, at most
SHOWN = {  # what is drawn: split, measure, colour, dash
    "training images, as labelled": ("train", "accuracy", BLUE, ""),
    "training images, true labels": ("train", "true accuracy", GREEN, "6 3 2 3"),
    "test images": ("test", "accuracy", RED, "6 3"),
}


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin(MLP))


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    return Number(
        text="Until 99 % of its labels are right, how many times as many epochs does the "
        "perceptron need if all labels are random?",
        quantity="epochs with random labels / with true labels",
        low=0.3,
        high=100,
        values=slower_to(result, MLP, 0.99),
        log=True,
    )


def explore(result: Result, name: str) -> None:
    """Show how each network learns with each share of random labels."""
    against.explore(
        view(result),
        name,
        "Accuracy while a network learns, with a slider over the share of labels that are random. "
        "Lines are medians over trainings, bands reach from the 10th to the 90th percentile.",
        result=result,
        standin=result.standin(),
    )


def view(result: Result) -> View:
    """Describe the accuracies by network and share of random labels."""
    shares = result.spec.shares
    fits = [[result.fits[network, share] for share in shares] for network in NETWORKS]
    epochs = together([together([_epochs(fit) for fit in row]) for row in fits])
    layers = [rule(y=np.array([100 / result.classes]), label="chance")]
    for name, (split, measure, colour, dash) in SHOWN.items():
        values = together(
            [together([_percent(fit, split, measure) for fit in row]) for row in fits]
        )
        look = {"label": name, "colour": colour, "dash": dash}
        layers += curves(Along(epochs, BY), Along(values, BY), **look)
        ends = [[_median(fit.percent(split, measure)) for fit in row] for row in fits]
        finals = Along(np.array(ends), BY[:1])
        layers += curves(
            100 * np.array(shares), Along(finals.values[..., None], BY[:1]), panel=1, **look
        )
    here = Along(100 * np.array(shares)[:, None], ("share",))
    layers.append(rule(x=here, panel=1))
    passes = [[_median(fit.passes_to(0.99)) for fit in row] for row in fits]
    return View(
        title="Learning random labels",
        alt="Accuracy against epochs for one share of random labels, and at the end against all "
        "shares.",
        panels=[
            Panel(
                title="While it learns",
                x=Axis(label="epochs", by="network"),
                y=Axis(label="accuracy (%)", low=0, high=100),
            ),
            Panel(
                title="At the end",
                x=Axis(label="random labels (%)"),
                y=Axis(label="accuracy (%), median", low=0, high=100),
                picks={"x": ("share", 100 * np.array(shares))},
            ),
        ],
        layers=layers,
        controls=[
            choice("network", "Network", [with_subject(result, name) for name in NETWORKS]),
            slider("share", "Random labels", [f"{100 * s:g} %" for s in shares]),
        ],
        readings=[
            Reading(
                label="epochs until 99 % of the labels are right, median",
                value=Along(np.array(passes), BY),
            )
        ],
    )


def _places(fit: Fit) -> np.ndarray:
    return spread_late(len(fit.epochs), DRAWN)


def _epochs(fit: Fit) -> np.ndarray:
    return fit.epochs[_places(fit)].astype(float)


def _percent(fit: Fit, split: str, measure: str) -> np.ndarray:
    return 100 * fit.series(split, measure)[_places(fit)]


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
