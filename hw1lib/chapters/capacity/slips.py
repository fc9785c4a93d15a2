"""Slips of reports A and B about the number of parameters, and what each changes."""

import numpy as np
import pandas as pd

from hw1lib.chapters.capacity import A, B, Result, Sweep
from hw1lib.chapters.capacity.views import in_a_order, lowest_share
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import t_interval, tally


def steps_back(result: Result) -> tuple[int, int, np.ndarray]:
    """Find where A's list goes to a smaller network.

    Returns:
        How many steps do, of how many, and the mean change of test accuracy there, (R,), points.
    """
    sweep, order = result.sweeps[A], in_a_order(result)
    falls = np.diff(sweep.parameters[order]) < 0
    changes = np.diff(sweep.accuracy("test")[:, order], axis=1)[:, falls]
    mean = changes.mean(axis=1) if falls.any() else np.full(len(changes), np.nan)
    return int(falls.sum()), len(falls), mean


def some_smaller_is_better(sweep: Sweep) -> np.ndarray:
    """Tell in which seeds a network tests worse than the next smaller one, (R',)."""
    gains = np.diff(sweep.accuracy("test"), axis=1)
    return np.asarray((gains[np.isfinite(gains).all(axis=1)] < 0).any(axis=1))


def _order(result: Result) -> str:
    back, steps, change = steps_back(result)
    return (
        f"{back} of {steps} steps in the list go to a smaller network, where the test accuracy "
        f"changes by {told(t_interval(change), 'points')} on average"
    )


def _one_seed(result: Result) -> str:
    some = tally(some_smaller_is_better(result.sweeps[A]))
    return f"of the seeds alone, some network tests worse than the next smaller one in {some}"


def _lowest_batch(result: Result) -> str:
    share = 100 * lowest_share(result.sweeps[B])
    first, last = (told(t_interval(share[:, k]), "%") for k in (0, -1))
    return (
        f"the lowest minibatch loss is {first} of the whole split's in B's smallest network, "
        f"{last} in its largest"
    )


SLIPS = (
    Slip(
        "A11",
        "drew its ten networks unsorted, so that some break the pattern",
        "the same widths, sorted by size",
        _order,
    ),
    Slip("A12", "trained each network once, with one seed", "many seeds, intervals", _one_seed),
    Slip(
        "B13",
        "took the lowest loss and the highest running accuracy of training for its result; a stop "
        "that fails, a variable unset in a fresh kernel",
        "whole splits at the end; executed from a fresh kernel",
        _lowest_batch,
    ),
)


def slip_table(result: Result) -> pd.DataFrame:
    """List the reports' slips with what they change."""
    return slips.table(SLIPS, result)
