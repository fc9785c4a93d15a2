"""Runs a command again and again while its processes are killed, until it has come to its end.

    python tests/faults/campaign.py --kills 500 --seed 0 -- python -m hw1lib.batch ...

kills a process of the command at random moments: a worker that trains, a process that executes a
notebook, a kernel, or the runner itself, which is also interrupted and ended in every other way, as
a terminal or a service does: by SIGINT or SIGTERM, once or twice, alone or with its group. The same
command then goes on; after the last kill it ends by itself.
"""

import argparse
import collections
import contextlib
import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import psutil

KINDS = {  # of processes, by what their command line holds
    "worker": "multiprocessing.spawn",
    "notebook": "hw1lib.publish.execute",
    "kernel": "ipykernel_launcher",
}
ENDINGS = [
    ("runner killed", (signal.SIGKILL,), False),
    *(
        (f"runner{whole}, {number.name}{twice}", (number,) * (1 + bool(twice)), bool(whole))
        for number in (signal.SIGINT, signal.SIGTERM)
        for twice in ("", " twice")
        for whole in ("", " and group")
    ),
]
HEARD = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also behind a shell's &
OFTEN = 0.2  # share of kills that are the runner's
GRACE = 15.0  # seconds in which all processes of a dead runner end
PATIENCE = 30.0  # for a runner that has been told to end
STARTS = 50  # without a kill between them, after which the command is given up


class Orphans(AssertionError):
    """A process has outlived the command."""


def campaign(
    command: Sequence[str], *, kills: int, seed: int = 0, mean: float = 5.0, **how: object
) -> dict[str, int]:
    """Run a command until it succeeds, killing as many processes on its way, and count them.

    Args:
        command: Which continues where it was interrupted.
        kills: Processes to kill, but no more than the command lives to see.
        seed: Chooses moments and victims.
        mean: Seconds between two kills.
        how: As for `subprocess.Popen`.

    Raises:
        Orphans: If a process is still there a while after the command.
        RuntimeError: If the command fails again and again without a kill.
    """
    draw = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter(starts=0)
    undisturbed = 0
    while undisturbed < STARTS:
        counts["starts"] += 1
        before = counts.total()
        seen: set[psutil.Process] = set()
        with subprocess.Popen(command, preexec_fn=HEARD, start_new_session=True, **how) as process:
            runner = psutil.Process(process.pid)
            for _ in _until_it_ends(process, seen, draw, mean):
                if kills and (victim := _victim(runner, draw)):
                    kind, target = victim
                    counts[_end(draw, process) if target == runner else kind] += 1
                    if target != runner:
                        target.kill()
                    kills -= 1
        _, alive = psutil.wait_procs(seen, timeout=GRACE)
        if alive:
            raise Orphans([" ".join(one.cmdline()) for one in alive])
        if process.returncode == 0:
            return dict(counts)
        undisturbed = 0 if counts.total() > before else undisturbed + 1
    raise RuntimeError(f"{STARTS} starts without a kill, and still {process.returncode}")


def _end(draw: random.Random, runner: subprocess.Popen) -> str:
    """End the runner in one of the ways, and name it.

    Python loses an interrupt that comes while an import cleans up after itself ("Exception
    ignored in"); whoever waits in vain presses Ctrl-C once more, and that must do.
    """
    name, signals, whole = draw.choice(ENDINGS)
    for again in ("", ", lost and repeated"):
        for number in signals:
            if runner.poll() is None:
                os.killpg(runner.pid, number) if whole else runner.send_signal(number)
            time.sleep(0.2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            runner.wait(PATIENCE)
            return name + again
    raise RuntimeError(f"the command outlives {name}, twice")


def _until_it_ends(
    process: subprocess.Popen, seen: set[psutil.Process], draw: random.Random, mean: float
) -> Iterator[None]:
    """Yield at random moments while a process lives, and note which others it has begun."""
    due = time.monotonic() + draw.expovariate(1 / mean)
    while process.poll() is None:
        try:
            seen |= {*psutil.Process(process.pid).children(recursive=True)}
        except psutil.NoSuchProcess:
            break
        if time.monotonic() > due:
            yield
            due = time.monotonic() + draw.expovariate(1 / mean)
        time.sleep(0.05)


def _victim(runner: psutil.Process, draw: random.Random) -> tuple[str, psutil.Process] | None:
    """Choose a kind of process that there is, and one of it."""
    found: dict[str, list[psutil.Process]] = {"runner": [runner]}
    try:
        for child in runner.children(recursive=True):
            words = " ".join(child.cmdline())
            for kind, mark in KINDS.items():
                if mark in words:
                    found.setdefault(kind, []).append(child)
                    break
        # mostly others, or a sweep that begins anew again and again never gets to its notebooks
        others = sorted({*found} - {"runner"})
        kind = draw.choice(others) if others and draw.random() > OFTEN else "runner"
        return kind, draw.choice(sorted(found[kind], key=lambda one: one.pid))
    except psutil.NoSuchProcess:
        return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=500, help="processes to kill (500)")
    parser.add_argument("--seed", type=int, default=0, help="chooses moments and victims (0)")
    parser.add_argument("--mean", type=float, default=5.0, help="seconds between two (5)")
    parser.add_argument("command", nargs="+")
    words = parser.parse_args()
    found = campaign(words.command, kills=words.kills, seed=words.seed, mean=words.mean)
    print(json.dumps(found), file=sys.stderr)
