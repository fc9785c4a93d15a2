"""Figures and tables of chapter 12, each a function of its result."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.image_task import AS_A, CONTROL, MAIN, Curves, Result
from hw1lib.chapters.image_task.claims import CLAIMS
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import Interval, paired_difference, t_interval
from hw1lib.showing import figures

COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1))]
MARKS = ["o", "s", "^", "D", "v", "P"]
UNITS = {"loss": "cross-entropy (nats)", "accuracy": "accuracy"}


def learning_curves(result: Result, arm: str) -> Figure:
    """Draw loss and accuracy of both splits against passes over the data."""
    figure, axes = figures.panels(2, 2, 1.9, sharex=True, sharey="row")
    for row, measure in zip(axes, UNITS, strict=True):
        for ax, split in zip(row, ("train", "test"), strict=True):
            for place, (name, curves) in enumerate(result.arm(arm).items()):
                figures.curves(
                    ax,
                    curves.epochs,
                    curves.series(split, measure),
                    label=name,
                    color=COLORS[place],
                    dash=DASHES[place],
                )
        row[0].set_ylabel(UNITS[measure])
    for ax, split in zip(axes[0], ("training images", "test images"), strict=True):
        ax.set_title(split)
    figure.supxlabel("passes over the training images", fontsize=8)
    axes[0, 1].legend(ncols=2)
    return figure


def finals(result: Result, arms: Sequence[str]) -> Figure:
    """Draw every replica's test loss and test accuracy after the last pass, arm beside arm.

    Arms on the same images share their axes.
    """
    alike = len({result.images[arm].fingerprint for arm in arms}) == 1
    figure, axes = figures.panels(2, len(arms), 1.7, sharey="row" if alike else False)
    for column, arm in zip(axes.T, arms, strict=True):
        networks = result.arm(arm)
        places = _places(result, arm)
        for ax, measure in zip(column, UNITS, strict=True):
            groups = {
                name.replace(" ", "\n"): curves.final("test", measure)
                for name, curves in networks.items()
            }
            figures.strip(ax, groups, [COLORS[p] for p in places], [MARKS[p] for p in places])
        column[0].set_title(arm)
    for ax, measure in zip(axes[:, 0], UNITS, strict=True):
        ax.set_ylabel(f"test {UNITS[measure]}")
    return figure


def objectives(result: Result, arm: str) -> Figure:
    """Draw the loss as students report it, beside the loss of the whole split in eval mode."""
    networks = result.arm(arm)
    figure, axes = figures.panels(1, len(networks), 2.1, sharey=True)
    for ax, (name, curves) in zip(axes[0], networks.items(), strict=True):
        passes = (
            np.arange(len(curves.objective)) + 0.5
        )  # the mean over a pass belongs to its middle
        while_training = {"label": "mean over the pass, while training", "color": COLORS[1]}
        figures.curves(ax, passes, curves.objective, dash="--", **while_training)
        at_rest = {"label": "whole split, at rest", "color": COLORS[0]}
        figures.curves(ax, curves.epochs[1:], curves.series("train", "loss")[1:], **at_rest)
        ax.set(title=name, yscale="log")
    axes[0, 0].set_ylabel("training loss (nats)")
    axes[0, 0].legend()
    figure.supxlabel("passes over the training images", fontsize=8)
    return figure


def results_table(result: Result, arms: Sequence[str]) -> pd.DataFrame:
    """List each network's size and its measures after the last pass, with t intervals."""
    rows = []
    for arm in arms:
        for name, curves in result.arm(arm).items():
            row = {"arm": arm, "network": name, "parameters": f"{curves.parameters:,}"}
            for split in ("train", "test"):
                row[f"{split} loss"] = str(t_interval(curves.final(split, "loss")))
                row[f"{split} accuracy (%)"] = str(
                    t_interval(100 * curves.final(split, "accuracy"))
                )
            rows.append({**row, "n": len(curves.diverged), "diverged": int(curves.diverged.sum())})
    table = pd.DataFrame(rows)
    return table if len(arms) > 1 else table.drop(columns="arm")


def difference(
    result: Result, first: tuple[str, str], second: tuple[str, str], measure: str = "accuracy"
) -> Interval:
    """Compare two networks on the test images after the last pass, paired by seed.

    Args:
        result: What was measured.
        first: Arm and network.
        second: Arm and network, to be taken off.
        measure: "accuracy", then in percentage points, or "loss", in nats.
    """
    return paired_difference(*(_test(result.curves[key], measure) for key in (first, second)))


def verdict_table(result: Result) -> pd.DataFrame:
    """List the reports' sentences with their verdicts."""
    return verdicts.table(CLAIMS, result)


def contrasts(result: Result) -> dict[str, tuple[tuple[str, str], tuple[str, str]]]:
    """Name the chapter's comparisons on A's images: first minus second, on the test images."""
    cnns = [name for name in result.arm(MAIN) if name.startswith("CNN")]
    mlps = [name for name in result.arm(MAIN) if name.startswith("MLP")]
    side = next(name for name in result.arm(CONTROL) if name.startswith("CNN"))
    widest, narrowest = (MAIN, cnns[-1]), (MAIN, cnns[0])
    return {
        f"wider CNN: {cnns[-1]} − {cnns[0]}": (widest, narrowest),
        f"wider MLP: {mlps[-1]} − {mlps[0]}": ((MAIN, mlps[-1]), (MAIN, mlps[0])),
        f"convolution: {side} − {mlps[-1]}": ((MAIN, side), (MAIN, mlps[-1])),
        f"the same, pixels permuted: {side} − {mlps[-1]}": ((CONTROL, side), (CONTROL, mlps[-1])),
        f"A's objective: {side}, squared error − cross-entropy": ((AS_A, side), (MAIN, side)),
        f"A's objective: {mlps[-1]}, squared error − cross-entropy": (
            (AS_A, mlps[-1]),
            (MAIN, mlps[-1]),
        ),
    }


def contrast_table(result: Result) -> pd.DataFrame:
    """List the chapter's comparisons with paired t intervals."""
    rows = []
    for name, (first, second) in contrasts(result).items():
        points = difference(result, first, second)
        nats = difference(result, first, second, "loss")
        row = {"comparison": name, "accuracy (points)": str(points), "loss (nats)": str(nats)}
        rows.append({**row, "n": points.n})
    return pd.DataFrame(rows)


def percent(mean: float) -> str:
    """Write a mean accuracy, or say that there is none."""
    return f"{mean:.1f} %" if np.isfinite(mean) else "diverged"


def _places(result: Result, arm: str) -> list[int]:
    """Give each network of an arm the colour and mark that it has in the main comparison."""
    known = list(result.arm(MAIN))
    names = list(result.arm(arm))
    return [known.index(name) if name in known else names.index(name) for name in names]


def _test(curves: Curves, measure: str) -> np.ndarray:
    values = curves.final("test", measure)
    return 100 * values if measure == "accuracy" else values
