"""Figures and tables of chapter 24, each a function of its result."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from hw1lib.chapters.error_surface.flatness import FLATNESS, flatter
from hw1lib.chapters.error_surface.result import (
    PATHS,
    PLANES,
    SINC,
    Result,
    network_title,
    plane_shares,
)
from hw1lib.chapters.error_surface.spec import ADAM, ARMS, LARGE, REGRESSORS, SGD
from hw1lib.judging.statistics import geometric_mean, t_interval, tally
from hw1lib.measuring.landscape import DISTANCES, Surface
from hw1lib.showing import drawn, figures, lettering
from hw1lib.showing.palette import BLACK, BLUE, GREEN, PINK, RED

STYLES = {  # colour, dash and mark of each network and arm, in every figure
    "deep": (BLUE, "-", "o"),
    "shallow": (GREEN, "-.", "^"),
    SGD: (BLACK, "-", "D"),
    ADAM: (RED, "--", "s"),
    LARGE: (PINK, ":", "v"),
}
SQUARED, NATS = "mean squared error", "cross-entropy (nats)"  # of the regressors, of the others
LEVELS = 18  # of a contour figure: enough to see the shape, few enough to stay small


def lines(result: Result) -> Figure:
    """Draw the classifiers' loss and accuracy on the line from initial weights to the last."""
    figure, axes = figures.panels(2, 2, 1.5, sharex=True, sharey="row")
    for row, measure in zip(axes, ("loss", "accuracy"), strict=True):
        for split, ax in enumerate(row):
            for arm in ARMS:
                surface, (color, dash, _) = result.surfaces[arm], STYLES[arm]
                values = surface.line[:, :, split, int(measure == "accuracy")].T
                if measure == "accuracy":
                    values = 100 * values
                figures.curves(ax, surface.alphas, values, label=arm, color=color, dash=dash)
            _mark_ends(ax)
    for ax, part in zip(axes[0], ("training", "test"), strict=True):
        ax.set_title(f"{part} {result.images.subject}")
        start = np.nanmedian([result.surfaces[arm].falling[0] for arm in ARMS])
        ax.set_ylim(0, 1.3 * start if np.isfinite(start) else None)  # beyond the start it soars
    axes[0, 0].set_ylabel(NATS)
    axes[1, 0].set_ylabel("accuracy (%)")
    lettering.label_lines(axes[0, -1])
    figure.supxlabel("position on the line (0: initial weights, 1: last weights)")
    return figure


def regressor_lines(result: Result) -> Figure:
    """Draw every regressor's training loss on the line, and their median."""
    figure, axes = figures.panels(1, len(REGRESSORS), 2.1, sharey=True)
    for ax, name in zip(axes[0], REGRESSORS, strict=True):
        surface, (color, *_) = result.surfaces[name], STYLES[name]
        losses = surface.line[:, :, 0, 0]
        figures.each(ax, surface.alphas, losses.T, color=color)
        if not surface.diverged.all():
            median = np.median(losses[~surface.diverged], axis=0)
            ax.plot(surface.alphas, median, color="black", linewidth=1.4, label="median")
        _mark_ends(ax)
        ax.set_title(f"{name} regressor")
        lettering.log_scale(ax)
    axes[0, 0].set_ylabel(f"training loss\n({SQUARED})")
    figure.supxlabel("position on the line (0: initial weights, 1: last weights)")
    return figure


def planes(result: Result) -> Figure:
    """Draw the loss around the first solutions over two random directions, over the first loss."""
    found = {}
    for name in PLANES:
        surface = result.surfaces[name]
        found[name] = surface.plane[0] / surface.falling[0][0] if len(surface.plane) else None
    figure, axes = figures.panels(1, len(PLANES), 1.9, sharex=True, sharey=True)
    levels = _levels(
        np.concatenate([np.ravel(plane) for plane in found.values() if plane is not None])
    )
    label = "training loss / loss at the initial weights"
    for ax, (name, plane) in zip(axes[0], found.items(), strict=True):
        places = np.linspace(-1, 1, result.surfaces[name].plane.shape[1])
        _contours(ax, places, places, plane, levels, label=label, replica=0)
        drawn.omit(*ax.plot(0, 0, "+", color="white", markersize=7))
        ax.set_aspect("equal")
        ax.set_title(network_title(result, name))
    figure.supxlabel("first random direction (in lengths of each unit's weights)")
    figure.supylabel("second random direction")
    _colorbar(figure, axes, levels, label.replace(" / ", " /\n"))
    return figure


