"""Effects as rows: each mean with its interval, lying, and the line of no effect."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from hw1lib.marks import typographic
from hw1lib.showing import drawn
from hw1lib.showing.palette import BLUE

ABOVE = 0.25  # rows, from a mean up to the values behind it


class Interval(Protocol):
    """What an effect is known to be."""

    @property
    def mean(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """Its lower limit, or NaN."""

    @property
    def high(self) -> float:
        """Its upper limit, or NaN."""

    @property
    def n(self) -> int:
        """How many values it rests on; 0 where there is no estimate."""


def rows(
    ax: Axes,
    effects: Mapping[str, Interval],
    *,
    none: float = 0.0,
    values: Mapping[str, np.ndarray] | None = None,
    color: str = BLUE,
    mark: str = "o",
    label: str | None = None,
    shift: float = 0.0,
) -> Axes:
    """Draw effects below each other, the first on top.

    Args:
        ax: Where to draw.
        effects: By the name of the row; one without a mean leaves its row empty.
        none: Where there is no effect.
        values: What an effect is the mean of, (R,), drawn faintly above it.
        color: Of all rows.
        mark: Of the means.
        label: Legend entry.
        shift: By how much all rows lie lower, where several series share them.
    """
    for place, (name, effect) in enumerate(effects.items()):
        at = place + shift
        if values is not None:
            each = np.asarray(values[name], dtype=float)
            points = ax.scatter(
                each, np.full(len(each), at - ABOVE), s=11, color=color, marker=mark
            )
            points.set(alpha=0.45, linewidths=0)
            drawn.note(points, series="each", replica=np.arange(len(each)))
        if not effect.n:
            continue
        (point,) = ax.plot(effect.mean, at, mark, color=color, markersize=5)
        if label and label not in ax.get_legend_handles_labels()[1]:
            point.set_label(label)
        drawn.note(point, series=label or "mean")
        if np.isfinite([effect.low, effect.high]).all():
            ends = [effect.low, effect.high]
            drawn.omit(*ax.plot(ends, [at, at], color=color, linewidth=1.5))
    ax.axvline(none, color="0.2", linewidth=1, zorder=1)
    ax.set_yticks(range(len(effects)), [typographic(name) for name in effects])
    ax.set_ylim(len(effects) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    return ax
