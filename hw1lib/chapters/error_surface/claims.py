"""What chapter 24 expects, each expectation judged from its result."""

from functools import partial

import numpy as np

from hw1lib.chapters.error_surface.result import Result, flatter
from hw1lib.chapters.error_surface.spec import ADAM, LARGE, SGD
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import paired_difference
from hw1lib.judging.verdicts import Claim, Verdict
from hw1lib.measuring.landscape import TOLERANCE

# a factor of 1.25 between losses; less could not be seen on the chapter's logarithmic scales
FACTOR = float(np.log10(1.25))


def _rises_more(first: str, second: str, result: Result) -> Verdict:
    """Judge whether the lines of one arm rise more than those of another."""
    effect = paired_difference(*(100 * result.surfaces[arm].rise for arm in (first, second)))
    return verdicts.of_effect(
        f"largest rise on the line, {first} − {second}",
        effect,
        unit="% of the loss at the start",
        margin=100 * TOLERANCE,
    )


def _deep_is_flatter(result: Result) -> Verdict:
    return verdicts.of_effect(
        "rise of the loss at distance 1, log10 of shallow over deep",
        flatter(result, 1.0),
        unit="decades",
        margin=FACTOR,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "E-24a",
        "On the line from start to solution the loss rises more with Adam than with SGD.",
        partial(_rises_more, ADAM, SGD),
    ),
    Claim(
        "E-24b",
        "It rises more with ten times larger steps of Adam.",
        partial(_rises_more, LARGE, ADAM),
    ),
    Claim(
        "E-24c",
        "The deep regressor's solutions are flatter than the shallow one's.",
        _deep_is_flatter,
    ),
)