def away(result: Result) -> Figure:
    """Draw how the loss rises with the distance from a solution, in random directions."""
    figure, axes = figures.panels(1, 2, 2.1, sharex=True)
    for ax, (task, unit, names) in zip(axes[0], _tasks(result), strict=True):
        for name in names:
            surface, (color, dash, _) = result.surfaces[name], STYLES[name]
            rises = np.stack([surface.away(distance) for distance in DISTANCES])
            rises = np.where(rises > 0, rises, np.nan)  # a logarithmic axis has no place for it
            figures.curves(ax, np.array(DISTANCES), rises, label=name, color=color, dash=dash)
        ax.set(xscale="log", title=task, ylabel=f"rise of the {unit}")
        lettering.log_scale(ax)
        ax.legend(loc="upper left")
    figure.supxlabel("distance from the solution (in lengths of each unit's weights)")
    return figure


def by_direction(result: Result) -> Figure:
    """Draw how many times steeper shallow is than deep, by direction, with 95 % intervals."""
    figure, axes = figures.panels(1, 1, 2.2)
    ax = axes[0, 0]
    for place, direction in enumerate(FLATNESS):
        ratio = flatter(direction, result).interval
        if not ratio.n:
            continue
        times = ratio.factor
        color, mark = STYLES["deep" if ratio.mean > 0 else "shallow"][::2]
        drawn.note(*ax.plot(times.mean, place, mark, color=color), series=direction)
        if np.isfinite([times.low, times.high]).all():
            drawn.omit(*ax.plot([times.low, times.high], [place] * 2, color=color, linewidth=1.5))
    ax.axvline(1, color="black", linewidth=1)
    ax.set_yticks(range(len(FLATNESS)), list(FLATNESS))
    ax.set_ylim(len(FLATNESS) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.set_xlabel("shallow over deep (left: shallow is flatter; right: deep is flatter)")
    return figure


def paths(result: Result) -> Figure:
    """Draw the first training's path over the plane of its first two principal components."""
    figure, axes = figures.panels(1, len(PATHS), 2.9)
    for ax, name in zip(axes[0], PATHS, strict=True):
        surface = result.surfaces[name]
        ax.set(title=network_title(result, name), xlabel="first principal component")
        if not _has_path(surface):
            lettering.say_diverged(ax)
            continue
        levels = _levels(surface.path_plane[0])
        a, b = surface.path_places[0]
        _contours(ax, a, b, surface.path_plane[0], levels, label=_loss(name), replica=0)
        path = surface.path[0]
        way = ax.plot(*path.T, color="white", linewidth=1.2, marker=".", markersize=3)
        drawn.note(*way, series="path", replica=0)
        start = ax.plot(*path[0], "o", color="white", markeredgecolor="black", markersize=6)
        end = ax.plot(*path[-1], "*", color="white", markeredgecolor="black", markersize=10)
        drawn.omit(*start, *end)
        ax.set_aspect("equal")
        _colorbar(figure, ax, levels, _loss(name), below=True)
    axes[0, 0].set_ylabel("second principal component")
    return figure


def eigenvalues(result: Result) -> Figure:
    """Draw the largest eigenvalue of the Hessian at every solution."""
    figure, axes = figures.panels(1, 2, 2.0)
    for ax, (task, unit, names) in zip(axes[0], _tasks(result), strict=True):
        found = {name: result.surfaces[name].eigenvalues[:, 0] for name in names}
        found = {
            name.replace(", ", ",\n"): values
            for name, values in found.items()
            if np.isfinite(values).any()
        }
        styles = [STYLES[name.replace(",\n", ", ")] for name in found]
        ax.set(title=task, ylabel=f"largest eigenvalue,\n{unit}")
        figures.strip(ax, found, [s[0] for s in styles], [s[2] for s in styles])
        lettering.log_scale(ax)
    return figure


def panel(ax: Axes, result: Result) -> None:
    """Draw the classifiers' loss between their first and last weights, for the summary."""
    for arm in ARMS:
        surface, (color, dash, _) = result.surfaces[arm], STYLES[arm]
        values = surface.line[:, :, 0, 0].T
        figures.curves(ax, surface.alphas, values, label=arm, color=color, dash=dash)
    ax.set(xlabel="first (0) to last weights (1)", ylabel="training loss (nats)")
    ax.set_yscale("log")
    lettering.label_lines(ax)


def line_table(result: Result) -> pd.DataFrame:
    """List how many lines never rise, how much the others do, and where the fall happens."""
    rows = []
    for name, surface in result.surfaces.items():
        sound = ~surface.diverged
        rows.append(
            {
                "network": network_title(result, name),
                "never rises": tally(surface.monotone),
                "largest rise (% of the start)": _median(100 * surface.rise[sound]),
                "half of the fall at": _median(_half_way(surface)[sound]),
                "moved (lengths of the start)": _median(surface.moved[sound]),
                "diverged": int(surface.diverged.sum()),
            }
        )
    return pd.DataFrame(rows)


def flatness_table(result: Result) -> pd.DataFrame:
    """List measures of flatness of every network's solutions."""
    rows = []
    for name, surface in result.surfaces.items():
        wide = plane_shares(surface)
        shares = str(t_interval(wide, whole=True)) if len(wide) else "–"
        rows.append(
            {
                "network": network_title(result, name),
                "training loss": str(geometric_mean(surface.final)),
                "rise at 0.1": str(geometric_mean(surface.away(0.1))),
                "rise at 1": str(geometric_mean(surface.away(1.0))),
                "largest eigenvalue": str(geometric_mean(surface.eigenvalues[:, 0])),
                "plane under half of the start (%)": shares,
            }
        )
    return pd.DataFrame(rows)


def _half_way(surface: Surface) -> np.ndarray:
    """Find the first position on the line with half of the fall behind it, (R,)."""
    falling = surface.falling
    halves = (falling[0] + falling[-1]) / 2
    inside = surface.alphas[(surface.alphas >= 0) & (surface.alphas <= 1)]
    return inside[(falling <= halves).argmax(axis=0)]


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):.2g}" if len(values) else "–"


