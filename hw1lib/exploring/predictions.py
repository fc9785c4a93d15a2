"""Predict, then look: a question whose answer is hidden until a prediction was made.

A prediction is kept with its time and the settings of what it is about, in `predictions.json`
in the folder of the results, and then scored against the band of the trainings.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hw1lib import disk
from hw1lib.exploring import explorer
from hw1lib.exploring.arrays import quantiles
from hw1lib.exploring.explorer import Explorer
from hw1lib.exploring.views import (
    Along,
    Axis,
    Control,
    Panel,
    Reading,
    State,
    View,
    choice,
    points,
    rule,
    slider,
)
from hw1lib.marks import typographic
from hw1lib.results.store import Store
from hw1lib.showing import figures
from hw1lib.showing.palette import BLUE, GREEN, PINK

STEPS = 61  # values that can be predicted
HIDDEN, SHOWN = 0, 1  # the answer
VERDICTS = ("hidden until you look", "inside the band", "below the band", "above the band")
FILE = "predictions.json"
PREDICTION = "your prediction"
_LOCK = threading.Lock()  # of that file, within this process


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that can be predicted, and what was measured."""

    text: str  # ends with a question mark
    quantity: str  # what is predicted, with its unit, as an axis is labelled
    low: float  # the least that can be predicted
    high: float
    values: np.ndarray  # (R,) measured, one per training; not finite where there is none
    log: bool = False

    @property
    def options(self) -> np.ndarray:
        """What can be predicted, of three digits, (STEPS,)."""
        spaced = np.geomspace if self.log else np.linspace
        return np.array([float(f"{value:.3g}") for value in spaced(self.low, self.high, STEPS)])

    @property
    def known(self) -> np.ndarray:
        """What was measured, of the trainings that have it."""
        return np.asarray(self.values[np.isfinite(self.values)], dtype=float)

    @property
    def band(self) -> tuple[float, float, float]:
        """The 10th percentile of the trainings, their median and the 90th; NaN without any."""
        low, median, high = quantiles(np.asarray(self.values, dtype=float))
        return float(low), float(median), float(high)

    def verdict(self, predicted: float) -> int:
        """Place a prediction among the `VERDICTS`; a value counts as far as it can be set."""
        low, _, high = self.band
        spacing = np.diff(np.log(self.options) if self.log else self.options).mean() / 2
        near = np.exp(spacing) if self.log else spacing
        below, above = (low / near, high * near) if self.log else (low - near, high + near)
        return 1 if below <= predicted <= above else 2 if predicted < below else 3


def ask(question: Question, name: str, *, result: figures.Result, standin: str = "") -> None:
    """Ask in the notebook; the report's printed picture has the answer.

    Args:
        question: What to ask.
        name: Label of its figure.
        result: What the answer was measured on.
        standin: Data in the place of a published set.
    """
    Asking(question, name, result, standin).show()


