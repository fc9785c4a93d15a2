"""What chapter 00 gathered: the results of all chapters, and every verdict on them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.registry import discover, learned
from hw1lib.chapters.summary.spec import Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging import verdicts
from hw1lib.judging.verdicts import Claim, Verdict

# the sentences of reports A and B, each of which some chapter judges
SENTENCES = tuple([f"A-C{k}" for k in range(1, 37)] + [f"B-C{k}" for k in range(1, 21)])


@dataclass(frozen=True)
class Judged:
    """One test of one sentence."""

    section: str  # of its chapter
    claim: Claim
    verdict: Verdict  # with its p adjusted for the number of tests in the whole report
    alone: Verdict  # as its chapter has it
    turns: Mapping[str, str]  # other words, by what was varied that should not matter

    @property
    def sentence(self) -> str:
        """Id of the sentence, of which the claim may be a part: A-C3 of A-C3b."""
        part = re.fullmatch(r"([AB]-C\d+)[a-z]?", self.claim.id)
        return part[1] if part else self.claim.id


@dataclass(frozen=True)
class Result:
    """The results of all chapters, every verdict on them, and the audit of the verdicts."""

    spec: Spec
    chapters: Mapping[str, Any]  # by section: its Result
    judged: tuple[Judged, ...]
    shares: np.ndarray  # (N, 1 + E, words) of `audit.WORDS`, without an effect and with each
    provenance: tuple[dict[str, Any], ...]

    @property
    def of_reports(self) -> dict[str, list[Judged]]:
        """Return the tests of each sentence of reports A and B, in the reports' order."""
        return {
            sentence: [j for j in self.judged if j.sentence == sentence] for sentence in SENTENCES
        }

    @property
    def described(self) -> dict[str, dict[str, dict[str, np.ndarray]]]:
        """Return what `generalization.describe` measured, by section and network."""
        return {
            section: result.described
            for section, result in self.chapters.items()
            if hasattr(result, "described")
        }

    @property
    def standin(self) -> str:
        """Name what took the place of published sets; empty where nothing did."""
        return image_sets.name_standins(*self.images)

    @property
    def images(self) -> list[ImageSet]:
        """Return the image sets that chapters learned, each once."""
        found = [one for result in self.chapters.values() for one in learned(result)]
        return [*{one.description: one for one in found}.values()]


def judge(found: Mapping[str, Any]) -> list[Judged]:
    """Judge the claims of all chapters, and adjust their p for the number of tests.

    Args:
        found: Results by section.
    """
    claims = [(section, claim) for section in found for claim in discover()[section].claims]
    alone = [claim.judge(found[section]) for section, claim in claims]
    return [
        Judged(section, claim, together, one, claim.turns(found[section]))
        for (section, claim), together, one in zip(
            claims, verdicts.adjusted(alone), alone, strict=True
        )
    ]
