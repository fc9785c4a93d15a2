"""Figures and tables of chapter 34, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.sensitivity import ARMS, AS_A, BATCHES, LARGE, RANDOM, SMALL, TRUE, Result
from hw1lib.chapters.sensitivity.claims import CLAIMS
from hw1lib.chapters.sensitivity.trainings import FACTORS, KINDS, RESCALED
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import geometric_mean, log_ratio, t_interval
from hw1lib.showing import drawn, figures

SPLITS = {"train": ("#0072B2", "-", "o"), "test": ("#D55E00", "--", "s")}  # in every figure
ONE, TWO, THREE = ("#000000", "-", "D"), ("#009E73", "-.", "^"), ("#CC79A7", ":", "v")
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9")
MARKS = ("o", "s", "^", "v", "D", "P")
# F1, digits, of Keskar et al. 2017: tables 2 to 4 and appendix
THEIRS = {
    "training accuracy (%)": ("99.66", "99.92"),
    "test accuracy (%)": ("98.03 ± 0.07", "97.81 ± 0.07"),
    "sharpness, 1e-3": ("1.23 ± 0.83", "205.14 ± 69.52"),
    "sharpness, 5e-4": ("0.61", "42.90"),
    "sharpness, 1e-3, subspace": ("0.11", "9.22"),
}


def sweep(result: Result) -> Figure:
    """Draw loss and accuracy against the batch size: a column per arm."""
    figure, axes = figures.panels(2, len(ARMS), 1.55, sharex=True, sharey="row")
    for column, arm in zip(axes.T, ARMS, strict=True):
        for split, style in SPLITS.items():
            for ax, measure in zip(column, ("loss", "accuracy"), strict=True):
                _against_size(ax, result, arm, f"{split}_{measure}", split, style)
        figures.log_scale(column[0])
    figures.label_grid(axes, ARMS, [""] * 2)
    axes[0, 0].set_ylabel("loss (nats)")
    axes[1, 0].set_ylabel("accuracy")
    _legend(figure, axes)
    return _sized(figure)


def sensitivity(result: Result) -> Figure:
    """Draw both definitions of sensitivity against the batch size: a column per arm."""
    figure, axes = figures.panels(2, len(ARMS), 1.55, sharex=True, sharey="row")
    for column, arm in zip(axes.T, ARMS, strict=True):
        for split, style in SPLITS.items():
            for ax, measure in zip(column, ("input_gradient", "jacobian"), strict=True):
                _against_size(ax, result, arm, f"{measure}_{split}", split, style)
        for ax in column:
            figures.log_scale(ax)
    figures.label_grid(axes, ARMS, [""] * 2)
    axes[0, 0].set_ylabel("gradient of the loss\n(nats per unit)")
    axes[1, 0].set_ylabel("Jacobian of the outputs\n(per unit)")
    _legend(figure, axes)
    return _sized(figure)


def as_written(result: Result) -> Figure:
    """Draw what has passed for sensitivity beside the gradient of each image's own loss."""
    figure, axes = figures.panels(1, 3, 1.9, sharex=True)
    panels = [
        ("each image's own loss,\nby the image", own_gradient(result), "nats per unit", ONE),
        ("a batch's mean loss,\nby the image", gradient_of_the_mean(result), "nats per unit", TWO),
        (
            "a batch's mean loss,\nby the weights",
            gradient_by_weights(result),
            "nats per weight",
            THREE,
        ),
    ]
    for ax, (title, values, unit, (color, dash, mark)) in zip(axes[0], panels, strict=True):
        sizes = np.array(result.spec.batch_sizes)
        figures.curves(ax, sizes, values, label=title, color=color, dash=dash)
        ax.lines[-1].set_marker(mark)
        ax.set(title=title, ylabel=unit)
        _by_size(ax, sizes)
        figures.log_scale(ax)
    return _sized(figure)


def noise(result: Result) -> Figure:
    """Draw the variance of the minibatch gradient against the batch size."""
    figure, axes = figures.panels(1, 1, 2.4)
    ax, sizes = axes[0, 0], np.array(result.spec.batch_sizes)
    looks = {"initial weights": ONE, "after an epoch": TWO}
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
    _by_size(ax, sizes)
    ax.set(xlabel="images per update", ylabel="squared distance\nto the full gradient")
    figures.log_scale(ax)
    ax.legend(loc="upper right")
    return figure


def sharp(result: Result) -> Figure:
    """Draw three measures of sharpness against the batch size: a column per arm."""
    measures = {
        "keskar_wide": "Keskar, 1e-3\n(% of 1 + loss)",
        "top_eigenvalue": "largest eigenvalue\n(nats per weight²)",
        "relative_sharpness": "relative sharpness\n(% of 1 + loss)",
    }
    figure, axes = figures.panels(len(measures), len(ARMS), 1.35, sharex=True, sharey="row")
    for row, (measure, unit) in zip(axes, measures.items(), strict=True):
        for ax, arm in zip(row, ARMS, strict=True):
            _against_size(ax, result, arm, measure, "train", SPLITS["train"])
            figures.log_scale(ax)
        row[0].set_ylabel(unit)
    figures.label_grid(axes, ARMS, [""] * len(measures))
    return _sized(figure)


