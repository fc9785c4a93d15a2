"""Print our speed as ratios to plain loops, measured in the same run.

Every figure is the best of a few rounds in which the two sides take turns, so that whatever
else the machine does falls on both.
"""

import argparse
from collections.abc import Callable

import torch

from benchmarks import (
    capacity,
    curvature,
    geometry,
    interpolation,
    networks,
    report,
    sensitivity,
    trajectories,
)

BENCHMARKS: dict[str, Callable[[int], None]] = {
    "regressors": networks.regressors,
    "convolutions": networks.convolutions,
    "trajectories": trajectories.trajectories,
    "hessians": curvature.hessians,
    "memory": lambda rounds: curvature.memory(),
    "plane": geometry.plane,
    "capacity": capacity.capacity,
    "line": interpolation.line,
    "gradients": sensitivity.gradients,
    "report": lambda rounds: report.report(),
}


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
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in chosen.names or [name for name in BENCHMARKS if name != "report"]:
        BENCHMARKS[name](chosen.rounds)


if __name__ == "__main__":
    main()
