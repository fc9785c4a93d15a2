"""Where the returns of size diminish: chapter 32's figure and table of knees and power laws."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator

from hw1lib.chapters.capacity.drawing import OTHER, SIZE, STYLES, limits, scale
from hw1lib.chapters.capacity.result import KNEE, Result
from hw1lib.chapters.capacity.spec import BETWEEN, OF_A, OF_B, SETTLED
from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.judging import trends
from hw1lib.judging.statistics import geometric_mean, t_interval
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLACK, ORANGE

MEASURES = {"loss": "test loss", "accuracy": "test accuracy"}
DENSE = f"{OF_A} and {BETWEEN}"
LOOKS = {"loss": STYLES[OF_A], "accuracy": OTHER}  # of the knees without one size


def knees(result: Result) -> Figure:
    """Draw both shapes through the test loss, and the knee without each size in turn."""
    figure, axes = figures.panels(1, 2, 2.4)
    loss, places = axes[0]
    dense = result.dense
    for arm in (OF_A, BETWEEN):
        sweep = result.sweeps[arm]
        _points(loss, sweep, STYLES[arm], arm)
    mean = _mean(dense, "loss")
    x = np.linspace(dense.sizes[0], dense.sizes[-1], 200)
    if np.isfinite(mean).all():
        for fit, color, dash, label in (
            (trends.power_law, BLACK, "-", "power law with offset"),
            (trends.knee, ORANGE, "--", "two straight pieces"),
        ):
            curve = fit(dense.sizes, mean[None]).at(x)[0]
            loss.plot(10**x, curve, color=color, linestyle=dash, linewidth=1, label=label)
        for measure, (color, mark) in LOOKS.items():
            (line,) = places.plot(
                dense.parameters,
                dense.knees_without(measure),
                mark,
                color=color,
                markersize=4,
                label=f"knee of the {MEASURES[measure]}",
            )
            drawn.note(line, x=dense.parameters, y=dense.knees_without(measure))
    places.axhline(KNEE, color="0.4", linewidth=0.8, linestyle=":")
    scale(loss)
    loss.set(xlabel=SIZE, ylabel="test loss (nats)")
    _label_places(places, dense)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _points(ax: Axes, sweep: Sweep, style: tuple[str, str], label: str) -> None:
    """Draw the test loss of each size, mean and interval, without a line between the sizes."""
    color, mark = style
    values = sweep.loss("test")
    mean, low, high = limits(values)
    bars = ax.errorbar(
        sweep.parameters,
        mean,
        yerr=np.nan_to_num([mean - low, high - mean]),
        color=color,
        marker=mark,
        markersize=3.5,
        linestyle="none",
        linewidth=1,
        label=label,
    )
    drawn.note(bars, x=sweep.parameters, y=values, replica=np.arange(len(values))[:, None])


def _label_places(ax: Axes, sweep: Sweep) -> None:
    scale(ax, y="log")
    if np.isfinite(ax.dataLim.minposy):
        low, high = sweep.parameters[[0, -1]]
        ax.set_ylim(min(2_000, low / 2), max(500_000, high))  # all sizes, whatever the knees
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set(xlabel="parameters of the network left out", ylabel="knee without it (parameters)")


def knee_table(result: Result) -> pd.DataFrame:
    """List where the curves bend, how far that hangs on one size, and how a power law does."""
    rows = []
    arms = {DENSE: result.dense, **{arm: result.sweeps[arm] for arm in (OF_A, OF_B, SETTLED)}}
    for arm, sweep in arms.items():
        for measure, name in MEASURES.items():
            enough = len(sweep.sizes) > 5
            errors = (
                [str(t_interval(one)) for one in sweep.foretold(measure)]
                if enough
                else ["too few sizes"] * 2
            )
            rows.append(
                {
                    "networks": f"{arm} ({len(sweep.sizes)} sizes)",
                    "measure": name + (" (nats)" if measure == "loss" else " (%)"),
                    "knee, all sizes": f"{geometric_mean(10 ** sweep.knee(measure).place):,.0f}",
                    "without one size": _range(sweep, measure) if enough else "too few sizes",
                    "error of the knee": errors[0],
                    "of the power law": errors[1],
                    "one knee": "no" if sweep.no_knee(measure) else "yes",
                    "n": int(np.isfinite(sweep.tested(measure)).all(axis=1).sum()),
                }
            )
    return pd.DataFrame(rows)


def _range(sweep: Sweep, measure: str) -> str:
    places = sweep.knees_without(measure)
    if not np.isfinite(places).all():
        return "diverged"
    return f"{places.min():,.0f} to {places.max():,.0f}"


def _mean(sweep: Sweep, measure: str) -> np.ndarray:
    curves = sweep.tested(measure)
    complete = curves[np.isfinite(curves).all(axis=1)]
    return complete.mean(axis=0) if len(complete) else np.full(curves.shape[1], np.nan)
