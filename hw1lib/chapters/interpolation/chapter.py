"""What chapter 33 states of itself."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters import registry
from hw1lib.chapters.interpolation import PROFILES, run, views
from hw1lib.chapters.interpolation.claims import CLAIMS
from hw1lib.chapters.interpolation.findings import (
    panel_caption,
)
from hw1lib.chapters.interpolation.result import ACCURACY, TEST, Result
from hw1lib.chapters.interpolation.slips import SLIPS
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    ALIGNED,
    B_PAIR,
    B_RATE,
    BATCH_LOW,
    NESTEROV,
    OTHER,
    main,
)


def _barrier(name: str) -> Callable[[Result], np.ndarray]:
    return lambda result: result.pairs[name].barrier()


def _accuracy(result: Result) -> np.ndarray:
    return 100 * result.pairs[main(ADAM, BATCH_LOW)].first.final(TEST, ACCURACY)


CHAPTER = registry.Chapter(
    number="33",
    name="interpolation",
    section="interpolation",
    question="Is the loss flat between two trained networks?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "E-33a",
        "E-33b",
        "33, order, Adam",
        "E-33c",
    ),
    metrics={
        "barrier, SGD by batch size (nats)": _barrier(main(NESTEROV, BATCH_LOW)),
        "barrier, Adam by batch size (nats)": _barrier(main(ADAM, BATCH_LOW)),
        "barrier, another initialization (nats)": _barrier(OTHER),
        "barrier, the same aligned (nats)": _barrier(ALIGNED),
        "barrier, B's pair (nats)": _barrier(B_PAIR),
        "barrier, B's pair by rate (nats)": _barrier(B_RATE),
        "test accuracy, Adam, small batch (%)": _accuracy,
    },
    panel=registry.Panel(views.panel, panel_caption),
)
