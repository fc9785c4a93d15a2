"""Tables and sentences of verdicts: all that a word rests on, and what would turn it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hw1lib.judging.effects import (
    CORRELATION,
    POINTS,
    Bound,
    Difference,
    Effect,
    Ratio,
    Share,
)
from hw1lib.judging.statistics import named, written
from hw1lib.judging.verdicts import NOT_TESTED, Claim, Margin, Verdict

DAGGER = "\N{DAGGER}"  # marks what was chosen after results were seen


def row(claim: Claim, verdict: Verdict, turns: Mapping[str, str]) -> dict[str, str]:
    """Write what a verdict rests on, for a table of verdicts.

    Args:
        claim: With its sentence.
        verdict: On it.
        turns: Other words, by what was varied that should not matter.
    """
    effect = verdict.effect
    measured = verdict.reason if effect is None else _measured(effect)
    # in one cell, since two narrow columns of sentences take twice as many lines
    text = {"claim": claim.id, "in our words": f"{claim.sentence} *{_short(measured)}*"}
    if effect is None:
        nothing = dict.fromkeys(("effect", "n", "matters from", "p"), "")
        return {**text, **nothing, "verdict": NOT_TESTED}
    return {
        **text,
        "effect": _joined(_short(effect.write(verdict.interval))),
        "n": str(verdict.interval.n),
        "matters from": _short(effect.write(verdict.size)),
        "p": _probability(verdict.p),
        "verdict": said(claim, verdict, turns),
    }


def _measured(effect: Effect) -> str:
    return ": ".join(filter(None, [effect.of, effect.measured]))


def said(claim: Claim, verdict: Verdict, turns: Mapping[str, str]) -> str:
    """Write the word, whether it was chosen late, and what turns it."""
    told = f"{verdict.outcome}: {verdict.told}" if claim.expected else verdict.told
    mark = DAGGER if verdict.margin.after and verdict.word != NOT_TESTED else ""
    names: dict[str, list[str]] = {}
    for name, other in turns.items():
        names.setdefault(other, []).append(name)
    fragile = "; ".join(f"{other} {_ways(those)}" for other, those in names.items())
    return f"{told}{mark}" + (f" (fragile: {fragile})" if fragile else "")


def _ways(names: Iterable[str]) -> str:
    """Join the ways to one other word.

    >>> _ways(["as a difference", "without sinc", "without sign"])
    'as a difference or without one of sinc, sign'
    """
    ways: list[str] = []
    left_out: list[str] = []
    for name in names:
        left = name.removeprefix("without ")
        (ways if left == name else left_out).append(left)
    if left_out:
        ways.append(f"without {'one of ' if len(left_out) > 1 else ''}{', '.join(left_out)}")
    return " or ".join(ways)


def _short(text: str) -> str:
    """Write percentage points as pp, which leaves a table's columns room for its sentences."""
    return text.replace(POINTS, "pp")


