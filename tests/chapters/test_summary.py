"""Chapter 00: verdicts judged together, and the literature compared by intervals."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from hw1lib import chapters
from hw1lib.chapters import registry, summary
from hw1lib.chapters.function_fit.spec import ARMS, AS_B
from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary import beside, findings, literature
from hw1lib.chapters.summary.beside import NO, OPEN, YES
from hw1lib.chapters.summary.result import SENTENCES, Judged, judge
from hw1lib.chapters.summary.views import EXAMPLES, STYLES
from hw1lib.judging import audit, verdicts
from hw1lib.judging.effects import Difference
from hw1lib.judging.statistics import Interval
from hw1lib.judging.verdicts import Claim, Margin, Verdict
from hw1lib.results.specs import SettingError


@dataclass(frozen=True)
class Fit:
    final: np.ndarray


def claim(name, p):
    verdict = Verdict(Difference("", {"": np.linspace(2.9, 3.1, 20)}), Margin(1.0, ""), p=p)
    return SimpleNamespace(id=name, judge=lambda _: verdict, turns=lambda _: {})


def test_claims_of_all_chapters_are_adjusted_together(monkeypatch):
    found = {
        "one": SimpleNamespace(claims=[claim("A-C1a", 0.04), claim("A-C1b", 0.9)]),
        "two": SimpleNamespace(claims=[claim("B-C2", 0.001)]),
    }
    monkeypatch.setattr("hw1lib.chapters.summary.result.discover", lambda: found)
    judged = judge({"one": None, "two": None})
    assert [j.sentence for j in judged] == ["A-C1", "A-C1", "B-C2"]
    # Benjamini and Hochberg: 0.001 * 3, 0.04 * 3 / 2, 0.9
    assert [j.verdict.p for j in judged] == pytest.approx([0.06, 0.9, 0.003])
    assert [j.alone.word for j in judged] == ["supported", "undecided", "supported"]
    assert [j.verdict.word for j in judged] == ["undecided", "undecided", "supported"]


def test_the_chapters_are_found_in_the_order_of_their_numbers():
    found = list(discover().values())
    assert [c.number for c in found] == sorted(c.number for c in found)
    assert [c.notebook for c in found][:2] == ["11_function_fit", "12_image_task"]
    assert {c.part for c in found} == set(registry.PARTS)
    packages = {p.name for root in chapters.__path__ for p in Path(root).iterdir() if p.is_dir()}
    assert {c.name for c in found} == packages - {"summary", "__pycache__"}


def test_every_chapter_is_answered_by_its_own_claims_and_told_by_its_own_sentences():
    for chapter in discover().values():
        assert chapter.answers
        assert chapter.metrics
        assert chapter.question.endswith("?")


PLANTED = """
from hw1lib.chapters import registry
from hw1lib.judging.effects import Difference
from hw1lib.judging.verdicts import Claim, Margin
from hw1lib.results.specs import Profiles, Spec


def effect(result):
    return Difference("", {{"": [3.0, 2.9, 3.1, 3.0, 2.9, 3.1]}})


