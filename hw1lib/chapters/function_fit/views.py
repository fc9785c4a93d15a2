"""Figures and tables of chapter 11, each a function of its result."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.function_fit.learning import HARMONICS, LOBES
from hw1lib.chapters.function_fit.result import (
    LOOKED_AT,
    LOW,
    LOWER,
    STOPPED,
    Result,
    choose,
    chosen_again,
    loss_text,
    median_of_sound,
    title,
)
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, NETWORKS, TUNED
from hw1lib.chapters.function_fit.trainings import EDGES
from hw1lib.data import functions
from hw1lib.showing import drawn, figures, lettering
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
    figure, axes = figures.panels(len(targets), len(ARMS), 1.45, sharex=True, sharey="row")
    for ax, target, arm in _panels(axes, targets, ARMS):
        for network, (color, dash, _) in STYLES.items():
            fit = result.fits[arm, target, network]
            figures.curves(
                ax, fit.updates + 1, fit.loss, label=network, color=color, dash=dash, band=False
            )
        ax.axhline(result.constant(target), color="0.5", linewidth=0.8, linestyle=":")
        # nothing happens in the first updates
        ax.set(xscale="log", yscale="log", xlim=(result.spec.epochs / 1000, None))
    lettering.label_grid(axes, ARMS, [title(t) for t in targets])
    figure.supxlabel("updates + 1")
    figure.supylabel("median training loss (mean squared error)")
    axes[0, 0].legend(loc="lower left")
    return figure


def predictions(result: Result, arm: str) -> Figure:
    """Draw what every replica has learned, over the truth: a row per target."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(NETWORKS), 1.2, sharex=True, sharey="row")
    x = functions.grid(DRAWN)
    for ax, target, network in _panels(axes, targets, NETWORKS):
        learned = result.fits[arm, target, network].prediction
        figures.each(ax, x.numpy(), learned.T, color=STYLES[network][0])
        truth = functions.TARGETS[target](x).numpy()
        ax.plot(x, truth, color="black", linewidth=0.9, linestyle=(0, (3, 2)), label="target")
        ax.set_ylim(truth.min() - 0.5, truth.max() + 0.5)
    lettering.label_grid(axes, list(NETWORKS), [title(t) for t in targets])
    figure.supxlabel("x")
    figure.supylabel("value at x")
    return figure


