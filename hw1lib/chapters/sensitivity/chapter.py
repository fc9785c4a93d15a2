"""What chapter 34 states of itself."""

from functools import partial

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.sensitivity import PROFILES, run
from hw1lib.chapters.sensitivity.claims import CLAIMS
from hw1lib.chapters.sensitivity.result import Result, accuracy_lost, keskar_measures
from hw1lib.chapters.sensitivity.slips import SLIPS
from hw1lib.chapters.sensitivity.spec import EPOCHS, LARGE, SMALL, STEPS


def sharpness_factor(result: Result) -> np.ndarray:
    """Divide Keskar's sharpness of the large batch by that of the small one, (R,)."""
    small, large = (keskar_measures(result, name)["sharpness, 1e-3"] for name in (SMALL, LARGE))
    return large / np.where(small > 0, small, np.nan)


CHAPTER = registry.Chapter(
    number="34",
    name="sensitivity",
    section="sensitivity",
    question="Do sensitivity and sharpness say which network generalizes?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C34a",
        "E-34a",
        "34, F1, equal loss",
        "E-34e, probabilities",
        "34e at equal loss, probabilities",
        "E-34b",
    ),
    metrics={
        "accuracy lost by large batches, equal epochs (percentage points)": partial(
            accuracy_lost, arm=EPOCHS
        ),
        "accuracy lost by large batches, equal updates (percentage points)": partial(
            accuracy_lost, arm=STEPS
        ),
        "Keskar's sharpness, large batch / small": sharpness_factor,
    },
)
