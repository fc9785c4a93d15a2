"""Keskar's setting: small and large batches trained to the end, beside what the paper reports."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.sensitivity.result import THEIRS, Result, keskar_measures, their_factor
from hw1lib.chapters.sensitivity.spec import BATCHES, LARGE, SMALL
from hw1lib.judging.statistics import NO_INTERVAL, Interval, geometric_mean, log_ratio, t_interval
from hw1lib.showing import figures, forest, palette

PAPER = "F1, Keskar et al."
PERCENT = "(%)"  # ends the names of accuracies, which are not compared as factors


def compared(result: Result) -> Figure:
    """Draw how many times as much of each measure large batches have: ours, and Keskar's F1."""
    figure, axes = figures.panels(1, 1, 2.2)
    ax = axes[0, 0]
    styles = zip((*BATCHES, PAPER), palette.COLORS, palette.MARKS, strict=False)
    shifts = np.linspace(-0.25, 0.25, len(BATCHES) + 1)
    for (network, color, mark), shift in zip(styles, shifts, strict=True):
        factors = {
            measure: _their_interval(measure)
            if network not in BATCHES
            else _factor(result, network, measure)
            for measure in keskar_measures(result, SMALL)
            if not measure.endswith(PERCENT)
        }
        forest.rows(
            ax, factors, none=1.0, color=color, mark=mark, label=network, shift=float(shift)
        )
    ax.set(xscale="log", xlabel="large batches over small ones (right of 1: larger)")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _factor(result: Result, network: str, measure: str) -> Interval:
    """Compare a network's large and small batches, as a factor."""
    small, large = (keskar_measures(result, name)[measure] for name in BATCHES[network])
    return log_ratio(large, small).factor


def _their_interval(measure: str) -> Interval:
    """Return the factor of Keskar et al., of whose spread nothing is known."""
    if measure not in THEIRS:
        return NO_INTERVAL
    return Interval(their_factor(measure), np.nan, np.nan, 5)


def table(result: Result) -> pd.DataFrame:
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
            factor = "–" if measure.endswith(PERCENT) else str(ratio.factor)
            means = [_mean(measure, values) for values in (small, large)]
            rows.append([measure, network, *means, factor, ratio.n])
        if measure in THEIRS:
            factor = "–" if measure.endswith(PERCENT) else f"{their_factor(measure):.0f}"
            rows.append([measure, PAPER, *THEIRS[measure], factor, 5])
    columns = ["measure", "network", SMALL, LARGE, "large / small", "n"]
    return pd.DataFrame(rows, columns=columns)


def _mean(measure: str, values: np.ndarray) -> str:
    if measure.endswith(PERCENT):
        return f"{t_interval(values):.4g}"
    return str(geometric_mean(values))