def _joined(text: str) -> str:
    """Keep a factor, and n, in one line of a narrow column."""
    return re.sub(r"\(n = \d+\)|× \S+", lambda m: m[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def _probability(p: float) -> str:
    if not np.isfinite(p):
        return ""
    return "<\N{NO-BREAK SPACE}0.001" if p < 0.001 else f"{p:.2g}"


def table(claims: Iterable[Claim], result: Any) -> pd.DataFrame:
    """List each claim of a chapter with its verdict."""
    return pd.DataFrame(row(c, c.judge(result), c.turns(result)) for c in claims)


def answer(claims: Iterable[Claim], which: Iterable[str], result: Any) -> list[str]:
    """Answer a chapter's question by some of its claims: each with its verdict and its numbers.

    Args:
        claims: Of the chapter.
        which: Ids of those that answer.
        result: Of the chapter.
    """
    by_id = {claim.id: claim for claim in claims}
    return [_answered(by_id[one], by_id[one].judge(result)) for one in which]


def _answered(claim: Claim, verdict: Verdict) -> str:
    sentence = claim.sentence.removesuffix(".")
    if verdict.effect is None:
        return f"{sentence}: **{NOT_TESTED}** ({verdict.reason})."
    effect = verdict.effect
    numbers = _measured(effect)
    if not isinstance(effect, Bound | Share):  # of which the measured value says it all
        numbers += f"{'; ' if effect.measured else ': '}{effect.write(verdict.interval)}"
    n = "" if "(n = " in numbers else f", n = {verdict.interval.n}"
    least = effect.write(verdict.size)
    return f"{sentence}: **{verdict.told}** ({numbers}{n}; matters from {least})."


def in_brief(claims: Iterable[Claim], which: Iterable[str], result: Any) -> list[str]:
    """Answer as `answer` does, for those who have not read the chapter.

    Each sentence has its word and the means that decided it, and n stands once, at the end.
    """
    by_id = {claim.id: claim for claim in claims}
    lines, counts = [], set()
    for claim in (by_id[one] for one in which):
        verdict = claim.judge(result)
        told = f"{claim.sentence.removesuffix('.')}: **{verdict.told}**."
        lines.append(f"{told} *{_capital(_decisive(verdict))}.*")
        if verdict.effect is not None:
            counts.add(verdict.interval.n)
    ends = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else "".join(map(str, counts))
    return [*lines, f"n = {ends}."] if counts else lines


def _decisive(verdict: Verdict) -> str:
    """Write the means that a verdict rests on, or why there are none."""
    effect = verdict.effect
    if effect is None:
        return verdict.reason
    if isinstance(effect, Share):
        return f"{effect.of}: {np.sum(effect.which)} of {len(effect.which)}"
    if isinstance(effect, Bound):
        all_of_it = [100.0] if effect.whole else []  # what is less is not rounded to it
        value = f"{_rounded([effect.mean.mean, *all_of_it])[0]} {effect.unit}".strip()
        return f"{effect.of}: {value}, where the sentence says {effect.predicted}"
    return f"{effect.of}: {_means(effect)}"


def _means(effect: Effect) -> str:
    if not isinstance(effect, Ratio | Difference):
        return written(effect.interval.mean, ".2g")
    numbers = _rounded([*effect.means.values()])
    unit = effect.unit if isinstance(effect, Difference) and effect.unit != CORRELATION else ""
    if unit == POINTS and len(numbers) > 1:
        unit = "%"  # the sides are shares; their difference has the other unit
    each = zip(effect.means, numbers, strict=True)
    return "; ".join(named(name, f"{number} {unit}".strip()) for name, number in each)


def _rounded(values: Sequence[float]) -> list[str]:
    """Write means with two digits, or with as many as tell them apart."""
    for digits in (2, 3, 4):
        texts = [written(value, f".{digits}g") for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def margins(claims: Iterable[Claim], result: Any) -> str:
    """Say why the margins of a chapter are what they are, which were chosen late, and of what.

    Args:
        claims: Of the chapter.
        result: Of the chapter, by whose settings all was trained.
    """
    by_reason: dict[Margin, list[str]] = {}
    for claim in claims:
        by_reason.setdefault(claim.margin, []).append(claim.id)
    parts = []
    for margin, ids in by_reason.items():
        late = f" {DAGGER} Chosen after {margin.after}." if margin.after else ""
        parts.append(f"*{', '.join(ids)}:* {margin.why}.{late}")
    spec, seeds = result.spec, result.spec.seeds
    return (
        f"\n\n**Why these margins.** {' '.join(parts)} "
        f"**Trained** from seeds {seeds[0]} to {seeds[-1]} with "
        f"{spec.listed(without=('seed', 'data'))}; figures and the "
        f"appendix Settings, which explains them, call these settings {spec.digest}.\n"
    )


def expectation(claims: Iterable[Claim], result: Any) -> str:
    """Say what became of a chapter's expectation, each of its parts met, refuted or open."""
    parts = [
        f"{claim.sentence.removesuffix('.')}: **{claim.judge(result).outcome}** ({claim.id})."
        for claim in claims
        if claim.expected
    ]
    return _list("Was the expectation met?", parts)


def _list(title: str, parts: Iterable[str]) -> str:
    """Write a list in Markdown that stands apart from what is around it."""
    return "\n".join(["\n", title, "", *(f"- {part}" for part in parts), ""])
