"""Verdicts on the sentences of reports A and B, worded by code and never by hand.

A claim predicts the sign of an effect, whose smallest size that matters is its margin. The word
follows from the effect's interval alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from hw1lib.statistics import Interval

SUPPORTED = "supported"
DIRECTION_ONLY = "direction only"  # the predicted sign, but maybe too small to matter
EQUIVALENT = "equivalent"  # surely too small to matter
INCONCLUSIVE = "inconclusive"
CONTRADICTED = "contradicted"
NOT_TESTED = "not tested"

LEAST_TRAININGS = 6  # below that, an exact sign-flip test cannot reach 5 %


@dataclass(frozen=True)
class Verdict:
    """What became of a claim."""

    word: str
    compared: str  # what with what, in words
    effect: Interval  # positive where the claim is right
    unit: str


@dataclass(frozen=True)
class Claim:
    """One sentence of a report, with the function that judges it from a chapter's result."""

    id: str  # such as A-C12
    sentence: str  # in our words
    judge: Callable[[Any], Verdict]


def of_effect(compared: str, effect: Interval, *, unit: str, margin: float) -> Verdict:
    """Judge a claim that predicts a positive effect.

    Args:
        compared: What with what, in words.
        effect: Mean over trainings, or pairs of them, with its t interval.
        unit: Of the effect and the margin.
        margin: Smallest effect that matters, above 0.
    """
    return Verdict(_word(effect, margin), compared, effect, unit)


def not_tested(reason: str) -> Verdict:
    """Say why a claim has no test in this run."""
    return Verdict(NOT_TESTED, reason, Interval(float("nan"), float("nan"), float("nan"), 0), "")


def _word(effect: Interval, margin: float) -> str:
    if effect.n < LEAST_TRAININGS:
        return NOT_TESTED
    if effect.low > margin:
        return SUPPORTED
    if effect.high < -margin:
        return CONTRADICTED
    if effect.low > 0:
        return DIRECTION_ONLY
    # two one-sided tests at 5 % each: the 90 % interval lies inside the margins
    half = (effect.high - effect.low) / 2
    half *= stats.t.ppf(0.95, effect.n - 1) / stats.t.ppf((1 + effect.level) / 2, effect.n - 1)
    return EQUIVALENT if abs(effect.mean) + half < margin else INCONCLUSIVE


def table(claims: Iterable[Claim], result: Any) -> pd.DataFrame:
    """List each claim of a chapter with its verdict."""
    rows = []
    for claim in claims:
        verdict = claim.judge(result)
        effect = f"{verdict.effect} {verdict.unit}" if verdict.effect.n else ""
        row = {"claim": claim.id, "in our words": claim.sentence, "compared": verdict.compared}
        rows.append({**row, "effect": effect, "n": verdict.effect.n, "verdict": verdict.word})
    return pd.DataFrame(rows)
