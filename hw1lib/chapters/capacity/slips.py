"""Slips of reports A and B about the number of parameters, and what each changes."""

import numpy as np

from hw1lib.chapters.capacity.result import Result
from hw1lib.chapters.capacity.spec import OF_A, OF_B
from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import t_interval, tally


def steps_back(result: Result) -> tuple[int, int, np.ndarray]:
    """Find where A's list goes to a smaller network.

    Returns:
        How many steps do, of how many, and the mean change of test accuracy there, (R,), points.
    """
    sweep, order = result.sweeps[OF_A], result.a_order
    falls = np.diff(sweep.parameters[order]) < 0
    changes = np.diff(sweep.accuracy("test")[:, order], axis=1)[:, falls]
    mean = changes.mean(axis=1) if falls.any() else np.full(len(changes), np.nan)
    return int(falls.sum()), len(falls), mean


def some_smaller_is_better(sweep: Sweep) -> np.ndarray:
    """Return in which seeds a network tests worse than the next smaller one, (R',)."""
    gains = np.diff(sweep.accuracy("test"), axis=1)
    return np.asarray((gains[np.isfinite(gains).all(axis=1)] < 0).any(axis=1))


def _order(result: Result) -> str:
    back, steps, change = steps_back(result)
    return (
        f"{back} of {steps} steps in the list go to a smaller network, where the test accuracy "
        f"changes by {told(t_interval(change), POINTS)} on average"
    )


def _one_seed(result: Result) -> str:
    some = tally(some_smaller_is_better(result.sweeps[OF_A]))
    return f"in single seeds, some network tests worse than the next smaller one: {some}"


def _lowest_batch(result: Result) -> str:
    share = 100 * result.sweeps[OF_B].minibatch_share()
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
