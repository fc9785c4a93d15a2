"""Figures and tables of chapter 22, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from hw1lib.chapters.gradient_norm.result import (
    STEPS,
    Edge,
    Result,
    absolute_swing,
    correlation,
    early,
    late,
    median,
    memory,
    relative_swing,
    short_name,
)
from hw1lib.chapters.gradient_norm.spec import (
    ADAM,
    B_NETWORK,
    DIGITS,
    LATE,
    MAIN,
    OPTIMIZERS,
    PLAIN,
    RMSPROP,
)
from hw1lib.judging.statistics import decades, geometric_mean, t_interval, tally
from hw1lib.showing import drawn, figures, lettering
from hw1lib.showing.palette import BLUE, GREEN, RED
from hw1lib.training import thinning

STYLES = {  # colour and mark of each optimizer, in every figure
    RMSPROP: (BLUE, "o"),
    ADAM: (RED, "s"),
    PLAIN: (GREEN, "^"),
}
NORM, LOSS = BLUE, RED
ZOOM = 160  # updates that the zoom shows


def courses(result: Result) -> Figure:
    """Draw gradient norm and loss from the first update on: a column per task, A's twice."""
    columns = (
        (RMSPROP, "A's network,\nRMSprop", "linear"),  # as report A draws it
        (RMSPROP, "the same,\nearly updates wide", "log"),
        (B_NETWORK, "B's network,\nAdam", "log"),
        (DIGITS, f"{result.images.subject}, Adam,\nbatches of {result.spec.batch_size}", "log"),
    )
    figure, axes = figures.panels(2, len(columns), 1.6, sharex="col")
    for (above, below), (arm, title, scale) in zip(axes.T, columns, strict=True):
        course = result.courses[arm, MAIN]
        shown = thinning.kept(len(course.loss) - 1)
        for ax, values, color in ((above, course.norm, NORM), (below, course.loss, LOSS)):
            figures.curves(ax, shown + 1, values[shown], label=title, color=color)
            ax.set_xscale(scale)
            lettering.log_scale(ax)
        above.set_title(title)
    axes[0, 0].set_ylabel("gradient norm (loss\nper unit of weight)")
    axes[1, 0].set_ylabel(f"loss (squared error;\nnats: {result.images.subject})")
    figure.supxlabel("update")
    return figure


def zoom(result: Result) -> Figure:
    """Draw the last updates of one training under each optimizer and step, one scale for all."""
    figure, axes = figures.panels(len(OPTIMIZERS), len(STEPS), 1.1, sharex=True)
    replica = _shown_replica(result)
    shown = {
        (arm, part): result.swings[arm, part].norm[-ZOOM:, replica]
        for arm in OPTIMIZERS
        for part in STEPS
    }
    # as many decades in every panel, about its own level, so that the swings compare
    spans = [_half_span(norm) for norm in shown.values()]
    half = max((span for span in spans if np.isfinite(span)), default=1.0)
    for line, arm in zip(axes, OPTIMIZERS, strict=True):
        for ax, part in zip(line, STEPS, strict=True):
            norm = shown[arm, part]
            updates = result.spec.epochs + result.spec.more - len(norm) + np.arange(len(norm))
            drawn.note(
                *ax.plot(updates, norm, color=STYLES[arm][0], linewidth=0.9), replica=replica
            )
            ax.set_yscale("log")
            if np.isfinite(_half_span(norm)):
                middle = np.sqrt(norm.min() * norm.max())
                ax.set_ylim(middle / 10**half, middle * 10**half)
    lettering.label_grid(axes, list(STEPS.values()), [short_name(arm) for arm in OPTIMIZERS])
    figure.supxlabel("update")
    figure.supylabel("gradient norm (loss per unit of weight)")
    return figure


