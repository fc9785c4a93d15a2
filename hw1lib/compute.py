"""Compute all results of a report that are not stored, on several cores at once.

    python -m hw1lib.compute                              the quick profile's
    python -m hw1lib.compute --profile full --only 12     those of chapter 12 in full
    python -m hw1lib.compute -p seed 100 --workers 4
    python -m hw1lib.compute --scheduler tcp://HOST:8786  on a Dask cluster

Trainings of all chapters share the workers, the longest first; the chapters then only read. Each
result is stored when it is done, so the same command continues after an interruption. A training
that fails is told at the end, and keeps no other from being made.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.data.published import DataError
from hw1lib.publish.given import ExecutionError, add_parameters, read, seconds
from hw1lib.results import cluster, jobs, workers
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import SHOWN, Asked
from hw1lib.results.specs import SettingError
from hw1lib.results.store import MissingResultError, Store, StoreError

SUMMARY = "00"
_EXPECTED = (ExecutionError, SettingError, StoreError, DataError, OSError)  # told in a sentence


def asked(
    profile: str, parameters: Mapping[str, Any], only: tuple[str, ...] = ()
) -> dict[str, Asked]:
    """Ask chapters for their results, by experiment, computing none.

    Args:
        profile: Of every chapter.
        parameters: Settings other than the profile's; each chapter takes those that it has.
        only: Numbers of chapters; empty for all and the summary.

    Raises:
        SettingError: If there is no such chapter, or one refuses a setting.
    """
    chapters = {c.number: (c.run, c.profiles) for c in discover().values()}
    chapters[SUMMARY] = (summary.run, summary.PROFILES)
    if unknown := sorted(set(only) - set(chapters)):
        raise SettingError(f"there is no chapter {unknown[0]}; known: {', '.join(chapters)}")
    with jobs.asking() as found:
        for number in only or chapters:
            run, profiles = chapters[number]
            given = {k: v for k, v in parameters.items() if hasattr(profiles[profile], k)}
            spec = profiles.choose(profile, **given)
            # a chapter asks for more once it has what it began with
            with contextlib.suppress(MissingResultError):
                run(spec, device="cpu", progress=False)
    return found


def missing(found: Mapping[str, Asked]) -> list[tuple[str, Job]]:
    """List what has to be made next: jobs that are not stored, and first what they begin with."""
    store, todo = Store(), {}
    for experiment, of in found.items():
        for fingerprint, job in of.jobs.items():
            if fingerprint in of.entries:
                continue
            before = [n for n in jobs.needed(job) if not store.find(n.experiment, n.job.call)]
            for need in before or [ResultOf(experiment, job)]:
                todo[need.fingerprint] = (need.experiment, need.job)
    return list(todo.values())


def fill(
    due: Callable[[], Iterable[workers.Making]], *, device: str, crew: workers.Crew
) -> tuple[int, dict[str, Exception]]:
    """Make what is due, and again what is due then, until nothing is or the rest has failed.

    Args:
        due: Lists what has to be made next; a chapter asks for more once it has what it began with.
        device: Where to train.
        crew: Who works.

    Returns:
        How many results were made, and what went wrong with others, by their fingerprints.
    """
    made, failed = 0, dict[str, Exception]()
    while True:
        named = {ResultOf(*pair).fingerprint: pair for pair in due()}
        left = {name: pair for name, pair in named.items() if name not in failed}
        if not left:
            return made, failed
        wrong = workers.attempt([*left.values()], device=device, crew=crew, progress=True)
        names = [*left]
        failed |= {names[number]: error for number, error in wrong.items()}
        made += len(left) - len(wrong)


def add_crew(parser: argparse.ArgumentParser) -> None:
    """Let a command take who computes."""
    parser.add_argument(
        "--workers",
        type=int,
        default=workers.cores(),
        help="processes, of one thread each (default: as many as there are cores)",
    )
    parser.add_argument(
        "--scheduler",
        default=os.environ.get(cluster.ADDRESS) or None,
        metavar="ADDRESS",
        help=f"of a Dask cluster that trains, such as tcp://127.0.0.1:8786 (default: "
        f"${cluster.ADDRESS}, else the cores here)",
    )
    parser.add_argument(
        "--job-timeout", type=seconds, metavar="SECONDS", help="after which a training has failed"
    )


def crew_of(options: argparse.Namespace) -> workers.Local | cluster.Cluster:
    """Return who computes by the options of `add_crew`; to be used in a `with`.

    Raises:
        ClusterError: If there is no such cluster, or it differs from this machine.
    """
    if options.scheduler:
        return cluster.Cluster(options.scheduler, options.job_timeout)
    return workers.Local(max(1, options.workers), options.job_timeout)


def main(words: list[str] | None = None) -> int:
    """Compute what is missing, and say how much that was.

    Returns:
        The exit status: 0; 1 after a sentence on standard error; 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.compute",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--profile", default="quick", choices=("smoke", "quick", "full"))
    parser.add_argument("--only", nargs="*", default=[], help="numbers of chapters (default: all)")
    parser.add_argument("--device", default="cpu", help="where to train: cpu, cuda or auto")
    add_crew(parser)
    add_parameters(parser)
    try:
        options, parameters = read(parser, words)
        profile = parameters.pop("profile", options.profile)
        device = parameters.pop("device", options.device)
        if not options.scheduler:
            jobs.find_device(device)
        only = tuple(options.only)
        asked(profile, parameters, only)  # which refuses what is wrong before anything starts
        with crew_of(options) as crew:
            made, failed = fill(
                lambda: missing(asked(profile, parameters, only)), device=device, crew=crew
            )
        if strange := [error for error in failed.values() if not isinstance(error, _EXPECTED)]:
            raise strange[0]
        others = f"{len(failed)} failed" if failed else "all others were stored"
        print(f"{made} results computed, {others}")
        for error in [*failed.values()][:SHOWN]:
            print(f"error: {error}", file=sys.stderr)
        return 1 if failed else 0
    except _EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: what was finished is stored, the same command continues")
        return 130


if __name__ == "__main__":
    sys.exit(main())
