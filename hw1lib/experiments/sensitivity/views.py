"""Figures and tables of chapter 34, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib import drawn, figures, verdicts
from hw1lib.experiments.sensitivity import (
    ARMS,
    AS_A,
    LARGE,
    RANDOM,
    SMALL,
    TRUE,
    Result,
)
from hw1lib.experiments.sensitivity.claims import (
    CLAIMS,
    accuracy_lost,
    largest_against_smallest,
    rescaling,
)
from hw1lib.experiments.sensitivity.trainings import FACTORS, KINDS, RESCALED
from hw1lib.statistics import geometric_mean, log_ratio, t_interval

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
        ("each image's own loss,\nby the image", _own(result), "nats per unit", ONE),
        ("a batch's mean loss,\nby the image", _of_the_mean(result), "nats per unit", TWO),
        ("a batch's mean loss,\nby the weights", _by_weights(result), "nats per weight", THREE),
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
            expected = np.nanmedian(variance[0]) * _expected(result, sizes)
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


def keskar_table(result: Result) -> pd.DataFrame:
    """Put Keskar's setting beside Keskar's table."""
    both = [result.alone[arm] for arm in (SMALL, LARGE)]
    closer = [result.closer[arm] for arm in (SMALL, LARGE)]

    def geometric(name: str) -> list[str]:
        return [str(geometric_mean(of[name])) for of in both]

    ours = {
        "training accuracy (%)": [f"{t_interval(100 * of['train_accuracy']):.4g}" for of in both],
        "test accuracy (%)": [f"{t_interval(100 * of['test_accuracy']):.4g}" for of in both],
        "sharpness, 1e-3": [str(geometric_mean(of.keskar_wide)) for of in closer],
        "sharpness, 5e-4": [str(geometric_mean(of.keskar_narrow)) for of in closer],
        "sharpness, 1e-3, subspace": geometric("keskar_subspace"),
        "relative sharpness": geometric("relative_sharpness"),
        "largest eigenvalue": geometric("top_eigenvalue"),
        "training loss": geometric("train_loss"),
    }
    rows = []
    for name, (small, large) in ours.items():
        theirs = THEIRS.get(name, ("–", "–"))
        rows.append(
            {
                "": name,
                "small batch": small,
                "large batch": large,
                "theirs, small": theirs[0],
                "theirs, large": theirs[1],
            }
        )
    return pd.DataFrame(rows)


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


def sweep_sentence(result: Result) -> str:
    """Say what the largest batch costs in test accuracy, and how many trainings diverged."""
    sizes = result.spec.batch_sizes
    told = "; ".join(
        f"{arm} {interval}" for arm in ARMS if (interval := accuracy_lost(result, arm)).n
    )
    lost = sum(int(np.isnan(of["train_loss"]).sum()) for of in result.sweep.values())
    of_all = len(result.sweep) * result.spec.replicas
    return (
        f"Test accuracy with batches of {sizes[0]:,} minus that with {sizes[-1]:,}, in points: "
        f"{told or 'not known'}. Diverged: {lost} of {of_all} trainings."
    )


def sensitivity_sentence(result: Result) -> str:
    """Say by how much sensitivity differs between the largest and the smallest batch."""
    parts = []
    for measure, title in (
        ("input_gradient_test", "gradient of the loss by the input"),
        ("jacobian_test", "Jacobian of the outputs"),
    ):
        ratios = [str(largest_against_smallest(result, arm, measure).factor) for arm in ARMS]
        parts.append(f"{title} {_listed(ratios)}")
    return f"Largest over smallest batch, on test images: {'; '.join(parts)}."


def written_sentence(result: Result) -> str:
    """Say how each of the three readings of sensitivity differs over the batch sizes."""
    parts = []
    for title, values in (
        ("each image's own loss", _own(result)),
        ("the batch's mean loss", _of_the_mean(result)),
        ("A's gradient by the weights", _by_weights(result)),
    ):
        parts.append(f"{title} {log_ratio(values[-1], values[0]).factor}")
    sizes = result.spec.batch_sizes
    return f"From batches of {sizes[0]:,} to {sizes[-1]:,} they change by: {', '.join(parts)}."


def noise_sentence(result: Result) -> str:
    """Say how the variance falls with the batch size, beside what independence predicts."""
    sizes = np.array(result.spec.batch_sizes)
    expected = _expected(result, sizes)[-1]
    parts = [
        f"{when} {log_ratio(variance[-1], variance[0]).factor}"
        for when, variance in zip(
            ("at the initial weights", "after an epoch"), result.variance, strict=True
        )
    ]
    beside = f"{expected:.2g}" if expected > 0 else "0, since it is all images"
    return (
        f"Variance with batches of {sizes[-1]:,} over that with {sizes[0]:,}: "
        f"{', '.join(parts)}; images drawn at random without replacement give {beside}."
    )


def sharp_sentence(result: Result) -> str:
    """Say by how much sharpness differs between the largest and the smallest batch."""
    parts = []
    for measure, title in (
        ("keskar_wide", "Keskar's sharpness"),
        ("relative_sharpness", "relative sharpness"),
    ):
        ratios = [str(largest_against_smallest(result, arm, measure).factor) for arm in ARMS]
        parts.append(f"{title} {_listed(ratios)}")
    return f"Largest over smallest batch: {'; '.join(parts)}."


def rescaled_sentence(result: Result) -> str:
    """Say what rescaling does to the measures and to the outputs."""
    change = result.closer[SMALL].difference
    if not np.isfinite(change).any():
        return "Every training diverged, so that nothing could be rescaled."
    keskar, eigenvalue, relative = (
        str(rescaling(result, name).factor) for name in ("keskar", "eigenvalue", "relative")
    )
    return (
        f"With the first layer at {FACTORS[-1]:g} of itself, Keskar's sharpness is multiplied by "
        f"{keskar}, the largest eigenvalue by {eigenvalue} and the relative sharpness by "
        f"{relative}; no output changes by more than {np.nanmax(change):.1g}."
    )


def keskar_sentence(result: Result) -> str:
    """Say how the large batch's sharpness compares with the small one's, beside Keskar's."""
    parts = []
    for box, theirs in (("wide", 205.14 / 1.23), ("narrow", 42.90 / 0.61)):
        small, large = (getattr(result.closer[arm], f"keskar_{box}") for arm in (SMALL, LARGE))
        parts.append(f"{log_ratio(large, small).factor} (theirs: {theirs:.0f})")
    return f"Sharpness of large batches over small, at 1e-3 and 5e-4: {' and '.join(parts)}."


