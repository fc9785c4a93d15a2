"""Figures and tables of chapter 32, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.capacity.drawing import (
    EARLY,
    OTHER,
    SIZE,
    SPLITS,
    STYLES,
    draw,
    keep_to_percent,
    limits,
    scale,
)
from hw1lib.chapters.capacity.result import KNEE, Result
from hw1lib.chapters.capacity.spec import NOISY, OF_A, OF_B, SETTLED
from hw1lib.data import own_images
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import figures

THEIRS = (  # what the reports found, with one training each: arm, what, network or size, value
    (OF_A, "accuracy", "train", None, 98.0),
    (OF_A, "accuracy", "test", None, 98.0),
    (OF_B, "accuracy", "test", "784-50-10", 95.5),
    (OF_B, "accuracy", "test", "784-1500-10", 98.2),
    (OF_B, "accuracy", "test", "784-2000-10", 98.1),
    (OF_B, "loss", "test", "784-50-10", 0.163),
    (OF_B, "loss", "test", "784-2000-10", 0.06),
)


def sweeps(result: Result) -> Figure:
    """Draw loss and accuracy of both splits against size, A's networks beside B's."""
    figure, axes = figures.panels(2, 2, 1.9, sharex=True, sharey="row")
    for column, arm in zip(axes.T, (OF_A, OF_B), strict=True):
        sweep = result.sweeps[arm]
        for split in SPLITS:
            draw(column[0], sweep.parameters, sweep.loss(split), STYLES[arm], split)
            label = f"{SPLITS[split]} {result.images.subject}"
            draw(column[1], sweep.parameters, sweep.accuracy(split), STYLES[arm], split, label)
        column[0].set_title(arm)
        scale(column[0], y="log")
        scale(column[1])
    keep_to_percent(axes[1, 0])
    for ax in axes[1]:
        ax.legend(loc="lower right")
    axes[0, 0].set_ylabel("cross-entropy (nats)")
    axes[1, 0].set_ylabel("accuracy (%)")
    figure.supxlabel(SIZE)
    return figure


def gaps(result: Result) -> Figure:
    """Draw how far the splits lie apart, in accuracy and in loss, against size."""
    figure, axes = figures.panels(1, 2, 2.3)
    accuracy, loss = axes[0]
    for arm in (OF_A, OF_B, SETTLED):
        sweep = result.sweeps[arm]
        draw(accuracy, sweep.parameters, sweep.gap(), STYLES[arm], "test", arm)
        draw(loss, sweep.parameters, sweep.loss_gap(), STYLES[arm], "test")
    early = result.sweeps[SETTLED].early(result.early)
    label = f"the same, after {result.early} epochs"
    draw(accuracy, early.parameters, early.gap(), EARLY, "test", label)
    draw(loss, early.parameters, early.loss_gap(), EARLY, "test")
    accuracy.set_ylabel("training − test accuracy\n(percentage points)")
    loss.set_ylabel("test − training loss (nats)")
    for ax in axes[0]:
        ax.axhline(0, color="0.5", linewidth=0.8)
        ax.set_xlabel(SIZE)
        scale(ax)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def settled(result: Result) -> Figure:
    """Draw A's networks trained to convergence, beside themselves after A's number of epochs."""
    end = result.sweeps[SETTLED]
    figure, axes = figures.panels(1, 2, 2.3)
    loss, accuracy = axes[0]
    for split, called in SPLITS.items():
        digits = f"{called} {result.images.subject}"
        for sweep, style, when in (
            (end.early(result.early), EARLY, f"after {result.early} epochs"),
            (end, STYLES[SETTLED], "at the end"),
        ):
            draw(loss, sweep.parameters, sweep.loss(split), style, split, f"{digits}, {when}")
            draw(accuracy, sweep.parameters, sweep.accuracy(split), style, split)
    for ax in axes[0]:
        ax.set_xlabel(SIZE)
        scale(ax, y="log" if ax is loss else "linear")
    keep_to_percent(accuracy)
    loss.set_ylabel("cross-entropy (nats)")
    accuracy.set_ylabel("accuracy (%)")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def written(result: Result) -> Figure:
    """Draw A's sizes in A's order, and what B took for training loss and accuracy."""
    figure, axes = figures.panels(1, 3, 2.2)
    ordered, losses, errors = axes[0]
    numbers = sorted(result.spec.a_models)
    unsorted = result.sweeps[OF_A].accuracy("test")[:, result.a_order]
    draw(ordered, np.array(numbers), unsorted, STYLES[OF_A], "test")
    ordered.set(title="A, test accuracy (%)", xlabel="number in A's list", xticks=numbers)
    sweep = result.sweeps[OF_B]
    readings = (
        ("while training, as B reads it", sweep.lowest_batch.T, sweep.highest_running.T, OTHER),
        ("whole training split", sweep.loss("train"), sweep.train[:, :, 1].T, STYLES[OF_B]),
    )
    for label, loss, accuracy, style in readings:
        draw(losses, sweep.parameters, loss, style, "train", label)
        draw(errors, sweep.parameters, 100 * (1 - accuracy), style, "train")
    draw(losses, sweep.parameters, sweep.loss("test"), STYLES[OF_B], "test", "whole test split")
    losses.set_title("B, loss (nats)")
    errors.set_title("B, training error (%)")
    for ax in (losses, errors):
        scale(ax, y="log" if ax is losses else "linear")
        ax.set_xlabel(SIZE)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def descent(result: Result) -> Figure:
    """Draw errors with noisy labels against size: networks, and random features beside them."""
    figure, axes = figures.panels(1, 2, 2.4, sharey=True)
    left, right = axes[0]
    sweep, features = result.sweeps[NOISY], result.features
    for split in SPLITS:
        label = f"{SPLITS[split]} {result.images.subject}, noisy labels learned"
        draw(left, sweep.parameters, sweep.error(split), STYLES[NOISY], split, label)
        noisy = features.error(split, noisy=True)  # the same marks as the networks
        draw(right, features.counts, noisy, STYLES[NOISY], split)
    clean = features.error("test", noisy=False)
    true = f"test {result.images.subject}, true labels learned"
    draw(right, features.counts, clean, OTHER, "test", true)
    for ax, place, title in (
        (left, result.threshold, "networks"),
        (right, result.fitted, "random features"),
    ):
        ax.axvline(place, color="0.4", linewidth=0.8, linestyle=":")
        ax.set_title(title)
        scale(ax)
    left.set(ylabel="wrong answers (%)", xlabel=SIZE, ylim=(-3, 103))
    right.set_xlabel("features")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the gap of accuracies of the reports' networks against their size, for the summary."""
    for arm in (OF_A, OF_B):
        sweep, (color, mark) = result.sweeps[arm], STYLES[arm]
        mean, low, high = limits(sweep.gap())
        ax.errorbar(
            sweep.parameters,
            mean,
            yerr=np.nan_to_num([mean - low, high - mean]),
            color=color,
            marker=mark,
            markersize=3.5,
            linewidth=1,
            label=arm,
        )
    ax.set(xscale="log", xlabel=SIZE, ylabel="training − test accuracy\n(percentage points)")
    ax.axhline(0, color="0.5", linewidth=0.8)
    ax.legend(loc="lower right")


