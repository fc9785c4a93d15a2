"""A question about a curve: how something changes along an axis, drawn by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.exploring.arrays import quantiles
from hw1lib.exploring.questions import (
    LIES,
    NOTHING,
    PREDICTION,
    STEPS,
    Scaled,
    behind,
)
from hw1lib.exploring.views import (
    Along,
    Axis,
    Joined,
    Panel,
    Sketch,
    State,
    View,
    curves,
    line,
    points,
    slider,
)
from hw1lib.showing.palette import GREEN, PINK


@dataclass(frozen=True, kw_only=True)
class Curve(Scaled):
    """How something changes along an axis; its values are (R, K)."""

    along: Axis
    at: np.ndarray  # (K,) where on that axis

    how = (
        "Draw a curve before you look, with the pointer or the sliders. Green: the median of the "
        "trainings and the band from their 10th to their 90th percentile."
    )

    @property
    def band(self) -> np.ndarray:
        """The 10th percentile of the trainings, their median and the 90th, (3, K)."""
        return quantiles(self.known.T)

    @property
    def _handles(self) -> tuple[str, ...]:
        return tuple(f"at{n}" for n in range(len(self.at)))

    def predicted(self, state: State) -> list[float]:
        """Return the heights of the curve, (K,)."""
        return [float(self.options[int(state[name])]) for name in self._handles]

    def measured(self) -> dict[str, Any]:
        """Return the band at each place, and how many trainings it is of."""
        low, median, high = (
            [None if np.isnan(v) else float(v) for v in level] for level in self.band
        )
        at = [float(v) for v in self.at]
        return {"trainings": len(self.known), "at": at, "median": median, "low": low, "high": high}

    def _inside(self, state: State) -> int:
        heights = zip(self.predicted(state), self.band.T, strict=True)
        return sum(self.place(height, band) == LIES[0] for height, band in heights)

    def verdict(self, state: State) -> str:
        """Count the places where the curve is inside the band."""
        if not len(self.known):
            return NOTHING
        return f"inside the band at {self._inside(state)} of {len(self.at)} places"

    def told(self, state: State) -> str:
        """Say that it was drawn: its heights are in the picture."""
        return "the curve that you drew"

    def placed(self, state: State) -> str:
        """Say where the curve lies."""
        return f"It lies {self.verdict(state)}, over {len(self.known)} trainings."

    def view(self) -> View:
        """Describe a curve to draw over a band that lies behind a control."""
        options = self.options
        answer = Along(behind(self.known).values.swapaxes(-1, -2), ("look",))
        drawn = Joined(tuple(Along(options, (name,)) for name in self._handles))
        look: dict[str, Any] = {"colour": PINK, "label": PREDICTION}
        return self.asked(
            Panel(
                title="What you predict, and what was measured",
                x=self.along,
                y=Axis(label=self.quantity, log=self.log, low=self.low, high=self.high),
                sketch=Sketch(at=self.at, controls=self._handles, values=options),
            ),
            [
                *curves(self.at, answer, colour=GREEN, label="measured, median"),
                line(self.at, drawn, **look),
                points(self.at, drawn, **look),
            ],
            [
                slider(name, f"At {at:,g}", [f"{v:g}" for v in options], start=STEPS // 2)
                for name, at in zip(self._handles, self.at, strict=True)
            ],
            alt="The curve that was drawn; once the answer is shown, the median of the trainings "
            "and their band.",
        )
