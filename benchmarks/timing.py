"""Timing two sides that take turns, so that whatever else the machine does falls on both."""

import time
from collections.abc import Callable


def best(rounds: int, **sides: Callable[[], object]) -> dict[str, float]:
    """Time each side in turn and keep its shortest round, in seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - started)
    return {name: min(times) for name, times in seconds.items()}