def describe_sweep(result: Result) -> str:
    """Describe the curves against the batch size for readers who cannot see them."""
    sizes, parts = result.spec.batch_sizes, []
    for arm in ARMS:
        ends = [result.sweep[arm, size]["test_accuracy"] for size in (sizes[0], sizes[-1])]
        medians = [np.median(of[np.isfinite(of)]) for of in ends if np.isfinite(of).any()]
        whole = len(medians) == len(ends)
        parts.append(f"{arm} {medians[0]:.2f} to {medians[1]:.2f}" if whole else f"{arm} diverged")
    return f"Median test accuracy from the smallest to the largest batch: {', '.join(parts)}."


def _own(result: Result) -> np.ndarray:
    """Gradient of each image's own loss by the input, as A trained, (S, R)."""
    return np.stack(
        [result.sweep[AS_A, size]["input_gradient_test"] for size in result.spec.batch_sizes]
    )


def _of_the_mean(result: Result) -> np.ndarray:
    """The same for the mean loss of a batch as large as those in training: smaller by its size."""
    return _own(result) / np.array(result.spec.batch_sizes)[:, None]


def _by_weights(result: Result) -> np.ndarray:
    """A's own measure, (S, R)."""
    return np.stack([result.tensor_gradient[AS_A, size] for size in result.spec.batch_sizes])


def _expected(result: Result, sizes: np.ndarray) -> np.ndarray:
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


def _listed(ratios: list[str]) -> str:
    return ", ".join(f"{ratio} {arm}" for ratio, arm in zip(ratios, ARMS, strict=True))