CHAPTER = registry.Chapter(
    number="{number}", name="{name}", section="{name}", question="Does it work?",
    profiles=Profiles(smoke=Spec()), run=lambda spec, **how: None,
    claims=(Claim("E-{number}", "It works.", effect, Margin(1.0, "")),), answers=("{answer}",),
)
"""


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """Put a chapter beside those that there are."""
    monkeypatch.setattr(chapters, "__path__", [*chapters.__path__, str(tmp_path)])
    registry.discover.cache_clear()

    def planted(name, number, answer):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        text = PLANTED.format(name=name, number=number, answer=answer)
        (tmp_path / name / "chapter.py").write_text(text)

    yield planted
    registry.discover.cache_clear()
    for module in [name for name in sys.modules if name.startswith("hw1lib.chapters.toy")]:
        del sys.modules[module]


def test_a_chapter_that_is_there_is_judged_with_the_others(plant):
    plant("toy", "19", "E-19")
    found = discover()
    before = [*found][: [*found].index("toy")]
    assert {found[section].part for section in before} == {"1"} == {found["toy"].part}
    assert all(found[section].part > "1" for section in [*found][len(before) + 1 :])
    (judged,) = judge({"toy": None})
    assert (judged.section, judged.claim.id) == ("toy", "E-19")
    assert summary.PROFILES["smoke"].replace(seed=3).chapter("function-fit").seed == 3


@pytest.mark.parametrize(
    ("number", "answer", "sentence"),
    [
        ("11", "E-11", "two chapters have the number 11"),
        ("41", "E-41", "number of the chapter toy2 must be two digits, the first the part"),
        ("19", "E-14", "the chapter toy2 has no claim E-14"),
    ],
)
def test_a_chapter_that_does_not_fit_is_refused_in_a_sentence(plant, number, answer, sentence):
    plant("toy2", number, answer)
    with pytest.raises(ValueError, match=sentence):
        discover()


def test_every_sentence_of_the_reports_has_a_place():
    assert len(SENTENCES) == 56
    assert (SENTENCES[0], SENTENCES[-1]) == ("A-C1", "B-C20")


def test_a_chapter_gets_what_it_knows_of_the_settings():
    spec = summary.PROFILES.choose("quick", data="standin", seed=3, replicas=4)
    fit, images = spec.chapter("function-fit"), spec.chapter("image-task")
    assert (fit.seed, fit.replicas) == (images.seed, images.replicas) == (3, 4)
    assert images.data == "standin"
    untouched = summary.PROFILES.choose("quick").chapter("function-fit")
    assert untouched == discover()["function-fit"].profiles["quick"]


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
    assert beside.compare("", "", "", ours, low=1.0, high=2.0).agrees == agrees


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
        (arm, "sinc", name): Fit(np.array(values)) for arm in ARMS for name, values in ends.items()
    }
    spec = SimpleNamespace(targets=("sinc",))
    found = summary.comparisons(SimpleNamespace(fits=fits, spec=spec))
    arms = len(ARMS)
    assert [list(pairs) for pairs in found] == [[0.0, 1.0], [0.0, -1.0]] * arms


def test_the_chapters_show_bars_only_if_asked(monkeypatch):
    asked = []

    class Stop(Exception):
        pass

    def run(spec, **how):
        asked.append(how)
        raise Stop

    chapter = SimpleNamespace(run=run)
    monkeypatch.setattr(summary, "discover", lambda: {"function-fit": chapter})
    for progress in (True, False):
        with pytest.raises(Stop):
            summary.run(summary.Spec(), device="cpu", progress=progress)
    assert asked == [{"device": "cpu", "progress": it} for it in (True, False)]


def test_every_word_has_an_example_that_gets_it():
    assert set(EXAMPLES) == set(STYLES) == set(audit.WORDS)
    for word, (mean, half) in EXAMPLES.items():
        n = 20
        spread = np.tile([-1.0, 1.0], n // 2)
        spread *= half / (stats.t.ppf(0.975, n - 1) * spread.std(ddof=1) / n**0.5)
        assert verdicts.word(Difference("", {"": mean + spread}), 1.0) == word


def test_fragile_verdicts_are_counted_by_what_turns_them():
    values = np.linspace(2.9, 3.1, 8)
    tested = Claim("A-C1", "", lambda _: Difference("", {"": values}), Margin(1.0, "", "a look"))
    verdict = tested.judge(None)
    turns = [{}, {"as a factor": "undecided", "without sinc": "undecided"}, {"without sinc": "x"}]
    judged = [Judged("one", tested, verdict, verdict, one) for one in turns]
    said = findings.fragile_sentence(SimpleNamespace(of_reports={"A-C1": judged}))
    assert "Of 3 tests that have a verdict, 2 would" in said
    assert "0 with one training, 1 with the scale, 2 with one size" in said
    assert "For 3, the margin" in said
