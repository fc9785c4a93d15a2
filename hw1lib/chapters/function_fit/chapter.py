"""What chapter 11 states of itself."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.function_fit import PROFILES, Result, run, views
from hw1lib.chapters.function_fit.claims import CLAIMS
from hw1lib.chapters.function_fit.findings import panel_caption
from hw1lib.chapters.function_fit.slips import SLIPS
from hw1lib.chapters.function_fit.spec import AS_B, NETWORKS, TUNED
from hw1lib.judging.statistics import decades


def _final_loss(arm: str, network: str) -> Callable[[Result], np.ndarray]:
    """Return the metric of one network in one arm."""

    def over_targets(result: Result) -> np.ndarray:
        """Compute the geometric mean of the final losses over the targets, (R,)."""
        ends = [result.fits[arm, target, network].final for target in result.spec.targets]
        return 10 ** np.mean([decades(end) for end in ends], axis=0)

    return over_targets


CHAPTER = registry.Chapter(
    number="11",
    name="function_fit",
    section="function-fit",
    question="Does depth help to fit a function, at equal parameter count?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C7c",
        "A-C7d",
        "E-11b",
        "E-11a",
    ),
    metrics={
        f"mean final loss, {network}, {arm} (mean squared error)": _final_loss(arm, network)
        for arm in (AS_B, TUNED)
        for network in NETWORKS
    },
    panel=registry.Panel(views.panel, panel_caption),
)
