"""How far more workers help: a simulated schedule of the trainings of the full profile.

The seconds are those that each packed result took when it was made.
"""

import heapq
from collections.abc import Sequence

from hw1lib.compute import asked
from hw1lib.training.run import threads

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1000)
OVERHEAD = 0.01  # seconds that the scheduler takes to hand out one training, one after another


def makespan(seconds: Sequence[float], workers: int, overhead: float = OVERHEAD) -> float:
    """Return the seconds until all jobs are done, the longest begun first.

    Each job goes to the worker that is free first, and none before the scheduler has handed out
    those before it.

    >>> makespan([3, 3, 2, 2, 2], workers=2, overhead=0.0)
    7.0
    >>> makespan([4, 1, 1], workers=1000, overhead=1.0)
    5.0
    """
    free = [0.0] * workers
    for handed, job in enumerate(sorted(seconds, reverse=True), start=1):
        begin = max(heapq.heappop(free), handed * overhead)
        heapq.heappush(free, begin + job)
    return max(free)


def schedule() -> None:
    """Say how soon the packed results would be made by 1 to 1,000 workers."""
    with threads(1):
        found = asked("full", {})
    seconds = [
        float(entry.provenance["seconds"]) for of in found.values() for entry in of.entries.values()
    ]
    if not seconds:
        print("  no results are packed")
        return
    alone = makespan(seconds, 1)
    print(f"simulated: {len(seconds)} results of {sum(seconds) / 3600:.1f} hours")
    for workers in WORKERS:
        took = makespan(seconds, workers)
        part = alone / took / workers
        print(f"  {workers:5d} workers: {took / 60:7.1f} min, {100 * part:3.0f} % of them at work")
    print(
        f"  no number of workers goes below the longest training, {max(seconds) / 60:.0f} min; "
        f"{sum(seconds) / max(seconds):.0f} would do with nothing lost"
    )
