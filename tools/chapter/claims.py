"""The sentences that this chapter tests, each judged from its result."""

from hw1lib.chapters.example.result import Result
from hw1lib.chapters.example.spec import LARGE, SMALL
from hw1lib.judging.effects import Effect, Ratio
from hw1lib.judging.verdicts import Claim, Margin

FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis")


def _large_steps_end_lower(result: Result) -> Effect:
    return Ratio("final loss", {name: result.final(name) for name in (SMALL, LARGE)})


CLAIMS = (Claim("E-00a", "Large steps end with a lower loss.", _large_steps_end_lower, FACTOR),)
