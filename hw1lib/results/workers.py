"""Results made side by side, by several processes of one thread each."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing  # so that tensors travel between processes as shared memory

from hw1lib.results import bars, jobs
from hw1lib.results.job import Job
from hw1lib.results.store import Store, StoreError

GRANTED = Path("/sys/fs/cgroup/cpu.max")  # microseconds of each so many, or "max"

Making = tuple[str, Job]  # an experiment, and what is to be made for it

LOOK = 0.5  # seconds between two looks at what the workers tell

_told: Any = None  # in a worker: where it tells how far it is


class WorkerError(StoreError):
    """A worker ended without a Python error."""


def cores() -> int:
    """Count the cores that this process may use: a container or a queue may grant it a few."""
    whole = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
        quota, period = GRANTED.read_text().split()
        return max(1, min(whole or 1, math.ceil(int(quota) / int(period))))
    return whole or 1


def make(todo: Sequence[Making], *, device: str, workers: int, progress: bool) -> None:
    """Make results that are not stored, the longest first, and store each when it is done.

    Args:
        todo: Experiments and jobs, none of which begins with a result that is not stored.
        device: Where to train.
        workers: Processes at the same time.
        progress: Whether to show a bar over all of them.

    Raises:
        WorkerError: If the system ended a worker. What was finished is stored.
        Exception: What a job raised; the others are given up.
    """
    failed = attempt(todo, device=device, workers=workers, progress=progress, fail_fast=True)
    for error in failed.values():
        raise error


def attempt(
    todo: Sequence[Making], *, device: str, workers: int, progress: bool, fail_fast: bool = False
) -> dict[int, Exception]:
    """Make results as `make` does, and go on where one fails.

    Where the system ends a worker, each job that was not finished is tried alone, so that one that
    takes its worker along is found, and no other is lost with it.

    Args:
        todo: As for `make`.
        device: Likewise.
        workers: Likewise.
        progress: Likewise.
        fail_fast: Whether to give up the others once one has failed.

    Returns:
        What went wrong, by the job's place in `todo`.
    """
    whole: dict[str, float] = defaultdict(float)
    for experiment, job in todo:
        whole[experiment] += job.work
    # costs of different chapters are in different units, so each counts by its share of its own
    shares = [job.work / (whole[experiment] or 1.0) for experiment, job in todo]
    order = sorted(range(len(todo)), key=shares.__getitem__, reverse=True)
    failed: dict[int, Exception] = {}
    with _terminable(), bars.bar(sum(shares), progress) as bar:
        follow = _Follower(todo, shares, bar)
        left = _in_pool(order, follow, failed, device, workers, fail_fast)
        for number in left:  # a pool broke
            if fail_fast and failed:
                break
            if _in_pool([number], follow, failed, device, 1, fail_fast):
                failed[number] = WorkerError(
                    f"{todo[number][0]}: the system ended the process of {todo[number][1].label}, "
                    "perhaps for lack of memory; what was finished is stored"
                )
    return failed


def _in_pool(
    order: Sequence[int],
    follow: _Follower,
    failed: dict[int, Exception],
    device: str,
    workers: int,
    fail_fast: bool,
) -> list[int]:
    """Make some results in one pool of processes; return those left over where it broke."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(told,))
    futures = {pool.submit(_fetch, n, *follow.todo[n], device): n for n in order}
    try:
        left, broken = set(futures), []
        while left:
            ended, left = wait(left, timeout=LOOK, return_when=FIRST_COMPLETED)
            for future in ended:
                number, error = futures[future], future.exception()
                if isinstance(error, BrokenProcessPool):
                    broken.append(number)
                elif isinstance(error, Exception):
                    failed[number] = error
                else:
                    follow.done(number)
            if failed and fail_fast:
                _end(pool)
                return []
            follow.look(told)
        return broken
    except BaseException:
        _end(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """Take an order to end as Ctrl-C, so that no worker is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool at once; there is no public way."""
    for process in list((pool._processes or {}).values()):
        process.terminate()


class _Follower:
    """Moves a bar by what the workers tell."""

    def __init__(self, todo: Sequence[Making], shares: Sequence[float], bar: Any) -> None:
        self.todo, self.shares, self.bar = todo, shares, bar
        self.reached = [0.0] * len(todo)
        self.finished = 0

    def done(self, number: int) -> None:
        self.reached[number] = 1.0
        self.finished += 1

    def look(self, told: Any) -> None:
        """Read all that has been told."""
        while True:
            try:
                number, part, text = told.get_nowait()
            except queue.Empty:
                break
            self.reached[number] = max(self.reached[number], part)
            experiment, job = self.todo[number]
            where = f"{self.finished}/{len(self.todo)} {experiment} {job.label}"
            self.bar.set_description_str(where, refresh=False)
            self.bar.set_postfix_str(text, refresh=False)
        now = sum(r * share for r, share in zip(self.reached, self.shares, strict=True))
        self.bar.update(now - self.bar.n)
        if sys.stderr.isatty():  # a log gets a line only where something was done
            self.bar.refresh()


def _begin(told: Any) -> None:
    """Prepare a worker: one thread, and Ctrl-C left to the process that began it."""
    global _told
    _told = told
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _fetch(number: int, experiment: str, job: Job, device: str) -> None:
    """Make one result in a worker."""

    def tell(work: float, text: str) -> None:
        _told.put((number, work / job.work if job.work else 0.0, text))

    jobs.fetch(Store(), experiment, job, device=device, tell=tell)
