"""Figures and tables of chapter 33, each a function of its result."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hw1lib.chapters.interpolation.result import (
    A_PLACES,
    ACCURACY,
    LOSS,
    TEST,
    TRAIN,
    Pair,
    Result,
)
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    AS_A,
    AS_B,
    AS_B_RATE,
    B_PAIR,
    B_RATE,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    ON_B,
    ON_B_RATE,
    OTHER,
    STEPS,
    main,
)
from hw1lib.chapters.interpolation.styles import (
    GROUPS,
    SHORT,
    SPELLED,
    SPLITS,
    TRAINED_ON,
    UNTOUCHED,
    Style,
    group_style,
    title,
    way,
)
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import drawn, figures, lettering
from hw1lib.showing.palette import BLUE, GREEN

ALPHA = r"position on the line, $\alpha$"
NATS = "loss (nats)"
UNITS = {LOSS: 1, ACCURACY: 100}  # factors: losses in nats, accuracies in %
COURSES = (  # rows of the training curves: label, split, measure
    ("training loss\n(nats)", TRAIN, LOSS),
    ("test\naccuracy (%)", TEST, ACCURACY),
)
BY_WAY = {  # columns of the training curves: what they show, and of which pairs
    "A's network, SGD": (main(NESTEROV, BATCH_LOW), main(NESTEROV, BATCH_HIGH)),
    "A's network, Adam": (main(ADAM, BATCH_LOW), main(ADAM, BATCH_HIGH)),
    "B's network, by batch": (B_PAIR,),
    "B's network, by rate": (B_RATE,),
}
VARIED = {name: (name,) for name in (STEPS, OTHER, DECAY)}


def courses(result: Result, columns: Mapping[str, Sequence[str]]) -> Figure:
    """Draw loss and accuracy of both splits against epochs, a column per group of pairs."""
    figure, axes = figures.panels(len(COURSES), len(columns), 1.45, sharex="col", sharey="row")
    for column, names in zip(axes.T, columns.values(), strict=True):
        for end in (end for name in names for end in result.pairs[name].ends):
            passes = np.arange(len(end.course))
            for ax, (_, split, measure) in zip(column, COURSES, strict=True):
                values = UNITS[measure] * end.course[:, :, split, measure]
                _draw_course(ax, passes, values, way(result, end))
        column[-1].xaxis.set_major_locator(MaxNLocator(4, integer=True))
        column[-1].set_xlabel("epochs")
    for ax, heading in zip(axes[0], columns, strict=True):
        ax.set_title(heading)
    for row, (label, _, measure) in zip(axes, COURSES, strict=True):
        row[0].set_ylabel(label)
        if measure == LOSS:
            lettering.log_scale(*row)
        else:
            row[0].set_ylim(bottom=_after_the_first_step(result, columns))
    _legend(figure, axes)
    return figure


def _after_the_first_step(result: Result, columns: Mapping[str, Sequence[str]]) -> float | None:
    """Find the lowest median test accuracy after the first epoch, in which all curves are steep."""
    ends = (end for names in columns.values() for name in names for end in result.pairs[name].ends)
    courses = [end.course[1:2, :, TEST, ACCURACY] for end in ends]
    sound = [course[np.isfinite(course)] for course in courses]
    known = [float(np.median(course)) for course in sound if len(course)]
    return 100 * max(0.0, min(known) - 0.02) if known else None


def by_update(result: Result) -> Figure:
    """Draw training loss and test accuracy against updates, for A's and B's pairs with Adam."""
    figure, axes = figures.panels(2, 2, 1.4, sharex="col", sharey="row")
    shown = {
        "A's network, Adam": (main(ADAM, BATCH_LOW), STEPS),
        "B's network, Adam": (B_PAIR, B_STEPS),
    }
    for column, (heading, (plain, equal)) in zip(axes.T, shown.items(), strict=True):
        for end in (*result.pairs[plain].ends, result.pairs[equal].first):
            for ax, split, measure in zip(column, (TRAIN, TEST), (LOSS, ACCURACY), strict=True):
                # a logarithmic axis has no place for update 0
                values = UNITS[measure] * end.course[1:, :, split, measure]
                _draw_course(ax, end.updates[1:], values, way(result, end))
                ax.set_xscale("log")
        column[0].set_title(heading)
        column[1].set_xlabel("updates")
    lettering.log_scale(*axes[0])
    axes[0, 0].set_ylabel("training loss\n(nats)")
    axes[1, 0].set_ylabel("test\naccuracy (%)")
    _legend(figure, axes)
    return figure


def lines(result: Result, names: Sequence[str]) -> Figure:
    """Draw loss and accuracy of both splits on the lines of some pairs, a column each."""
    figure, axes = figures.panels(2, len(names), 1.5, sharex=True, sharey="row")
    for column, name in zip(axes.T, names, strict=True):
        pair = result.pairs[name]
        for measure, ax in enumerate(column):
            _draw_line(ax, pair, measure)
        column[0].set_title(title(name, pair))
        column[1].set_xlabel(ALPHA)
    lettering.log_scale(*axes[0])
    axes[0, 0].set_ylabel(NATS)
    axes[1, 0].set_ylabel("accuracy (%)")
    _legend(figure, axes)
    return figure


def barriers(result: Result) -> Figure:
    """Draw the barrier of the training loss of every pair of trainings, by where they started."""
    found = _barriers(result)
    figure, axes = figures.panels(1, 1, 0.6 + 0.19 * len(found))
    ax = axes[0, 0]
    order = [name for group in GROUPS for name in GROUPS[group] if name in found]
    for place, name in enumerate(order):
        color, mark = group_style(name)
        values = found[name]
        points = ax.scatter(
            values, np.full(len(values), place), s=13, color=color, marker=mark, alpha=0.7
        )
        points.set_linewidths(0)
        drawn.note(points, series=SPELLED[name], replica=np.arange(len(values)))
        median = np.nanmedian(values)
        drawn.omit(*ax.plot([median] * 2, [place - 0.35, place + 0.35], color=color, linewidth=2))
    for group in list(GROUPS)[1:]:
        first = next((n for n, name in enumerate(order) if name in GROUPS[group]), None)
        if first:
            ax.axhline(first - 0.5, color="0.6", linewidth=0.8)
    ax.set_yticks(range(len(order)), [SPELLED[name] for name in order])
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set_xscale("symlog", linthresh=0.01, linscale=0.4)
    ax.set_xlim(left=-0.002)
    ax.set_xticks([0, 0.01, 0.1, 1], ["0", "0.01", "0.1", "1"])
    ax.set_xlabel("barrier of the training loss (nats)")
    return figure


def as_a(result: Result) -> Figure:
    """Draw A's pair over A's range, against the place in A's list and against alpha."""
    figure, axes = figures.panels(1, 2, 2.2, sharey=True)
    pair = result.pairs[AS_A]
    shown = {
        "as A drew it": (np.arange(len(pair.alphas)), "place in A's list"),
        "the same on its true axis": (pair.alphas, ALPHA),
    }
    for ax, (heading, (x, label)) in zip(axes[0], shown.items(), strict=True):
        # A's own colours, which the report took for the two batch sizes
        for which, split, color, dash in (
            ("training", TRAIN, GREEN, "-"),
            ("test", TEST, BLUE, "--"),
        ):
            values = pair.line[:, :, split, LOSS]
            figures.curves(ax, x, values, label=which, color=color, dash=dash)
        for where in x[[*A_PLACES]]:
            ax.axvline(where, color="0.5", linewidth=0.8, linestyle=(0, (1, 2)))
        ax.set(title=heading, xlabel=label)
    lettering.log_scale(*axes[0])
    _mark_ends(axes[0, 1])
    axes[0, 0].set_ylabel(NATS)
    _legend(figure, axes)
    return figure


