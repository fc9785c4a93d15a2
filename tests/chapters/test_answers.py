"""The page of answers: every wording belongs to a verdict, and no verdict is without one."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.chapters.registry import PARTS, discover
from hw1lib.chapters.summary import answers
from hw1lib.chapters.summary.answers import ANSWERS
from hw1lib.chapters.summary.result import Judged
from hw1lib.judging import verdicts
from hw1lib.judging.effects import Bound, Difference
from hw1lib.judging.verdicts import Margin, Verdict

POINTS = [point for of_part in ANSWERS.values() for point in of_part]
NAMES = [f"{point.section}, {point.claim}" for point in POINTS]
EIGHT = np.linspace(-0.05, 0.05, 8)


def judged(point, mean, spread=1.0, count=8, effect=None):
    """A result in which a point's claim has this effect, in margins."""
    values = mean + spread * np.resize(EIGHT, count)
    effect = effect or Difference("wetness", {"": values}, unit="%")
    verdict = Verdict(effect, Margin(1.0, "it matters"))
    claim = SimpleNamespace(id=point.claim)
    return SimpleNamespace(judged=[Judged(point.section, claim, verdict, verdict, {})])


@pytest.mark.parametrize("point", POINTS, ids=NAMES)
def test_a_point_is_about_a_claim_of_a_chapter_of_its_part(point):
    chapter = discover()[point.section]
    assert point in ANSWERS[chapter.part]
    assert point.claim in {claim.id for claim in chapter.claims}
    wordings = (point.yes, point.no, point.same)
    assert len(set(wordings)) == 3
    assert all(re.fullmatch(r"[A-Z].*[^.]", wording) for wording in wordings)
    assert point.unknown.startswith("whether ")


@pytest.mark.parametrize("point", POINTS, ids=NAMES)
@pytest.mark.parametrize(
    ("mean", "spread", "wording"),
    [(3, 1, "yes"), (-3, 1, "no"), (0, 1, "same"), (1, 10, "yes"), (-1, 10, "no")],
)
def test_the_verdict_chooses_the_wording(point, mean, spread, wording):
    said = point.sentence(judged(point, mean, spread))
    assert said.startswith(f"{getattr(point, wording)} (")
    assert ("perhaps by little" in said) == (spread == 10)
    assert "wetness: " in said
    assert "n = 8" in said
    assert said.endswith(
        f"; [chapter {discover()[point.section].number}]"
        f"({discover()[point.section].notebook}.ipynb))."
    )


def test_what_is_open_or_was_not_tested_is_said_to_be():
    point = POINTS[0]
    assert point.sentence(judged(point, 0, 100)).startswith(f"It is open {point.unknown} (")
    few = point.sentence(judged(point, 3, count=3))
    assert few.startswith(f"It was not tested {point.unknown} (")


def test_another_verdict_of_the_chapter_is_told():
    point = POINTS[0]
    result = judged(point, 1, 10)
    result.judged = [replace(one, verdict=replace(one.verdict, p=0.2)) for one in result.judged]
    said = point.sentence(result)
    assert said.startswith(f"It is open {point.unknown} (supported, perhaps small before p is ")
    assert "before p" not in point.sentence(judged(point, 3))


def test_a_bound_is_told_by_what_was_measured():
    point = POINTS[0]
    bound = Bound("accuracy", 99 + EIGHT, at_least=90.0, unit="%")
    assert "accuracy: 99 [99, 99]" in point.sentence(judged(point, 0, effect=bound))


def test_every_question_has_three_to_five_sentences_and_a_panel_with_one_of_them():
    assert set(ANSWERS) == set(answers.PANELS) == set(PARTS)
    for part, points in ANSWERS.items():
        assert 3 <= len(points) <= 5
        (shown,) = (point for point in points if point.claim == answers.PANELS[part])
        assert discover()[shown.section].panel


def test_all_words_are_thought_of():
    point = POINTS[0]
    for word in verdicts.WORDS:
        verdict = SimpleNamespace(word=word)
        one = Judged(point.section, SimpleNamespace(id=point.claim), verdict, verdict, {})
        assert point.worded(SimpleNamespace(judged=[one]))


def test_the_title_page_says_what_is_decided_in_words_alone(monkeypatch):
    first, second = POINTS[0], POINTS[1]
    monkeypatch.setattr(answers, "PARTS", {"1": "Does depth help?"})
    monkeypatch.setattr(answers, "ANSWERS", {"1": (first, second)})
    known, unknown = judged(second, 3), judged(first, 0, 100)
    both = SimpleNamespace(judged=[*known.judged, *unknown.judged])
    assert answers.in_words(both) == f"**Does depth help?** {second.yes}."
    monkeypatch.setattr(answers, "ANSWERS", {"1": (first,)})
    assert answers.in_words(unknown) == f"**Does depth help?** It is open {first.unknown}."
