"""How long what is missing will take, and how much room, by results of its kind that are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import psutil

from hw1lib.results import keys
from hw1lib.results.job import Job
from hw1lib.results.jobs import Asked


@dataclass(frozen=True)
class Forecast:
    """What results will take that are not stored yet."""

    missing: int
    seconds: float | None  # of one core; None where no result of a kind is stored
    disk: float | None  # bytes; likewise
    memory: float  # bytes, of all processes that train at the same time

    def __str__(self) -> str:
        """Say it in a sentence."""
        if not self.missing:
            return "no result is missing"
        found = f"{self.missing} results are missing at first"
        if self.seconds is None or self.disk is None:
            return f"{found}, how long they take is not known yet"
        return (
            f"{found}: about {self.seconds / 60:.1f} min of one core, {self.disk / 1e6:.1f} MB of "
            f"disk, {self.memory / 1e9:.1f} GB of memory"
        )


def forecast(
    due: Iterable[Mapping[str, Asked]], known: Iterable[Mapping[str, Asked]], *, workers: int
) -> Forecast:
    """Foresee what is missing from results made on a CPU: of the same arm, else of the function.

    Args:
        due: What was asked for of each run that is to come, by experiment.
        known: Likewise of runs, these or others, whose stored results show how long such take.
        workers: Processes at the same time; each takes what this one does, which has loaded the
            same libraries and images.
    """
    left = {
        name: (experiment, job)
        for of_run in due
        for experiment, of in of_run.items()
        for name, job in of.jobs.items()
        if name not in of.entries
    }
    stored = {
        name: (experiment, of.jobs[name], entry)
        for of_run in known
        for experiment, of in of_run.items()
        for name, entry in of.entries.items()
    }
    # seconds per work and bytes of each result, by kind
    kinds: dict[tuple[str, ...], list[tuple[float, float]]] = defaultdict(list)
    for experiment, job, entry in stored.values():
        if entry.provenance["device"] == "cpu" and job.work:
            room = sum(array.nbytes for array in entry.arrays.values())
            for kind in _kinds(experiment, job):
                kinds[kind].append((entry.provenance["seconds"] / job.work, room))
    # the median, since the first of a process also waits for what is compiled
    typical = {kind: np.median(of, axis=0) for kind, of in kinds.items()}
    seconds = disk = 0.0
    memory = float(psutil.Process().memory_info().rss * min(workers, len(left)))
    for experiment, job in left.values():
        alike = [typical[kind] for kind in _kinds(experiment, job) if kind in typical]
        if not alike:
            return Forecast(len(left), None, None, memory)
        seconds += job.work * float(alike[0][0])
        disk += float(alike[0][1])
    return Forecast(len(left), seconds, disk, memory)


def _kinds(experiment: str, job: Job) -> list[tuple[str, ...]]:
    """Name what a result is like: those of its arm with other seeds, then all of its function."""
    function = keys.functions(job.call)[-1]
    return [(experiment, function, job.label), (experiment, function)]
