"""What a chapter states of itself, from which the summary, the README and the report derive."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hw1lib import chapters
from hw1lib.data import own_images
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging import tables
from hw1lib.judging.slips import Slip
from hw1lib.judging.verdicts import Claim
from hw1lib.results.specs import Profiles

PARTS = {  # of the report, by the first digit of a chapter's number
    "1": "Does depth help?",
    "2": "What does optimization do?",
    "3": "Why do networks generalize?",
}

BRIEF = 3  # sentences of an answer that the README has room for


@dataclass(frozen=True)
class Panel:
    """What a chapter draws in the summary: with the answers, or where it says what to hand in."""

    draw: Callable[..., None]  # (ax, result): into the axes, from the chapter's Result
    caption: Callable[[Any], str]  # what is seen there, in one sentence


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter of the report. `Result` below is what its `run` returns."""

    number: str  # two digits, the part and the place in it; chapters stand in this order
    name: str  # of its package; the notebook is `<number>_<name>`
    section: str  # label of its heading in the report, without "sec-"
    question: str  # as the README asks it
    profiles: Profiles[Any]
    run: Callable[..., Any]  # (spec, *, device, progress) -> Result
    claims: tuple[Claim, ...]  # the sentences that it judges
    slips: tuple[Slip, ...] = ()  # what the reports did otherwise than they say
    answers: tuple[str, ...] = ()  # ids of the claims that answer the question, the first first
    metrics: Mapping[str, Callable[[Any], np.ndarray]] = field(default_factory=dict)
    # by name with unit: Result -> (R,), one number per training
    panel: Panel | None = None

    def __post_init__(self) -> None:
        """Refuse a number without a part, and answers that no claim gives.

        Raises:
            ValueError: If there is one.
        """
        if not re.fullmatch(rf"[{''.join(PARTS)}]\d", self.number):
            raise ValueError(
                f"number of the chapter {self.name} must be two digits, the first the part "
                f"({', '.join(PARTS)}), got {self.number!r}"
            )
        if unknown := sorted(set(self.answers) - {claim.id for claim in self.claims}):
            raise ValueError(f"the chapter {self.name} has no claim {', '.join(unknown)}")

    @property
    def link(self) -> str:
        """The chapter as text refers to it."""
        return f"[chapter {self.number}]({self.notebook}.ipynb)"

    def answer(self, result: Any) -> list[str]:
        """Answer the question from a `Result`: some sentences with verdicts and numbers.

        The first says whose images were learned, should they be somebody's own.
        """
        own = own_images.notice(*learned(result))
        return [*filter(None, [own]), *tables.answer(self.claims, self.answers, result)]

    def in_brief(self, result: Any) -> str:
        """Write the answer for the README: its first sentences, a line each, in Markdown."""
        own = own_images.notice(*learned(result))
        told = tables.in_brief(self.claims, self.answers[:BRIEF], result)
        return "<br>".join([*filter(None, [own]), *told])

    def frame(self, result: Any) -> pd.DataFrame:
        """Return the metrics of a `Result`: a row for each metric and training, NaN if it has none.

        Returns:
            Columns `metric`, `training` (from 0, in the order of the seeds) and `value`.
        """
        found = {name: np.asarray(metric(result)) for name, metric in self.metrics.items()}
        rows = [(name, n, float(v)) for name, values in found.items() for n, v in enumerate(values)]
        return pd.DataFrame(rows, columns=["metric", "training", "value"])

    @property
    def part(self) -> str:
        """The part of the report that it belongs to, a key of `PARTS`."""
        return self.number[0]

    @property
    def notebook(self) -> str:
        """Name of its notebook, without the ending."""
        return f"{self.number}_{self.name}"


def learned(result: Any) -> list[ImageSet]:
    """Return the image sets that a chapter's `Result` says were learned; maybe none."""
    held = getattr(result, "images", None) or {}
    return [one for one in (held.values() if isinstance(held, dict) else [held]) if one is not None]


@functools.cache
def discover() -> dict[str, Chapter]:
    """Find the chapters that there are, by section, in the order of their numbers.

    A chapter is a package of `hw1lib.chapters` with a module `chapter` that states a `CHAPTER`.

    Raises:
        ValueError: If two chapters have one number or one section.
    """
    found: list[Chapter] = []
    for package in pkgutil.iter_modules(chapters.__path__, f"{chapters.__name__}."):
        modules = importlib.import_module(package.name).__path__ if package.ispkg else []
        if "chapter" in {module.name for module in pkgutil.iter_modules(modules)}:
            found.append(importlib.import_module(f"{package.name}.chapter").CHAPTER)
    found.sort(key=lambda chapter: chapter.number)
    for what in ("number", "section"):
        values = [getattr(chapter, what) for chapter in found]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise ValueError(f"two chapters have the {what} {', '.join(twice)}")
    return {chapter.section: chapter for chapter in found}