def _loss(name: str) -> str:
    return SQUARED if name in REGRESSORS else NATS


def _tasks(result: Result) -> list[tuple[str, str, list[str]]]:
    """List what is learned, the unit of its loss, and which networks learn it."""
    return [(SINC, SQUARED, [*REGRESSORS]), (result.images.subject, NATS, ARMS)]


def _has_path(surface: Surface) -> bool:
    return len(surface.path) > 0 and bool(np.isfinite(surface.path[0]).all())


def _mark_ends(ax: Axes) -> None:
    for end in (0, 1):
        ax.axvline(end, color="0.5", linewidth=0.8, linestyle=(0, (2, 2)))


def _levels(losses: np.ndarray) -> np.ndarray:
    """Choose levels of the loss, even on a logarithmic scale; the lowest holds a hundredth."""
    positive = losses[np.isfinite(losses) & (losses > 0)]
    if not len(positive):
        return np.array([0.1, 1.0])
    # a good fit is one deep point, which would take most of the colours
    low, high = np.quantile(positive, 0.01), positive.max()
    return np.geomspace(low, max(high, 1.01 * low), LEVELS)


def _contours(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    losses: np.ndarray | None,
    levels: np.ndarray,
    *,
    label: str,
    replica: int,
) -> None:
    """Fill the levels of a loss (A, B) over x (A,) and y (B,), or say that there is none."""
    ax.grid(visible=False)
    if losses is None or not np.isfinite(losses).all():
        lettering.say_diverged(ax)
        return
    norm = LogNorm(levels[0], levels[-1])
    # as many colours as there are levels, and lines between them to follow
    filled = ax.contourf(x, y, losses.T, levels, norm=norm, cmap="viridis", extend="both")
    drawn.note(filled, x=x[:, None], y=y, **{label: losses}, replica=replica)
    ax.contour(x, y, losses.T, levels, colors="white", linewidths=0.3, alpha=0.6)


def _colorbar(
    figure: Figure, axes: Axes | np.ndarray, levels: np.ndarray, label: str, *, below: bool = False
) -> None:
    colors = ScalarMappable(LogNorm(levels[0], levels[-1]), "viridis")
    side = "bottom" if below else "right"
    bar = figure.colorbar(colors, ax=axes, fraction=0.05, pad=0.02, extend="min", location=side)
    bar.set_label(label)
    lettering.few_numbers(bar.ax.xaxis if below else bar.ax.yaxis, levels[0], levels[-1])