def rescaled(result: Result) -> Figure:
    """Draw how measures of sharpness change when layers are rescaled and no output is."""
    titles = {
        "keskar": "Keskar's sharpness",
        "eigenvalue": "largest eigenvalue",
        "trace": "trace",
        "perturbed": "rise under noise",
        "relative": "relative sharpness",
    }
    figure, axes = figures.panels(1, 1, 2.6)
    ax = axes[0, 0]
    values = result.closer[SMALL].rescaled  # (measures, factors, R)
    dashes = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
    for name, of, color, mark, dash in zip(RESCALED, values, COLORS, MARKS, dashes, strict=False):
        ratio = np.where(of[0] > 0, of / np.where(of[0] > 0, of[0], 1), np.nan)
        figures.curves(ax, np.array(FACTORS), ratio, label=titles[name], color=color, dash=dash)
        ax.lines[-1].set_marker(mark)
    ax.set(
        xscale="log",
        xlabel="factor on the weights of the first layer (its inverse on the second)",
        ylabel="multiple of the measure\nbefore rescaling",
    )
    ax.invert_xaxis()
    figures.log_scale(ax)
    ax.legend(loc="upper left")
    return figure


def keskar_measures(result: Result, name: str) -> dict[str, np.ndarray]:
    """Give what the paper reports of one network, (R,) each, and three measures of ours."""
    of, closer = result.alone[name], result.closer[name]
    return {
        "training accuracy (%)": 100 * of["train_accuracy"],
        "test accuracy (%)": 100 * of["test_accuracy"],
        "sharpness, 1e-3": closer.keskar_wide,
        "sharpness, 5e-4": closer.keskar_narrow,
        "sharpness, 1e-3, subspace": of["keskar_subspace"],
        "relative sharpness": of["relative_sharpness"],
        "largest eigenvalue": of["top_eigenvalue"],
        "training loss": of["train_loss"],
    }


def keskar_table(result: Result) -> pd.DataFrame:
    """Put Keskar's setting, on the chapter's perceptron and on F1, beside Keskar's numbers."""
    pairs = {
        network: [keskar_measures(result, name) for name in both]
        for network, both in BATCHES.items()
    }
    rows = []
    for measure in keskar_measures(result, SMALL):
        for network, both in pairs.items():
            small, large = (of[measure] for of in both)
            ratio = log_ratio(large, small)
            factor = "–" if measure.endswith("(%)") else str(ratio.factor)
            told = [_told(measure, values) for values in (small, large)]
            rows.append([measure, network, *told, factor, ratio.n])
        if measure in THEIRS:
            factor = "–" if measure.endswith("(%)") else f"{their_factor(measure):.0f}"
            rows.append([measure, "F1, Keskar et al.", *THEIRS[measure], factor, 5])
    columns = ["measure", "network", SMALL, LARGE, "large / small", "n"]
    return pd.DataFrame(rows, columns=columns)


def their_factor(measure: str) -> float:
    """Divide what Keskar et al. report for large batches by that for small ones."""
    small, large = (float(told.split(" ± ")[0]) for told in THEIRS[measure])
    return large / small


def _told(measure: str, values: np.ndarray) -> str:
    if measure.endswith("(%)"):
        return f"{t_interval(values):.4g}"
    return str(geometric_mean(values))


def jacobian_table(result: Result) -> pd.DataFrame:
    """List where the Jacobian is said to be larger: after random labels, and where wrong."""
    rows = []
    for name, kind in (("jacobian_test", KINDS[0]), ("probability_jacobian_test", KINDS[1])):
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


def verdict_table(result: Result) -> pd.DataFrame:
    """List the chapter's claims with their verdicts."""
    return verdicts.table(CLAIMS, result)


def own_gradient(result: Result) -> np.ndarray:
    """Gradient of each image's own loss by the input, as A trained, (S, R)."""
    return np.stack(
        [result.sweep[AS_A, size]["input_gradient_test"] for size in result.spec.batch_sizes]
    )


def gradient_of_the_mean(result: Result) -> np.ndarray:
    """The same for the mean loss of a batch as large as those in training: smaller by its size."""
    return own_gradient(result) / np.array(result.spec.batch_sizes)[:, None]


def gradient_by_weights(result: Result) -> np.ndarray:
    """A's own measure, (S, R)."""
    return np.stack([result.tensor_gradient[AS_A, size] for size in result.spec.batch_sizes])


def expected_variance(result: Result, sizes: np.ndarray) -> np.ndarray:
    """Variance of a mean of images drawn without replacement, over that of the first size."""
    count = result.train_examples
    variance = (1 - (sizes - 1) / (count - 1)) / sizes
    return variance / variance[0]


def _against_size(
    ax: Axes,
    result: Result,
    arm: str,
    measure: str,
    label: str,
    style: tuple[str, str, str],
) -> None:
    color, dash, mark = style
    sizes = np.array(result.spec.batch_sizes)
    values = np.stack([result.sweep[arm, size][measure] for size in sizes.tolist()])
    figures.curves(ax, sizes, values, label=label, color=color, dash=dash)
    ax.lines[-1].set_marker(mark)
    _by_size(ax, sizes)


def _legend(figure: Figure, axes: np.ndarray) -> None:
    """Name the curves of the first panel, where no panel has room for it."""
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)


def _sized(figure: Figure) -> Figure:
    figure.supxlabel("images per update", fontsize=8)
    return figure


def _by_size(ax: Axes, sizes: np.ndarray) -> None:
    ax.set_xscale("log")
    figures.few_numbers(ax.xaxis, sizes[0], sizes[-1])
