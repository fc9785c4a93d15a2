"""Compute all results of a report that are not stored, on several cores at once.

    python -m hw1lib.compute                              the quick profile's
    python -m hw1lib.compute --profile full --only 12     those of chapter 12 in full
    python -m hw1lib.compute -p seed 100 --workers 4

Trainings of all chapters share the workers, the longest first; the chapters then only read. Each
result is stored when it is done, so the same command continues after an interruption.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.data.published import DataError
from hw1lib.publish.execute import ExecutionError, add_parameters, read
from hw1lib.results import jobs, workers
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import Asked
from hw1lib.results.specs import SettingError
from hw1lib.results.store import MissingResultError, Store, StoreError

SUMMARY = "00"


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
    parser.add_argument(
        "--workers",
        type=int,
        default=workers.cores(),
        help="processes, of one thread each (default: as many as there are cores)",
    )
    parser.add_argument("--device", default="cpu", help="where to train: cpu, cuda or auto")
    add_parameters(parser)
    try:
        options, parameters = read(parser, words)
        profile = parameters.pop("profile", options.profile)
        device = jobs.find_device(parameters.pop("device", options.device))
        made = 0
        while todo := missing(asked(profile, parameters, tuple(options.only))):
            workers.make(todo, device=device, workers=max(1, options.workers), progress=True)
            made += len(todo)
        print(f"{made} results computed, all others were stored")
    except (ExecutionError, SettingError, StoreError, DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: what was finished is stored, the same command continues")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
