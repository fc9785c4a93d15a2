"""What chapter 11 lets its reader try: another target, another network, another optimizer."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import torch

from hw1lib.chapters import against
from hw1lib.chapters.function_fit.asking import GRID, Asked, understood
from hw1lib.chapters.function_fit.on_the_spot import (
    OTHER_SEEDS,
    SHOWN,
    Seen,
    Trial,
    compared,
    progress,
    watch,
)
from hw1lib.chapters.function_fit.result import Result, title
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, NETWORKS, TUNED
from hw1lib.data import functions
from hw1lib.exploring import explorer, predictions
from hw1lib.exploring.explorer import Explorer
from hw1lib.exploring.live import Frames, Worker
from hw1lib.exploring.orders import Order
from hw1lib.exploring.session import BACK
from hw1lib.exploring.views import (
    Along,
    Axis,
    Control,
    Layer,
    Panel,
    State,
    View,
    choice,
    curves,
    line,
    rule,
)
from hw1lib.networks import builders
from hw1lib.showing.palette import BLUE, GREEN, PINK, RED
from hw1lib.training import optimizers
from hw1lib.training.regression import DRAWN

STYLES = {  # colour and dash of each network
    "deep": (BLUE, ""),
    "medium": (RED, "6 3"),
    "shallow": (GREEN, "6 3 2 3"),
    "yours": (PINK, "2 2"),
}
UPDATES = (500, 2_000, 5_000, 20_000)
REPLICAS = (1, 4, 8, 20)
EVERY = 3  # kept updates between two that are drawn


def ask(result: Result, name: str) -> None:
    """Ask for a prediction of what the chapter measures."""
    predictions.ask(question(result), name, result=result)


def question(result: Result) -> Order:
    """Return what is to be predicted."""
    targets = result.spec.targets
    target = "sine" if "sine" in targets else targets[0]
    fits = result.networks(AS_B, target)
    return Order(
        text=f"Report B's Adam trains deep, medium and shallow on {title(target)} for "
        f"{result.spec.epochs:,} updates. Which ends with the lowest training loss, and which "
        "with the highest?",
        quantity="order of the final losses, the lowest first",
        names=tuple(fits),
        values=np.stack([fit.final for fit in fits.values()], axis=1),
    )


def explore(result: Result, name: str) -> None:
    """Show the stored trainings of each target and optimizer, and train beside them on demand."""
    Session(result, name).show()


def view(result: Result) -> View:
    """Describe what is stored: losses and fits of the networks, by target and optimizer."""
    targets = result.spec.targets
    layers: list[Layer] = []
    for network, (colour, dash) in STYLES.items():
        if network not in NETWORKS:
            continue
        fits = [[result.fits[arm, target, network] for arm in ARMS] for target in targets]
        look = {"colour": colour, "dash": dash, "label": network}
        updates = _some(fits[0][0].updates) + 1.0
        losses = np.array([[_some(fit.loss) for fit in row] for row in fits])
        layers += curves(updates, Along(losses, BY), **look)
        drawn = slice(None, None, (DRAWN - 1) // (SHOWN - 1))
        fitted = np.array([[fit.prediction.T[drawn] for fit in row] for row in fits])
        layers += curves(GRID, Along(fitted, BY), panel=1, **look)
    truth = np.stack([_true(target) for target in targets])
    layers.append(line(GRID, Along(truth, BY[:1]), panel=1, dash="1 3", label="target"))
    constants = np.array([[result.constant(target)] for target in targets])
    layers.append(rule(y=Along(constants, BY[:1]), label="best constant"))
    return View(
        title="Three networks of one size, by target and optimizer",
        alt="Losses of the networks against updates, and what they learn, with bands over the "
        "trainings.",
        panels=[
            Panel(
                title="Loss",
                x=Axis(label="updates + 1", log=True),
                y=Axis(label="mean squared error", log=True),
            ),
            Panel(title="What is learned", x=Axis(label="x"), y=Axis(label="f(x)")),
        ],
        layers=layers,
        controls=_controls(result),
        note=_note(f"{result.spec.replicas} stored trainings"),
        offline="Typing a function or a network of your own and training it needs Python: run "
        "this notebook in JupyterLab.",
    )


def _note(trainings: str) -> str:
    sizes = [f"{n}: {builders.parameter_count(w)} parameters" for n, w in NETWORKS.items()]
    return f"median and 10th to 90th percentile over {trainings}; {', '.join(sizes)}"


BY = ("target", "optimizer")


def _controls(result: Result, *, training: bool = False) -> list[Control]:
    return [
        choice("target", "Target", [title(target) for target in result.spec.targets]),
        choice("optimizer", "Optimizer", ARMS),
        Control(kind="text", name="formula", label="or your own f(x) =", start="", live=True),
        Control(
            kind="text", name="hidden", label="and a network of hidden widths", start="", live=True
        ),
        choice("replicas", "Trainings", REPLICAS, start=1, live=True),
        choice("updates", "Updates", UPDATES, start=1, live=True),
        Control(kind="button", name="train", label="Train", live=True),
        Control(kind="button", name="stop", label="Stop", live=True, disabled=not training),
    ]


def _some(values: np.ndarray) -> np.ndarray:
    """Thin what lies along the updates, and keep its last."""
    return np.concatenate([values[:-1:EVERY], values[-1:]])


def _true(target: str) -> np.ndarray:
    return functions.TARGETS[target](torch.from_numpy(GRID)).numpy()


class Session:
    """One explorer of the chapter: what it shows, and the trainings that it was asked for."""

    def __init__(self, result: Result, name: str) -> None:
        self.result = result
        plain = replace(view(result), id=name)
        self.stored = replace(plain, controls=[*plain.controls, against.BUTTON])
        self.beside = False  # whether the stored run of the full profile is drawn
        self.runs: list[Seen] = []  # the latest last; two at most are drawn
        self.explorer = Explorer(self.stored, pressed=self.pressed)
        self.explorer.observe(lambda _: self.redraw(), "state")
        self.worker = Worker(self.draw, self.failed)
        self.lock = threading.Lock()  # front ends and the worker may draw at once
        self.count = 0

    def show(self) -> None:
        """Show it in the notebook, and its picture in the report."""
        explorer.show(
            self.stored,
            self.stored.id,
            "Three networks of one size: choose the target and the optimizer, type a function or "
            "a network of your own, and train. Lines are medians, bands reach from the 10th to "
            "the 90th percentile.",
            result=self.result,
            explorer=self.explorer,
        )

    def pressed(self, name: str) -> None:
        """Answer to a button, at once."""
        self.beside = name == against.BUTTON.name
        if name == "stop":
            self.worker.stop()
        elif self.beside:
            alone = replace(self.stored, controls=_controls(self.result)[:2])
            self.worker.start(lambda: against.frames(alone, self.result))
        elif name == BACK.name:
            self.draw(self.now())
        elif name == "train":
            asked = understood(self.explorer.state)
            if asked.wrong:
                self.redraw()
                return
            self.count += 1
            trial = self.trial(asked, self.explorer.state)
            self.worker.start(lambda: self.train(trial))

    def trial(self, asked: Asked, state: State) -> Trial:
        """Return the training that the controls ask for."""
        spec, arm = self.result.spec, ARMS[int(state["optimizer"])]
        target = spec.targets[int(state["target"])]
        networks = dict(NETWORKS) | ({"yours": asked.widths} if asked.widths else {})
        rates = {
            name: self.result.fits[arm, target, name].learning_rate
            if arm == TUNED and name in NETWORKS and not asked.function
            else spec.learning_rate
            for name in networks
        }
        first = OTHER_SEEDS + 100 * self.count
        return Trial(
            target=asked.function or functions.TARGETS[target].function,
            about=asked.text or target,
            networks=networks,
            optimizer=optimizers.rmsprop if arm == AS_A else optimizers.adam,
            rates=rates,
            weight_decay=spec.weight_decay if arm == AS_A else 0.0,
            points=spec.points,
            updates=UPDATES[int(state["updates"])],
            seeds=tuple(range(first, first + REPLICAS[int(state["replicas"])])),
        )

    def train(self, trial: Trial) -> Frames:
        """Train, and say after each piece how to draw it."""
        self.runs = [*(run for run in self.runs[-1:] if run.trial.about == trial.about)]
        for seen in watch(trial):
            if seen not in self.runs:
                self.runs.append(seen)
            yield self.now

    def now(self, over: bool = True) -> View:
        """Return what there is to see: what is stored for the settings, and what was trained."""
        state = self.explorer.state
        asked = understood(state)
        shown = self.stored if over else self.stored.settled(state)
        about = asked.text or self.result.spec.targets[int(state["target"])]
        layers = [*shown.layers]
        if asked.function:  # of which nothing is stored
            layers = [line(GRID, _values(asked), panel=1, dash="1 3", label="target")]
            shown = replace(shown, note=_note("your trainings"))
        runs = [run for run in self.runs if run.trial.about == about]
        for age, run in enumerate(reversed(runs)):
            layers += _drawn(run, older=age > 0)
        said = [*asked.wrong, *asked.said]
        if runs:
            said.append(progress(runs[-1], over=over))
            if over and not asked.function:
                arm = ARMS[int(state["optimizer"])]
                said += compared(runs[-1], self.result.networks(arm, about))
        elif asked.function:
            said.append("Nothing is stored for a function of your own: press Train.")
        controls = [*_controls(self.result, training=not over), against.BUTTON]
        return replace(shown, layers=layers, controls=controls, status="\n".join(said))

    def redraw(self) -> None:
        """Draw anew after a control was set."""
        if not self.worker.busy and not self.beside:
            self.draw(self.now())

    def draw(self, shown: View) -> None:
        """Hand a view to the front end."""
        with self.lock:
            self.explorer.show(shown)

    def failed(self, error: Exception) -> None:
        """Say why a training ended."""
        self.draw(replace(self.now(), status=f"The training failed: {error}"))


def _values(asked: Asked) -> np.ndarray:
    assert asked.function
    return asked.function(torch.from_numpy(GRID)).numpy()


def _drawn(run: Seen, *, older: bool) -> list[Layer]:
    """Draw a run: its bands while it is the latest, else thin lines."""
    layers: list[Layer] = []
    updates = np.array(run.updates) + 1.0
    for network in run.trial.networks:
        colour, dash = STYLES[network]
        named = f"your run: {network}" if network in NETWORKS else "your network"
        look = {"colour": colour, "label": "" if older else named, "width": 1.0 if older else 2.6}
        found = [*curves(updates, run.losses(network), dash=dash, **look)]
        if not older:
            found += curves(GRID, run.fit[network], panel=1, dash=dash, **look)
        layers += [layer for layer in found if not older or layer.kind == "line"]
    return layers
