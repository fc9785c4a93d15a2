"""What chapter 12 lets its reader try: every network of every arm, beside all others."""

from dataclasses import replace

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.image_task import mistakes
from hw1lib.chapters.image_task.result import (
    CONVOLUTION,
    PERMUTED,
    Contrast,
    Curves,
    Result,
    contrasts,
)
from hw1lib.chapters.on_images import Build
from hw1lib.data import image_sets
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
    slider,
)
from hw1lib.showing.palette import BLUE, GREEN, RED

NAMES = {"train": "training", "test": "test"}
SPLITS = {"train": (BLUE, ""), "test": (RED, "6 3")}


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin(*result.images))


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    found = contrasts(result)
    natural, permuted = (_lead(result, found[name]) for name in (CONVOLUTION, PERMUTED))
    return Number(
        text=f"Convolution leads by {np.median(natural):.1f} percentage points of test "
        f"accuracy ({found[CONVOLUTION].compared}). By how many with permuted pixels?",
        quantity="lead of the convolutional network (percentage points)",
        low=-30,
        high=30,
        values=permuted,
    )


def _lead(result: Result, contrast: Contrast) -> np.ndarray:
    first, second = (
        result.curves[key].percent("test") for key in (contrast.first, contrast.second)
    )
    count = min(len(first), len(second))
    return first[:count] - second[:count]


def explore(
    result: Result, name: str, *, network: Build | None = None, data: str | None = None
) -> None:
    """Show how every network learns, where it lies among all, and train small ones on demand.

    Args:
        result: Of the chapter.
        name: Label of the figure.
        network: Makes a network of your own to train beside the two small ones, such as
            `lambda: nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))`: any `nn.Module` that turns
            images (B, C, H, W) into (B, classes).
        data: Images of your own to train on, such as "folder:/home/me/pets", besides those of the
            chapter.
    """
    sets = {one.title: one for one in result.images.values()}
    if data is not None:
        own = image_sets.load("cifar10", data)
        sets = {own.title: own, **sets}
    stored = replace(view(result), id=name)
    against.explore(
        stored,
        name,
        "How a network learns (left), and the test accuracy of all networks against their size "
        "after as many epochs, with the chosen one marked (right). Lines are medians over "
        "trainings, bands reach from the 10th to the 90th percentile.",
        result=result,
        standin=result.standin(*result.images),
        visits={"train": mistakes.visit(stored, sets, network)},
    )


def view(result: Result) -> View:
    """Describe accuracies by network and epoch."""
    every = list(result.curves.values())
    names = [f"{network}, {arm}" for arm, network in result.curves]
    epochs = together([of.epochs.astype(float) for of in every])
    layers: list[Layer] = []
    for split, (colour, dash) in SPLITS.items():
        values = together([100 * of.series(split, "accuracy") for of in every])
        look = {"label": NAMES[split], "colour": colour, "dash": dash}
        layers += curves(Along(epochs, ("network",)), Along(values, ("network",)), **look)
    longest = max(len(of.epochs) for of in every)
    after = np.stack([_accuracies(of, longest) for of in every])  # (networks, passes)
    sizes = np.array([float(of.parameters) for of in every])
    layers += [
        points(sizes, Along(after.T, ("moment",)), panel=1, colour=GREEN, label="every network"),
        points(
            Along(sizes[:, None], ("network",)),
            Along(after[..., None], ("network", "moment")),
            panel=1,
            colour=RED,
            width=6,
            label="the chosen one",
        ),
    ]
    return View(
        title="Networks that tell images apart",
        alt="Accuracy against epochs of one network, and test accuracy against the number of "
        "parameters of all networks.",
        panels=[
            Panel(
                title="While it learns",
                x=Axis(label="epochs", by="network"),
                y=Axis(label="accuracy (%)", low=0, high=100),
            ),
            Panel(
                title="Among all networks",
                x=Axis(label="parameters", log=True),
                y=Axis(label="test accuracy (%), median", low=0, high=100),
            ),
        ],
        layers=layers,
        controls=[
            choice("network", "Network", names),
            slider(
                "moment",
                "Measurement",
                [str(n) for n in range(longest)],
                start=longest - 1,
                plays=True,
            ),
        ],
        readings=[
            Reading(label="parameters", value=Along(sizes, ("network",))),
            Reading(
                label="test accuracy, median", value=Along(after, ("network", "moment")), unit="%"
            ),
        ],
        note="networks that were measured less often are shown at their last measurement",
        offline="Training small networks, and looking at the images that they get wrong, needs "
        "Python: run this notebook in JupyterLab.",
    )


def _accuracies(of: Curves, longest: int) -> np.ndarray:
    """Return the median test accuracy at each measurement, and its last beyond, (longest,)."""
    values = 100 * of.series("test", "accuracy")
    medians = [
        float(np.median(known)) if len(known := row[np.isfinite(row)]) else float("nan")
        for row in values
    ]
    return np.array(medians + [medians[-1]] * (longest - len(medians)))