def view(question: Question) -> View:
    """Describe a question, with its answer behind a control."""
    options, known = question.options, question.known
    across = Axis(label=question.quantity, log=question.log, low=question.low, high=question.high)
    low, median, high = question.band

    def behind(shown: np.ndarray) -> Along:
        """Put an array behind the control that shows the answer."""
        return Along(np.stack([np.full_like(shown, np.nan), shown]), ("look",))

    guess = Along(options[:, None], ("guess",))
    seeds = np.arange(1.0, len(known) + 1)
    verdicts = np.array([[0.0] * STEPS, [question.verdict(value) for value in options]])
    if not len(known):
        verdicts[:] = 0
    return View(
        title=typographic(question.text),
        alt="A line at what was predicted; once the answer is shown, a point for each training "
        "and lines at the ends of their band.",
        panels=[
            Panel(
                title="What you predict, and what was measured",
                x=across,
                y=Axis(label="training", low=0.0, high=len(known) + 1.0),
                picks={"x": ("guess", options)},
            )
        ],
        layers=[
            rule(x=behind(np.array([low])), colour=GREEN, label="10th and 90th percentile"),
            rule(x=behind(np.array([high])), colour=GREEN),
            points(behind(known), seeds, colour=BLUE, label="measured, every training"),
            rule(x=guess, colour=PINK, dash="", label=PREDICTION),
        ],
        controls=[
            slider("guess", "You predict", [f"{v:g}" for v in options], start=STEPS // 2),
            choice("look", "The answer", ("hidden", "shown")),
            Control(kind="button", name="keep", label="Keep my prediction, then look", live=True),
        ],
        readings=[
            Reading(label="measured, median", value=behind(np.array([median]))),
            Reading(
                label="your prediction lies",
                value=Along(verdicts, ("look", "guess")),
                words=VERDICTS,
            ),
        ],
        status=typographic(question.text),
        offline="Keeping a prediction needs Python; here you can make one and look.",
    )


def answered(asked: View) -> View:
    """Return the view of a question as it is printed: with the answer, and no prediction."""
    shown = asked.settled({**asked.start, "look": SHOWN})
    layers = [layer for layer in shown.layers if layer.label != PREDICTION]
    return replace(shown, layers=layers, controls=())


class Asking:
    """A question in a notebook, and the prediction that was made."""

    def __init__(
        self, question: Question, name: str, result: figures.Result, standin: str = ""
    ) -> None:
        self.question, self.result, self.standin = question, result, standin
        self.view = replace(view(question), id=name)
        self.explorer = Explorer(self.view, pressed=self.pressed)

    def show(self) -> None:
        """Show it in the notebook, and its picture with the answer in the report."""
        explorer.show(
            self.view,
            self.view.id,
            f"{self.question.text} Set the slider before you look. A point for each training; "
            "green lines at their 10th and 90th percentile.",
            result=self.result,
            standin=self.standin,
            explorer=self.explorer,
            printed=answered(self.view),
        )

    def pressed(self, name: str) -> None:
        """Keep what is predicted, and show the answer."""
        state: State = self.explorer.state
        predicted = float(self.question.options[int(state["guess"])])
        try:
            path = keep(self.entry(predicted, looked=state["look"] == SHOWN))
        except OSError as error:
            said = f"Your prediction could not be kept: {error}"
        else:
            said = f"Kept in {path.name}: you predict {predicted:g}. {self.score(predicted)}"
        self.explorer.show(replace(self.view, status=f"{self.view.status}\n{said}"))
        self.explorer.state = {**state, "look": SHOWN}

    def score(self, predicted: float) -> str:
        """Say where a prediction lies."""
        known = self.question.known
        if not len(known):
            return "No training has a value to compare it with."
        low, median, high = self.question.band
        where = VERDICTS[self.question.verdict(predicted)]
        return (
            f"It lies {where} of {len(known)} trainings, {low:.3g} to {high:.3g}; "
            f"their median is {median:.3g}."
        )

    def entry(self, predicted: float, *, looked: bool) -> dict[str, Any]:
        """Write a prediction for the file."""
        low, median, high = (None if np.isnan(v) else v for v in self.question.band)
        known = len(self.question.known)
        return {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "figure": self.view.id,
            "question": self.question.text,
            "quantity": self.question.quantity,
            "predicted": predicted,
            "looked_before": looked,
            "settings": self.result.spec.digest,
            "seeds": [int(seed) for seed in self.result.spec.seeds],
            "measured": {"trainings": known, "median": median, "low": low, "high": high},
            "verdict": VERDICTS[self.question.verdict(predicted)] if known else "not tested",
        }


def keep(entry: dict[str, Any], folder: Path | None = None) -> Path:
    """Add a prediction to the file of all; return where that is.

    Args:
        entry: What to keep.
        folder: By default that of the results.

    Raises:
        OSError: If the file cannot be read or written, or holds something else.
    """
    path = (folder or Store().root) / FILE
    with _LOCK:
        before = disk.read_file(path)
        try:
            entries = json.loads(before) if before else []
        except ValueError:
            entries = None
        if not isinstance(entries, list):
            raise OSError(f"{path} holds no list of predictions; move it away")
        text = json.dumps([*entries, entry], indent=1, ensure_ascii=False)
        disk.make_folder(path.parent)
        disk.replace(path, f"{text}\n".encode())
    return path
