"""What chapter 21 states of itself."""

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.weight_paths import PROFILES, run, views
from hw1lib.chapters.weight_paths.claims import CLAIMS
from hw1lib.chapters.weight_paths.findings import panel_caption
from hw1lib.chapters.weight_paths.result import Paths
from hw1lib.chapters.weight_paths.slips import SLIPS
from hw1lib.chapters.weight_paths.spec import OF_A, OF_B
from hw1lib.training.gaps import among_all


def _straightness(paths: Paths) -> np.ndarray:
    """Return the straightness of each training of the whole network, (R,); NaN if it diverged."""
    return among_all(paths.straightness(None), ~paths.diverged)


def _accuracy(paths: Paths) -> np.ndarray:
    """Return the test accuracy of each training in percent, (R,); NaN if it diverged."""
    return among_all(100 * paths.final_accuracy, ~paths.diverged)


CHAPTER = registry.Chapter(
    number="21",
    name="weight_paths",
    section="weight-paths",
    question="What path does training take?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C12a",
        "A-C12b",
        "E-21a",
        "E-21b",
    ),
    metrics={
        "straightness, A's network (of the path)": (
            lambda result: _straightness(result.paths[OF_A])
        ),
        "straightness, B's network (of the path)": (
            lambda result: _straightness(result.paths[OF_B])
        ),
        "test accuracy, A's network (%)": lambda result: _accuracy(result.paths[OF_A]),
        "test accuracy, B's network (%)": lambda result: _accuracy(result.paths[OF_B]),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
