"""Chapter 00: verdicts judged together, and the literature compared by intervals."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.chapters import summary
from hw1lib.chapters.function_fit import AS_B
from hw1lib.chapters.summary import findings, literature
from hw1lib.chapters.summary.literature import NO, OPEN, YES
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import Interval
from hw1lib.judging.verdicts import Claim
from hw1lib.results.specs import SettingError


@dataclass(frozen=True)
class Fit:
    final: np.ndarray


def claim(name, p):
    effect = Interval(3.0, 2.0, 4.0, 20, p=p)
    return Claim(name, "", lambda _: verdicts.of_effect("", effect, unit="", margin=1.0))


def test_claims_of_all_chapters_are_adjusted_together(monkeypatch):
    chapters = {
        "one": (None, SimpleNamespace(CLAIMS=[claim("A-C1a", 0.04), claim("A-C1b", 0.9)])),
        "two": (None, SimpleNamespace(CLAIMS=[claim("B-C2", 0.001)])),
    }
    monkeypatch.setattr(summary, "CHAPTERS", chapters)
    judged = summary.judge({"one": None, "two": None})
    assert [j.sentence for j in judged] == ["A-C1", "A-C1", "B-C2"]
    # Benjamini and Hochberg: 0.001 * 3, 0.04 * 3 / 2, 0.9
    assert [j.verdict.effect.p for j in judged] == pytest.approx([0.06, 0.9, 0.003])
    assert [j.alone.word for j in judged] == ["supported", "inconclusive", "supported"]
    assert [j.verdict.word for j in judged] == ["inconclusive", "inconclusive", "supported"]


def test_a_chapter_is_answered_by_sentences_that_it_tests():
    for section, answering in findings.ANSWERING.items():
        known = {claim.id for claim in summary.CHAPTERS[section][1].CLAIMS}
        assert {*answering} <= known
    assert list(findings.ANSWERING) == list(findings.TOLD) == list(summary.CHAPTERS)


def test_an_answer_is_the_sentence_with_its_verdict():
    tested = Claim("A-C1", "Depth helps.", lambda _: None)
    effect = Interval(-3.0, -4.0, -2.0, 20, p=0.001)
    verdict = verdicts.of_effect("", effect, unit="", margin=1.0)
    result = SimpleNamespace(judged=[summary.Judged("one", tested, verdict, verdict)])
    assert findings.answer(result, "A-C1") == "*Depth helps.* **Contradicted.**"


def test_every_sentence_of_the_reports_has_a_place():
    assert len(summary.SENTENCES) == 56
    assert (summary.SENTENCES[0], summary.SENTENCES[-1]) == ("A-C1", "B-C20")


def test_a_chapter_gets_what_it_knows_of_the_settings():
    spec = summary.PROFILES.choose("quick", data="standin", seed=3, replicas=4)
    fit, images = spec.chapter("function-fit"), spec.chapter("image-task")
    assert (fit.seed, fit.replicas) == (images.seed, images.replicas) == (3, 4)
    assert images.data == "standin"
    untouched = summary.PROFILES.choose("quick").chapter("function-fit")
    assert untouched == summary.CHAPTERS["function-fit"][0].PROFILES["quick"]


def test_a_profile_that_does_not_exist_is_refused():
    with pytest.raises(SettingError, match="there is no profile 'huge'; known: full, quick, smoke"):
        summary.PROFILES.choose("huge")
    with pytest.raises(SettingError, match=r"audited of summary\.Spec must be at least 6, got 3"):
        summary.PROFILES["quick"].replace(audited=(3,))


@pytest.mark.parametrize(
    ("low", "high", "agrees"),
    [
        (1.2, 1.8, YES),
        (0.5, 1.5, OPEN),
        (1.5, 2.5, OPEN),
        (0.0, 3.0, OPEN),
        (2.1, 2.5, NO),
        (0.1, 0.9, NO),
        (np.nan, np.nan, OPEN),
    ],
)
def test_a_number_agrees_where_its_whole_interval_does(low, high, agrees):
    ours = Interval(1.5, low, high, 8)
    assert literature._compare("", "", "", ours, low=1.0, high=2.0).agrees == agrees


@pytest.mark.parametrize(
    ("losses", "agrees"),
    [
        ({"deep": 1e-3, "medium": 1e-2, "shallow": 1e-1}, YES),
        ({"deep": 1e-3, "medium": 1e-2, "shallow": 1e-2}, OPEN),
        ({"deep": 1e-3, "medium": 1e-1, "shallow": 1e-2}, NO),
        ({"deep": 1e-3, "shallow": 1e-2}, OPEN),
    ],
)
def test_an_order_agrees_where_every_step_is_sure(losses, agrees):
    spread = np.array([[0.9, 1.1] * 4, [1.0, 0.9] * 4, [0.9, 1.0] * 4])
    finals = {
        (AS_B, "sinc", name): Fit(value * one)
        for (name, value), one in zip(losses.items(), spread, strict=False)
    }
    result = SimpleNamespace(chapters={"function-fit": SimpleNamespace(fits=finals)})
    order = ("deep", "medium", "shallow")
    assert literature._order(result, AS_B, "sinc", order, "them").agrees == agrees


def test_comparisons_for_the_audit_are_finite_and_not_all_zero():
    ends = {"deep": [1.0, 10.0, np.nan], "medium": [1.0, 1.0, 1.0], "shallow": [1.0, 1.0, 1.0]}
    fits = {
        (arm, "sinc", name): Fit(np.array(values))
        for arm in summary.function_fit.ARMS
        for name, values in ends.items()
    }
    spec = SimpleNamespace(targets=("sinc",))
    found = summary.comparisons(SimpleNamespace(fits=fits, spec=spec))
    arms = len(summary.function_fit.ARMS)
    assert [list(pairs) for pairs in found] == [[0.0, 1.0], [0.0, -1.0]] * arms
