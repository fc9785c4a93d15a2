"""What chapter 32 lets its reader try: how the curve over sizes comes about, epoch by epoch."""

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.capacity.result import Result
from hw1lib.chapters.capacity.spec import OF_A
from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import spread, together
from hw1lib.exploring.sketches import Curve
from hw1lib.exploring.views import (
    Along,
    Axis,
    Panel,
    Reading,
    View,
    choice,
    curves,
    slider,
)
from hw1lib.showing.palette import BLUE, RED

DRAWN = 6  # sizes at which a curve is predicted
MOMENTS = 20  # at which networks are shown, at most
NAMES = {"train": "training", "test": "test"}
SPLITS = {"train": (BLUE, ""), "test": (RED, "6 3")}
BY = ("arm", "moment")


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Curve:
    """Return what is to be predicted."""
    sweep = result.sweeps[OF_A]
    drawn = spread(len(sweep.names), DRAWN)
    return Curve(
        text=f"A's networks grow from {sweep.names[0]} to {sweep.names[-1]}. How does the accuracy "
        "on the test images change with the number of parameters?",
        quantity="test accuracy (%)",
        along=Axis(label="parameters", log=True),
        at=sweep.parameters[drawn].astype(float),
        low=50,
        high=100,
        values=sweep.accuracy("test")[:, drawn],
    )


def explore(result: Result, name: str) -> None:
    """Show loss and accuracy over sizes, with a slider over the epochs."""
    against.explore(
        view(result),
        name,
        "Loss and accuracy over the number of parameters: choose the networks, and go through "
        "the measurements on the way where there are any. Lines are medians over trainings, bands "
        "reach from the 10th to the 90th percentile.",
        result=result,
        standin=result.standin,
    )


def view(result: Result) -> View:
    """Describe the curves over sizes, by arm and moment of the training."""
    sweeps = result.sweeps
    layers = []
    sizes = Along(together([sweep.parameters.astype(float) for sweep in sweeps.values()]), BY[:1])
    for split, (colour, dash) in SPLITS.items():
        found = together([_moments(sweep, split) for sweep in sweeps.values()])
        for panel, factor in enumerate((1, 100)):
            look = {"panel": panel, "label": NAMES[split], "colour": colour, "dash": dash}
            layers += curves(sizes, Along(factor * found[..., panel], BY), **look)
    passes = [_passes(sweep) for sweep in sweeps.values()]
    across = Axis(label="parameters", log=True, by="arm")
    return View(
        title="Size and generalization",
        alt="Loss and accuracy of training and test images against the number of parameters.",
        panels=[
            Panel(title="Loss", x=across, y=Axis(label="nats", log=True, by="arm")),
            Panel(title="Accuracy", x=across, y=Axis(label="%", by="arm")),
        ],
        layers=layers,
        controls=[
            choice("arm", "Networks", list(sweeps)),
            slider(
                "moment",
                "Moment",
                [f"{100 * n / (MOMENTS - 1):.0f} % of the way" for n in range(MOMENTS)],
                start=MOMENTS - 1,
                plays=True,
            ),
        ],
        readings=[Reading(label="epochs made", value=Along(np.array(passes), BY))],
        note="networks that were not measured on their way are shown at their end",
    )


def _places(sweep: Sweep) -> np.ndarray:
    """Return which measurements stand for the moments, (MOMENTS,); the last for the end."""
    places = spread(len(sweep.epochs) + 1, MOMENTS)
    return places[np.linspace(0, len(places) - 1, MOMENTS).round().astype(int)]


def _moments(sweep: Sweep, split: str) -> np.ndarray:
    """Return loss and accuracy at each moment, (MOMENTS, K, R, 2); of what had ended, its end."""
    along, end = getattr(sweep, f"{split}_along"), getattr(sweep, split)
    all_ = np.concatenate([along, end[:, None]], axis=1).swapaxes(0, 1)
    chosen = all_[_places(sweep)]
    return np.where(np.isnan(chosen), end, chosen)


def _passes(sweep: Sweep) -> list[float]:
    last = float(np.nanmax(sweep.passes)) if np.isfinite(sweep.passes).any() else float("nan")
    return [float(n) for n in np.array([*sweep.epochs, last])[_places(sweep)]]
