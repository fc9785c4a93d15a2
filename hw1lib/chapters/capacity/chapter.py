"""What chapter 32 states of itself."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.capacity import PROFILES, run, views
from hw1lib.chapters.capacity.claims import CLAIMS
from hw1lib.chapters.capacity.findings import panel_caption
from hw1lib.chapters.capacity.result import Result
from hw1lib.chapters.capacity.slips import SLIPS
from hw1lib.chapters.capacity.spec import OF_A, OF_B, SETTLED


def _test_accuracy(arm: str, place: int) -> Callable[[Result], np.ndarray]:
    return lambda result: result.sweeps[arm].accuracy("test")[:, place]


def _largest_gap(arm: str) -> Callable[[Result], np.ndarray]:
    return lambda result: result.sweeps[arm].gap().max(axis=1)


CHAPTER = registry.Chapter(
    number="32",
    name="capacity",
    section="capacity",
    question="Does a larger network generalize better?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C23b",
        "A-C26c",
        "E-32a",
        "A-C24b",
    ),
    metrics={
        "test accuracy, A's smallest network (%)": _test_accuracy(OF_A, 0),
        "test accuracy, A's largest network (%)": _test_accuracy(OF_A, -1),
        "test accuracy, B's smallest network (%)": _test_accuracy(OF_B, 0),
        "test accuracy, B's largest network (%)": _test_accuracy(OF_B, -1),
        "largest accuracy gap, A's networks (percentage points)": _largest_gap(OF_A),
        "largest accuracy gap, A's networks trained on (percentage points)": _largest_gap(SETTLED),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
