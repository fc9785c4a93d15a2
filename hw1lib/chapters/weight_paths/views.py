"""Figures and tables of chapter 21, each a function of its result."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from sklearn.manifold import TSNE

from hw1lib.chapters.weight_paths import Paths, Result
from hw1lib.chapters.weight_paths.claims import CLAIMS, broader, straighter
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import NO_INTERVAL, paired_difference, t_interval
from hw1lib.measuring import trajectories
from hw1lib.showing import drawn, figures

PARTS: dict[str, int | None] = {"first layer": 0, "whole network": None}
POINTS = {"trained": False, "random walks": True}
COLORS = {"trained": "#0072B2", "random walks": "#D55E00"}
DASHES = {"trained": "-", "random walks": "--"}
REPORTED_B = (97.96, 98.11)  # % test accuracy of report B's eight trainings, least and most


def joint(result: Result, *, walk: bool = False) -> Figure:
    """Draw all paths of a network in the plane in which they vary most: a row per network.

    Args:
        result: What was trained.
        walk: Draw the random walks instead.
    """
    figure, axes = figures.panels(2, 2, 2.75)
    color = None if walk else ScalarMappable(_loss_scale(result), "viridis")
    for ax, paths, part in _panels(axes, result):
        ax.set_label(f"{paths.name}, {part}")
        ax.set_title(f"{paths.name}, {part}{_share_title(paths, PARTS[part], walk=walk)}")
        if not len(paths.arrived):
            _nothing(ax)
            continue
        gram = paths.gram(PARTS[part], walk=walk)
        scores = trajectories.principal_components(all_points(gram)).scores
        _draw(ax, scores.reshape(*gram.shape[:2], 2), paths, color)
    figure.supxlabel("along the first component (weights)", fontsize=8)
    figure.supylabel("along the second component (weights)", fontsize=8)
    _legend(figure, axes, color)
    return figure


def by_run(result: Result) -> Figure:
    """Draw each path and its walk in the plane of its own two components, starting at the left."""
    figure, axes = figures.panels(2, 2, 2.2)
    for ax, paths, part in _panels(axes, result):
        ax.set_title(f"{paths.name}, {part}")
        if not len(paths.arrived):
            _nothing(ax)
            continue
        for points, walk in POINTS.items():
            grams = trajectories.own(paths.gram(PARTS[part], walk=walk))
            for run, gram in zip(paths.arrived, grams, strict=True):
                scores = _upright(trajectories.principal_components(gram).scores)
                (line,) = ax.plot(*scores.T, ".", markersize=3, linewidth=0.9, label=points)
                line.set(color=COLORS[points], linestyle=DASHES[points], alpha=0.75)
                drawn.note(line, replica=run)
                drawn.omit(*ax.plot(*scores[0], "s", color="black", markersize=2.5, zorder=3))
        handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        ax.legend(handles.values(), handles.keys(), loc="lower center")
    figure.supxlabel("along the run's own first component (weights)", fontsize=8)
    figure.supylabel("along its own second (weights)", fontsize=8)
    return figure


def neighbours(result: Result) -> Figure:
    """Lay all snapshots of the whole network out by t-SNE on their distances: a row per network.

    Source:
        L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
    """
    figure, axes = figures.panels(2, 2, 2.4)
    color = ScalarMappable(_loss_scale(result), "viridis")
    for row, paths in zip(axes, result.paths.values(), strict=True):
        for ax, (points, walk) in zip(row, POINTS.items(), strict=True):
            ax.set_title(f"{paths.name}, {points}")
            if not len(paths.arrived):
                _nothing(ax)
                continue
            gram = paths.gram(None, walk=walk)
            apart = trajectories.distances(all_points(gram))
            layout = TSNE(
                metric="precomputed",
                method="exact",  # quick for so few points, and without threads to wait for
                init="random",
                perplexity=min(30, (len(apart) - 1) / 3),
                random_state=result.spec.seed,
            ).fit_transform(apart)
            _draw(ax, layout.reshape(*gram.shape[:2], 2), paths, None if walk else color)
    figure.supxlabel("first coordinate of t-SNE (no unit)", fontsize=8)
    figure.supylabel("second coordinate of t-SNE (no unit)", fontsize=8)
    _legend(figure, axes, color)
    return figure


def joint_table(result: Result) -> pd.DataFrame:
    """List the variance that the first components of all runs together explain."""
    rows = []
    for paths, part, layer in network_parts(result):
        for points, walk in POINTS.items():
            shares = joint_shares(paths, layer, walk=walk)
            cells = {_first(k): _number(100 * shares[:k].sum(), 1) for k in (1, 2, 3)}
            rows.append({"network": paths.name, "part": part, "points": points, **cells})
    return pd.DataFrame(rows)


def own_table(result: Result) -> pd.DataFrame:
    """List the variance that the first components of single runs explain, with t intervals."""
    rows = []
    for paths, part, layer in network_parts(result):
        trained, walks = (own_percent(paths, layer, walk=walk) for walk in POINTS.values())
        row = {"network": paths.name, "part": part}
        for points, values in {"trained": trained, "random walks": walks}.items():
            cells = {_first(k): str(t_interval(values[:, k - 1])) for k in (1, 2, 3)}
            rows.append({**row, "points": points, **cells, "n": len(values)})
        cells = {
            _first(k): str(paired_difference(trained[:, k - 1], walks[:, k - 1])) for k in (1, 2, 3)
        }
        rows.append({**row, "points": "difference", **cells, "n": len(trained)})
    return pd.DataFrame(rows)


def star_table(result: Result) -> pd.DataFrame:
    """List how straight the paths are, and at what angles they part."""
    rows = []
    for paths, part, layer in network_parts(result):
        row = {"network": paths.name, "part": part}
        for points, walk in POINTS.items():
            row[f"straightness, {points}"] = str(
                t_interval(trajectories.straightness(paths.gram(layer, walk=walk)))
                if len(paths.arrived)
                else NO_INTERVAL
            )
        row["difference"] = str(straighter(paths, layer))
        row["angle (degrees)"] = mean_angle(paths, layer)
        rows.append({**row, "n": len(paths.arrived), "diverged": int(paths.diverged.sum())})
    return pd.DataFrame(rows)


def spread_table(result: Result) -> pd.DataFrame:
    """List how broad the cloud of snapshots is, layer by layer and in the whole network."""
    rows = []
    for paths in result.paths.values():
        for name, layer in layers(paths):
            spread = t_interval(paths.spread(layer)) if len(paths.arrived) else NO_INTERVAL
            rows.append(
                {
                    "network": paths.name,
                    "part": name,
                    "parameters": f"{paths.size(layer):,}",
                    "spread per parameter": str(spread),
                    "whole against it (%)": "" if layer is None else str(broader(paths, layer)),
                    "n": len(paths.arrived),
                }
            )
    return pd.DataFrame(rows)


def verdict_table(result: Result) -> pd.DataFrame:
    """List each claim of the chapter with its verdict."""
    return verdicts.table(CLAIMS, result)


def joint_shares(paths: Paths, layer: int | None, *, walk: bool = False) -> np.ndarray:
    """Take the shares of variance along the components of all runs, (3,); NaN without runs."""
    if not len(paths.arrived):
        return np.full(3, np.nan)
    return trajectories.principal_components(all_points(paths.gram(layer, walk=walk))).shares[:3]


def own_percent(paths: Paths, layer: int | None, *, walk: bool = False) -> np.ndarray:
    """Add up the variance of each run along its first 1, 2 and 3 components, (R', 3), in %."""
    if not len(paths.arrived):
        return np.empty((0, 3))
    blocks = trajectories.own(paths.gram(layer, walk=walk))
    shares = [trajectories.principal_components(block).shares for block in blocks]
    # rounded, or three snapshots would differ from a plane by 1e-14 %
    return np.array([[100 * s[:k].sum().round(9) for k in (1, 2, 3)] for s in shares])


def _panels(axes: np.ndarray, result: Result) -> Iterator[tuple[Axes, Paths, str]]:
    for row, paths in zip(axes, result.paths.values(), strict=True):
        for ax, part in zip(row, PARTS, strict=True):
            yield ax, paths, part


def network_parts(result: Result) -> Iterator[tuple[Paths, str, int | None]]:
    """Go through the networks and their parts: the paths, the name of the part and its layer."""
    for paths in result.paths.values():
        for part, layer in PARTS.items():
            yield paths, part, layer


def layers(paths: Paths) -> list[tuple[str, int | None]]:
    """Name all layers of a network by their widths, and the whole."""
    ends = zip(paths.widths, paths.widths[1:], strict=False)
    named: list[tuple[str, int | None]] = [
        (f"layer {n_in} to {n_out}", place) for place, (n_in, n_out) in enumerate(ends)
    ]
    return [*named, ("whole network", None)]


def all_points(gram: np.ndarray) -> np.ndarray:
    """Take the runs' snapshots as n points: (R, T, R, T) to (n, n)."""
    points = gram.shape[0] * gram.shape[1]
    return gram.reshape(points, points)


def _draw(ax: Axes, lines: np.ndarray, paths: Paths, color: ScalarMappable | None) -> None:
    """Draw paths (R', T, 2), coloured by training loss, with the test accuracy at their ends."""
    for line, run, accuracy in zip(lines, paths.arrived, final_accuracies(paths), strict=True):
        drawn.omit(*ax.plot(*line.T, color="0.6", linewidth=0.7, zorder=1))
        losses = paths.train[:, run, 0]
        shade = COLORS["random walks"] if color is None else color.to_rgba(losses)
        points = ax.scatter(line[:, 0], line[:, 1], s=9, c=shade, linewidths=0, zorder=2)
        known = {} if color is None else {"training loss (nats)": losses}
        drawn.note(points, replica=run, **known)
        start = ax.plot(*line[0], "s", markersize=4, color="black", fillstyle="none", zorder=3)
        drawn.omit(*start)
        if color is not None:
            ax.annotate(
                f"{100 * accuracy:.1f}",
                line[-1],
                (3, 3),
                textcoords="offset points",
                fontsize=6,
                zorder=4,
            )
    ax.margins(0.12)
    ax.set_aspect("equal", adjustable="datalim")


def _legend(figure: Figure, axes: np.ndarray, color: ScalarMappable | None) -> None:
    axes[0, 0].plot([], [], "s", color="black", fillstyle="none", label="start")
    axes[0, 0].legend(loc="best")
    if color is not None:
        ticks = LogLocator(subs=(1, 2, 5))
        bar = figure.colorbar(color, ax=axes, ticks=ticks, format="%g", aspect=40, pad=0.02)
        bar.set_label("training loss (nats)")
        bar.minorticks_off()


def _loss_scale(result: Result) -> LogNorm:
    losses = np.concatenate(
        [paths.train[:, paths.arrived, 0].ravel() for paths in result.paths.values()]
    )
    return LogNorm(losses.min(), losses.max()) if len(losses) else LogNorm(0.1, 1)


def _share_title(paths: Paths, layer: int | None, *, walk: bool) -> str:
    if not len(paths.arrived):
        return ""
    shown, other = (joint_shares(paths, layer, walk=w)[:2].sum() for w in (walk, not walk))
    return (
        f"\n{percent(shown)} of the variance ({'trained' if walk else 'walks'}: {percent(other)})"
    )


def _upright(scores: np.ndarray) -> np.ndarray:
    """Turn a path (T, 2) so that it leads to the right and bends upwards in between."""
    ahead = np.sign(scores[-1, 0] - scores[0, 0]) or 1.0
    ends_below = np.sign(scores[[0, -1], 1].mean()) or 1.0
    return scores * [ahead, -ends_below]


def _nothing(ax: Axes) -> None:
    ax.text(0.5, 0.5, "every training diverged", ha="center", transform=ax.transAxes)


def final_accuracies(paths: Paths) -> np.ndarray:
    """Take the test accuracy of each run after the last pass, (R',), as a share."""
    return paths.test[-1, paths.arrived, 2]


def mean_angle(paths: Paths, layer: int | None) -> str:
    """Write the mean angle between displacements, with the least and the largest."""
    if len(paths.arrived) < 2:
        return "no"
    angles = trajectories.angles(paths.gram(layer))
    return f"{angles.mean():.1f} ({angles.min():.1f} to {angles.max():.1f})"


def _first(k: int) -> str:
    return "first component" if k == 1 else f"first {k}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "diverged"


def percent(share: float) -> str:
    """Write a share in percent."""
    return f"{100 * share:.0f} %" if np.isfinite(share) else "none"
