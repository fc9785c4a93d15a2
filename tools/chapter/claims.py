"""The sentences that this chapter tests, each judged from its result."""

import numpy as np

from hw1lib.chapters.example.result import Result
from hw1lib.judging import verdicts
from hw1lib.judging.verdicts import Claim, Verdict

FACTOR = float(np.log10(1.25))  # decades; less could not be seen on a logarithmic axis


def _large_steps_end_lower(result: Result) -> Verdict:
    return verdicts.of_effect(
        "final loss, small steps over large", result.effect, unit="decades", margin=FACTOR
    )


CLAIMS = (Claim("E-00a", "Large steps end with a lower loss.", _large_steps_end_lower),)
