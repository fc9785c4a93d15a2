"""Figures and tables of chapter 11, each a function of its result."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from hw1lib.chapters.function_fit.result import (
    LOW,
    LOWER,
    PAIRS,
    STOPPED,
    Result,
    choose,
    chosen_again,
    loss_ratio,
    loss_text,
    title,
)
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, NETWORKS, TUNED
from hw1lib.chapters.function_fit.trainings import EDGES
from hw1lib.data import functions
from hw1lib.judging.statistics import Interval
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLUE, GREEN, RED
from hw1lib.training.regression import DRAWN

STYLES = {  # colour, dash and mark of each network, in every figure
    "deep": (BLUE, "-", "o"),
    "medium": (RED, "--", "s"),
    "shallow": (GREEN, "-.", "^"),
}
PANEL_STYLES = {AS_A: (-0.22, "o"), AS_B: (0, "s"), TUNED: (0.22, "^")}  # height and mark


def loss_curves(result: Result) -> Figure:
    """Draw loss against updates: a row per target, a column per optimizer."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(ARMS), 1.75, sharex=True, sharey="row")
    for ax, target, arm in _panels(axes, targets, ARMS):
        for network, (color, dash, _) in STYLES.items():
            fit = result.fits[arm, target, network]
            figures.curves(ax, fit.updates + 1, fit.loss, label=network, color=color, dash=dash)
        ax.axhline(result.constant(target), color="0.5", linewidth=0.8, linestyle=":")
        ax.set(xscale="log", yscale="log")
    figures.label_grid(axes, ARMS, [title(t) for t in targets])
    figure.supxlabel("updates + 1")
    figure.supylabel("training loss (mean squared error)")
    axes[0, 0].legend(loc="lower left")
    return figure


def predictions(result: Result, arm: str) -> Figure:
    """Draw what every replica has learned, over the truth: a row per target."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(NETWORKS), 1.5, sharex=True, sharey="row")
    x = functions.grid(DRAWN)
    for ax, target, network in _panels(axes, targets, NETWORKS):
        learned = result.fits[arm, target, network].prediction
        figures.each(ax, x.numpy(), learned.T, color=STYLES[network][0])
        truth = functions.TARGETS[target](x).numpy()
        ax.plot(x, truth, color="black", linewidth=0.9, linestyle=(0, (3, 2)), label="target")
        ax.set_ylim(truth.min() - 0.5, truth.max() + 0.5)
    figures.label_grid(axes, list(NETWORKS), [title(t) for t in targets])
    figure.supxlabel("x")
    figure.supylabel("value at x")
    return figure


def final_losses(result: Result) -> Figure:
    """Draw the loss of every replica after the last update: a row per target."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(ARMS), 1.5, sharey="row")
    colors, _, marks = zip(*STYLES.values(), strict=True)
    for ax, target, arm in _panels(axes, targets, ARMS):
        groups = {network: fit.final for network, fit in result.networks(arm, target).items()}
        figures.strip(ax, groups, colors, marks)
        ax.axhline(result.constant(target), color="0.5", linewidth=0.8, linestyle=":")
        ax.set_yscale("log")
    figures.label_grid(axes, ARMS, [title(t) for t in targets])
    figure.supylabel("training loss after the last update (mean squared error)")
    return figure


def arrivals(result: Result, arm: str) -> Figure:
    """Draw the share of replicas whose loss has been below a threshold: a row per threshold."""
    targets = result.spec.targets
    figure, axes = figures.panels(2, len(targets), 1.5, sharex=True, sharey=True)
    for ax, threshold, target in _panels(axes, (LOW, LOWER), targets):
        for network, (color, dash, _) in STYLES.items():
            reached = np.sort(result.fits[arm, target, network].first_below(threshold)) + 1
            share = np.arange(1, len(reached) + 1) / len(reached)
            x = np.concatenate([[1], reached, [result.spec.epochs + 1]])
            y = np.concatenate([[0], share, [np.isfinite(reached).mean()]])
            arrived = np.isfinite(x)
            ax.step(
                x[arrived], y[arrived], where="post", color=color, linestyle=dash, label=network
            )
        ax.set(xscale="log", ylim=(-0.03, 1.03))
    rows = [f"loss < {threshold:g}" for threshold in (LOW, LOWER)]
    figures.label_grid(axes, [title(target) for target in targets], rows)
    figure.supxlabel("updates + 1")
    figure.supylabel("share of trainings that got there")
    axes[0, 0].legend(loc="upper left")
    return figure


