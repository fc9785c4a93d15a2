"""Figures and tables of chapter 34, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.sensitivity.result import (
    JACOBIANS,
    Result,
    expected_variance,
    gradient_by_weights,
    gradient_of_the_mean,
    largest_against_smallest,
    own_gradient,
)
from hw1lib.chapters.sensitivity.spec import (
    ARMS,
    AS_A,
    EPOCHS,
    FACTORS,
    KINDS,
    RANDOM,
    RESCALED,
    SMALL,
    TRUE,
)
from hw1lib.judging.statistics import (
    geometric_mean,
    log_ratio,
)
from hw1lib.showing import drawn, figures, lettering, palette

SPLITS = {"train": (palette.BLUE, "-", "o"), "test": (palette.RED, "--", "s")}  # in every figure
# colour, dash and mark of what is drawn beside each other
FIRST = (palette.BLACK, "-", "D")
SECOND = (palette.GREEN, "-.", "^")
THIRD = (palette.PINK, ":", "v")
COLORS = (palette.BLUE, palette.RED, palette.GREEN, palette.PINK, palette.BLACK)


def sweep(result: Result) -> Figure:
    """Draw loss and accuracy against the batch size: a column per arm, each on its own scale."""
    figure, axes = figures.panels(2, len(ARMS), 1.4, sharex=True)
    for column, arm in zip(axes.T, ARMS, strict=True):
        for split, style in SPLITS.items():
            for ax, (measure, times) in zip(column, (("loss", 1), ("accuracy", 100)), strict=True):
                _against_size(ax, result, arm, f"{split}_{measure}", split, style, times)
        lettering.log_scale(column[0])
    lettering.label_grid(axes, ARMS, [""] * 2)
    axes[0, 0].set_ylabel("loss (nats)")
    axes[1, 0].set_ylabel("accuracy (%)")
    _legend(figure, axes)
    return _sized(figure)


def sensitivity(result: Result) -> Figure:
    """Draw three definitions of sensitivity against the batch size: a column per arm."""
    rows = {
        "input_gradient": "gradient of the loss\n(nats per unit)",
        "jacobian": "Jacobian of the\noutputs (per unit)",
        "probability_jacobian": "Jacobian of the\nprobabilities\n(per unit)",
    }
    figure, axes = figures.panels(len(rows), len(ARMS), 1.4, sharex=True, sharey="row")
    for column, arm in zip(axes.T, ARMS, strict=True):
        for split, style in SPLITS.items():
            for ax, measure in zip(column, rows, strict=True):
                _against_size(ax, result, arm, f"{measure}_{split}", split, style)
        for ax in column:
            lettering.log_scale(ax)
    lettering.label_grid(axes, ARMS, [""] * len(rows))
    for ax, label in zip(axes[:, 0], rows.values(), strict=True):
        ax.set_ylabel(label)
    _legend(figure, axes)
    return _sized(figure)


def as_written(result: Result) -> Figure:
    """Draw what has passed for sensitivity beside the gradient of each image's own loss."""
    figure, axes = figures.panels(1, 3, 1.9, sharex=True)
    panels = [
        ("each image's own loss,\nby the image", own_gradient(result), "nats per unit", FIRST),
        (
            "a batch's mean loss,\nby the image",
            gradient_of_the_mean(result),
            "nats per unit",
            SECOND,
        ),
        (
            "a batch's mean loss,\nby the weights",
            gradient_by_weights(result),
            "nats per weight",
            THIRD,
        ),
    ]
    for ax, (title, values, unit, (color, dash, mark)) in zip(axes[0], panels, strict=True):
        sizes = np.array(result.spec.batch_sizes)
        figures.curves(ax, sizes, values, label=title, color=color, dash=dash)
        ax.lines[-1].set_marker(mark)
        ax.set(title=title, ylabel=unit)
        ax.set_xscale("log")
        lettering.log_scale(ax)
    return _sized(figure)


def noise(result: Result) -> Figure:
    """Draw the variance of the minibatch gradient against the batch size."""
    figure, axes = figures.panels(1, 1, 2.0)
    ax, sizes = axes[0, 0], np.array(result.spec.batch_sizes)
    looks = {"initial weights": FIRST, "after an epoch": SECOND}
    for variance, length, (name, (color, dash, mark)) in zip(
        result.variance, result.length, looks.items(), strict=True
    ):
        figures.curves(ax, sizes, variance, label=name, color=color, dash=dash)
        ax.lines[-1].set_marker(mark)
        if np.isfinite(variance).any():
            expected = np.nanmedian(variance[0]) * expected_variance(result, sizes)
            line = ax.plot(sizes, expected, color="0.8", linewidth=4, zorder=0)
            drawn.note(*line, series=f"independent images, {name}")
            ax.axhline(np.nanmedian(length), color=color, linestyle=(0, (1, 3)), linewidth=1)
    ax.set_xscale("log")
    ax.set(xlabel="images per update", ylabel="squared distance\nto the full gradient")
    lettering.log_scale(ax)
    ax.legend(loc="upper right")
    return figure