def swings(result: Result) -> Figure:
    """Draw the swing of every training on both scales, and period of every periodic one, by arm."""
    figure, axes = figures.panels(3, 1, 1.25, sharex=True)
    labels = {
        "swing (loss per\nunit of weight)": lambda key: absolute_swing(result, key),
        "swing relative to\nthe level (%)": lambda key: (
            100 * (10 ** relative_swing(result, key) - 1)
        ),
        "period\n(updates)": lambda key: result.swings[key].period,
    }
    for ax, (label, values_of) in zip(axes[:, 0], labels.items(), strict=True):
        groups, styles = {}, []
        for arm in OPTIMIZERS:
            for part, step in STEPS.items():
                values, periodic = values_of((arm, part)), result.swings[arm, part].periodic
                share = f"{periodic.sum()} of {len(periodic)}\nperiodic"
                name = f"{short_name(arm)},\n{step.replace('a tenth of the', '1/10 of')}:\n{share}"
                groups[name] = np.where(np.isfinite(values) & (values > 0), values, np.nan)
                styles.append(STYLES[arm])
        figures.strip(ax, groups, [color for color, _ in styles], [mark for _, mark in styles])
        ax.set_ylabel(label)
        if np.isfinite(np.concatenate([*groups.values()])).any():  # nothing has no logarithm
            _log_scale(ax, numbers="period" in label)
    return figure


def memories(result: Result) -> Figure:
    """Draw the period of every periodic training under RMSprop, by the length of its memory."""
    figure, axes = figures.panels(1, 1, 1.7)
    ax, groups = axes[0, 0], {}
    for smoothing, swing in result.memories.items():
        periodic = f"{swing.periodic.sum()} of {len(swing.periodic)} periodic"
        groups[f"{memory(smoothing):.0f}\n(alpha {smoothing:g})\n{periodic}"] = swing.period
    color, mark = STYLES[RMSPROP]
    figures.strip(ax, groups, [color] * len(groups), [mark] * len(groups))
    if np.isfinite(np.concatenate([*groups.values()])).any():
        _log_scale(ax, numbers=True)
    ax.set_ylabel("period (updates)")
    figure.supxlabel("updates that the memory holds, 1 / (1 − alpha)")
    return figure


def _log_scale(ax: Axes, *, numbers: bool) -> None:
    ax.set_yscale("log")
    if not numbers:
        return
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")


def edges(result: Result) -> Figure:
    """Draw the curvature along plain gradient descent: a panel per step size."""
    figure, axes = figures.panels(1, len(result.edges), 2.2, sharex=True)
    for ax, (rate, edge) in zip(axes[0], result.edges.items(), strict=True):
        figures.each(ax, edge.epochs, edge.sharpness, color=STYLES[PLAIN][0])
        ax.axhline(2 / rate, color="black", linewidth=1, linestyle="--")
        ax.set_title(f"step {rate:g}, 2 / step = {2 / rate:g}")
        ax.set_ylim(0, None)
    axes[0, 0].set_ylabel("largest Hessian eigenvalue\n(loss per squared unit of weight)")
    figure.supxlabel("update")
    return figure


