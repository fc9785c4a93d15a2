"""Double descent while training goes on: chapter 32's figure and table of the long trainings."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from hw1lib.chapters.capacity.drawing import SIZE, draw, limits, scale
from hw1lib.chapters.capacity.result import (
    COMPARED,
    PUBLISHED,
    Result,
    between_units,
    has_compared,
    peak_units,
)
from hw1lib.chapters.capacity.spec import LONG
from hw1lib.data import own_images
from hw1lib.judging.statistics import Interval, t_interval
from hw1lib.showing import drawn, figures
from hw1lib.showing.palette import BLACK, BLUE, RED

SHOWN = 5  # measurements of the loss against size
FEW, MANY = COMPARED


def long_descent(result: Result) -> Figure:
    """Draw the test loss against size after more and more epochs, and when its peak comes."""
    figure, axes = figures.panels(1, 2, 2.4)
    sizes, passes = axes[0]
    sweep = result.sweeps[LONG]
    last = len(sweep.epochs) - 1
    for when in sorted({int(k) for k in np.geomspace(1, max(last, 1), SHOWN).round()}):
        shade = to_hex(colormaps["viridis"](0.9 * when / last))
        label = f"after {sweep.epochs[when]:,} epochs"
        loss = sweep.test_along[:, when, :, 0].T
        draw(sizes, sweep.parameters, loss, (shade, "o"), "test", label)
    scale(sizes)
    sizes.set(xlabel=SIZE, ylabel="test loss (nats)")
    if has_compared(result):
        gained = np.stack(
            [between_units(result, "loss", when) for when in range(1, last + 1)], axis=1
        )
        mean, low, high = limits(gained)
        (line,) = passes.plot(sweep.epochs[1:], mean, color=BLUE, label="here")
        drawn.note(line, x=sweep.epochs[1:], y=gained, replica=np.arange(len(gained))[:, None])
        passes.fill_between(sweep.epochs[1:], low, high, color=BLUE, alpha=0.18, linewidth=0)
    of = " (of MNIST)" if own_images.among(result.images) else ""
    theirs = np.array([one.loss for one in PUBLISHED])
    passes.errorbar(
        [one.passes for one in PUBLISHED],
        theirs[:, 0],
        yerr=[theirs[:, 0] - theirs[:, 1], theirs[:, 2] - theirs[:, 0]],
        color=BLACK,
        marker="x",
        markersize=4,
        linestyle="none",
        linewidth=1,
        label=f"published{of}, 10 trainings",
    )
    passes.plot(
        [one.passes for one in PUBLISHED],
        [one.same_loss for one in PUBLISHED],
        "o",
        color=RED,
        markersize=4,
        markerfacecolor="white",
        label=f"published{of}, settings as here",
    )
    passes.axhline(0, color="0.5", linewidth=0.8)
    passes.set(
        xscale="log",
        xlabel="epochs",
        ylabel=f"test loss, {MANY} − {FEW} units (nats)",
    )
    passes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def published_table(result: Result) -> pd.DataFrame:
    """List when the peak comes, in published trainings and here."""
    rows, sweep = [], result.sweeps[LONG]
    for one in PUBLISHED:
        found = np.flatnonzero(sweep.epochs == one.passes)
        known = len(found) and has_compared(result)
        loss, accuracy = (
            f"{t_interval(sign * between_units(result, measure, found[0])):.2g}"
            if known
            else "not trained so long"
            for measure, sign in (("loss", 1), ("accuracy", -1))
        )
        rows.append(
            {
                "epochs": f"{one.passes:,}",
                "loss, theirs": _theirs(one.loss),
                "loss, as here": f"{one.same_loss:g}",
                "loss, ours": loss,
                "accuracy, theirs": _theirs(one.accuracy),
                "accuracy, as here": f"{one.same_accuracy:g}",
                "accuracy, ours": accuracy,
                "peak, theirs": str(one.peak or "none"),
                "peak, ours": peak_units(result, found[0]) if len(found) else "–",
            }
        )
    return pd.DataFrame(rows)


def _theirs(numbers: tuple[float, float, float]) -> str:
    return str(Interval(*numbers, n=10))
