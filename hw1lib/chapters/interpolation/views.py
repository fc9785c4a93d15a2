"""Figures and tables of chapter 33, each a function of its result."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hw1lib.chapters.interpolation import (
    A_ALPHAS,
    ALIGNED,
    AS_A,
    AS_B,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    CONTRASTS,
    DECAY,
    MAIN,
    OTHER,
    SIDE,
    STEPS,
    B,
    Result,
    main,
)
from hw1lib.chapters.interpolation.claims import A_INDICES, CLAIMS, by_seed
from hw1lib.chapters.interpolation.trainings import ADAM, NESTEROV, End, Pair, fewer_updates
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import drawn, figures

SPLITS = {"training": ("#0072B2", "-"), "test": ("#D55E00", "--")}  # colour and dash of each
WAYS = {  # colour and dash of each way of training, by whether batch and rate are the larger
    (False, False): ("#0072B2", "-"),
    (True, False): ("#D55E00", "--"),
    (False, True): ("#009E73", "-."),
    (True, True): ("#CC79A7", (0, (1, 1))),
}
ROLES = {
    (False, False): "small batch, low rate",
    (True, False): "large batch, low rate",
    (False, True): "small batch, high rate",
    (True, True): "large batch, high rate",
}
FEWER = ("#000000", (0, (4, 1, 1, 1)))  # of a small batch that makes as few updates as a large one
ALPHA = r"position on the line, $\alpha$"
NATS = "cross-entropy (nats)"
COURSES = (  # rows of the training curves: label, split, measure
    ("training loss\n(nats)", 0, 0),
    ("test loss\n(nats)", 1, 0),
    ("training\naccuracy", 0, 1),
    ("test\naccuracy", 1, 1),
)
BY_WAY = {  # columns of the training curves: what they show, and of which pairs
    "A's network, SGD": (main(NESTEROV, BATCH_LOW), main(NESTEROV, BATCH_HIGH)),
    "A's network, Adam": (main(ADAM, BATCH_LOW), main(ADAM, BATCH_HIGH)),
    "B's network, Adam": (B,),
}
VARIED = {
    STEPS: (STEPS,),
    OTHER: (OTHER,),
    DECAY: (DECAY,),
}
DESCRIBED = (*MAIN, OTHER, DECAY, B)  # pairs in the flatness table
FLATNESS = {  # columns of that table, keys of generalization.MEASURES
    "norm": "weight_norm",
    "Keskar's sharpness": "keskar_wide",
    "relative sharpness": "relative_sharpness",
    "largest eigenvalue": "top_eigenvalue",
    "output Jacobian": "jacobian_test",
}
UNTOUCHED = (*MAIN, *SIDE, B, B_STEPS)  # pairs measured as they should be
SHORT = {  # under an axis, where there is little room
    **{
        main(optimizer, contrast): f"{optimizer}\n{text}"
        for optimizer in (NESTEROV, ADAM)
        for contrast, text in zip(CONTRASTS, ("batch,\nlow", "batch,\nhigh", "rate"), strict=True)
    },
    STEPS: "equal\nupdates",
    OTHER: "another\nstart",
    ALIGNED: "another,\naligned",
    DECAY: "decay",
    B: "B",
    B_STEPS: "B,\nequal\nupdates",
}


def courses(result: Result, columns: Mapping[str, Sequence[str]]) -> Figure:
    """Draw loss and accuracy of both splits against passes, a column per group of pairs."""
    figure, axes = figures.panels(4, len(columns), 1.15, sharex=True, sharey="row")
    for column, names in zip(axes.T, columns.values(), strict=True):
        pairs = [result.pairs[name] for name in names]
        for end in (end for pair in pairs for end in (pair.first, pair.second)):
            passes = np.arange(len(end.course))
            for ax, (_, split, measure) in zip(column, COURSES, strict=True):
                _draw_course(ax, passes, end.course[:, :, split, measure], _way(result, end))
        column[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        column[-1].set_xlabel("passes")
    for ax, title in zip(axes[0], columns, strict=True):
        ax.set_title(title)
    for row, (label, _, measure) in zip(axes, COURSES, strict=True):
        row[0].set_ylabel(label)
        if not measure:
            figures.log_scale(*row)
    _legend(figure, axes)
    return figure


def by_update(result: Result) -> Figure:
    """Draw training loss and test accuracy against updates, for A's and B's pairs with Adam."""
    figure, axes = figures.panels(2, 2, 1.6, sharex="col", sharey="row")
    titles = ("A's network, Adam", "B's network, Adam")
    for column, title, (plain, short) in zip(
        axes.T, titles, ((main(ADAM, BATCH_LOW), STEPS), (B, B_STEPS)), strict=True
    ):
        pair = result.pairs[plain]
        for end in (pair.first, pair.second, result.pairs[short].first):
            for ax, which in zip(column, (0, 1), strict=True):
                # training loss, then test accuracy; a logarithmic axis has no place for update 0
                values = end.course[1:, :, which, which]
                _draw_course(ax, end.updates[1:], values, _way(result, end))
                ax.set_xscale("log")
        column[0].set_title(title)
        column[1].set_xlabel("updates")
    figures.log_scale(*axes[0])
    axes[0, 0].set_ylabel("training loss (nats)")
    axes[1, 0].set_ylabel("test accuracy")
    _legend(figure, axes)
    return figure


def lines(result: Result, names: Sequence[str]) -> Figure:
    """Draw loss and accuracy of both splits on the lines of some pairs, a column each."""
    figure, axes = figures.panels(2, len(names), 1.75, sharex=True, sharey="row")
    for column, name in zip(axes.T, names, strict=True):
        pair = result.pairs[name]
        for measure, ax in enumerate(column):
            _draw_line(ax, pair, measure)
        column[0].set_title(_title(name, pair), fontsize=7.5)
        column[1].set_xlabel(ALPHA)
    figures.log_scale(*axes[0])
    axes[0, 0].set_ylabel(NATS)
    axes[1, 0].set_ylabel("accuracy")
    _legend(figure, axes)
    return figure


def barriers(result: Result) -> Figure:
    """Draw the barrier of the training loss of every pair of trainings."""
    figure, axes = figures.panels(1, 1, 2.3)
    ax = axes[0, 0]
    pairs = {name: result.pairs[name] for name in UNTOUCHED if result.pairs[name].sound.any()}
    found = {SHORT[name]: by_seed(pair, pair.barrier()) for name, pair in pairs.items()}
    groups = [
        "#0072B2" if "SGD" in n else "#009E73" if n.startswith("B") else "#D55E00" for n in found
    ]
    marks = [{"#0072B2": "o", "#D55E00": "s", "#009E73": "^"}[color] for color in groups]
    figures.strip(ax, found, groups, marks)
    ax.set_yscale("symlog", linthresh=0.01, linscale=0.4)
    ax.set_ylim(bottom=-0.002)
    ax.tick_params(axis="x", labelsize=6.5)
    ax.set_ylabel("barrier (nats)")
    return figure


def as_a(result: Result) -> Figure:
    """Draw A's pair over A's range, against the place in A's list and against alpha."""
    figure, axes = figures.panels(1, 2, 2.2, sharey=True)
    pair = result.pairs[AS_A]
    places = np.arange(len(A_ALPHAS))
    for ax, x, marked, title, label in (
        (axes[0, 0], places, np.array(A_INDICES), "as A drew it", "place in A's list"),
        (
            axes[0, 1],
            pair.alphas,
            np.array(A_ALPHAS)[[*A_INDICES]],
            "the same on its true axis",
            ALPHA,
        ),
    ):
        # A's own colours, which the report took for the two batch sizes
        for split, color, dash in ((0, "#009E73", "-"), (1, "#0072B2", "--")):
            which = ("training", "test")[split]
            figures.curves(ax, x, pair.line[:, :, split, 0], label=which, color=color, dash=dash)
        for where in marked:
            ax.axvline(where, color="0.5", linewidth=0.8, linestyle=(0, (1, 2)))
        ax.set(title=title, xlabel=label)
    figures.log_scale(*axes[0])
    _mark_ends(axes[0, 1])
    axes[0, 0].set_ylabel(NATS)
    _legend(figure, axes)
    return figure


