"""An audit of the verdicts: how often each word falls on differences whose effect is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hw1lib.judging import verdicts
from hw1lib.judging.effects import Difference

WORDS = tuple(word for word in verdicts.WORDS if word != verdicts.NOT_TESTED)


@dataclass(frozen=True)
class Audit:
    """All that decides how often each word falls."""

    trainings: tuple[int, ...]  # pairs of trainings behind each verdict
    effects: tuple[float, ...]  # planted ones, in margins; the first is 0
    draws: int  # verdicts without an effect
    planted: int  # verdicts on each other effect
    seed: int


def word_shares(settings: Audit, comparisons: Sequence[np.ndarray]) -> np.ndarray:
    """Judge real differences with permuted labels and a planted effect, and count the words.

    Each verdict draws pairs of one comparison at random, and which of a pair comes first, so that
    no effect is left but the planted one. The margin is one root mean square of the comparison's
    differences.

    Args:
        settings: How many verdicts, on what.
        comparisons: Differences within pairs of trainings, (R,) each, finite and not all zero.

    Returns:
        Shares of `WORDS`, shape (trainings, effects, words).
    """
    standard = [pairs / np.sqrt(np.square(pairs).mean()) for pairs in comparisons]
    shares = np.zeros((len(settings.trainings), len(settings.effects), len(WORDS)))
    for (row, n), (column, effect) in (
        (a, b) for a in enumerate(settings.trainings) for b in enumerate(settings.effects)
    ):
        # one stream for each cell, so that more effects change no other cell's numbers
        generator = np.random.default_rng([settings.seed, n, round(1000 * effect)])
        draws = settings.planted if effect else settings.draws
        for which in generator.integers(len(standard), size=draws):
            noise = generator.choice(standard[which], n) * generator.choice([-1.0, 1.0], n)
            compared = Difference("", {"": noise + effect})
            word = verdicts.word(compared, 1.0, compared.interval.p)
            shares[row, column, WORDS.index(word)] += 1 / draws
    return shares
