"""Figures and tables of chapter 21, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from sklearn.manifold import TSNE

from hw1lib.chapters.weight_paths.result import (
    PARTS,
    PERSISTENT,
    POINTS,
    TRAINED,
    WALKS,
    WHOLE,
    Paths,
    Result,
    all_points,
    angle_text,
    broader,
    percent_text,
)
from hw1lib.chapters.weight_paths.spec import OF_A
from hw1lib.judging.statistics import paired_difference, t_interval
from hw1lib.measuring import trajectories
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLUE, GREEN, RED

STYLES = {  # colour, dash and mark
    TRAINED: (BLUE, "-", "o"),
    PERSISTENT: (GREEN, ":", "^"),
    WALKS: (RED, "--", "s"),
}


def joint(result: Result, network: str) -> Figure:
    """Draw all paths of a network in the plane in which they vary most, beside its random walks.

    Args:
        result: What was trained.
        network: Which one, a key of `result.paths`.
    """
    paths = result.paths[network]
    figure, axes = figures.panels(len(PARTS), 2, 2.3)
    color = ScalarMappable(_loss_scale(paths), "viridis")
    for row, (part, layer) in zip(axes, PARTS.items(), strict=True):
        for ax, (points, walk) in zip(row, POINTS.items(), strict=True):
            ax.set_label(f"{paths.name}, {part}, {points}")
            ax.set_title(f"{part}, {points}{_share_title(paths, layer, walk=walk)}")
            if not len(paths.arrived):
                _nothing(ax)
                continue
            gram = paths.gram(layer, walk=walk)
            scores = trajectories.principal_components(all_points(gram)).scores
            _draw(ax, scores.reshape(*gram.shape[:2], 2), paths, None if walk else color)
    figure.supxlabel("along the first component (weights)")
    figure.supylabel("along the second component (weights)")
    _legend(figure, axes, color)
    return figure


def by_run(result: Result) -> Figure:
    """Draw how much of each path, and of its walk, the first of its own components holds."""
    figure, axes = figures.panels(1, len(result.paths), 2.0, sharey=True)
    for ax, paths in zip(axes[0], result.paths.values(), strict=True):
        ax.set_title(paths.name)
        if not len(paths.arrived):
            _nothing(ax)
            continue
        groups = {
            f"{part},\n{points}".replace(" ", "\n"): paths.own_percent(layer, walk=walk)[:, 0]
            for part, layer in PARTS.items()
            for points, walk in POINTS.items()
        }
        styles = [STYLES[points] for _ in PARTS for points in POINTS]
        figures.strip(ax, groups, [style[0] for style in styles], [style[2] for style in styles])
        ax.set_ylim(0, 100)
    figure.supylabel("variance of a path along its\nown first component (%)")
    figure.supxlabel("trainings and walks")
    return figure


def neighbours(result: Result) -> Figure:
    """Lay all snapshots of the whole network out by t-SNE on their distances: a row per network.

    Source:
        L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
    """
    figure, axes = figures.panels(2, 2, 2.0)
    color = ScalarMappable(_loss_scale(*result.paths.values()), "viridis")
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
    figure.supxlabel("first coordinate of t-SNE (no unit)")
    figure.supylabel("second coordinate of t-SNE (no unit)")
    _legend(figure, axes, color)
    return figure


def straightness(result: Result) -> Figure:
    """Draw how straight every training is, beside its two walks: a panel per network."""
    figure, axes = figures.panels(1, len(result.paths), 2.0, sharey=True)
    for ax, paths in zip(axes[0], result.paths.values(), strict=True):
        ax.set_title(paths.name)
        if not len(paths.arrived):
            _nothing(ax)
            continue
        values = _straightness(paths)
        _strip(ax, values)
        ax.set_xticks(range(len(values)), [name.replace(" ", "\n") for name in values])
        ax.set_ylim(0, 1)
    figure.supylabel("distance from the start\n/ path length")
    figure.supxlabel("trainings and walks")
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the same of report A's network in one panel, for the summary."""
    paths = result.paths[OF_A]
    values = _straightness(paths) if len(paths.arrived) else {}
    for place, (name, straight) in enumerate(values.items()):
        color, _, mark = STYLES[name]
        ax.scatter(straight, np.full(len(straight), place), s=13, color=color, marker=mark)
    ax.set_yticks(range(len(values)), [name.replace(" ", "\n") for name in values])
    ax.set(xlabel="distance from the start\n/ path length", xlim=(0, 1))
    ax.set_ylim(len(values) - 0.5, -0.5)