def sweep_table(result: Result) -> pd.DataFrame:
    """List A's and B's networks with their measures at the end."""
    rows = []
    for arm in (OF_A, OF_B):
        sweep = result.sweeps[arm]
        for k, name in enumerate(sweep.names):
            row = {"network": name, SIZE: f"{sweep.parameters[k]:,}"}
            for split in SPLITS:
                row[f"{split} loss"] = str(t_interval(sweep.loss(split)[:, k]))
            for split in SPLITS:
                accuracy = t_interval(sweep.accuracy(split)[:, k])
                row[f"{split} accuracy (%)"] = f"{accuracy:.4g}"
            n, diverged = len(sweep.diverged[k]), int(sweep.diverged[k].sum())
            rows.append({**row, "n": n, "diverged": diverged})
    return pd.DataFrame(rows)


def theirs_table(result: Result) -> pd.DataFrame:
    """List what the reports found beside what was found here."""
    rows = []
    for arm, measure, split, name, value in THEIRS:
        sweep = result.sweeps[arm]
        if name is None:
            which = np.flatnonzero(sweep.parameters > KNEE)
        else:
            which = np.array([k for k, known in enumerate(sweep.names) if known == name], dtype=int)
        measured = getattr(sweep, measure)(split)[:, which]
        ours = t_interval(measured.mean(axis=1)) if len(which) else None
        alike = not own_images.among(result.images)
        unit = " (%)" if measure == "accuracy" else " (nats)"
        rows.append(
            {
                "network": name or f"A's above {KNEE:,} parameters",
                "measure": f"{split} {measure}{unit}",
                "theirs": f"{value:g}",
                "ours": f"{ours:.4g}" if ours else "not trained",
                "ours − theirs": f"{ours.mean - value:+.2g}" if alike and ours and ours.n else "–",
                "n": ours.n if ours else 0,
            }
        )
    return pd.DataFrame(rows)
