"""Verdicts on sentences, worded by code and never by hand.

A claim predicts an effect; its margin is the smallest effect that matters. The word follows from
the effect's interval, its p and the margin, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy

from hw1lib.judging.effects import (
    CORRELATION,
    Bound,
    Correlation,
    Difference,
    Effect,
    NotTested,
    Share,
)
from hw1lib.judging.statistics import NO_INTERVAL, Interval

SUPPORTED = "supported"
SUPPORTED_SMALL = "supported, perhaps small"
TOO_SMALL = "too small to matter"
CONTRADICTED_SMALL = "contradicted, perhaps small"
CONTRADICTED = "contradicted"
UNDECIDED = "undecided"
NOT_TESTED = "not tested"

MEANINGS = {  # of the words; [ ] is the 95 % interval, which zero is outside of at p < 5 % alone
    SUPPORTED: "the whole interval lies beyond the margin, on the side that the sentence predicts",
    SUPPORTED_SMALL: "the interval lies on the predicted side of zero, but not all beyond the "
    "margin: the sentence is right, by how much is open",
    TOO_SMALL: "the 90 % interval lies between the margins (two one-sided tests at 5 %): whatever "
    "its sign, such an effect would not matter. Where a sentence states a bound this reads "
    "*at the bound*, and where it states a correlation *no relation*",
    CONTRADICTED_SMALL: "the interval lies on the other side of zero, but not all beyond the "
    "margin: the opposite of the sentence is right, by how much is open",
    CONTRADICTED: "the whole interval lies beyond the margin, on the other side",
    UNDECIDED: "none of these: more trainings are needed",
    NOT_TESTED: "fewer than six trainings, or nothing that could decide it",
}
WORDS = tuple(MEANINGS)
CLAIMING = (SUPPORTED, SUPPORTED_SMALL, CONTRADICTED_SMALL, CONTRADICTED)  # an effect and its sign

MET, REFUTED, OPEN = "met", "refuted", "open"  # what became of an expectation
OUTCOMES = {
    SUPPORTED: MET,
    SUPPORTED_SMALL: MET,
    TOO_SMALL: REFUTED,
    CONTRADICTED_SMALL: REFUTED,
    CONTRADICTED: REFUTED,
    UNDECIDED: OPEN,
    NOT_TESTED: OPEN,
}

LEAST_TRAININGS = 6  # below that, an exact sign-flip test cannot reach 5 %
CHANCE = 0.05  # of finding an effect where there is none


@dataclass(frozen=True)
class Margin:
    """The smallest effect that matters, and how it was chosen."""

    size: float  # in the effect's unit; a factor above 1 for ratios
    why: str
    after: str = ""  # the results that were seen before this, or the statistic, was chosen


@dataclass(frozen=True)
class Verdict:
    """The effect that a claim predicts, as measured, and the word that follows."""

    effect: Effect | None  # None where nothing could be tested
    margin: Margin
    reason: str = ""  # why nothing could be tested
    p: float = np.nan  # of no effect, adjusted or not; NaN where the interval alone decides

    @property
    def interval(self) -> Interval:
        """The effect with its 95 % interval, on the scale that it is judged on."""
        return replace(self.effect.interval, p=self.p) if self.effect else NO_INTERVAL

    @property
    def size(self) -> float:
        """The margin, on the scale of the interval."""
        return self.effect.on_scale(self.margin.size) if self.effect else np.nan

    @property
    def word(self) -> str:
        """Judge the effect by its interval, its p and the margin."""
        if self.interval.n < LEAST_TRAININGS or self.effect is None:
            return NOT_TESTED
        return word(self.effect, self.size, self.p)

    @property
    def told(self) -> str:
        """The word as it reads for this kind of claim."""
        if self.word != TOO_SMALL:
            return self.word
        if isinstance(self.effect, Bound | Share):
            return "at the bound"
        related = isinstance(self.effect, Correlation) or (
            isinstance(self.effect, Difference) and self.effect.unit == CORRELATION
        )
        return "no relation" if related else TOO_SMALL

    @property
    def outcome(self) -> str:
        """What became of an expectation with this verdict: met, refuted or open."""
        return OUTCOMES[self.word]

    @property
    def flip(self) -> str:
        """Describe the smallest change that would change the word."""
        if self.effect is None:
            return ""
        effect, inner = self.interval, self.effect.at(1 - 2 * CHANCE)
        if self.word == NOT_TESTED:
            return f"{LEAST_TRAININGS - effect.n} more trainings"
        ends = [end for end in (effect.low, -effect.high, _farthest(inner)) if end > 0]
        # a hair beyond each end another word may begin
        borders = [
            end
            for end in ends
            if word(self.effect, end * (1 + 1e-9), self.p)
            != word(self.effect, end * (1 - 1e-9), self.p)
        ]
        more = f"about {self._needed:,} trainings, if the mean stays"
        if self.word == UNDECIDED or not borders:
            return more
        nearest = min(borders, key=lambda border: abs(np.log(border / self.size)))
        side = "above" if nearest >= self.size else "below"
        return f"a margin {side} {self.effect.write(nearest)}"

    @property
    def _needed(self) -> int:
        """Count the trainings whose interval would exclude zero, or lie inside the margins."""
        effect = self.interval
        half = (effect.high - effect.low) / 2
        room = max(abs(effect.mean), self.size - abs(effect.mean))
        return max(effect.n + 1, int(np.ceil(effect.n * (half / room) ** 2)))


def word(effect: Effect, size: float, p: float = np.nan) -> str:
    """Choose the word for an effect, whatever its n.

    Args:
        effect: As measured.
        size: The margin, on the scale of `effect.at`.
        p: Of no effect; NaN where the interval alone decides.
    """
    whole = effect.interval
    found = not p >= CHANCE
    small = _farthest(effect.at(1 - 2 * CHANCE)) < size
    if effect.absent:
        beyond = found and (whole.low > size or whole.high < -size)
        return SUPPORTED if small else CONTRADICTED if beyond else UNDECIDED
    if small:
        return TOO_SMALL
    if found and whole.low > 0:
        return SUPPORTED if whole.low > size else SUPPORTED_SMALL
    if found and whole.high < 0:
        return CONTRADICTED if whole.high < -size else CONTRADICTED_SMALL
    return UNDECIDED


def _farthest(interval: Interval) -> float:
    """Return the limit that lies farther from zero."""
    return max(-interval.low, interval.high)


def _everything(result: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Claim:
    """One sentence, with the function that finds its effect in a chapter's result."""

    id: str  # such as A-C12; of an expectation of ours, such as E-31a
    sentence: str  # in our words
    effect: Callable[[Any], Effect]  # may raise NotTested
    margin: Margin
    without: Callable[[Any], Mapping[str, Any]] = field(default=_everything)
    # results in which one size, target or arm is left out, by its name

    @property
    def expected(self) -> bool:
        """Whether this is an expectation of the chapter, not a sentence of a report."""
        return self.id.startswith("E-")

    def judge(self, result: Any) -> Verdict:
        """Judge the sentence from a chapter's result."""
        try:
            effect = self.effect(result)
        except NotTested as reason:
            return Verdict(None, self.margin, str(reason))
        return Verdict(effect, self.margin, p=effect.interval.p)

    def turns(self, result: Any) -> dict[str, str]:
        """Vary what should not matter, and return the words that differ, by what was varied.

        One training is left out, then one of what `without` names, and the comparison is made on
        the other reasonable scale. Where one training is left out both words are those of the
        interval alone, since a permutation test of few trainings loses its power with each.
        """
        verdict = self.judge(result)
        effect, now = verdict.effect, verdict.word
        if effect is None or now == NOT_TESTED:
            return {}
        found = {}
        alone = word(effect, verdict.size)
        for index in range(effect.trainings):
            other = word(effect.without(index), verdict.size)
            if other != alone:
                found["with one training left out"] = other
        for name, rescaled, size in effect.rescaled(self.margin.size):
            found[name] = word(rescaled, rescaled.on_scale(size), rescaled.interval.p)
        for name, rest in self.without(result).items():
            found[f"without {name}"] = self.judge(rest).word
        return {name: other for name, other in found.items() if other not in (now, NOT_TESTED)}


def together(judged: Sequence[Verdict]) -> str:
    """Combine the words of several tests of one claim, such as those in different arms."""
    words = {verdict.told for verdict in judged if verdict.word != NOT_TESTED}
    if not words:
        return NOT_TESTED
    return words.pop() if len(words) == 1 else "depends on the part"


def adjusted(judged: Sequence[Verdict]) -> list[Verdict]:
    """Adjust the p of many verdicts for their number, by Benjamini and Hochberg's procedure.

    Verdicts without a p, or not tested, stay as they are and do not count.

    Source:
        Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal
        Statistical Society B 57, 289-300, 1995.
    """
    p = np.array([v.p if v.word != NOT_TESTED else np.nan for v in judged])
    tested = np.isfinite(p)
    p[tested] = scipy.stats.false_discovery_control(p[tested])
    return [
        replace(v, p=float(rate)) if known else v
        for v, rate, known in zip(judged, p, tested, strict=True)
    ]