def as_b(result: Result) -> Figure:
    """Draw B's pairs on B's ranges, as mixed and after a further epoch at every point."""
    figure, axes = figures.panels(2, 2, 1.4, sharex="col", sharey="row")
    for column, (mixed, after) in zip(axes.T, ((ON_B, AS_B), (ON_B_RATE, AS_B_RATE)), strict=True):
        for measure, ax in enumerate(column):
            _draw_curves(ax, result.pairs[mixed], measure, SPLITS)
            _draw_curves(ax, result.pairs[after], measure, TRAINED_ON, ", each point trained on")
            _mark_ends(ax)
        column[0].set_title(title(mixed, result.pairs[mixed]))
        column[1].set_xlabel(ALPHA)
    lettering.log_scale(*axes[0])
    axes[0, 0].set_ylabel(NATS)
    axes[1, 0].set_ylabel("accuracy (%)")
    _legend(figure, axes)
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the mean barrier of every pair, for the summary."""
    found = _barriers(result)
    intervals = [t_interval(values) for values in found.values()]
    if intervals:
        mean, low, high = np.array([(i.mean, i.low, i.high) for i in intervals]).T
        sides = np.nan_to_num([mean - low, high - mean])
        ax.errorbar(mean, range(len(found)), xerr=sides, fmt="o", markersize=4, linewidth=1)
    names = [SHORT[name].replace("\n", " ") for name in found]
    ax.set_yticks(range(len(found)), names)
    ax.set_xscale("symlog", linthresh=0.01, linscale=0.4)
    ax.set_xticks([0, 0.01, 0.1, 1])
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlim(-0.02, 5)
    ax.set(xlabel="barrier between two solutions (nats)")
    ax.invert_yaxis()


def _barriers(result: Result) -> dict[str, np.ndarray]:
    """Return the barrier of the training loss of the pairs that have a line, by name, (R,) each."""
    pairs = {name: result.pairs[name] for name in UNTOUCHED}
    return {name: pair.barrier() for name, pair in pairs.items() if pair.sound.any()}


def _draw_course(ax: Axes, x: np.ndarray, values: np.ndarray, style: Style) -> None:
    label, color, dash = style
    figures.curves(ax, x, values, label=label, color=color, dash=dash)


def _draw_line(ax: Axes, pair: Pair, measure: int) -> None:
    _draw_curves(ax, pair, measure, SPLITS)
    if pair.sound.any():
        for split, (color, _) in enumerate(SPLITS.values()):
            for end in (0, 1):
                place = np.abs(pair.alphas - end).argmin()
                median = UNITS[measure] * np.median(pair.along(split, measure)[place])
                drawn.omit(*ax.plot(end, median, "o", color=color, ms=3.5))
    _mark_ends(ax)


def _draw_curves(
    ax: Axes, pair: Pair, measure: int, styles: Mapping[str, tuple[str, object]], how: str = ""
) -> None:
    for split, (which, (color, dash)) in enumerate(styles.items()):
        values = UNITS[measure] * pair.line[:, :, split, measure]
        figures.curves(ax, pair.alphas, values, label=which + how, color=color, dash=dash)


def _mark_ends(ax: Axes) -> None:
    for end in (0, 1):
        ax.axvline(end, color="0.5", linewidth=0.8, linestyle=(0, (4, 2)))


def _legend(figure: Figure, axes: np.ndarray) -> None:
    """Name every curve once, below all panels."""
    named: dict[str, Artist] = {}
    for ax in axes.flat:
        handles, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    columns = len(named) if len(named) < 4 else 2 if len(named) == 4 else 3
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=columns)
