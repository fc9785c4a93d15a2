"""A sweep's metrics against what was swept: what the comparison at its end shows.

    python -m hw1lib.batch ... -o FOLDER        writes FOLDER/trainings.csv, and from it
                                                FOLDER/comparison.ipynb, .pdf and .html

The notebook is `tools/comparison.ipynb`; it reads the table and nothing else.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.judging.statistics import Interval, t_interval
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import COLORS, MARKS

MOST = len(COLORS)  # series of one panel


@dataclass(frozen=True)
class Settings:
    """What a figure prints below itself."""

    digest: str  # of the table
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """The trainings of a sweep."""

    rows: pd.DataFrame  # one for each run, training and metric, as `sweeps.trainings` has them
    axes: tuple[str, ...]  # what was swept, but for seeds, which repeat
    spec: Settings

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, with their units."""
        return list(dict.fromkeys(self.rows["metric"]))

    def series(self, metric: str, axis: str) -> dict[str, pd.DataFrame]:
        """Return the trainings of each combination of the other axes, by its name."""
        rows = self.rows[self.rows["metric"] == metric]
        others = [name for name in self.axes if name != axis]
        if not others:
            return {"": rows}
        return {
            ", ".join(f"{name} {of}" for name, of in zip(others, values, strict=True)): group
            for values, group in rows.groupby(others, sort=False, dropna=False)
        }


def read(table: str, axes: Sequence[str]) -> Comparison:
    """Read a sweep's table of trainings.

    Args:
        table: Where it is.
        axes: What was swept.

    Raises:
        ValueError: If the table lacks one of them, or has no row.
    """
    rows = pd.read_csv(table, keep_default_na=False, na_values={"value": ["", "nan"]})
    if lacking := sorted({*axes, "metric", "value", "seed", "replicas"} - set(rows.columns)):
        raise ValueError(f"{table} lacks the column {lacking[0]}")
    if rows.empty:
        raise ValueError(f"{table} has no trainings")
    digest = hashlib.sha256(Path(table).read_bytes()).hexdigest()[:10]
    last = int((rows["seed"] + rows["replicas"]).max())
    seeds = tuple(range(int(rows["seed"].min()), last))
    return Comparison(rows, tuple(name for name in axes if name != "seed"), Settings(digest, seeds))


def intervals(rows: pd.DataFrame, axis: str) -> Iterator[tuple[Any, Interval]]:
    """Yield the interval of a metric at each value of what was swept, over all its trainings."""
    for value, group in rows.groupby(axis, sort=True):
        yield value, t_interval(group["value"].to_numpy())


def draw(comparison: Comparison, metric: str) -> Figure:
    """Draw a metric against everything that was swept, a panel each."""
    figure, axes = figures.panels(1, len(comparison.axes), 2.3, sharey=True)
    for ax, axis in zip(axes[0], comparison.axes, strict=True):
        values = sorted(comparison.rows[axis].unique())
        places = _places(ax, values, axis)
        series = comparison.series(metric, axis)
        for (name, rows), color, mark in zip(series.items(), COLORS, MARKS, strict=False):
            found = list(intervals(rows, axis))
            x = np.array([places[value] for value, _ in found])
            mean, low, high = np.array([(of.mean, of.low, of.high) for _, of in found]).T
            (line,) = ax.plot(x, mean, color=color, marker=mark, markersize=3.5, label=name)
            n = np.array([of.n for _, of in found])
            drawn.note(line, low=low, high=high, n=n)
            drawn.omit(ax.vlines(x, low, high, color=color, linewidth=1.2, alpha=0.7))
        if any(series):
            ax.legend()
        ax.set_label(f"against {axis}")
    axes[0, 0].set_ylabel(metric)
    return figure


def _places(ax: Axes, values: Sequence[Any], axis: str) -> dict[Any, float]:
    """Return where each value of an axis stands; words, and whether or not, stand side by side."""
    ax.set_xlabel(axis)
    if all(isinstance(value, int | float | np.number) for value in values):
        if len(values) > 2 and min(values) > 0 and max(values) >= 10 * min(values):
            ax.set_xscale("log")
        return {value: float(value) for value in values}
    ax.set_xticks(range(len(values)), [str(value) for value in values])
    return {value: float(place) for place, value in enumerate(values)}


def caption(comparison: Comparison, metric: str) -> str:
    """Say what a figure of `draw` shows, and of how many trainings."""
    counts = [
        interval.n
        for axis in comparison.axes
        for rows in itertools.islice(comparison.series(metric, axis).values(), MOST)
        for _, interval in intervals(rows, axis)
    ]
    n = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    text = (
        f"{metric[0].upper()}{metric[1:]} against {' and '.join(comparison.axes)}: means with 95 % "
        f"intervals over trainings, n = {n} for each."
    )
    most = max(len(comparison.series(metric, axis)) for axis in comparison.axes)
    return f"{text} Drawn are {MOST} of {most} combinations." if most > MOST else text


def show(comparison: Comparison) -> None:
    """Show a figure for each metric."""
    for number, metric in enumerate(comparison.metrics, 1):
        text = caption(comparison, metric)
        figures.show(
            draw(comparison, metric), f"fig-sweep-{number}", text, alt=text, result=comparison
        )
