"""What names and numbers stand at the axes of a figure, and at the ends of its lines."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from hw1lib.marks import typographic


def label_lines(ax: Axes, *, apart: float = 10) -> None:
    """Write the name of each line at its right end, in its colour, in place of a legend.

    Args:
        ax: Drawn on before, with its final scales and limits.
        apart: Least distance of two names, in points.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    height = 72 * figure.get_figheight() * ax.get_position().height
    ends = []
    for line in ax.get_lines():
        x, y = (np.asarray(of, float) for of in line.get_data())
        known = np.isfinite(x) & np.isfinite(ax.transData.transform(np.column_stack([x, y]))).all(1)
        if not str(line.get_label()).startswith("_") and known.any():
            last = ax.transData.transform((x[known][-1], y[known][-1]))
            ends.append([height * ax.transAxes.inverted().transform(last)[1], line])
    ends.sort(key=lambda end: end[0])
    places = np.clip([place for place, _ in ends], 0, height)
    for k in range(1, len(places)):  # upwards, each as far above the last as it must be
        places[k] = max(places[k], places[k - 1] + apart)
    if len(places):
        places -= max(0, places[-1] - height)
    for place, (_, line) in zip(places, ends, strict=True):
        at = (1.02, float(place) / height)
        text = ax.annotate(str(line.get_label()), at, xycoords="axes fraction", va="center")
        text.set_color(line.get_color())


def label_grid(axes: np.ndarray, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Name the columns of a grid of panels above the first row, and its rows at the right."""
    for ax, name in zip(axes[0], columns, strict=True):
        ax.set_title(name)
    for ax, name in zip(axes[:, -1], rows, strict=True):
        ax.annotate(name, (1.03, 0.5), xycoords="axes fraction", rotation=-90, va="center")
    for (row, column), ax in np.ndenumerate(axes):
        ax.set_label(", ".join(filter(None, (columns[column], rows[row]))))


def log_scale(*axes: Axes) -> None:
    """Make vertical axes logarithmic with the same numbers; write `diverged` on empty ones.

    Args:
        axes: Panels that share their vertical axis, or one panel; drawn on before.
    """
    for ax in axes:
        if not np.isfinite(ax.dataLim.minposy):
            say_diverged(ax)
    shown = [ax for ax in axes if np.isfinite(ax.dataLim.minposy)]
    for ax in shown:
        ax.set_yscale("log")
    ends = [end for ax in shown for end in ax.get_ylim()]
    for ax in shown:
        few_numbers(ax.yaxis, min(ends), max(ends))


def few_ticks(figure: Figure) -> None:
    """Mark logarithmic axes at numbers alone, and axes of few decades at more than powers of ten.

    Marks between the numbers would take two thirds of the time in which a figure is drawn, and
    within one decade they would have numbers too, which overlap.
    """
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_scale() == "log":
                axis.set_minor_locator(NullLocator())
                if axis.isDefault_majloc:
                    few_numbers(axis, *sorted(axis.get_view_interval()))


def few_numbers(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis of few decades with 1, 2 and 5 rather than with powers alone.

    Args:
        axis: The axis, made logarithmic before.
        low: Where it begins.
        high: Where it ends.
    """
    if high < 40 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7) if high < 8 * low else (1, 2, 5)))
        axis.set_major_formatter(lambda x, _: typographic(f"{x:g}"))
    axis.set_minor_locator(NullLocator())


def say_diverged(ax: Axes) -> None:
    """Write in an empty panel that its trainings diverged."""
    ax.text(0.5, 0.5, "diverged", transform=ax.transAxes, ha="center")
