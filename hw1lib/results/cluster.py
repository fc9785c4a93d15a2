"""A Dask cluster as a crew: jobs go there, and what they made comes back into the store here."""

from __future__ import annotations

import importlib.util
import os
import queue
import secrets
import sys
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Self

from hw1lib import disk
from hw1lib.results import jobs, remote
from hw1lib.results.errors import explained
from hw1lib.results.job import Job
from hw1lib.results.packs import Contents
from hw1lib.results.store import Store
from hw1lib.results.workers import ClusterError

ADDRESS = "DASK_SCHEDULER_ADDRESS"  # the variable of Dask's own that names a scheduler
ANSWER = 10.0  # seconds that a scheduler has to answer
PATIENCE = 300.0  # seconds without a single worker after which nothing is expected any more
BETWEEN = 2.0  # seconds between two looks whether there are workers


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        address: Of the scheduler.
        limit: Seconds that one job may take; None for any.

    Raises:
        ClusterError: If Dask is not installed, nobody answers, no worker is there for a while, or
            one differs from this machine in what decides numbers.
    """

    def __init__(self, address: str, limit: float | None = None) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise ClusterError(
                "a Dask cluster needs the package distributed: pip install distributed, or leave "
                f"out --scheduler and {ADDRESS} to compute on the cores here"
            )
        from distributed import Client

        self.told: queue.SimpleQueue[tuple[int, float, float | None]] = queue.SimpleQueue()
        self._address, self._limit = address, limit
        try:
            self._client: Any = Client(address, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} within {ANSWER:g} s: is it running, and "
                "can this machine reach it?"
            ) from error
        self._executor = self._client.get_executor(pure=False)
        self._numbers: dict[str, int] = {}  # of jobs, by the names of their tasks
        self._sent: dict[str, Any] = {}  # images on the cluster, by fingerprint
        self._topic = f"hw1-{secrets.token_hex(8)}"
        self._client.subscribe_topic(self._topic, self._hear)
        self._seen = self._looked = time.monotonic()
        self._store = Store()
        self._mark = disk.temporary_name(self._store.root)
        with explained(self._mark):
            disk.make_folder(self._store.root)
            disk.write_file(self._mark, b"")
        try:
            self._meet()
        except BaseException:
            self.end()
            raise

    def _meet(self) -> None:
        """Wait for a worker, and compare all there are with this machine."""
        if not self._workers():
            print(f"{self._address} has no workers yet, waiting for one", file=sys.stderr)
        while not self._workers():
            self.check()
            time.sleep(0.2)
        needs = remote.described()
        for who, has in self._client.run(remote.described, on_error="return").items():
            if isinstance(has, BaseException):
                raise ClusterError(
                    f"the worker {who} cannot say what it has ({type(has).__name__}: {has}), and "
                    f"this machine has {', '.join(f'{k} {v}' for k, v in needs.items())}: install "
                    "the same library there"
                )
            remote.compare(has, needs, who)
        seen = self._client.run(os.path.exists, str(self._mark))
        self._shared = all(seen.values())  # so results that jobs begin with need not be sent

    def submit(
        self, number: int, experiment: str, job: Job, *, device: str, rank: int
    ) -> Future[Contents | None]:
        """Have a result made on the cluster."""
        packed, images = remote.pack(experiment, job)
        name = f"{experiment}-{secrets.token_hex(8)}"
        self._numbers[name] = number
        order = remote.Order(
            name,
            self._topic,
            device,
            self._limit,
            remote.described(),
            self._mark,
            {
                "HW1_RESULTS": str(self._store.root),
                "HW1_REFERENCE": str(self._store.reference),
                "HW1_COMPUTE": os.environ.get("HW1_COMPUTE", ""),
            },
        )
        made: Future[Contents | None] = self._executor.submit(
            remote.work,
            order,
            packed,
            {name: self._on_cluster(name, of) for name, of in images.items()},
            {} if self._shared else self._before(job),
            key=name,
            priority=-rank,
        )
        return made

    def _on_cluster(self, fingerprint: str, images: Any) -> Any:
        """Send images to every worker, once."""
        sent = self._sent.get(fingerprint)
        if sent is None or sent.status in ("lost", "cancelled", "error"):
            sealed = remote.seal(images)
            sent = self._client.scatter(sealed, broadcast=True, hash=False)
            self._sent[fingerprint] = sent
        return sent

    def _before(self, job: Job) -> dict[str, Any]:
        """Send the files of the results that a job begins with, to the worker that will need them.

        They may be many megabytes of weights, which should not pass through the scheduler.
        """
        found = {of: self._store.find(of.experiment, of.job.call) for of in jobs.needed(job)}
        return {
            # in a list, since Dask would scatter a dict value by value
            of.fingerprint: self._client.scatter([self._store.contents(entry)], hash=False)[0]
            for of, entry in found.items()
            if entry
        }

    def _hear(self, event: tuple[float, tuple[str, float, float | None]]) -> None:
        name, part, loss = event[1]
        if name in self._numbers:
            self.told.put((self._numbers[name], part, loss))

    def _workers(self) -> int:
        """Count the workers that there are; none where the scheduler does not answer."""
        try:
            return len(self._client.scheduler_info()["workers"])
        except (OSError, ValueError, RuntimeError, TimeoutError):
            return 0

    def check(self) -> None:
        """Raise a `ClusterError` if there has been no worker for a while."""
        now = time.monotonic()
        if now - self._looked < BETWEEN:
            return
        self._looked = now
        if self._workers():
            self._seen = now
        elif now - self._seen > PATIENCE:
            raise ClusterError(
                f"the Dask cluster at {self._address} has had no worker for {PATIENCE:g} s; what "
                "was finished is stored, and the same command continues"
            )

    def end(self) -> None:
        """Take back what is not finished, and leave the cluster."""
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)
        with suppress(Exception):  # whatever the scheduler's state, this is no time to complain
            self._executor.shutdown(wait=False)
        self._client.close(timeout=ANSWER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
