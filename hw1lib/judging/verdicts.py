"""Verdicts on the sentences of reports A and B, worded by code and never by hand.

A claim predicts the sign of an effect; its margin is the smallest effect that matters. The word
follows from the effect's interval and p, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from hw1lib.judging.statistics import NO_INTERVAL, Interval, t_quantile

SUPPORTED = "supported"
DIRECTION_ONLY = "direction only"  # the predicted sign, but maybe too small to matter
EQUIVALENT = "equivalent"  # surely too small to matter
INCONCLUSIVE = "inconclusive"
CONTRADICTED = "contradicted"
NOT_TESTED = "not tested"

LEAST_TRAININGS = 6  # below that, an exact sign-flip test cannot reach 5 %
CHANCE = 0.05  # of finding an effect where there is none


@dataclass(frozen=True)
class Verdict:
    """The effect that a claim predicts, as measured, and the word that follows."""

    compared: str  # what with what, in words
    effect: Interval  # positive where the claim is right
    unit: str  # of the effect and the margin
    margin: float  # smallest effect that matters, above 0; NaN where nothing was tested

    @property
    def word(self) -> str:
        """Judge the effect by its interval, its p and the margin."""
        effect, margin = self.effect, self.margin
        if effect.n < LEAST_TRAININGS:
            return NOT_TESTED
        # without a p (NaN), the interval alone decides
        found = not effect.p >= CHANCE
        if effect.low > margin and found:
            return SUPPORTED
        if effect.high < -margin and found:
            return CONTRADICTED
        if effect.low > 0 and found:
            return DIRECTION_ONLY
        return EQUIVALENT if self._farthest < margin else INCONCLUSIVE

    @property
    def flip(self) -> str:
        """Describe the smallest change that would change the word."""
        effect, margin, word = self.effect, self.margin, self.word
        if word == NOT_TESTED:
            missing = LEAST_TRAININGS - effect.n
            return f"{missing} more trainings" if effect.n else ""
        if word == SUPPORTED:
            return f"a mean lower by {effect.low - margin:.2g} {self.unit}"
        if word == CONTRADICTED:
            return f"a mean higher by {-margin - effect.high:.2g} {self.unit}"
        if word == DIRECTION_ONLY:
            return f"a margin below {effect.low:.2g} {self.unit}"
        if word == EQUIVALENT:
            return f"a margin below {self._farthest:.2g} {self.unit}"
        return f"about {self._needed:,} trainings, if the mean stays"

    def projected(self, n: int) -> Verdict:
        """Project the verdict to n trainings, if their mean and spread stay as they are."""
        effect = self.effect
        if min(n, effect.n) < 2:
            return replace(self, effect=replace(effect, n=min(n, effect.n)))
        part = (1 + effect.level) / 2
        error = (effect.high - effect.low) / 2 / t_quantile(part, effect.n) * (effect.n / n) ** 0.5
        half = t_quantile(part, n) * error
        p = effect.p
        if np.isfinite(p):
            by_t = 2 * special.stdtr(n - 1, -abs(effect.mean) / error) if error else 0.0
            p = max(float(by_t), 2.0 ** (1 - n))  # no exact test of n signs finds less
        ends = {"low": effect.mean - half, "high": effect.mean + half}
        return replace(self, effect=replace(effect, **ends, n=n, p=p))

    @property
    def _farthest(self) -> float:
        """Compute the end of the 90 % interval farther from zero: two one-sided tests at 5 %."""
        effect = self.effect
        half = (effect.high - effect.low) / 2
        half *= t_quantile(0.95, effect.n) / t_quantile((1 + effect.level) / 2, effect.n)
        return abs(effect.mean) + half

    @property
    def _needed(self) -> int:
        """Count the trainings whose interval would exclude zero, or lie inside the margins."""
        effect = self.effect
        half = (effect.high - effect.low) / 2
        room = max(abs(effect.mean), self.margin - abs(effect.mean))
        return max(effect.n + 1, int(np.ceil(effect.n * (half / room) ** 2)))


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
        effect: Mean over trainings, or pairs of them, with its interval.
        unit: Of the effect and the margin.
        margin: Smallest effect that matters, above 0.
    """
    return Verdict(compared, effect, unit, margin)


def not_tested(reason: str) -> Verdict:
    """Return the verdict on a claim that this run cannot test, with the reason."""
    return Verdict(reason, NO_INTERVAL, "", np.nan)


def together(judged: Sequence[Verdict]) -> str:
    """Combine the words of several tests of one claim, such as those in different arms."""
    words = {verdict.word for verdict in judged} - {NOT_TESTED}
    if not words:
        return NOT_TESTED
    return words.pop() if len(words) == 1 else "depends on the arm"


def adjusted(judged: Sequence[Verdict]) -> list[Verdict]:
    """Adjust the p of many verdicts for their number, by Benjamini and Hochberg's procedure.

    Verdicts without a p, or not tested, stay as they are and do not count.

    Source:
        Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal
        Statistical Society B 57, 289-300, 1995.
    """
    p = np.array([v.effect.p if v.word != NOT_TESTED else np.nan for v in judged])
    tested = np.isfinite(p)
    p[tested] = stats.false_discovery_control(p[tested])
    return [
        replace(v, effect=replace(v.effect, p=float(rate))) if known else v
        for v, rate, known in zip(judged, p, tested, strict=True)
    ]


def table(claims: Iterable[Claim], result: Any) -> pd.DataFrame:
    """List each claim of a chapter with its verdict."""
    rows = []
    for claim in claims:
        verdict = claim.judge(result)
        effect = f"{verdict.effect} {verdict.unit}" if verdict.effect.n else ""
        row = {"claim": claim.id, "in our words": claim.sentence, "compared": verdict.compared}
        rows.append({**row, "effect": effect, "n": verdict.effect.n, "verdict": verdict.word})
    return pd.DataFrame(rows)
