"""Carrying out a chapter's trainings: stored, resumable, with one progress bar and a record."""

import functools
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np
import torch

from hw1lib.results import bars, courses
from hw1lib.results.job import Images, Job, ResultOf
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Checkpoint, Entry, MissingResultError, Store, may_compute
from hw1lib.training import captured, fused
from hw1lib.training.run import Run, threads

Key = TypeVar("Key", bound=Hashable)
SHOWN = 5  # missing results that are told one by one


@dataclass
class Asked:
    """What is asked of one experiment, and what of it is stored."""

    jobs: dict[str, Job] = field(default_factory=dict)  # by the fingerprint of the result
    entries: dict[str, Entry] = field(default_factory=dict)  # likewise

    def note(
        self, experiment: str, jobs: Mapping[Any, Job], found: Mapping[Any, Entry | None]
    ) -> None:
        """Note some jobs, and the entries of those that have one."""
        for key, job in jobs.items():
            fingerprint = ResultOf(experiment, job).fingerprint
            self.jobs[fingerprint] = job
            if entry := found[key]:
                self.entries[fingerprint] = entry


_ASKED: ContextVar[dict[str, Asked] | None] = ContextVar("asked", default=None)


@contextmanager
def asking() -> Iterator[dict[str, Asked]]:
    """Only note what is asked, by experiment; what is not stored raises `MissingResultError`."""
    asked: dict[str, Asked] = {}
    token = _ASKED.set(asked)
    try:
        yield asked
    finally:
        _ASKED.reset(token)


