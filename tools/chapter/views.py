"""Figures and tables of this chapter, each a function of its result."""

import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.example.result import Result
from hw1lib.judging.statistics import geometric_mean
from hw1lib.showing import figures, palette


def losses(result: Result) -> Figure:
    """Draw the loss against the updates, one curve per arm."""
    figure, ((ax,),) = figures.panels(1, 1, 2.6)
    for (arm, values), color in zip(result.losses.items(), palette.COLORS, strict=False):
        figures.curves(ax, result.updates, values, label=arm, color=color)
    ax.set(xlabel="updates", ylabel="mean squared error", yscale="log")
    ax.legend()
    return figure


def final_table(result: Result) -> pd.DataFrame:
    """List the final loss of each arm, a geometric mean with its t interval."""
    finals = {arm: geometric_mean(result.final(arm)) for arm in result.losses}
    rows = [{"arm": arm, "final loss": str(of), "n": of.n} for arm, of in finals.items()]
    return pd.DataFrame(rows)