def _straightness(paths: Paths) -> dict[str, np.ndarray]:
    """List the straightness of the trainings and of both kinds of walk, (R',) each."""
    return {
        TRAINED: paths.straightness(None),
        PERSISTENT: paths.persistent_straightness(None),
        WALKS: paths.straightness(None, walk=True),
    }


def _strip(ax: Axes, groups: dict[str, np.ndarray]) -> None:
    styles = [STYLES[name.split("\n")[-1]] for name in groups]
    figures.strip(ax, groups, [color for color, _, _ in styles], [mark for _, _, mark in styles])


def joint_table(result: Result) -> pd.DataFrame:
    """List the variance that the first components of all runs together explain."""
    rows = []
    for paths, part, layer in result.parts:
        for points, walk in POINTS.items():
            shares = paths.joint_shares(layer, walk=walk)
            cells = {_first(k): _number(100 * shares[:k].sum(), 1) for k in (1, 2, 3)}
            rows.append({"network": paths.name, "part": part, "points": points, **cells})
    return pd.DataFrame(rows)


def own_table(result: Result) -> pd.DataFrame:
    """List the variance that the first components of single runs explain, with t intervals."""
    rows = []
    for paths, part, layer in result.parts:
        trained, walks = (paths.own_percent(layer, walk=walk) for walk in POINTS.values())
        row = {"network": paths.name, "part": part}
        for points, values in {TRAINED: trained, WALKS: walks}.items():
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
    for paths, part, layer in result.parts:
        row = {"network": paths.name, "part": part}
        straight = paths.straightness(layer)
        row["straightness, trained"] = str(t_interval(straight))
        for name, walks in {
            PERSISTENT: paths.persistent_straightness(layer),
            WALKS: paths.straightness(layer, walk=True),
        }.items():
            row[name] = str(t_interval(walks))
            row[f"trained − {name}"] = str(paired_difference(straight, walks))
        row["angle (degrees)"] = angle_text(paths, layer)
        rows.append({**row, "n": len(paths.arrived), "diverged": int(paths.diverged.sum())})
    return pd.DataFrame(rows)


def spread_table(result: Result) -> pd.DataFrame:
    """List how broad the cloud of snapshots is, layer by layer and in the whole network."""
    rows = []
    for paths in result.paths.values():
        for layer, name in [*enumerate(paths.layers), (None, WHOLE)]:
            rows.append(
                {
                    "network": paths.name,
                    "part": name,
                    "parameters": f"{paths.size(layer):,}",
                    "spread per parameter": str(t_interval(paths.spread(layer))),
                    "whole against it (%)": "" if layer is None else str(broader(paths, layer)),
                    "of the whole variance (%)": (
                        "100" if layer is None else str(t_interval(paths.variance_share(layer)))
                    ),
                    "n": len(paths.arrived),
                }
            )
    return pd.DataFrame(rows)


def _draw(ax: Axes, lines: np.ndarray, paths: Paths, color: ScalarMappable | None) -> None:
    """Draw paths (R', T, 2), coloured by training loss."""
    for line, run in zip(lines, paths.arrived, strict=True):
        drawn.omit(*ax.plot(*line.T, color="0.6", linewidth=0.7, zorder=1))
        losses = paths.train[:, run, 0]
        shade = STYLES[WALKS][0] if color is None else color.to_rgba(losses)
        points = ax.scatter(line[:, 0], line[:, 1], s=9, c=shade, linewidths=0, zorder=2)
        known = {} if color is None else {"training loss (nats)": losses}
        drawn.note(points, replica=run, **known)
        start = ax.plot(*line[0], "s", markersize=4, color="black", fillstyle="none", zorder=3)
        drawn.omit(*start)
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


def _loss_scale(*networks: Paths) -> LogNorm:
    losses = np.concatenate([paths.train[:, paths.arrived, 0].ravel() for paths in networks])
    return LogNorm(losses.min(), losses.max()) if len(losses) else LogNorm(0.1, 1)


def _share_title(paths: Paths, layer: int | None, *, walk: bool) -> str:
    if not len(paths.arrived):
        return ""
    return f"\n{percent_text(paths.plane_share(layer, walk=walk))} of the variance"


def _nothing(ax: Axes) -> None:
    ax.text(0.5, 0.5, "every training diverged", ha="center", transform=ax.transAxes)


def _first(k: int) -> str:
    return "first component" if k == 1 else f"first {k}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "diverged"
