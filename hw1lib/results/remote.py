"""What a worker of a Dask cluster does: it makes results by processes of its own."""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import platform
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hw1lib.results import jobs
from hw1lib.results.job import Job
from hw1lib.results.packs import Contents
from hw1lib.results.process import Process
from hw1lib.results.store import Store, StoreError
from hw1lib.results.workers import ClusterError

BETWEEN = 0.5  # seconds between two words on a job


@dataclass(frozen=True)
class Order:
    """What a worker has to know of a job besides the job."""

    name: str  # of the task
    topic: str  # under which it is told how far it is
    device: str
    limit: float | None  # seconds
    needs: Mapping[str, str]  # what there is on the client's machine, as `described` has it
    mark: Path  # a file in the client's store, seen where the store is shared
    environment: Mapping[str, str]  # of the process, where it is


@functools.cache
def described() -> dict[str, str]:
    """Say what has to be the same on every machine for results to be the same."""
    library, digest = Path(__file__).resolve().parents[1], hashlib.sha256()
    for path in sorted(library.rglob("*.py")):
        digest.update(f"{path.relative_to(library).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "torch": str(torch.__version__).partition("+")[0],  # behind it, for which device
        "NumPy": np.__version__,
        "hw1lib's source": digest.hexdigest()[:10],
    }


def compare(there: Mapping[str, str], here: Mapping[str, str], who: str) -> None:
    """Refuse a worker that differs.

    Args:
        there: What the worker has, as `described` has it.
        here: What the client has.
        who: The worker's address.

    Raises:
        ClusterError: Naming both sides.
    """
    differing = [
        f"{name} {there.get(name, 'unknown')} where this machine has {value}"
        for name, value in here.items()
        if there.get(name) != value
    ]
    if differing:
        raise ClusterError(
            f"the worker {who} has {' and '.join(differing)}, and its results would be filed as if "
            "it had the same: install the same there"
        )


# What travels


def pack(experiment: str, job: Job) -> tuple[bytes, dict[str, Any]]:
    """Pickle a job without its images, and return these by fingerprint, as many jobs share them."""
    buffer, images = io.BytesIO(), dict[str, Any]()

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> str | None:
            if isinstance(value, type) or not hasattr(value, "has_pixels"):
                return None
            images[value.fingerprint] = value
            return str(value.fingerprint)

    Pickler(buffer).dump((experiment, job))
    return buffer.getvalue(), images


def unpack(packed: bytes, images: Mapping[str, bytes]) -> tuple[str, Job]:
    """Return what `pack` was given, `images` as `seal` returns them."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, name: str) -> Any:
            return _opened(name, images)

    experiment, job = Unpickler(io.BytesIO(packed)).load()
    return experiment, job


def seal(value: Any) -> bytes:
    """Pickle, behind the SHA-256 of it."""
    content = pickle.dumps(value, protocol=5)
    return hashlib.sha256(content).digest() + content


_KEPT: dict[str, Any] = {}  # image sets of this worker, by fingerprint
_LOCK = threading.Lock()


def _opened(name: str, sealed: Mapping[str, bytes]) -> Any:
    with _LOCK:
        if name not in _KEPT:
            digest, content = sealed[name][:32], memoryview(sealed[name])[32:]
            if hashlib.sha256(content).digest() != digest:
                raise ClusterError(f"the images {name[:10]} did not arrive as they were sent")
            _KEPT[name] = pickle.loads(content)
        return _KEPT[name]


# The work


def work(
    order: Order, packed: bytes, images: Mapping[str, bytes], before: Mapping[str, Contents]
) -> Contents | None:
    """Make one result, in a thread of a Dask worker that looks after a process.

    Args:
        order: How.
        packed: The job, as `pack` returns it.
        images: Those that it learns, by fingerprint, as `seal` returns them.
        before: Results that it begins with, by fingerprint.

    Returns:
        The entry's files; None if the client sees them in its own store.

    Raises:
        ClusterError: If this worker differs from the client.
        Exception: As `Process.make` raises.
    """
    from distributed import get_worker

    worker = get_worker()
    compare(described(), order.needs, worker.address)
    experiment, job = unpack(packed, images)
    shared = order.mark.exists()
    environment = dict(order.environment)
    if not shared:
        own = _own(worker.local_directory)
        store = Store(own / "results", own / "reference")
        environment |= {"HW1_RESULTS": str(store.root), "HW1_REFERENCE": str(store.reference)}
        for of in jobs.needed(job):
            if of.fingerprint not in before:
                raise StoreError(
                    f"{experiment}: {job.label} begins with {of.job.label}, which {worker.address} "
                    "does not see: it joined later, and not the folder of results that all others "
                    "have in common"
                )
            store.file(of.experiment, of.job.call, before[of.fingerprint])
    told = time.monotonic()

    def tell(part: float, loss: float | None) -> None:
        nonlocal told
        if time.monotonic() - told > BETWEEN:
            told = time.monotonic()
            worker.log_event(order.topic, (order.name, part, loss))

    def wanted() -> bool:
        # else the client has cancelled it, or is gone
        task = worker.state.tasks.get(order.name)
        return task is not None and task.state in ("executing", "long-running")

    process = _process(environment)
    try:
        process.make(
            experiment, job, device=order.device, tell=tell, wanted=wanted, limit=order.limit
        )
    finally:
        _give_back(process)
    if shared:
        return None
    entry = store.find(experiment, job.call)
    return store.contents(entry) if entry else {}


@functools.cache
def _own(folder: str) -> Path:
    """Return a folder of this worker's own, which goes with the worker's."""
    return Path(tempfile.mkdtemp(prefix="hw1-", dir=folder))


_IDLE: list[Process] = []


def _process(environment: Mapping[str, str]) -> Process:
    """Return a process that works in this environment; end idle ones of another, as of before."""
    with _LOCK:
        fitting = [process for process in _IDLE if process.environment == environment]
        others = [process for process in _IDLE if process not in fitting]
        found = fitting.pop() if fitting else Process(environment)
        _IDLE[:] = fitting
    for process in others:
        process.end()
    return found


def _give_back(process: Process) -> None:
    with _LOCK:
        _IDLE.append(process)