def between_points(result: Result, arm: str) -> Figure:
    """Draw the error on the dense grid against the loss on the training points."""
    targets = result.spec.targets
    figure, axes = figures.panels(1, len(targets), 2.2)
    for ax, target in zip(axes[0], targets, strict=True):
        for network, (color, _, mark) in STYLES.items():
            fit = result.fits[arm, target, network]
            points = ax.scatter(
                fit.final, fit.dense, s=14, color=color, marker=mark, alpha=0.7, label=network
            )
            drawn.note(points, replica=np.arange(len(fit.final)))
        ax.set(xscale="log", yscale="log", title=title(target))
        ax.xaxis.set_minor_formatter(NullFormatter())  # within one decade they would overlap
        ends = np.concatenate([fit.final for fit in result.networks(arm, target).values()])
        if np.isfinite(ends).any():
            on = float(np.median(ends[np.isfinite(ends)]))
            ax.axline([on] * 2, [2 * on] * 2, color="0.5", linewidth=0.8, linestyle=":")
    figure.supxlabel("loss on the training points (mean squared error)")
    axes[0, 0].set_ylabel("error on the dense grid\n(mean squared error)")
    axes[0, 0].legend()
    return figure


def error_at_jumps(result: Result, arm: str) -> Figure:
    """Draw where the fit of the sign target is wrong: squared error by distance to a jump."""
    figure, axes = figures.panels(1, 1, 2.2)
    ax = axes[0, 0]
    for network, (color, dash, _) in STYLES.items():
        fit = result.fits[arm, "sign", network]
        if fit.diverged.all():
            continue
        middles = (EDGES[:-1] + EDGES[1:]) / 2
        figures.curves(ax, middles, fit.by_distance, label=network, color=color, dash=dash)
    ax.set(yscale="log", xlabel="distance to the nearest jump", ylabel="mean squared error")
    ax.legend()
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw by what factor deep's final loss differs from shallow's, for the summary."""
    targets = result.spec.targets
    for arm, (shift, mark) in PANEL_STYLES.items():
        compared = [loss_ratio(result, arm, target, "deep", "shallow") for target in targets]
        _whiskers(ax, compared, np.arange(len(targets)) + shift, mark, arm)
    ax.axvline(1, color="0.5", linewidth=0.8)
    ax.set_yticks(range(len(targets)), [title(target) for target in targets])
    ax.set_ylim(len(targets) - 0.5, -0.5)
    ax.set(xscale="log", xlabel="final loss, deep / shallow", title="regressors of equal size")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)


def comparison_table(result: Result) -> pd.DataFrame:
    """List every pair of networks by target and arm, as factors between their final losses."""
    rows = []
    for target in result.spec.targets:
        for arm in ARMS:
            row = {"target": title(target), "optimizer": arm}
            for first, second in PAIRS:
                factor = loss_ratio(result, arm, target, first, second).factor
                row[f"{first} / {second}"] = f"{factor:.2g}"
            rows.append(row)
    return pd.DataFrame(rows)


def stopping_table(result: Result) -> pd.DataFrame:
    """List what the two reports' stopping rule would have done to the main arms' trainings."""
    rows = []
    for arm, target in STOPPED:
        if target not in result.spec.targets:
            continue
        for network, fit in result.networks(arm, target).items():
            updates = fit.stops
            stopped = np.isfinite(updates)
            row = {
                "arm": arm,
                "target": title(target),
                "network": network,
                "stopped": f"{stopped.sum()} of {len(updates)}",
                "at update": "–",
                "loss there": "–",
                "loss at the end": loss_text(np.median(fit.final)),
            }
            if stopped.any():
                at = updates[stopped].astype(int)
                row["at update"] = f"{int(np.median(at)):,}"
                row["loss there"] = f"{np.median(fit.loss_at_stop[stopped]):.1e}"
            rows.append(row)
    return pd.DataFrame(rows)


def tuning_table(result: Result) -> pd.DataFrame:
    """List the median loss at each learning rate that was tried; the chosen one in bold."""
    rows = []
    for (target, network), losses in result.tuning.items():
        medians = [loss_text(median) for median in np.median(losses, axis=1)]
        best = choose(losses)
        medians[best] = f"**{medians[best]}**"
        rows.append(
            {
                "target": title(target),
                "network": network,
                **dict(zip([f"{rate:g}" for rate in result.spec.grid], medians, strict=True)),
                "again (%)": f"{100 * chosen_again(losses):.0f}",
            }
        )
    return pd.DataFrame(rows)


def _whiskers(ax: Axes, ratios: list[Interval], heights: np.ndarray, mark: str, label: str) -> None:
    """Draw means of log10 as factors with their intervals, where there are any."""
    known = [(r.factor, height) for r, height in zip(ratios, heights, strict=True) if r.n]
    if known:
        factors, places = zip(*known, strict=True)
        mean, low, high = np.array([(f.mean, f.low, f.high) for f in factors]).T
        sides = np.nan_to_num([mean - low, high - mean])
        ax.errorbar(mean, places, xerr=sides, fmt=mark, markersize=4, linewidth=1, label=label)


def _panels(axes: np.ndarray, rows: Iterable, columns: Iterable) -> Iterator[tuple[Axes, Any, Any]]:
    for line, row in zip(axes, rows, strict=True):
        for ax, column in zip(line, columns, strict=True):
            yield ax, row, column
