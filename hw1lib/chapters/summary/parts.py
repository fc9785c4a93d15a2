"""One figure for each part of the report, with what its chapters found."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters import capacity, error_surface
from hw1lib.chapters import function_fit as fit
from hw1lib.chapters import random_labels as labels
from hw1lib.chapters.capacity import views as capacity_views
from hw1lib.chapters.error_surface import views as surface_views
from hw1lib.chapters.function_fit import views as fit_views
from hw1lib.chapters.image_task import MAIN
from hw1lib.chapters.image_task import views as image_views
from hw1lib.chapters.interpolation import views as line_views
from hw1lib.chapters.minimal_ratio import views as ratio_views
from hw1lib.chapters.minimal_ratio.claims import SMOOTH
from hw1lib.chapters.random_labels import views as label_views
from hw1lib.chapters.sensitivity import correlations
from hw1lib.chapters.summary import Result
from hw1lib.data import functions
from hw1lib.judging import correlates
from hw1lib.judging.statistics import Interval, t_interval
from hw1lib.measuring import trajectories
from hw1lib.showing import figures

OPTIMIZERS = {fit.AS_A: "o", fit.AS_B: "s", fit.TUNED: "^"}
WALK = "random walk"


def depth(result: Result) -> Figure:
    """Draw what depth does to a fit, and what width and convolution do on images."""
    figure, ((left, right),) = figures.panels(1, 2, 2.9)
    _factors(left, result.chapters["function-fit"])
    images = result.chapters["image-task"]
    arm = images.arm(MAIN)
    figures.strip(
        right,
        {name.replace(" ", "\n"): 100 * c.final("test", "accuracy") for name, c in arm.items()},
        image_views.COLORS[: len(arm)],
        image_views.MARKS[: len(arm)],
    )
    right.set(ylabel="test accuracy (%)", title=images.images[MAIN].description)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return figure


def _factors(ax: Axes, result: fit.Result) -> None:
    """Draw by what factor the deep network's final loss differs from the shallow one's."""
    targets = result.spec.targets
    for shift, (arm, mark) in zip((-0.22, 0, 0.22), OPTIMIZERS.items(), strict=True):
        found = [
            fit_views.ratio(result, arm, target, "deep", "shallow").factor for target in targets
        ]
        _whiskers(ax, found, np.arange(len(targets)) + shift, mark, arm)
    ax.axvline(1, color="0.5", linewidth=0.8)
    ax.set_yticks(range(len(targets)), [functions.TARGETS[target].title for target in targets])
    ax.set_ylim(len(targets) - 0.5, -0.5)
    ax.set(xscale="log", xlabel="final loss, deep / shallow", title="regressors of equal size")


def _whiskers(
    ax: Axes, intervals: list[Interval], places: np.ndarray, mark: str, label: str
) -> None:
    """Draw means with their intervals, lying, where there are any."""
    known = [(i, place) for i, place in zip(intervals, places, strict=True) if i.n]
    if known:
        found, heights = zip(*known, strict=True)
        mean, whiskers = _ends(found)
        ax.errorbar(mean, heights, xerr=whiskers, fmt=mark, markersize=4, linewidth=1, label=label)


def _ends(intervals: Sequence[Interval]) -> tuple[np.ndarray, np.ndarray]:
    """Take means (K,) and how far the limits lie below and above them, (2, K)."""
    mean, low, high = np.array([(i.mean, i.low, i.high) for i in intervals]).T
    return mean, np.nan_to_num([mean - low, high - mean])


def optimization(result: Result) -> Figure:
    """Draw straight paths, the line to the solution, and the points where the gradient vanishes."""
    figure, ((straight, line, points),) = figures.panels(1, 3, 2.4)
    groups, colors = {}, []
    for paths in result.chapters["weight-paths"].paths.values():
        for name, walk in {"trained": False, WALK: True}.items():
            if len(paths.arrived):
                values = trajectories.straightness(paths.gram(None, walk=walk))
                groups[f"{paths.name}\n{name}"] = values
                colors.append("#D55E00" if walk else "#0072B2")
    figures.strip(straight, groups, colors, ["s" if c == "#D55E00" else "o" for c in colors])
    straight.tick_params(axis="x", labelsize=5.5, rotation=90)
    straight.set(ylabel="distance from the start / path length", ylim=(0, 1))
    surfaces = result.chapters["error-surface"].surfaces
    for arm in error_surface.ARMS:
        surface, (color, dash, _) = surfaces[arm], surface_views.STYLES[arm]
        values = surface.line[:, :, 0, 0].T
        figures.curves(line, surface.alphas, values, label=arm, color=color, dash=dash)
    line.set(xlabel="from first (0) to last weights (1)", ylabel="training loss (nats)")
    line.set_yscale("log")
    figures.few_numbers(line.yaxis, *line.get_ylim())
    line.legend(fontsize=6)
    ratio = result.chapters["minimal-ratio"]
    for arm in SMOOTH:
        chosen, (color, mark) = ratio.distinct(arm), ratio_views.STYLES[arm]
        losses, shares = ratio.arms[arm].end.loss[chosen], ratio.shares(arm).negative[chosen]
        if len(chosen):
            points.scatter(losses, shares, s=14, color=color, marker=mark, label=arm, linewidths=0)
    points.set(xlabel="loss (mean squared error)", ylabel="share of negative eigenvalues")
    points.set_xscale("log")
    if points.collections:
        points.legend(fontsize=6)
    return figure


def generalization(result: Result) -> Figure:
    """Draw random labels, the gap against size, barriers, and what goes with the gap."""
    figure, ((random, size), (barrier, rank)) = figures.panels(2, 2, 2.3)
    for network in labels.NETWORKS:
        color, mark = label_views.STYLES[network]
        arm = result.chapters["random-labels"].arm(network)
        for split, dash in (("train", "-"), ("test", "--")):
            found = [t_interval(100 * of.final(split, "accuracy")) for of in arm.values()]
            _standing(
                random,
                [100 * share for share in arm],
                found,
                (color, dash, mark),
                f"{network}, {split}",
            )
    random.set(xlabel="labels drawn at random (%)", ylabel="accuracy (%)", ylim=(0, 104))
    random.legend(fontsize=6.5)
    for arm in (capacity.A, capacity.B):
        sweep, (color, mark) = result.chapters["capacity"].sweeps[arm], capacity_views.STYLES[arm]
        gaps = [t_interval(values) for values in sweep.gap().T]
        _standing(size, sweep.parameters, gaps, (color, "-", mark), arm)
    size.set(
        xscale="log", xlabel="parameters", ylabel="training − test accuracy\n(percentage points)"
    )
    size.axhline(0, color="0.5", linewidth=0.8)
    size.legend(fontsize=6.5)
    pairs = result.chapters["interpolation"].pairs
    shown = {line_views.SHORT[name]: pairs[name].barrier() for name in line_views.UNTOUCHED}
    shown = {name: values for name, values in shown.items() if len(values)}
    _whiskers(barrier, [t_interval(v) for v in shown.values()], np.arange(len(shown)), "o", "")
    barrier.set_yticks(range(len(shown)), [name.replace("\n", " ") for name in shown], fontsize=6.5)
    barrier.set_xscale("symlog", linthresh=0.01, linscale=0.4)
    barrier.set_xticks([0, 0.01, 0.1, 1])
    barrier.xaxis.set_major_formatter("{x:g}")
    barrier.set_xlim(-0.02, 5)
    barrier.set(xlabel="barrier between two solutions (nats)")
    barrier.invert_yaxis()
    networks = correlates.networks(result.described)
    rho = {
        title: correlates.between(networks, name, "accuracy_gap")
        for name, title in correlations.SHORT.items()
    }
    ranked = sorted((title for title in rho if rho[title].n), key=lambda title: -rho[title].mean)
    _whiskers(rank, [rho[title] for title in ranked], np.arange(len(ranked)), "o", "")
    rank.set_yticks(range(len(ranked)), ranked, fontsize=6)
    rank.axvline(0, color="0.5", linewidth=0.8)
    rank.set(xlabel="rank correlation with the accuracy gap", xlim=(-1, 1))
    rank.invert_yaxis()
    return figure


def _standing(
    ax: Axes, x: list[float] | np.ndarray, intervals: list[Interval], style: tuple, label: str
) -> None:
    """Draw means with their t intervals against x."""
    color, dash, mark = style
    mean, whiskers = _ends(intervals)
    ax.errorbar(
        x,
        mean,
        yerr=whiskers,
        color=color,
        linestyle=dash,
        marker=mark,
        markersize=3.5,
        linewidth=1,
        label=label,
    )
