"""What chapter 31 states of itself."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.random_labels import PROFILES, run, views
from hw1lib.chapters.random_labels.claims import CLAIMS
from hw1lib.chapters.random_labels.findings import panel_caption
from hw1lib.chapters.random_labels.result import Result
from hw1lib.chapters.random_labels.slips import SLIPS
from hw1lib.chapters.random_labels.spec import CNN, MLP, RANDOM, TRUE


def _percent(network: str, share: float, split: str) -> Callable[[Result], np.ndarray]:
    return lambda result: result.fits[network, share].percent(split)


def _passes(network: str) -> Callable[[Result], np.ndarray]:
    return lambda result: result.fits[network, RANDOM].fitted


CHAPTER = registry.Chapter(
    number="31",
    name="random_labels",
    section="random-labels",
    question="Can a network fit random labels?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C22",
        "A-C22, A's scale",
        "A-C22, trained on",
        "B-C14",
        "B-C14, B's scale",
        "E-31d",
        "E-31e",
    ),
    metrics={
        "training accuracy on random labels, MLP (%)": _percent(MLP, RANDOM, "train"),
        "training accuracy on random labels, CNN (%)": _percent(CNN, RANDOM, "train"),
        "time to fit random labels, MLP (epochs)": _passes(MLP),
        "time to fit random labels, CNN (epochs)": _passes(CNN),
        "test accuracy with true labels, MLP (%)": _percent(MLP, TRUE, "test"),
        "test accuracy with true labels, CNN (%)": _percent(CNN, TRUE, "test"),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
