"""Slips of reports A and B about the gradient norm, and what each changes."""

import numpy as np
import pandas as pd

from hw1lib.chapters.gradient_norm import LATE, MAIN, RMSPROP, B, Course, Result
from hw1lib.chapters.gradient_norm.trainings import RERUN
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import geometric_mean, tally


def ends_higher(course: Course) -> np.ndarray:
    """Tell in which trainings the norm ends higher than it began, (R',); not if diverged."""
    going = np.isfinite(course.loss[-1])
    return np.asarray(course.norm[-1, going] > course.norm[0, going])


def _no_minimum(result: Result) -> str:
    swing = result.swings[RMSPROP, LATE]
    periodic = swing.oscillation.periodic[np.isfinite(swing.oscillation.amplitude)]
    level = told(geometric_mean(swing.level), "loss per unit of weight")
    return f"the late norm is {level}, and periodic in {tally(periodic)}"


def _rerun(result: Result) -> str:
    again, whole = (result.courses[B, part] for part in (RERUN, MAIN))
    after, at_first = (f"{tally(ends_higher(c))} after {len(c.loss):,}" for c in (again, whole))
    return (
        f"trainings whose norm ends higher than it began: run again, {after} updates; from the "
        f"first on, {at_first}"
    )


SLIPS = (
    Slip(
        "A6",
        "called the last weights a local minimum while its norm oscillates",
        "the norm of every update, to the end",
        _no_minimum,
    ),
    Slip(
        "B10",
        "drew the norm of a few updates run again on a network already trained",
        "the norm from the first update on",
        _rerun,
    ),
)


def slip_table(result: Result) -> pd.DataFrame:
    """List the reports' slips with what they change."""
    return slips.table(SLIPS, result)