def as_b(result: Result) -> Figure:
    """Draw B's pair as it is, and after a further pass of training at every point."""
    figure, axes = figures.panels(1, 2, 2.1)
    for name, label, (color, dash) in (
        (B, "as it is", SPLITS["training"]),
        (AS_B, "each point trained on", ("#000000", "-.")),
    ):
        pair = result.pairs[name]
        for ax, split, measure in zip(axes[0], (0, 1), (0, 1), strict=True):
            values = pair.line[:, :, split, measure]
            figures.curves(ax, pair.alphas, values, label=label, color=color, dash=dash)
    for ax, label in zip(axes[0], ("training loss (nats)", "test accuracy"), strict=True):
        ax.set(ylabel=label, xlabel=ALPHA)
        _mark_ends(ax)
    figures.log_scale(*axes[0, :1])
    _legend(figure, axes)
    return figure


def end_table(result: Result) -> pd.DataFrame:
    """List every way of training with what it reached."""
    rows = []
    for end in result.ends:
        settings, final = end.settings, end.final
        rows.append(
            {
                "network": "-".join(map(str, settings.widths[1:-1])),
                "trained by": result.label(end),
                "updates": f"{end.updates[-1]:,}",
                "training loss": str(t_interval(final[:, 0, 0])),
                "test loss": str(t_interval(final[:, 1, 0])),
                "test accuracy (%)": str(t_interval(100 * final[:, 1, 1])),
                "norm": f"{t_interval(np.where(end.diverged, np.nan, end.norm)).mean:.3g}",
                "diverged": int(end.diverged.sum()),
            }
        )
    return pd.DataFrame(rows)


