"""Print our speed as ratios to plain loops, measured in the same run.

Every figure is the best of a few rounds in which the two sides take turns, so that whatever
else the machine does falls on both.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import torch

from benchmarks import (
    batch,
    capacity,
    curvature,
    geometry,
    interpolation,
    networks,
    peers,
    report,
    schedule,
    sensitivity,
    trajectories,
)
from hw1lib.results import provenance

BENCHMARKS: dict[str, Callable[[int], None]] = {
    "regressors": networks.regressors,
    "perceptrons": networks.perceptrons,
    "convolutions": networks.convolutions,
    "trajectories": trajectories.trajectories,
    "hessians": curvature.hessians,
    "memory": lambda rounds: curvature.memory(),
    "plane": geometry.plane,
    "capacity": capacity.capacity,
    "line": interpolation.line,
    "gradients": sensitivity.gradients,
    "batch": lambda rounds: batch.batch(),
    "schedule": lambda rounds: schedule.schedule(),
    "report": lambda rounds: report.report(),
}


PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
HEAD = """# Performance

Written by `make bench`. Each figure is the shortest of a few rounds in which the sides take turns.

Machine: {cpu}, {cores} cores; {threads} torch threads where nothing else is said.
Versions: {versions}; JAX {jax}.

```text
{table}
```
"""


class Both(io.TextIOBase):
    """Text that goes to two places."""

    def __init__(self, *places: TextIO) -> None:
        """Name the places."""
        self.places = places

    def write(self, text: str) -> int:
        """Write the same to both."""
        for place in self.places:
            place.write(text)
        return len(text)


def main() -> None:
    """Run the benchmarks asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"which: {', '.join(BENCHMARKS)} (default: all but report)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default: 3)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(f"there is no {min(unknown)!r}; known: {', '.join(BENCHMARKS)}")
    written = io.StringIO()
    with contextlib.redirect_stdout(Both(sys.stdout, written)):
        for name in chosen.names or [name for name in BENCHMARKS if name != "report"]:
            print(f"\n[{name}]")
            BENCHMARKS[name](chosen.rounds)
    if not chosen.names:
        machine = provenance.environment()
        versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
        PAGE.write_text(
            HEAD.format(
                cpu=machine["machine"]["cpu"],
                cores=os.cpu_count(),
                threads=torch.get_num_threads(),
                versions=versions,
                jax=getattr(peers.jax, "__version__", "not installed"),
                table=written.getvalue().strip(),
            )
        )


if __name__ == "__main__":
    main()