def batch_edges(result: Result) -> Figure:
    """Draw both kinds of sharpness along gradient descent on minibatches: a panel per size."""
    figure, axes = figures.panels(1, len(result.batches), 2.2, sharey=True)
    kinds = {"sharpness": ("all points", GREEN), "batch": ("batches", BLUE)}
    for ax, (size, edge) in zip(axes[0], result.batches.items(), strict=True):
        updates = edge.epochs * -(-result.spec.points // size)
        for name, (label, color) in kinds.items():
            values = getattr(edge, name) * result.spec.batch_rate / 2
            figures.curves(ax, updates, values, label=label, color=color)
        ax.axhline(1, color="black", linewidth=1, linestyle="--")
        ax.set_title(f"{size} points per step")
        ax.set_ylim(0, 1.2)
    axes[0, 0].set_ylabel("sharpness × step / 2")
    lettering.label_lines(axes[0, -1])
    figure.supxlabel("update")
    return figure


def oscillation_table(result: Result) -> pd.DataFrame:
    """List what the test for a period found, by optimizer and part of the training."""
    begun = f"from update {late(result.courses[RMSPROP, MAIN]).start} on"
    rows = []
    for (arm, part), swing in result.swings.items():
        found = swing.oscillation
        rows.append(
            {
                "optimizer": arm,
                "part": begun if part == LATE else f"then, {STEPS[part]}",
                "n": int(np.isfinite(found.amplitude).sum()),
                "periodic": tally(swing.periodic),
                "period (updates)": median(found.period[found.periodic], ".0f"),
                "by spectrum": median(found.spectral_period[found.periodic], ".0f"),
                "amplitude (decades)": f"{t_interval(decades(found.amplitude)).factor:.2g}",
                "level": median(swing.level, ".1e"),
                "swing": median(absolute_swing(result, (arm, part)), ".1e"),
            }
        )
    return pd.DataFrame(rows)


def correlation_table(result: Result) -> pd.DataFrame:
    """List how norm and loss go together along each training, early and late."""
    rows = []
    for arm, name in (
        (RMSPROP, "A's, RMSprop"),
        (B_NETWORK, "B's, Adam"),
        (DIGITS, f"{result.images.subject}, Adam"),
    ):
        course = result.courses[arm, MAIN]
        row = {"network": name, "n": int((~course.diverged).sum())}
        parts = {"whole": slice(None), "early": early(course), "late": late(course)}
        for title, part in parts.items():
            row[title] = str(t_interval(correlation(course, part)))
        rows.append(row)
    return pd.DataFrame(rows)


def edge_table(result: Result) -> pd.DataFrame:
    """List how far the curvature rises along plain gradient descent, by step size."""
    rows = []
    for rate, edge in result.edges.items():
        relative = edge.relative(rate)
        reached = edge.reached(rate)
        first = edge.epochs[(relative >= 1).argmax(axis=0)][reached]
        rows.append(
            {
                "step": f"{rate:g}",
                "2 / step": f"{2 / rate:g}",
                "reached it": tally(reached),
                "at update": median(first.astype(float), ",.0f"),
                "eigenvalue × step / 2 from then on": str(t_interval(hovering(edge, rate))),
                "loss at the end": median(edge.end, ".1e"),
            }
        )
    return pd.DataFrame(rows)


def batch_table(result: Result) -> pd.DataFrame:
    """List where both kinds of sharpness settle on minibatches, by their size."""
    rows = []
    for size, edge in result.batches.items():
        units = result.spec.batch_rate / 2
        rows.append(
            {
                "points per step": str(size),
                "batch sharpness × step / 2": str(geometric_mean(edge.late("batch") * units)),
                "eigenvalue × step / 2": str(geometric_mean(edge.late("sharpness") * units)),
                "n": int(np.isfinite(edge.end).sum()),
                "loss at the end": median(edge.end, ".1e"),
            }
        )
    return pd.DataFrame(rows)


def hovering(edge: Edge, rate: float) -> np.ndarray:
    """Compute the median of eigenvalue * step / 2 after it first reached 1, (R,); NaN if never."""
    relative = edge.relative(rate)
    medians = np.full(relative.shape[1], np.nan)
    for r, values in enumerate(relative.T):
        since = values[(values >= 1).argmax() :]
        if (since[:1] >= 1).all() and np.isfinite(since).all():
            medians[r] = np.median(since)
    return medians


def _shown_replica(result: Result) -> int:
    """Choose the training whose swings, under each optimizer and step, are nearest to medians."""
    swings = np.array(
        [decades(relative_swing(result, (arm, part))) for arm in OPTIMIZERS for part in STEPS]
    )
    finite = np.isfinite(swings).all(axis=0)
    if not finite.any():
        return 0
    apart = np.abs(swings - np.median(swings[:, finite], axis=1)[:, None]).sum(axis=0)
    return int(np.where(finite, apart, np.inf).argmin())


def _half_span(norm: np.ndarray) -> float:
    """Measure half of the range of a norm, in decades, with some room; NaN if it has none."""
    low, high = norm.min(), norm.max()
    return 0.55 * float(np.log10(high / low)) if low > 0 else np.nan
