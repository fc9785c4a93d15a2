"""What chapter 24 lets its reader try: any place on the line and on the planes around solutions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw1lib.chapters import against
from hw1lib.chapters.error_surface.result import Result, network_title
from hw1lib.chapters.error_surface.spec import REGRESSORS
from hw1lib.chapters.error_surface.visiting import KINDS, Place, visit
from hw1lib.exploring import explorer, predictions
from hw1lib.exploring.arrays import together
from hw1lib.exploring.explorer import Explorer
from hw1lib.exploring.live import Frames, Worker
from hw1lib.exploring.predictions import Question
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


def question(result: Result) -> Question:
    """Return what is to be predicted."""
    deep, shallow = (result.surfaces[name].away(1.0) for name in REGRESSORS)
    both = (deep > 0) & (shallow > 0)
    return Question(
        text="Go from a solution in a random direction, every unit by the length of its own "
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
    Session(result, name).show()


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
        note="the two Adam arms have lines only; along a path's plane, -1 and 1 are its ends",
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


class Session:
    """One explorer of the chapter: what is stored, and one training that is visited."""

    def __init__(self, result: Result, name: str) -> None:
        self.result = result
        extra: list[Control] = [
            choice("kind", "Visit a new training's plane", KINDS, live=True),
            Control(kind="button", name="visit", label="Train one and go there", live=True),
        ]
        stored = replace(view(result), id=name)
        self.stored = against.with_button(replace(stored, controls=[*stored.controls, *extra]))
        self.explorer = Explorer(self.stored, pressed=self.pressed)
        self.worker = Worker(self.explorer.show, self.failed)
        self.count = 0

    def show(self) -> None:
        """Show it in the notebook, and its picture in the report."""
        explorer.show(
            self.stored,
            self.stored.id,
            "The loss on the line from the first weights to the last (bands over trainings), and "
            "over a plane around the last weights of one training: choose a place with the "
            "sliders or by a click.",
            result=self.result,
            standin=self.result.standin,
            explorer=self.explorer,
        )

    def pressed(self, name: str) -> None:
        """Answer to a button, at once."""
        if name == "visit":
            self.count += 1
            state: State = self.explorer.state
            self.worker.start(lambda: self.visit(state))
        elif name == against.BUTTON.name:
            self.worker.start(lambda: against.frames(self.stored, self.result))
        elif name == against.ALONE.name:
            self.explorer.show(self.stored)
        elif name == "back":
            self.explorer.state = self.stored.start
            self.explorer.show(self.stored)

    def visit(self, state: State) -> Frames:
        """Train one regressor and look around it."""
        names = [*self.result.surfaces]
        chosen = names[int(state["network"])]
        name = chosen if chosen in REGRESSORS else next(iter(REGRESSORS))
        yield lambda last: replace(self.stored.settled(state), status=f"Training {name} ...")
        place = visit(self.result.spec, name, KINDS[int(state["kind"])], self.count)
        middle = len(place.places) // 2
        self.explorer.state = {**state, "a": middle, "b": middle}
        yield lambda last: self.around(place)

    def around(self, place: Place) -> View:
        """Describe the plane that is visited, with the network at each of its points."""
        side = len(place.places)
        controls = [
            replace(control, options=tuple(f"{p:.2f}" for p in place.places), start=side // 2)
            if control.name in ("a", "b")
            else control
            for control in self.stored.controls
            if control.name not in ("plane", "training", "alpha", against.BUTTON.name)
        ]
        controls.append(
            Control(kind="button", name="back", label="Back to what is stored", live=True)
        )
        at = Along(place.places[:, None], ("a",)), Along(place.places[:, None], ("b",))
        here = ("a", "b")
        return View(
            id=self.stored.id,
            title=f"{place.name}: the networks around one training",
            alt="The loss over a plane, and what the network at the chosen place computes.",
            panels=[
                self.stored.panels[1],
                Panel(title="The network there", x=Axis(label="x"), y=Axis(label="f(x)")),
            ],
            layers=[
                heat(place.places, place.places, place.loss.T, log=True),
                points(*at, colour=RED, width=4, label="here"),
                line(place.x, place.target, panel=1, dash="2 3", label="target"),
                line(place.x, Along(place.outputs, here), panel=1, colour=RED, label="network"),
            ],
            controls=controls,
            readings=[
                Reading(label="loss", value=Along(place.loss, here)),
                Reading(label="gradient norm", value=Along(place.slope, here)),
                Reading(
                    label="curvature along its gradient",
                    value=Along(place.curvature, here),
                ),
            ],
            status=f"{place.name}, seed {place.seed}, {place.about}",
        )

    def failed(self, error: Exception) -> None:
        """Say why a visit ended."""
        self.explorer.show(replace(self.stored, status=f"The visit failed: {error}"))
