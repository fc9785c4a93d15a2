"""What chapter 24 lets its reader try: any place on the line and on the planes around solutions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.error_surface import around
from hw1lib.chapters.error_surface.result import Result, network_title
from hw1lib.chapters.error_surface.spec import REGRESSORS
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
    heat,
    line,
    points,
    rule,
    slider,
)
from hw1lib.measuring.landscape import Surface
from hw1lib.showing.palette import BLACK, BLUE, RED

PLANES = ("random directions", "its path's two components")
AT = ("network", "plane", "training")


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result, standin=result.standin)


def question(result: Result) -> Number:
    """Return what is to be predicted."""
    deep, shallow = (result.surfaces[name].away(1.0) for name in REGRESSORS)
    both = (deep > 0) & (shallow > 0)
    return Number(
        text="From a solution, move every unit in a random direction by the length of its own "
        "weights. How many times more does the loss of the shallow regressor rise than that of "
        "the deep one?",
        quantity="rise of shallow / rise of deep",
        low=0.01,
        high=1_000,
        values=np.where(both, shallow / np.where(both, deep, 1), np.nan),
        log=True,
    )


def explore(result: Result, name: str) -> None:
    """Show lines and planes of all networks, and visit the networks there on demand."""
    stored = replace(view(result), id=name)
    networks = [*result.surfaces]
    against.explore(
        stored,
        name,
        "The loss on the line from the first weights to the last (bands over trainings), and "
        "over a plane around the last weights of one training: choose a place with the "
        "sliders or by a click.",
        result=result,
        standin=result.standin,
        visits={"visit": around.way(stored, result.spec, networks, result.images)},
    )


def view(result: Result) -> View:
    """Describe what is stored: the loss on lines and planes, by network."""
    names = [*result.surfaces]
    surfaces = [result.surfaces[name] for name in names]
    alphas = surfaces[0].alphas
    losses = together([surface.line[:, :, 0, 0].T for surface in surfaces])
    layers: list[Layer] = [
        *curves(alphas, Along(losses, ("network",)), colour=BLUE, label="loss on the line")
    ]
    layers.append(rule(x=Along(alphas[:, None], ("alpha",))))
    known = np.where(np.isfinite(losses).any(axis=2)[..., None], losses, 0)
    medians = np.nanmedian(known, axis=2)
    planes = together([_planes(surface) for surface in surfaces])  # (names, 2, S, A, A)
    side, count = planes.shape[-1], planes.shape[2]
    drawn = planes.swapaxes(3, 4)  # the first direction lies along x, across the columns
    places = np.linspace(-1, 1, side)
    layers += [
        heat(places, places, Along(drawn, AT), panel=1, log=True),
        *_path(surfaces, count),
        points(
            Along(places[:, None], ("a",)), Along(places[:, None], ("b",)), panel=1, colour=RED,
            width=4, label="here",
        ),
    ]  # fmt: skip
    shares = together([_shares(surface, count) for surface in surfaces])
    return View(
        title="The loss between and around weights",
        alt="The loss on the line from first to last weights, and over a plane around the last.",
        panels=[
            Panel(
                title="On the line",
                x=Axis(label="0: first weights, 1: last"),
                y=Axis(label="training loss", log=True, by="network"),
                picks={"x": ("alpha", alphas)},
            ),
            Panel(
                title="Loss",
                x=Axis(label="first direction"),
                y=Axis(label="second direction"),
                picks={"x": ("a", places), "y": ("b", places)},
            ),
        ],
        layers=layers,
        controls=[
            choice("network", "Network", [network_title(result, name) for name in names]),
            slider("alpha", "On the line", [f"{a:.2f}" for a in alphas], start=len(alphas) // 2),
            choice("plane", "Plane", PLANES),
            slider("training", "Training", [str(n) for n in result.spec.seeds[:count]]),
            slider("a", "First direction", [f"{p:.2f}" for p in places], start=side // 2),
            slider("b", "Second direction", [f"{p:.2f}" for p in places], start=side // 2),
        ],
        readings=[
            Reading(label="loss on the line, median", value=Along(medians, ("network", "alpha"))),
            Reading(label="loss on the plane", value=Along(drawn, (*AT, "b", "a"))),
            Reading(label="the path's variance in its plane", value=Along(shares, AT), unit="%"),
        ],
        note="the two Adam arms have lines only; along a path's plane, −1 and 1 are its ends",
        offline="Going to the network at a place needs Python: run this notebook in JupyterLab.",
    )


def _planes(surface: Surface) -> np.ndarray:
    """Return the loss over both kinds of planes, (2, S, A, A); one NaN where there are none."""
    if not len(surface.plane):
        return np.full((2, 1, 1, 1), np.nan)
    return np.stack([surface.plane, surface.path_plane])


def _path(surfaces: list[Surface], count: int) -> list[Layer]:
    """Draw the path over its plane, as shares of the plane's half side from its middle."""
    found = []
    for surface in surfaces:
        one = np.full((2, count, 1, 2), np.nan)
        if len(surface.path):
            ends = surface.path_places[:, :, [0, -1]]  # (S, 2, 2)
            middle, half = ends.mean(axis=2), np.ptp(ends, axis=2) / 2
            scaled = (surface.path - middle[:, None]) / half[:, None]
            one = np.stack([np.full_like(scaled, np.nan), scaled])
        found.append(one)
    x, y = np.moveaxis(together(found), -1, 0)
    return [
        line(Along(x, AT), Along(y, AT), panel=1, colour=BLACK, label="path"),
    ]


def _shares(surface: Surface, count: int) -> np.ndarray:
    """Return how much of a path's variance its plane shows, (2, S), in %."""
    shares = np.full((2, count), np.nan)
    if len(surface.path_share):
        shares[1] = 100 * surface.path_share.sum(axis=1)
    return shares