def line_table(result: Result) -> pd.DataFrame:
    """List every pair's barrier, what its line looks like beyond the ends, and their norms."""
    rows = []
    for name in UNTOUCHED:
        pair = result.pairs[name]
        norms = [
            f"{t_interval(np.where(pair.sound, end.norm, np.nan)).mean:.3g}"
            for end in (pair.first, pair.second)
        ]
        rows.append(
            {
                "pair": name,
                "barrier, training": str(t_interval(pair.barrier())),
                "barrier, test": str(t_interval(pair.barrier(1))),
                "lean (decades)": str(t_interval(pair.lean)),
                "norms": " → ".join(norms),
                "distance": f"{t_interval(pair.distance).mean:.3g}",
                "n": int(pair.sound.sum()),
            }
        )
    return pd.DataFrame(rows)


def flatness_table(result: Result) -> pd.DataFrame:
    """Compare the ends of each pair by what is called flatness: factors, second end over first."""
    rows = []
    for name in DESCRIBED:
        pair = result.pairs[name]
        row = {"pair": name, "lean (decades)": f"{t_interval(pair.lean).mean:.3g}"}
        for title, measure in FLATNESS.items():
            ratios = end_ratios(pair, measure)
            row[title] = str(t_interval(ratios).factor)
        rows.append({**row, "n": int(np.isfinite(ratios).sum())})
    return pd.DataFrame(rows)


def verdict_table(result: Result) -> pd.DataFrame:
    """List the sentences and expectations with their verdicts."""
    return verdicts.table(CLAIMS, result)


def end_ratios(pair: Pair, measure: str) -> np.ndarray:
    """Compare the ends by a measure, log10(second / first), (D,); NaN unless both are above 0."""
    first, second = (
        np.where(values > 0, values, np.nan)
        for values in (pair.first.described[measure], pair.second.described[measure])
    )
    return np.log10(second) - np.log10(first)


def _way(result: Result, end: End) -> tuple[str, str, object]:
    """Choose name, colour and dash of a way of training."""
    if fewer_updates(end.settings):
        return ("small batch, fewer updates", *FEWER)
    settings = end.settings
    larger = settings.batch_size > result.spec.small_batch
    key = (larger, settings.learning_rate == result.spec.high_rate)
    return (ROLES[key], *WAYS[key])


def _title(name: str, pair: Pair) -> str:
    """Say what differs between the ends."""
    if name in SIDE:
        return name.replace(" initialization", "\ninitialization")
    a, b = pair.first.settings, pair.second.settings
    if a.batch_size == b.batch_size:
        return f"rate {a.learning_rate:g} → {b.learning_rate:g}\nbatch {a.batch_size}"
    return f"batch {a.batch_size} → {b.batch_size}\nrate {a.learning_rate:g}"


def _draw_course(ax: Axes, x: np.ndarray, values: np.ndarray, way: tuple[str, str, object]) -> None:
    label, color, dash = way
    figures.curves(ax, x, values, label=label, color=color, dash=dash)


def _draw_line(ax: Axes, pair: Pair, measure: int) -> None:
    for split, (which, (color, dash)) in enumerate(SPLITS.items()):
        values = pair.line[:, :, split, measure]
        figures.curves(ax, pair.alphas, values, label=which, color=color, dash=dash)
        if pair.sound.any():
            for end in (0, 1):
                place = np.abs(pair.alphas - end).argmin()
                median = np.median(pair.along(split, measure)[place])
                drawn.omit(*ax.plot(end, median, "o", color=color, ms=3.5))
    _mark_ends(ax)


def _mark_ends(ax: Axes) -> None:
    for end in (0, 1):
        ax.axvline(end, color="0.5", linewidth=0.8, linestyle=(0, (4, 2)))


def _legend(figure: Figure, axes: np.ndarray) -> None:
    """Name every curve once, below all panels."""
    named: dict[str, Artist] = {}
    for ax in axes.flat:
        handles, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    columns = len(named) if len(named) < 5 else 3
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=columns)
