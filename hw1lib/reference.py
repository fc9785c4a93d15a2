"""Keep the full profile's results in the repository, and compute some of them again.

    python -m hw1lib.reference           say which results of the full profile are stored
    python -m hw1lib.reference write     pack those that are stored into reference/
    python -m hw1lib.reference verify    compute a few of the packed ones again, and compare

Results are found under the keys of the present source, so none of another source is packed. What
computes with changes that no commit holds is refused.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping

from hw1lib.compute import asked
from hw1lib.results import packs
from hw1lib.results.agreement import FEWEST, differing
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import Asked, record
from hw1lib.results.store import Entry, Store
from hw1lib.training import fused
from hw1lib.training.run import Run, threads

SHOWN = 3  # missing results that are named
LONGEST = 60.0  # seconds that a result may have taken to be computed again


def main(words: list[str] | None = None) -> None:
    """Do what is asked, and say what was done."""
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.reference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", nargs="?", choices=("list", "write", "verify"), default="list")
    parser.add_argument("--sample", type=int, default=5, help="results to verify (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="chooses them (default: 0)")
    arguments = parser.parse_args(words)
    found, store = asked("full", {}), Store()
    if arguments.action == "verify":
        sys.exit(0 if verify(found, arguments.sample, arguments.seed) else 1)
    for experiment, of in found.items():
        print(sentence(experiment, of))
    if arguments.action == "write":
        write(found, store)


def sentence(experiment: str, of: Asked) -> str:
    """Say how many of an experiment's results are stored, and name some that are not."""
    packed = sum(entry.is_reference for entry in of.entries.values())
    missing = [job.label for name, job in of.jobs.items() if name not in of.entries]
    text = f"{experiment}: {len(of.entries)} of {len(of.jobs)} stored, {packed} in the repository"
    named = "; ".join(missing[:SHOWN]) + ("; ..." if len(missing) > SHOWN else "")
    return f"{text}; missing: {named}" if missing else text


def write(found: Mapping[str, Asked], store: Store) -> None:
    """Pack what is stored; say how large each pack is, and how long it took to compute.

    Raises:
        SystemExit: If a result was computed by source that no commit holds.
    """
    for experiment, of in found.items():
        for fingerprint, entry in of.entries.items():
            git = entry.provenance["git"]
            if not git or git["dirty"]:
                sys.exit(
                    f"{experiment}: {of.jobs[fingerprint].label} was computed with changes that no "
                    f"commit holds, and is not packed: compute it again from a clean checkout "
                    f"({entry.path})"
                )
    for experiment, of in found.items():
        if of.entries:
            contents = {name: store.contents(entry) for name, entry in of.entries.items()}
            pack = packs.write(store.reference, experiment, contents)
            hours = record([*of.entries.values()], learned="", replicas=0)["seconds"] / 3600
            size = pack.stat().st_size / 2**20
            print(f"{pack}: {len(of.entries)} results, {size:.2f} MiB, {hours:.2f} hours")


def verify(found: Mapping[str, Asked], sample: int, seed: int) -> bool:
    """Compute some packed results again and compare; return whether all agree.

    Those are chosen at random, of each experiment in turn, among the ones that took less than a
    minute, have replicas enough for a band, need no images that are not here and are no times.
    """
    draw, turns = random.Random(seed), []
    for experiment, of in found.items():
        able = [name for name, entry in of.entries.items() if _can_repeat(entry, of.jobs[name])]
        drawn = draw.sample(able, len(able))
        turns += [(turn, draw.random(), experiment, name) for turn, name in enumerate(drawn)]
    if not turns:
        sys.exit("there is no packed result: `python -m hw1lib.reference write` makes packs")
    agree = True
    for _, _, experiment, name in sorted(turns)[:sample]:
        entry, job = found[experiment].entries[name], found[experiment].jobs[name]
        with threads(1):
            arrays = job.call(run=Run(prepare=fused.prepare))
        apart = differing(entry.arrays, arrays, _replicas(job))
        agree &= not apart
        how = f"differs in {', '.join(apart)}" if apart else "agrees"
        print(f"{experiment}: {job.label} {how} ({entry.provenance['seconds']:.0f} s then)")
    return agree


def _replicas(job: Job) -> int:
    return len(getattr(job.settings, "seeds", ()))


def _can_repeat(entry: Entry, job: Job) -> bool:
    given = job.call.keywords.values()
    here = not any(isinstance(it, ResultOf) or not getattr(it, "has_pixels", True) for it in given)
    on_cpu = entry.provenance["device"] == "cpu"  # a GPU's minute may be an hour here
    able = here and job.repeats and on_cpu and _replicas(job) >= FEWEST
    return able and entry.is_reference and entry.provenance["seconds"] < LONGEST


if __name__ == "__main__":
    main()
