"""Results made side by side: on the cores of this machine, or wherever a Dask cluster has some."""

from __future__ import annotations

import math
import os
import queue
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, Self

from hw1lib.results import bars
from hw1lib.results.job import Job
from hw1lib.results.packs import Contents
from hw1lib.results.process import Process, WorkerError
from hw1lib.results.store import Store, StoreError

GRANTED = Path("/sys/fs/cgroup/cpu.max")  # microseconds of each so many, or "max"

Making = tuple[str, Job]  # an experiment, and what is to be made for it

LOOK = 0.5  # seconds between two looks at what the workers tell


class ClusterError(StoreError):
    """No result can be made there, whichever it is."""


class Crew(Protocol):
    """Workers, wherever they are."""

    told: queue.SimpleQueue[tuple[int, float, float | None]]  # a job, its part done, its loss

    def submit(
        self, number: int, experiment: str, job: Job, *, device: str, rank: int
    ) -> Future[Contents | None]:
        """Have a result made, those of lower rank first.

        Returns:
            To be: the entry's files, or None where these are in the store already. Cancelled if
            what the job was given is lost, and it should be submitted again.
        """

    def check(self) -> None:
        """Raise a `ClusterError` if there is nobody to work."""

    def end(self) -> None:
        """Give up what is not finished, and leave no process behind."""


def cores() -> int:
    """Count the cores that this process may use: a container or a queue may grant it a few."""
    whole = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with suppress(OSError, ValueError):  # no such file, or "max"
        quota, period = GRANTED.read_text().split()
        return max(1, min(whole or 1, math.ceil(int(quota) / int(period))))
    return whole or 1


class Local:
    """Processes of one thread each, on this machine.

    Args:
        count: How many.
        limit: Seconds that one job may take; None for any.
    """

    def __init__(self, count: int, limit: float | None = None) -> None:
        self.told: queue.SimpleQueue[tuple[int, float, float | None]] = queue.SimpleQueue()
        self._limit = limit
        self._idle: queue.LifoQueue[Process] = queue.LifoQueue()
        self._open = True
        # each thread looks after one process, which does the work
        self._threads = ThreadPoolExecutor(count)

    def submit(
        self, number: int, experiment: str, job: Job, *, device: str, rank: int
    ) -> Future[Contents | None]:
        """Have a result made and stored; they come in ranked order."""
        return self._threads.submit(self._make, number, experiment, job, device)

    def _make(self, number: int, experiment: str, job: Job, device: str) -> None:
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = Process()
        try:
            process.make(
                experiment,
                job,
                device=device,
                tell=lambda part, loss: self.told.put((number, part, loss)),
                wanted=lambda: self._open,
                limit=self._limit,
            )
        finally:
            self._idle.put(process)

    def check(self) -> None:
        """There is always somebody."""

    def end(self) -> None:
        """End all processes at once."""
        self._open = False
        self._threads.shutdown(wait=True, cancel_futures=True)
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def attempt(
    todo: Sequence[Making], *, device: str, crew: Crew, progress: bool
) -> dict[int, Exception]:
    """Make results that are not stored, the longest first, and go on where one fails.

    Each is stored when it is done.

    Args:
        todo: Experiments and jobs, none of which begins with a result that is not stored.
        device: Where to train, as `jobs.find_device` takes it on the worker.
        crew: Who works; it is ended where this is interrupted.
        progress: Whether to show a bar over all of them.

    Returns:
        What went wrong, by the job's place in `todo`.

    Raises:
        ClusterError: If there is nobody to work.
    """
    whole: dict[str, float] = defaultdict(float)
    for experiment, job in todo:
        whole[experiment] += job.work
    # costs of different chapters are in different units, so each counts by its share of its own
    shares = [job.work / (whole[experiment] or 1.0) for experiment, job in todo]
    order = sorted(range(len(todo)), key=shares.__getitem__, reverse=True)
    ranks = {number: rank for rank, number in enumerate(order)}
    failed: dict[int, Exception] = {}
    twice: set[int] = set()

    def submit(number: int) -> Future[Contents | None]:
        return crew.submit(number, *todo[number], device=device, rank=ranks[number])

    with terminable(), bars.bar(sum(shares), progress) as bar:
        follow = _Follower(todo, shares, bar)
        try:
            futures = {submit(number): number for number in order}
            left = set(futures)
            while left:
                ended, left = wait(left, timeout=LOOK, return_when=FIRST_COMPLETED)
                for future in ended:
                    number = futures.pop(future)
                    try:
                        _file(todo[number], future.result())
                    except CancelledError:
                        if number in twice:
                            failed[number] = WorkerError(_lost(*todo[number]))
                            continue
                        twice.add(number)
                        again = submit(number)
                        futures[again] = number
                        left.add(again)
                    except ClusterError:
                        raise
                    except Exception as error:
                        failed[number] = error
                    else:
                        follow.done(number)
                follow.look(crew.told)
                crew.check()
        except BaseException:
            crew.end()
            raise
    return failed


def _file(made: Making, contents: Contents | None) -> None:
    """Put a result that was made elsewhere into the store here."""
    if contents is not None:
        Store().file(made[0], made[1].call, contents)


def _lost(experiment: str, job: Job) -> str:
    return f"{experiment}: {job.label} was lost twice with the workers that it was given to"


@contextmanager
def terminable() -> Iterator[None]:
    """Take an order to end as Ctrl-C, so that no worker is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Follower:
    """Moves a bar by what the workers tell."""

    def __init__(self, todo: Sequence[Making], shares: Sequence[float], bar: Any) -> None:
        self.todo, self.shares, self.bar = todo, shares, bar
        self.reached = [0.0] * len(todo)
        self.finished = 0

    def done(self, number: int) -> None:
        self.reached[number] = 1.0
        self.finished += 1

    def look(self, told: queue.SimpleQueue[tuple[int, float, float | None]]) -> None:
        """Read all that has been told."""
        while True:
            try:
                number, part, loss = told.get_nowait()
            except queue.Empty:
                break
            if number >= len(self.todo):  # of an earlier round
                continue
            self.reached[number] = max(self.reached[number], part)
            experiment, job = self.todo[number]
            where = f"{self.finished}/{len(self.todo)} {experiment} {job.label}"
            self.bar.set_description_str(where, refresh=False)
            if loss is not None:
                self.bar.set_postfix_str(bars.said(loss), refresh=False)
        now = sum(r * share for r, share in zip(self.reached, self.shares, strict=True))
        self.bar.update(now - self.bar.n)
        if sys.stderr.isatty():  # a log gets a line only where something was done
            self.bar.refresh()
