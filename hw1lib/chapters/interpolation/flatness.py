"""Which end of a line looks wider, beside what is called flatness there."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.interpolation.result import ACCURACY, FLATNESS, TEST, Pair, Result
from hw1lib.chapters.interpolation.spec import DESCRIBED
from hw1lib.judging.statistics import t_interval
from hw1lib.showing import figures, forest

LEAN = "loss beyond the end"


def compared(result: Result) -> Figure:
    """Draw the ends of each pair by what is called flatness: second end over first, as factors."""
    figure, axes = figures.panels(2, 3, 2.0, sharey=True)
    of_pairs = {name: result.pairs[name] for name in DESCRIBED}
    measures = {LEAN: lambda pair: pair.lean} | {
        title: partial(Pair.flatness, measure=measure) for title, measure in FLATNESS.items()
    }
    for ax, (title, values) in zip(axes.flat, measures.items(), strict=True):
        factors = {name: t_interval(values(pair)).factor for name, pair in of_pairs.items()}
        forest.rows(ax, factors, none=1.0)
        ax.set(title=title, xscale="log")
    figure.supxlabel("second end over first; of the loss beyond them, first over second")
    return figure


def agreement_table(result: Result) -> pd.DataFrame:
    """Count the lines on which the end that looks wider has more, or less, of each measure."""
    leaning, rows = _leaning(result), []
    for title, measure in FLATNESS.items():
        found = [t_interval(s * result.pairs[n].flatness(measure)) for n, s in leaning.items()]
        larger = [interval.mean > 0 for interval in found if interval.excludes_zero]
        rows.append(
            {
                "measure": title,
                "the wider end has the larger value": sum(larger),
                "the smaller": len(larger) - sum(larger),
                "open": len(found) - len(larger),
            }
        )
    return pd.DataFrame(rows)


def flatness_sentence(result: Result) -> str:
    """Say how many lines and ends those counts rest on, and how accurate the worst end is."""
    ends = {end.settings: end for name in DESCRIBED for end in result.pairs[name].ends}
    accuracy = [t_interval(100 * end.final(TEST, ACCURACY)) for end in ends.values()]
    known = [interval.mean for interval in accuracy if interval.n]
    worst = (
        f"; the least accurate end classifies {min(known):.3g} % of the test images"
        if known
        else ""
    )
    return (
        f"On {len(_leaning(result))} of these {len(DESCRIBED)} lines one end clearly looks wider. "
        f"The lines share {len(ends)} ends, so they are no independent trials{worst}."
    )


def _leaning(result: Result) -> dict[str, float]:
    """Return the sign of the asymmetry of the pairs that clearly have one, by name."""
    leans = {name: t_interval(result.pairs[name].lean) for name in DESCRIBED}
    return {name: float(np.sign(lean.mean)) for name, lean in leans.items() if lean.excludes_zero}
