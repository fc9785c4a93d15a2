"""What chapter 23 lets its reader try: the spectrum at any moment, and what counts as zero."""

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.minimal_ratio.result import Result
from hw1lib.exploring import predictions
from hw1lib.exploring.arrays import spread
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
    rule,
    slider,
)
from hw1lib.marks import typographic
from hw1lib.showing.palette import BLACK, BLUE, GREEN, RED

FACTORS = 10.0 ** np.arange(0, 14.1, 0.5)  # round-offs of the largest eigenvalue
TRAININGS, DRAWN = 4, 120  # trainings and eigenvalues of each that are drawn, at most
SIGNS = {"positive": (BLUE, ""), "zero": (BLACK, "2 3"), "negative": (RED, "6 3")}


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result)


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    return Number(
        text="How many percent of the Hessian's eigenvalues are positive at the end of the "
        "training of A's network?",
        quantity="positive eigenvalues (%)",
        low=0,
        high=100,
        values=100 * result.along_shares().positive[-1],
    )


def explore(result: Result, name: str) -> None:
    """Show the spectrum along the training, with a slider for what counts as zero."""
    against.explore(
        view(result),
        name,
        "Eigenvalues of the loss's Hessian of A's network, by size (left), and the shares that "
        "count as positive, zero and negative along all trainings (right). The first slider goes "
        "along the training, the second moves the tolerance within which an eigenvalue counts as "
        "zero; the share of positive ones, the minimal ratio, follows.",
        result=result,
    )


def view(result: Result) -> View:
    """Describe spectra by moment and training, and shares by tolerance."""
    looks, spec = result.along, result.spec
    moments, count = looks.loss.shape
    drawn = min(TRAININGS, count)
    spectra = looks.eigenvalues[:, :drawn]  # (K, D, P)
    places = spread(spectra.shape[-1], DRAWN)
    rank = 100 * places / max(1, spectra.shape[-1] - 1)
    by = ("moment", "training")
    layers: list[Layer] = []
    for sign, name in ((1, "positive"), (-1, "negative")):
        size = np.where(sign * spectra > 0, np.abs(spectra), np.nan)[..., places]
        look = {"label": f"{name} eigenvalue", "colour": SIGNS[name][0], "width": 2}
        layers.append(points(rank, Along(size, by), **look))
    largest = np.abs(spectra).max(axis=-1)
    bounds = FACTORS[:, None, None] * np.finfo(float).eps * largest
    across = ("tolerance", *by)
    layers.append(rule(y=Along(bounds[..., None], across), label="tolerance", colour=GREEN))
    shares = np.stack([np.stack(looks.shares(factor)) for factor in FACTORS])  # (F, 3, K, R)
    at = looks.at + 1.0
    for n, (name, (colour, dash)) in enumerate(SIGNS.items()):
        look = {"panel": 1, "label": name, "colour": colour, "dash": dash}
        layers += curves(at, Along(shares[:, n], ("tolerance",)), **look)
    layers.append(rule(x=Along(at[:, None], ("moment",)), panel=1))
    readings = [
        Reading(label=name, value=Along(shares[:, n, :, :drawn], across))
        for n, name in enumerate(SIGNS)
    ]
    chosen = int(np.abs(np.log10(FACTORS) - np.log10(spec.tolerance)).argmin())
    return View(
        title="The spectrum, and what counts as zero",
        alt="Sizes of the Hessian's eigenvalues in order, and the shares of positive, zero and "
        "negative ones against updates.",
        panels=[
            Panel(
                title="Spectrum",
                x=Axis(label="place in order (%)", low=0, high=100),
                y=Axis(label="size of the eigenvalue", log=True),
            ),
            Panel(
                title="Minimal ratio along the training",
                x=Axis(label="updates + 1", log=True),
                y=Axis(label="share of the eigenvalues", low=0, high=1),
                picks={"x": ("moment", at)},
            ),
        ],
        layers=layers,
        controls=[
            slider(
                "moment", "Updates made", [int(n) for n in looks.at], start=moments - 1, plays=True
            ),
            slider(
                "tolerance",
                "Zero is up to (round-offs)",
                [typographic(f"{factor:.0e}") for factor in FACTORS],
                start=chosen,
            ),
            choice("training", "Training", [str(n) for n in spec.a_seeds[:drawn]]),
        ],
        readings=[
            Reading(label="loss", value=Along(looks.loss[:, :drawn], by)),
            Reading(label="gradient norm", value=Along(looks.slope[:, :drawn], by)),
            *readings,
        ],
        note=typographic(f"the chapter uses {spec.tolerance:.0e} round-offs"),
    )