def sharp(result: Result) -> Figure:
    """Draw how many times sharper the largest batch ends than the smallest: a panel per measure."""
    measures = {
        "keskar_wide": "Keskar's sharpness",
        "top_eigenvalue": "largest eigenvalue",
        "relative_sharpness": "relative sharpness",
    }
    figure, axes = figures.panels(1, len(measures), 1.6, sharex=True, sharey=True)
    for ax, (measure, heading) in zip(axes[0], measures.items(), strict=True):
        for place, (arm, color, mark) in enumerate(zip(ARMS, COLORS, palette.MARKS, strict=False)):
            ratio = largest_against_smallest(result, arm, measure).factor
            if ratio.n:
                drawn.note(*ax.plot(ratio.mean, place, mark, color=color), series=arm)
                ends = np.nan_to_num([ratio.low, ratio.high], nan=ratio.mean)
                drawn.omit(*ax.plot(ends, [place] * 2, color=color, linewidth=1.5))
        ax.axvline(1, color="black", linewidth=1)
        ax.set(xscale="log", title=heading)
    axes[0, 0].set_yticks(range(len(ARMS)), ARMS)
    axes[0, 0].set_ylim(len(ARMS) - 0.5, -0.5)
    figure.supxlabel("largest over smallest batch (right of 1: the large batch ends sharper)")
    return figure


def rescaled(result: Result) -> Figure:
    """Draw how measures of sharpness change when layers are rescaled and no output is."""
    titles = {
        "keskar": "Keskar's sharpness",
        "eigenvalue": "largest eigenvalue",
        "trace": "trace",
        "perturbed": "rise under noise",
        "relative": "relative sharpness",
    }
    figure, axes = figures.panels(1, 1, 2.2)
    ax = axes[0, 0]
    values = result.closer[SMALL].rescaled  # (measures, factors, R)
    dashes = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
    for name, of, color, mark, dash in zip(
        RESCALED, values, COLORS, palette.MARKS, dashes, strict=False
    ):
        ratio = np.where(of[0] > 0, of / np.where(of[0] > 0, of[0], 1), np.nan)
        figures.curves(ax, np.array(FACTORS), ratio, label=titles[name], color=color, dash=dash)
        ax.lines[-1].set_marker(mark)
    ax.set(
        xscale="log",
        xlabel="factor on the weights of the first layer (its inverse on the second)",
        ylabel="multiple of the measure\nbefore rescaling",
    )
    ax.invert_xaxis()
    lettering.log_scale(ax)
    lettering.label_lines(ax)
    return figure


def time_table(result: Result) -> pd.DataFrame:
    """List how long an epoch takes with each batch size, and the loss after equal epochs."""
    rows = []
    for size, seconds in zip(result.spec.batch_sizes, result.seconds, strict=True):
        updates = -(-result.train_examples // size)
        rows.append(
            {
                "images per update": f"{size:,}",
                "updates per epoch": f"{updates:,}",
                "seconds per epoch": str(geometric_mean(seconds)),
                "milliseconds per update": f"{1000 * geometric_mean(seconds).mean / updates:.3g}",
                **{
                    f"training loss, {arm}": str(
                        geometric_mean(result.sweep[arm, size]["train_loss"])
                    )
                    for arm in (AS_A, EPOCHS)
                },
            }
        )
    return pd.DataFrame(rows)


def jacobian_table(result: Result) -> pd.DataFrame:
    """List where the Jacobian is said to be larger: after random labels, and where wrong."""
    rows = []
    for kind, name in JACOBIANS.items():
        random, true = result.alone[RANDOM][name], result.alone[TRUE][name]
        right, wrong = result.closer[SMALL].jacobian[KINDS.index(kind)]
        for compared, (first, second) in {
            f"{RANDOM} / {TRUE}": (random, true),
            "classified wrongly / correctly": (wrong, right),
        }.items():
            rows.append(
                {
                    "Jacobian of": kind,
                    "compared": compared,
                    "first": str(geometric_mean(first)),
                    "second": str(geometric_mean(second)),
                    "ratio": str(log_ratio(first, second).factor),
                }
            )
    return pd.DataFrame(rows)


def _against_size(
    ax: Axes,
    result: Result,
    arm: str,
    measure: str,
    label: str,
    style: tuple[str, str, str],
    times: float = 1,
) -> None:
    color, dash, mark = style
    sizes = np.array(result.spec.batch_sizes)
    values = np.stack([result.sweep[arm, size][measure] for size in sizes.tolist()])
    figures.curves(ax, sizes, times * values, label=label, color=color, dash=dash)
    ax.lines[-1].set_marker(mark)
    ax.set_xscale("log")


def _legend(figure: Figure, axes: np.ndarray) -> None:
    """Name the curves of the first panel, where no panel has room for it."""
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)


def _sized(figure: Figure) -> Figure:
    figure.supxlabel("images per update")
    return figure
