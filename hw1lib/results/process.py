"""A process of one thread that makes results one after another, and is replaced where it ends."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.multiprocessing  # so that tensors travel between processes as shared memory

from hw1lib.results import jobs
from hw1lib.results.job import Job
from hw1lib.results.store import Store, StoreError

LOOK = 0.2  # seconds between two looks whether a job is still wanted
IDLE = 60.0  # seconds without a job after which a process ends
TRIES = 2  # processes that a job may take along

Tell = Callable[[float, float | None], None]  # which part of a job is done, and its median loss


class WorkerError(StoreError):
    """A job took its process along, and again when it was tried once more."""


class TimeLimitError(StoreError):
    """A job was not done within its time."""


class Unwanted(Exception):
    """A job is no longer wanted."""


class Process:
    """Makes results in a process of its own, which begins with the first of them.

    Args:
        environment: What its environment has besides that of this process.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = dict(environment or {})
        self._process: Any = None
        self._pipe: Connection | None = None

    def make(
        self,
        experiment: str,
        job: Job,
        *,
        device: str,
        tell: Tell,
        wanted: Callable[[], bool],
        limit: float | None = None,
    ) -> None:
        """Make one result and store it. A job that takes the process along is tried once more.

        Args:
            experiment: Name of the chapter's folder in the store.
            job: What is to be made.
            device: Where to train.
            tell: Told from time to time how far it is.
            wanted: Asked from time to time whether to go on.
            limit: Seconds that it may take; None for any.

        Raises:
            WorkerError: If it took the process along twice.
            TimeLimitError: If it took too long; what it has saved on its way stays.
            Unwanted: If it is not to go on.
            Exception: What the job raised.
        """
        for _ in range(TRIES):
            try:
                return self._make(experiment, job, device, tell, wanted, limit)
            except (EOFError, ConnectionError):
                self.end()
            except (TimeLimitError, Unwanted):
                self.end()
                raise
        raise WorkerError(
            f"{experiment}: the system ended the process of {job.label} {TRIES} times, perhaps for "
            "lack of memory; what was finished is stored"
        )

    def _make(
        self,
        experiment: str,
        job: Job,
        device: str,
        tell: Tell,
        wanted: Callable[[], bool],
        limit: float | None,
    ) -> None:
        if self._process is None or not self._process.is_alive():
            self._begin()
        assert self._pipe is not None
        self._pipe.send((experiment, job, device))
        began: float | None = None
        while True:
            heard = self._pipe.poll(LOOK)
            if not wanted():
                raise Unwanted
            if limit is not None and began is not None and time.monotonic() - began > limit:
                raise TimeLimitError(f"{experiment}: {job.label} was not done after {limit:g} s")
            if not heard:
                continue
            kind, *what = self._pipe.recv()
            if kind == "began":  # from now on its time counts, not while Python starts
                began = time.monotonic()
            elif kind == "told":
                tell(*what)
            elif kind == "failed":
                raise what[0]
            else:
                return

    def _begin(self) -> None:
        self.end()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self.environment), daemon=True)
        config: dict[str, Any] = getattr(multiprocessing.current_process(), "_config", {})
        daemon = config.get("daemon")
        # a worker of Dask is a daemon, which may have no children lest they outlive it; ours do not
        config["daemon"] = False
        try:
            self._process.start()
        finally:
            config["daemon"] = daemon
        theirs.close()

    def end(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection, environment: Mapping[str, str]) -> None:
    """Make in a process what is asked for through a pipe, until nothing is for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is left to the process that began it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(environment)
    torch.set_num_threads(1)
    with suppress(EOFError, OSError):  # nobody is left to tell
        while pipe.poll(IDLE):
            experiment, job, device = pipe.recv()
            pipe.send(("began",))
            try:
                _fetch(pipe, experiment, job, device)
            except Exception as error:
                pipe.send(("failed", _portable(error)))
            else:
                pipe.send(("done",))
            del job


def _fetch(pipe: Connection, experiment: str, job: Job, device: str) -> None:
    def tell(work: float, loss: float | None) -> None:
        pipe.send(("told", work / job.work if job.work else 0.0, loss))

    jobs.fetch(Store(), experiment, job, device=jobs.find_device(device), tell=tell)


def _portable(error: Exception) -> Exception:
    """Return an exception as it can travel, with its traceback as a note."""
    error.add_note("in another process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """Leave no process behind, however its parent ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