def final_losses(result: Result) -> Figure:
    """Draw the loss of every replica after the last update: a row per target."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(ARMS), 1.35, sharey="row")
    colors, _, marks = zip(*STYLES.values(), strict=True)
    for ax, target, arm in _panels(axes, targets, ARMS):
        groups = {network: fit.final for network, fit in result.networks(arm, target).items()}
        figures.strip(ax, groups, colors, marks)
        ax.axhline(result.constant(target), color="0.5", linewidth=0.8, linestyle=":")
        ax.set_yscale("log")
    lettering.label_grid(axes, ARMS, [title(t) for t in targets])
    figure.supylabel("training loss after the last update (mean squared error)")
    return figure


def arrivals(result: Result, arm: str) -> Figure:
    """Draw the share of replicas whose loss has been below a threshold: a row per threshold."""
    targets = result.spec.targets
    figure, axes = figures.panels(2, len(targets), 1.25, sharex=True, sharey=True)
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
        ax.set(xscale="log", xlim=(result.spec.epochs / 1000, None), ylim=(-0.03, 1.03))
    rows = [f"loss < {threshold:g}" for threshold in (LOW, LOWER)]
    lettering.label_grid(axes, [title(target) for target in targets], rows)
    figure.supxlabel("updates + 1")
    figure.supylabel("share of trainings that got there")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(STYLES))
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
        ax.set(xscale="log", title=title(target))
        lettering.log_scale(ax)
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
        figures.curves(
            ax, middles, fit.by_distance, label=network, color=color, dash=dash, band=False
        )
    ax.set(yscale="log", xlabel="distance to the nearest jump", ylabel="mean squared error")
    lettering.label_lines(ax)
    return figure


def together(result: Result) -> Figure:
    """Draw the median fit of each network and the target in one panel: a row per target."""
    targets = result.spec.targets
    figure, axes = figures.panels(len(targets), len(ARMS), 1.2, sharex=True, sharey="row")
    x = functions.grid(DRAWN)
    for ax, target, arm in _panels(axes, targets, ARMS):
        truth = functions.TARGETS[target](x).numpy()
        ax.plot(x, truth, color="black", linewidth=0.9, linestyle=(0, (3, 2)), label="target")
        for network, (color, dash, _) in STYLES.items():
            fit = result.fits[arm, target, network]
            middle = np.argsort(fit.final)[len(fit.final) // 2]
            ax.plot(x, fit.prediction[middle], color=color, linestyle=dash, label=network)
        ax.set_ylim(truth.min() - 0.5, truth.max() + 0.5)
    lettering.label_grid(axes, ARMS, [title(t) for t in targets])
    figure.supxlabel("x")
    figure.supylabel("value at x")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(STYLES) + 1
    )
    return figure


def learning(result: Result) -> Figure:
    """Draw how fits come about: by frequency above, by place below, a column per network."""
    figure, axes = figures.panels(2, len(NETWORKS), 1.6, sharex=True, sharey="row")
    for column, network in zip(axes.T, NETWORKS, strict=True):
        sign, sine = (result.learning[target, network] for target in LOOKED_AT[::-1])
        waves = [f"{5 * h} half waves" for h in HARMONICS]
        _shades(column[0], sign.updates, sign.by_frequency, waves)
        places = ["next to 0", *["between"] * (LOBES - 2), "next to ±1"]
        _shades(column[1], sine.updates, sine.by_place, places)
        column[0].set_title(network)
        for ax in column:
            ax.set(xscale="log", xlim=(result.spec.epochs / 1000, None))
    for row in axes:
        lettering.log_scale(*row)
    axes[0, 0].set_ylabel("error of the amplitude\n(share of it), sign")
    axes[1, 0].set_ylabel("mean squared error,\nsin(5πx)")
    figure.supxlabel("updates + 1")
    for row in axes:
        lettering.label_lines(row[-1])
    return figure


def _shades(ax: Axes, updates: np.ndarray, errors: np.ndarray, names: list[str]) -> None:
    """Draw the medians over replicas of some errors (K, R, N), from dark to light."""
    for k, name in enumerate(names):
        label = name if name not in names[:k] else None
        median = median_of_sound(errors[..., k], axis=1)
        ax.plot(updates + 1, median, color=colormaps["viridis"](0.9 * k / len(names)), label=label)


def panel(ax: Axes, result: Result) -> None:
    """Draw how often each network ends with a low loss, for the summary."""
    targets = result.spec.targets
    for network, (color, _, mark) in STYLES.items():
        for arm, (shift, _) in PANEL_STYLES.items():
            shares = [100 * (result.fits[arm, t, network].final < LOWER).mean() for t in targets]
            places = np.arange(len(targets)) + shift
            label = network if arm == AS_A else None
            ax.plot(shares, places, mark, color=color, alpha=0.8, markersize=4, label=label)
    ax.set_yticks(range(len(targets)), [title(target) for target in targets])
    ax.set_ylim(len(targets) - 0.5, -0.5)
    ax.set(xlabel=f"trainings below {LOWER:g} (%)", title="regressors of equal size")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)


def success_table(result: Result) -> pd.DataFrame:
    """List how often each network succeeds, and how well, by target and optimizer."""
    rows = []
    for target in result.spec.targets:
        for arm in ARMS:
            for network, fit in result.networks(arm, target).items():
                low = fit.final < LOWER
                best = int(np.argmin(fit.final))
                rows.append(
                    {
                        "target": title(target),
                        "optimizer": arm,
                        "network": network,
                        f"below {LOW:g}": f"{(fit.final < LOW).sum()} of {len(low)}",
                        f"below {LOWER:g}": f"{low.sum()} of {len(low)}",
                        "median of these": loss_text(np.median(fit.final[low]))
                        if low.any()
                        else "–",
                        "best": loss_text(fit.final[best]),
                        "its dense error": loss_text(fit.dense[best]),
                    }
                )
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


def _panels(axes: np.ndarray, rows: Iterable, columns: Iterable) -> Iterator[tuple[Axes, Any, Any]]:
    for line, row in zip(axes, rows, strict=True):
        for ax, column in zip(line, columns, strict=True):
            yield ax, row, column
