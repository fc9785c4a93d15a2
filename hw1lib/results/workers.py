"""Results made side by side, by several processes of one thread each."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import torch
import torch.multiprocessing  # so that tensors travel between processes as shared memory

from hw1lib.results import bars, jobs
from hw1lib.results.job import Job
from hw1lib.results.store import Store, StoreError

LOOK = 0.5  # seconds between two looks at what the workers tell

_told: Any = None  # in a worker: where it tells how far it is


class WorkerError(StoreError):
    """A worker ended without a Python error."""


def make(todo: Sequence[tuple[str, Job]], *, device: str, workers: int, progress: bool) -> None:
    """Make results that are not stored, the longest first, and store each when it is done.

    Args:
        todo: Experiments and jobs, none of which begins with a result that is not stored.
        device: Where to train.
        workers: Processes at the same time.
        progress: Whether to show a bar over all of them.

    Raises:
        WorkerError: If the system ended a worker. What was finished is stored.
    """
    whole: dict[str, float] = defaultdict(float)
    for experiment, job in todo:
        whole[experiment] += job.work
    # costs of different chapters are in different units, so each counts by its share of its own
    shares = [job.work / whole[experiment] for experiment, job in todo]
    order = sorted(range(len(todo)), key=shares.__getitem__, reverse=True)
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(told,))
    try:
        with bars.bar(sum(shares), progress) as bar:
            futures = {
                pool.submit(_fetch, number, *todo[number], device): number for number in order
            }
            _follow(futures, told, todo, shares, bar)
    except BrokenProcessPool:
        raise WorkerError(
            "the system ended a worker, perhaps for lack of memory; what was finished is stored, "
            "and the same command continues"
        ) from None
    except BaseException:
        for process in list((pool._processes or {}).values()):  # no public way ends them at once
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _follow(
    futures: dict[Future[None], int],
    told: Any,
    todo: Sequence[tuple[str, Job]],
    shares: Sequence[float],
    bar: Any,
) -> None:
    """Wait for all futures, and move the bar by what the workers tell; raise what one raises."""
    reached = [0.0] * len(todo)
    left, done = set(futures), 0
    while left:
        ended, left = wait(left, timeout=LOOK, return_when=FIRST_COMPLETED)
        for future in ended:
            future.result()
            reached[futures[future]], done = 1.0, done + 1
        while True:
            try:
                number, part, text = told.get_nowait()
            except queue.Empty:
                break
            reached[number] = max(reached[number], part)
            experiment, job = todo[number]
            bar.set_description_str(f"{done}/{len(todo)} {experiment} {job.label}", refresh=False)
            bar.set_postfix_str(text, refresh=False)
        bar.update(sum(r * s for r, s in zip(reached, shares, strict=True)) - bar.n)
        bar.refresh()


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
