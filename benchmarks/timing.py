"""Timing two sides that take turns, so that whatever else the machine does falls on both."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from hw1lib.training.run import threads


def best(rounds: int, *, warm: bool = False, **sides: Callable[[], object]) -> dict[str, float]:
    """Time each side in turn and keep its shortest round, in seconds.

    Args:
        rounds: How many turns of each side.
        warm: Whether each goes once before, as those do that are compiled at their first call.
        sides: What is timed.
    """
    if warm:
        for side in sides.values():
            side()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - started)
    return {name: min(times) for name, times in seconds.items()}


@contextmanager
def one_core() -> Iterator[None]:
    """Compute with one thread on one core, whatever library it is, where the system can do that."""
    pinned = hasattr(os, "sched_setaffinity")
    before = os.sched_getaffinity(0) if pinned else set()
    with threads(1):
        try:
            if pinned:
                os.sched_setaffinity(0, {max(before)})
            yield
        finally:
            if pinned:
                os.sched_setaffinity(0, before)


@functools.cache
def peak() -> float:
    """Measure what one core can do in single precision, in operations per second."""
    import numba  # an extra

    chains = numba.njit(fastmath={"contract"})(_chains)
    seconds = best(
        5, warm=True, chains=lambda: chains(1_000_000, np.float32(0.9), np.float32(0.1))
    )["chains"]
    return 1_000_000 * WIDTH * 2 / seconds


WIDTH = 80  # independent sums, enough to keep every multiplier of a core busy


def _chains(steps: int, factor: float, addend: float) -> float:
    sums = np.zeros(WIDTH, np.float32)
    for _ in range(steps):
        for k in range(WIDTH):
            sums[k] = sums[k] * factor + addend
    return sums.sum()
