"""What chapter 34 states of itself."""

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.sensitivity import PROFILES, run
from hw1lib.chapters.sensitivity.claims import CLAIMS
from hw1lib.chapters.sensitivity.findings import rescaled_sentence, sweep_sentence
from hw1lib.chapters.sensitivity.result import Result, keskar_measures
from hw1lib.chapters.sensitivity.slips import SLIPS
from hw1lib.chapters.sensitivity.spec import EPOCHS, LARGE, SMALL, STEPS


def accuracy_lost_by_epochs(result: Result) -> np.ndarray:
    """Compute how much test accuracy the largest batch costs after equally many epochs, (R,)."""
    return _accuracy_lost(result, EPOCHS)


def accuracy_lost_by_updates(result: Result) -> np.ndarray:
    """Compute how much test accuracy the largest batch costs after equally many updates, (R,)."""
    return _accuracy_lost(result, STEPS)


def _accuracy_lost(result: Result, arm: str) -> np.ndarray:
    sizes = result.spec.batch_sizes
    small, large = (result.sweep[arm, size]["test_accuracy"] for size in (sizes[0], sizes[-1]))
    return 100 * (small - large)


def sharpness_factor(result: Result) -> np.ndarray:
    """Divide Keskar's sharpness of the large batch by that of the small one, (R,)."""
    small, large = (keskar_measures(result, name)["sharpness, 1e-3"] for name in (SMALL, LARGE))
    return large / np.where(small > 0, small, np.nan)


CHAPTER = registry.Chapter(
    number="34",
    name="sensitivity",
    section="sensitivity",
    question="Do sensitivity and sharpness tell which network generalizes?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=("E-34e", "E-34f"),
    tells=(sweep_sentence, rescaled_sentence),
    metrics={
        "accuracy lost by large batches, equal epochs (points)": accuracy_lost_by_epochs,
        "accuracy lost by large batches, equal updates (points)": accuracy_lost_by_updates,
        "Keskar's sharpness, large batch / small": sharpness_factor,
    },
)
