"""Figures and tables of chapter 12, each a function of its result."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.image_task.result import Result, contrasts, depth_arms, difference
from hw1lib.chapters.image_task.spec import AS_A, CONTROL, MAIN
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import figures, forest, lettering
from hw1lib.showing.palette import BLUE, COLORS, RED

DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1))]
MARKS = ["o", "s", "^", "D", "v", "P"]
UNITS = {"loss": ("cross-entropy (nats)", 1), "accuracy": ("accuracy (%)", 100)}
HEADINGS = {MAIN: "pixels in their places", CONTROL: "pixels shuffled", AS_A: "squared error, as A"}


def learning_curves(result: Result, arm: str) -> Figure:
    """Draw loss and accuracy of both splits against epochs over the data."""
    figure, axes = figures.panels(2, 2, 1.6, sharex=True, sharey="row")
    for row, measure in zip(axes, UNITS, strict=True):
        for ax, split in zip(row, ("train", "test"), strict=True):
            for place, (name, curves) in enumerate(result.arm(arm).items()):
                figures.curves(
                    ax,
                    curves.epochs,
                    UNITS[measure][1] * curves.series(split, measure),
                    label=name,
                    color=COLORS[place],
                    dash=DASHES[place],
                )
        row[0].set_ylabel(UNITS[measure][0])
        lettering.label_lines(row[1])
    for ax, split in zip(axes[0], ("training images", "test images"), strict=True):
        ax.set_title(split)
    figure.supxlabel("epochs over the training images")
    return figure


def finals(result: Result, arms: Sequence[str]) -> Figure:
    """Draw every replica's test loss and test accuracy after the last epoch, arm beside arm.

    Arms on the same images share their axes.
    """
    alike = len({result.images[arm].fingerprint for arm in arms}) == 1
    figure, axes = figures.panels(2, len(arms), 1.45, sharey="row" if alike else False)
    for column, arm in zip(axes.T, arms, strict=True):
        networks = result.arm(arm)
        places = _places(result, arm)
        for ax, measure in zip(column, UNITS, strict=True):
            groups = {
                name.replace(" ", "\n"): UNITS[measure][1] * curves.final("test", measure)
                for name, curves in networks.items()
            }
            figures.strip(ax, groups, [COLORS[p] for p in places], [MARKS[p] for p in places])
        column[0].set_title(HEADINGS.get(arm, result.images[arm].title))
    for ax, measure in zip(axes[:, 0], UNITS, strict=True):
        ax.set_ylabel(f"test {UNITS[measure][0]}")
    return figure


def depth_differences(result: Result) -> Figure:
    """Draw how each network compares with the shallowest of its arm: every pair, and the mean."""
    arms = depth_arms(result)
    figure, axes = figures.panels(1, len(arms), 1.9)
    for ax, arm in zip(axes[0], arms, strict=True):
        (first, shallowest), *others = result.arm(arm).items()
        pairs = {
            name.replace(" residual", "\nresidual"): curves.percent("test")
            - shallowest.percent("test")
            for name, curves in others
        }
        forest.rows(ax, {name: t_interval(values) for name, values in pairs.items()}, values=pairs)
        ax.set(
            title=result.images[arm].title,
            xlabel=f"test accuracy minus that of {first}\n(percentage points)",
        )
    return figure


def objectives(result: Result, arm: str) -> Figure:
    """Draw the loss as students report it, beside the loss of the whole split in eval mode."""
    networks = result.arm(arm)
    figure, axes = figures.panels(1, len(networks), 1.8, sharey=True)
    for ax, (name, curves) in zip(axes[0], networks.items(), strict=True):
        # the mean over an epoch belongs to its middle
        passes = np.arange(len(curves.objective)) + 0.5
        label = "mean over the epoch, while training"
        figures.curves(ax, passes, curves.objective, label=label, color=RED, dash="--")
        whole = curves.series("train", "loss")[1:]
        figures.curves(ax, curves.epochs[1:], whole, label="whole split, after it", color=BLUE)
        ax.set_title(name)
    lettering.log_scale(*axes[0])
    axes[0, 0].set_ylabel("training loss (nats)")
    axes[0, 0].legend()
    figure.supxlabel("epochs over the training images")
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the test accuracy of every training of A's networks, for the summary."""
    networks = result.arm(MAIN)
    groups = {name.replace(" ", "\n"): curves.percent("test") for name, curves in networks.items()}
    figures.strip(ax, groups, COLORS[: len(groups)], MARKS[: len(groups)])
    ax.set(ylabel="test accuracy (%)", title=result.images[MAIN].title)


def results_table(result: Result, arms: Sequence[str]) -> pd.DataFrame:
    """List each network's size and its measures after the last epoch, with t intervals."""
    rows = []
    for arm in arms:
        for name, curves in result.arm(arm).items():
            row = {"arm": arm, "network": name, "parameters": f"{curves.parameters:,}"}
            if (arm, name) in result.rates:
                row["rate"] = f"{result.rates[arm, name]:g}"
            for split in ("train", "test"):
                row[f"{split} loss"] = str(t_interval(curves.final(split, "loss")))
                row[f"{split} accuracy (%)"] = str(t_interval(curves.percent(split)))
            rows.append({**row, "n": len(curves.diverged), "diverged": int(curves.diverged.sum())})
    table = pd.DataFrame(rows)
    return table if len(arms) > 1 else table.drop(columns="arm")


def contrast_table(result: Result) -> pd.DataFrame:
    """List the chapter's comparisons with paired t intervals."""
    rows = []
    for contrast in contrasts(result).values():
        points = difference(result, contrast)
        rows.append(
            {
                "comparison": f"{contrast.about}: {contrast.compared}",
                "accuracy (percentage points)": str(points),
                "loss (nats)": str(difference(result, contrast, "loss")),
                "n": points.n,
            }
        )
    return pd.DataFrame(rows)


def _places(result: Result, arm: str) -> list[int]:
    """Find for each network of an arm the colour and mark that it has in the main comparison."""
    known = list(result.arm(MAIN))
    names = list(result.arm(arm))
    return [known.index(name) if name in known else names.index(name) for name in names]
