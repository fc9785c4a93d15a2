"""What a reader can be asked to predict: here how large something is.

Every question has a view whose answer lies behind a control, reads from the state of that view
what is predicted, and scores it against the band of the trainings, from their 10th to their 90th
percentile. `orders` asks which network is best, `sketches` for a curve.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.exploring.arrays import quantiles
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
    points,
    rule,
    slider,
)
from hw1lib.marks import typographic
from hw1lib.showing.palette import BLUE, GREEN, PINK

STEPS = 61  # values that can be predicted
HIDDEN, SHOWN = 0, 1  # the answer
UNSEEN = "hidden until you look"
PREDICTION = "your prediction"
NOTHING = "not tested"  # where no training has a value
UNKNOWN = "No training has a value to compare it with."
LIES = ("inside", "below", "above")


@dataclass(frozen=True, kw_only=True)
class Question(ABC):
    """Something that can be predicted, and what was measured."""

    text: str  # ends with a question mark
    quantity: str  # what is predicted, with its unit, as an axis is labelled
    values: np.ndarray  # (R, ...) measured, by training; not finite where there is none

    how = ""  # what to do, and what the answer looks like

    @property
    def known(self) -> np.ndarray:
        """What was measured, (N, ...), of the trainings that have all of it."""
        values = np.asarray(self.values, dtype=float)
        return values[np.isfinite(values).all(axis=tuple(range(1, values.ndim)))]

    @abstractmethod
    def view(self) -> View:
        """Describe the question, with its answer behind a control."""

    @abstractmethod
    def predicted(self, state: State) -> Any:
        """Return what a state of the view predicts, as JSON can hold it."""

    @abstractmethod
    def measured(self) -> dict[str, Any]:
        """Return the answer, as JSON can hold it."""

    @abstractmethod
    def verdict(self, state: State) -> str:
        """Place what a state predicts within what was measured, in a few words."""

    @abstractmethod
    def placed(self, state: State) -> str:
        """Say in a sentence where what is predicted lies among trainings that are known."""

    def score(self, state: State) -> str:
        """Say what is predicted, and where it lies."""
        where = self.placed(state) if len(self.known) else UNKNOWN
        return f"you predict {self.told(state)}. {where}"

    def told(self, state: State) -> str:
        """Write what a state predicts."""
        return str(self.predicted(state))

    def asked(
        self, panel: Panel, layers: Sequence[Layer], controls: Sequence[Control], **more: Any
    ) -> View:
        """Return the view of a panel, with the controls that every question has."""
        return View(
            title=typographic(self.text),
            panels=[panel],
            layers=layers,
            controls=[
                *controls,
                choice("look", "The answer", ("hidden", "shown")),
                Control(
                    kind="button", name="keep", label="Keep my prediction, then look", live=True
                ),
            ],
            status=typographic(self.text),
            offline="Keeping a prediction needs Python; here you can make one and look.",
            **more,
        )


def behind(answer: np.ndarray) -> Along:
    """Put an array behind the control that shows the answer."""
    return Along(np.stack([np.full_like(answer, np.nan, dtype=float), answer]), ("look",))


@dataclass(frozen=True, kw_only=True)
class Scaled(Question):
    """A question about numbers on a scale."""

    low: float  # the least that can be predicted
    high: float
    log: bool = False

    @property
    def options(self) -> np.ndarray:
        """What can be predicted, of three digits, (STEPS,)."""
        spaced = np.geomspace if self.log else np.linspace
        return np.array([float(f"{value:.3g}") for value in spaced(self.low, self.high, STEPS)])

    def place(self, predicted: float, band: Sequence[float]) -> str:
        """Place a number among what `LIES`; it counts as far as it can be set.

        Args:
            predicted: The number.
            band: The ends of the band, and between them the median.
        """
        low, _, high = band
        spacing = np.diff(np.log(self.options) if self.log else self.options).mean() / 2
        near = np.exp(spacing) if self.log else spacing
        below, above = (low / near, high * near) if self.log else (low - near, high + near)
        return LIES[0 if below <= predicted <= above else 1 if predicted < below else 2]


@dataclass(frozen=True, kw_only=True)
class Number(Scaled):
    """How large something is; its values are (R,)."""

    how = (
        "Set the slider before you look. A point for each training; green lines at their 10th "
        "and 90th percentile."
    )

    @property
    def band(self) -> tuple[float, float, float]:
        """The 10th percentile of the trainings, their median and the 90th; NaN without any."""
        low, median, high = quantiles(np.asarray(self.values, dtype=float))
        return float(low), float(median), float(high)

    def _lies(self, predicted: float) -> str:
        if not len(self.known):
            return NOTHING
        return f"{self.place(predicted, self.band)} the band"

    def predicted(self, state: State) -> float:
        """Return the number that the slider is at."""
        return float(self.options[int(state["guess"])])

    def measured(self) -> dict[str, Any]:
        """Return the band, and how many trainings it is of."""
        low, median, high = (None if np.isnan(v) else v for v in self.band)
        return {"trainings": len(self.known), "median": median, "low": low, "high": high}

    def verdict(self, state: State) -> str:
        """Place the number inside, below or above the band."""
        return self._lies(self.predicted(state))

    def told(self, state: State) -> str:
        """Write the number that the slider is at."""
        return f"{self.predicted(state):g}"

    def placed(self, state: State) -> str:
        """Say where the number lies."""
        low, median, high = self.band
        return (
            f"It lies {self.verdict(state)} of {len(self.known)} trainings, {low:.3g} to "
            f"{high:.3g}; their median is {median:.3g}."
        )

    def view(self) -> View:
        """Describe a slider over points of all trainings, which lie behind a control."""
        options, known = self.options, self.known
        low, median, high = self.band
        lies = (UNSEEN, NOTHING, *(f"{where} the band" for where in LIES))
        verdicts = [[0.0] * STEPS, [lies.index(self._lies(value)) for value in options]]
        seeds = np.arange(1.0, len(known) + 1)
        return self.asked(
            Panel(
                title="What you predict, and what was measured",
                x=Axis(label=self.quantity, log=self.log, low=self.low, high=self.high),
                y=Axis(label="training", low=0.0, high=len(known) + 1.0),
                picks={"x": ("guess", options)},
            ),
            [
                rule(x=behind(np.array([low])), colour=GREEN, label="10th and 90th percentile"),
                rule(x=behind(np.array([high])), colour=GREEN),
                points(behind(known), seeds, colour=BLUE, label="measured, every training"),
                rule(x=Along(options[:, None], ("guess",)), colour=PINK, dash="", label=PREDICTION),
            ],
            [slider("guess", "You predict", [f"{v:g}" for v in options], start=STEPS // 2)],
            alt="A line at what was predicted; once the answer is shown, a point for each "
            "training and lines at the ends of their band.",
            readings=[
                Reading(label="measured, median", value=behind(np.array([median]))),
                Reading(
                    label="your prediction lies",
                    value=Along(np.array(verdicts), ("look", "guess")),
                    words=lies,
                ),
            ],
        )
