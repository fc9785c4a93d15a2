"""Slips of reports A and B: what was done, what is done instead, and what that changes."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hw1lib.judging.statistics import Interval, in_unit


@dataclass(frozen=True)
class Slip:
    """One slip of a report, with the function that words what it changes in a chapter's result."""

    id: str  # such as A12
    done: str  # by the report, in our words
    instead: str  # here
    changed: Callable[[Any], str]


def wording_only(result: Any) -> str:
    """Return the words for a slip on which no number depends, such as a wrong label."""
    return "wording only"


def not_rebuilt(why: str) -> Callable[[Any], str]:
    """Return a function for a slip that is not repeated here, which words the reason."""
    return lambda result: f"not rebuilt: {why}"


def told(effect: Interval, unit: str = "") -> str:
    """Write an effect with its unit and n, such as `0.82 [0.5, 1.1] points (n = 20)`."""
    n = f" (n = {effect.n})"
    return in_unit(effect, unit).removesuffix(n) + n


def times(ratio: Interval) -> str:
    """Write a mean of log10 as a factor, such as `× 2 [1.5, 2.7] (n = 20)`."""
    return f"× {told(ratio.factor)}" if ratio.n else str(ratio)


def factors(ratios: Mapping[str, Interval]) -> str:
    """List means of log10 as factors by name, with their n once where it is the same for all."""
    listed = [f"{name} {times(ratio)}" for name, ratio in ratios.items()]
    counts = {f" (n = {ratio.n})" for ratio in ratios.values()}
    if len(counts) > 1:
        return ", ".join(listed)
    (n,) = counts
    return ", ".join(one.removesuffix(n) for one in listed) + n


def table(slips: Iterable[Slip], result: Any) -> pd.DataFrame:
    """List the slips that belong to a chapter with what each changes in its result."""
    return pd.DataFrame(
        {
            "id": slip.id,
            "what the report did": slip.done,
            "here": slip.instead,
            "what it changed": _unbroken(slip.changed(result)),
        }
        for slip in slips
    )


def _unbroken(text: str) -> str:
    """Join factors, intervals and n by spaces at which no line breaks."""
    return re.sub(
        r"\[.*?\]|\(n = \d+\)|× \S+", lambda m: m[0].replace(" ", "\N{NO-BREAK SPACE}"), text
    )
