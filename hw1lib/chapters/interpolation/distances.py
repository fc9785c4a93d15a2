"""Barriers beside the distance that they span."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.interpolation.result import Result, Segment
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    DECAY,
    MAIN_ADAM,
    MAIN_SGD,
    NESTEROV,
    NEVER,
    OF_B,
    OTHER,
    STEPS,
)
from hw1lib.judging.statistics import geometric_mean, t_interval
from hw1lib.showing import figures
from hw1lib.showing.palette import BLUE, GREEN, RED

MARKS = {BLUE: "o", RED: "s", GREEN: "^"}  # as in the figure of all barriers
LEAST = 1e-3  # nats: lower barriers are drawn between it and zero


def by_distance(result: Result) -> Figure:
    """Draw the barrier of every pair of A's trainings, and of B's, against their distance."""
    pairs, parting = result.pairs, result.parting
    groups: dict[tuple[str, str], list[Segment]] = {
        ("SGD, same first weights", BLUE): [pairs[name] for name in MAIN_SGD],
        ("SGD, other first weights", BLUE): [parting[NESTEROV, NEVER]],
        ("Adam, same first weights", RED): [pairs[name] for name in (*MAIN_ADAM, STEPS, DECAY)],
        ("Adam, other first weights", RED): [parting[ADAM, NEVER], pairs[OTHER]],
        ("B's network, other first weights", GREEN): [pairs[name] for name in OF_B],
    }
    for (optimizer, common), segment in parting.items():
        if common != NEVER:
            color = BLUE if optimizer == NESTEROV else RED
            groups[f"{optimizer}, same first weights", color].append(segment)
    figure, axes = figures.panels(1, 1, 2.6)
    ax = axes[0, 0]
    for (label, color), segments in groups.items():
        distance = np.concatenate([segment.distance for segment in segments])
        barrier = np.concatenate([segment.barrier() for segment in segments])
        filled = color if "same" in label else "none"
        mark = {BLUE: "o", RED: "s", GREEN: "^"}[color]
        ax.scatter(
            distance, barrier, s=14, marker=mark, facecolor=filled, edgecolor=color, label=label
        )
    ax.set_xscale("log")
    ax.set_yscale("symlog", linthresh=LEAST, linscale=0.4)
    ax.margins(x=0.05)
    ax.set_ylim(-LEAST / 5, 5)
    ax.set(xlabel="distance between the two networks", ylabel="barrier (nats)")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def parting_table(result: Result) -> pd.DataFrame:
    """List distance and barrier of pairs trained in one way, by when their paths part."""
    rows = []
    for (optimizer, common), pair in result.parting.items():
        barrier = pair.barrier()
        rows.append(
            {
                "optimizer": optimizer,
                "the same for": "nothing" if common == NEVER else _passes(common),
                "distance": str(geometric_mean(pair.distance)),
                "barrier (nats)": str(t_interval(barrier)),
                "per squared distance": f"{t_interval(barrier / pair.distance**2).mean:.2g}",
                "n": int(pair.sound.sum()),
            }
        )
    return pd.DataFrame(rows)


def _passes(common: int) -> str:
    if not common:
        return "the first weights"
    return f"{common} epoch" if common == 1 else f"{common} epochs"


def distance_sentence(result: Result) -> str:
    """Compare SGD and Adam by barrier and distance, from other first weights and from the same."""
    parts = []
    for common, start in ((NEVER, "other first weights"), (0, "the same first weights")):
        told = []
        for optimizer in (NESTEROV, ADAM):
            if pair := result.parting.get((optimizer, common)):
                distance = geometric_mean(pair.distance)
                away = (
                    f" at a distance of {distance.mean:.3g}" if distance.n else ", as all diverged"
                )
                told.append(f"{optimizer} {t_interval(pair.barrier())}{away}")
        if told:
            parts.append(f"from {start} {', '.join(told)}")
    return f"Barrier between two trainings made in the same way, in nats: {'; '.join(parts)}."