def find_device(name: str) -> str:
    """Turn "auto" into the best device there is, and check any other name.

    Raises:
        SettingError: If torch does not know the device or this machine lacks it.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=torch.device(name)).cpu()  # so that "meta" fails here, not later
    except (RuntimeError, AssertionError, TypeError) as error:
        raise SettingError(
            f"device {name!r} cannot be used here: {str(error).splitlines()[0]}; "
            "use auto, cpu or a cuda device that this machine has"
        ) from error
    return name


class Stopped(KeyboardInterrupt):
    """A reader ended the computation; the message says how much is stored."""

    def _render_traceback_(self) -> list[str]:
        # a notebook shows one line in place of eighty of the training's frames
        return [f"Stopped: {self}; run the cell again to go on"]


def carry_out(
    experiment: str, jobs: Mapping[Key, Job], *, device: str, progress: bool
) -> dict[Key, Entry]:
    """Fetch every job's result from the store, training what is not there.

    Args:
        experiment: Name of the chapter's folder in the store.
        jobs: The trainings, by the name their result gets.
        device: Where to train; no part of a result's identity.
        progress: Whether to show a bar.

    Returns:
        The stored entries, by the same names.

    Raises:
        MissingResultError: If a result is missing and `HW1_COMPUTE` forbids to compute.
        Stopped: On Ctrl-C, or when a notebook's cell is stopped.
    """
    device = find_device(device)
    store = Store()
    found = {key: store.find(experiment, job.call) for key, job in jobs.items()}
    missed = [job for key, job in jobs.items() if not found[key]]
    asked = _ASKED.get()
    if asked is not None:
        asked.setdefault(experiment, Asked()).note(experiment, jobs, found)
    if missed and (asked is not None or not may_compute()):
        shown = [store.missing(experiment, job.call, job.label) for job in missed[:SHOWN]]
        more = [f"and {len(missed) - SHOWN} more"] if len(missed) > SHOWN else []
        raise MissingResultError("\n".join([*shown, *more]))
    others = {of.fingerprint: of.job for job in missed for of in needed(job)}
    made = carry_out(experiment, others, device=device, progress=progress) if others else {}
    entries: dict[Key, Entry] = {}
    todo = progress and bool(missed)  # what is stored needs no bar
    with (
        bars.bar(sum(job.work for job in jobs.values()), todo) as bar,
        courses.watched(len(missed), todo) as watched,
    ):
        for number, (key, job) in enumerate(jobs.items(), start=1):
            bar.set_description_str(f"{experiment} {number}/{len(jobs)} {job.label}", refresh=False)
            course = None if found[key] else watched.begin(job.label, job.work)
            tell = bars.part(bar, course)
            try:
                entries[key] = found[key] or fetch(
                    store, experiment, job, device=device, tell=tell, made=made
                )
            except KeyboardInterrupt:
                stored = len(entries) + sum(bool(found[key]) for key in list(jobs)[number:])
                raise Stopped(f"{experiment}: {stored} of {len(jobs)} results stored") from None
            # what was found in the store, or stopped early, counts as done
            tell(job.work, None)
    return entries


def needed(job: Job) -> list[ResultOf]:
    """Return the results of other jobs that a job begins with."""
    return [value for value in job.call.keywords.values() if isinstance(value, ResultOf)]


def fetch(
    store: Store,
    experiment: str,
    job: Job,
    *,
    device: str,
    tell: bars.Tell,
    made: Mapping[str, Entry] | None = None,
) -> Entry:
    """Fetch one job's result from the store, or make it.

    Args:
        store: Where it is looked for and kept.
        experiment: Name of the chapter's folder in the store.
        job: What is to be made.
        device: Where.
        tell: Told from time to time how much of the job's `work` is done, and the median loss.
        made: Results of other jobs that it begins with, by fingerprint; looked up in the store
            where not given.

    Raises:
        MissingResultError: If it learns images that are not here, or begins with a result that
            is not stored.
    """
    for value in job.call.keywords.values():
        if not getattr(value, "has_pixels", True):
            raise MissingResultError(
                f"{experiment}: {job.label} is not stored, and {value.description}, which it "
                "learns, is not here and cannot be downloaded"
            )
    if made is None:
        stored = [(of.fingerprint, store.find(experiment, of.job.call)) for of in needed(job)]
        made = {fingerprint: entry for fingerprint, entry in stored if entry}
    if lacking := [of.job.label for of in needed(job) if of.fingerprint not in made]:
        raise MissingResultError(f"{experiment}: {job.label} begins with {lacking[0]}, not stored")
    how = _how(device, [made[of.fingerprint] for of in needed(job)])
    given = {
        name: made[value.fingerprint] if isinstance(value, ResultOf) else value
        for name, value in job.call.keywords.items()
    }
    call = functools.partial(job.call.func, *job.call.args, **given)

    def progress(epochs: int, losses: torch.Tensor) -> None:
        tell(job.cost * epochs, losses.nanmedian().item())

    def prepare(*training: Any) -> fused.Updates | None:
        updates = fused.prepare(*training)
        if updates:
            how["compiled"] = f"numba {version('numba')}"
        return updates

    def compute(checkpoint: Checkpoint) -> Mapping[str, np.ndarray]:
        return call(run=Run(device, checkpoint, progress, prepare, captured.capture))

    # on a GPU as exact as on a CPU, and the same each time
    exactly = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with threads(job.threads), exactly:
        return store.fetch(experiment, call, compute, how=how)


def _how(device: str, others: list[Entry]) -> dict[str, Any]:
    """Return what provenance says of a computation that begins with the results of others."""
    seconds = {entry.fingerprint: entry.provenance["seconds"] for entry in others}
    return {"device": _named(device), **({"began_with": seconds} if others else {})}


def _named(device: str) -> str:
    """Add to a graphics card what it is called."""
    if torch.device(device).type != "cuda":
        return device
    return f"{device} ({torch.cuda.get_device_name(device)})"


def record(entries: list[Entry], *, learned: Images | str, replicas: int) -> dict[str, Any]:
    """Summarize where results come from, for the report's provenance page.

    Args:
        entries: Everything a chapter read from the store.
        learned: The images that were learned, or what else, in words.
        replicas: Trainings of each network, at most.
    """
    described, standin = learned, None  # neither real nor a stand-in, as a formula
    if not isinstance(learned, str):
        described = learned.description
        standin = None if learned.source == "folder" else learned.source == "standin"
    computed = [entry.provenance for entry in entries]
    before = {name: took for of in computed for name, took in of.get("began_with", {}).items()}
    return {
        "data": described,
        "standin": standin,
        "replicas": replicas,
        "trainings": sum(_trainings(entry) for entry in entries),
        "seconds": round(sum(of["seconds"] for of in computed) + sum(before.values()), 3),
        "commits": sorted({_commit(of["git"]) for of in computed} - {""}),
        "written": _days(of["written"] for of in computed),
        "refiled": sorted({one["why"] for of in computed for one in of.get("refiled", [])}),
        "environments": _environments(entries),
    }


def _trainings(entry: Entry) -> int:
    """Count the trainings of an entry: one per seed of its settings; none if it only measures."""
    return len(entry.key["arguments"].get("settings", {}).get("seeds", ()))


def _commit(git: Mapping[str, Any] | None) -> str:
    git = git or {}
    return git.get("commit", "")[:10] + (" with changes" if git.get("dirty") else "")


def _days(times: Iterable[str]) -> str:
    """Write the day of the first and of the last of some times in ISO format."""
    days = sorted({time[:10] for time in times})
    return " to ".join(dict.fromkeys([days[0], days[-1]])) if days else ""


def _environments(entries: list[Entry]) -> list[dict[str, Any]]:
    """List each machine, device, number of threads and set of versions that computed, once."""
    found = {}
    for entry in entries:
        of = entry.provenance
        device = f"{of['device']}, {of['threads']} thread{'s' if of['threads'] > 1 else ''}"
        if "compiled" in of:
            device += f", updates compiled by {of['compiled']}"
        one = {
            "machine": _machine(**of["machine"]),
            "device": device,
            "versions": of["versions"],
            "origin": "came with the repository" if entry.is_reference else "computed here",
        }
        found[json.dumps(one, sort_keys=True)] = one
    return [found[key] for key in sorted(found)]


def _machine(cpu: str, platform: str, cores: int | None = None) -> str:
    return ", ".join([cpu, *([f"{cores} cores"] if cores else []), platform])
