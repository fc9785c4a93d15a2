"""One number of the literature beside ours."""

from dataclasses import dataclass

import numpy as np

from hw1lib.judging.statistics import Interval

YES, OPEN, NO = "yes", "open", "no"


@dataclass(frozen=True)
class Comparison:
    """One number of the literature beside ours."""

    what: str
    source: str  # who reports it, as a citation where there is one
    theirs: str
    ours: str
    n: int  # of trainings, or of what the correlation is over
    rule: str  # what counts as agreement
    agrees: str  # YES where our whole interval agrees, NO where none of it does, else OPEN
    scale: str = ""  # network and images, where they differ from theirs


NOBODY = "–"  # stands for the source of what is only a control of ours


def compare(
    what: str,
    source: str,
    theirs: str,
    ours: Interval,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    digits: str = ".3g",
    scale: str = "",
) -> Comparison:
    """Compare an interval with the range that counts as agreement."""
    if not np.isfinite([ours.low, ours.high]).all():
        agrees = OPEN
    elif low <= ours.low and ours.high <= high:
        agrees = YES
    else:
        agrees = NO if ours.high < low or ours.low > high else OPEN
    rule = f"{low:.4g} to {high:.4g}" if np.isfinite([low, high]).all() else f"above {low:.4g}"
    return Comparison(what, source, theirs, f"{ours:{digits}}", ours.n, rule, agrees, scale)
