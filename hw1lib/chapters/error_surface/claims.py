"""What chapter 24 expects, each part of the expectation judged from its result."""

from functools import partial

from hw1lib.chapters.error_surface.flatness import FLATNESS, flatter
from hw1lib.chapters.error_surface.result import Result
from hw1lib.chapters.error_surface.spec import ADAM, LARGE, SGD
from hw1lib.judging.effects import Bound, Difference, Effect
from hw1lib.judging.verdicts import Claim, Margin
from hw1lib.measuring.landscape import TOLERANCE

AFTER = "the full run"
SEEN = Margin(100 * TOLERANCE, "a hundredth of the loss at the start is the least that one sees")
LEVEL = Margin(25 * TOLERANCE, "a quarter of what one sees counts as no rise", AFTER)
FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis", "short runs")
OTHER_WAY = Margin(FACTOR.size, "the same quarter, in another direction", AFTER)


def _rises_more(first: str, second: str, result: Result) -> Effect:
    """Compare how much the lines of two arms rise."""
    sides = {arm: 100 * result.surfaces[arm].rise for arm in (first, second)}
    return Difference("largest rise on the line", sides, unit="% of the loss at the start")


def _never_rises(result: Result) -> Effect:
    rise = 100 * result.surfaces[SGD].rise
    name = f"largest rise on the line, {SGD}"
    return Bound(name, rise, at_most=100 * TOLERANCE, unit="% of the loss at the start")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "E-24i",
        "On the straight line from start to solution the loss falls without a rise, by SGD.",
        _never_rises,
        LEVEL,
    ),
    Claim(
        "E-24a",
        "On the line from start to solution the loss rises more with Adam than with SGD.",
        partial(_rises_more, ADAM, SGD),
        SEEN,
    ),
    Claim(
        "E-24b",
        "It rises more with Adam at ten times larger steps.",
        partial(_rises_more, LARGE, ADAM),
        SEEN,
    ),
    *(
        Claim(
            which,
            f"The deep regressor's solutions are flatter than the shallow one's ({direction}).",
            partial(flatter, direction),
            FACTOR if "normalized" in direction else OTHER_WAY,
        )
        for which, direction in zip(
            ("E-24c", "E-24d", "E-24e", "E-24f", "E-24g", "E-24h"), FLATNESS, strict=True
        )
    ),
)
