"""Verdicts: the word that the interval allows, checked against SciPy's and hand-made cases."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging import tables, verdicts
from hw1lib.judging.effects import (
    CORRELATION,
    POINTS,
    Bound,
    Correlation,
    Difference,
    Effect,
    NotTested,
    Ratio,
    Share,
)
from hw1lib.judging.statistics import Interval, t_interval, t_quantile
from hw1lib.judging.verdicts import Claim, Margin, Verdict
from hw1lib.results import specs
from hw1lib.results.specs import setting


@dataclass(frozen=True)
class Known(Effect):
    """An effect whose 95 % interval is given; that at another level follows from Student's t."""

    mean: float = 0.0
    half: float = 1.0
    n: int = 20

    def at(self, level):
        half = self.half * t_quantile((1 + level) / 2, self.n) / t_quantile(0.975, self.n)
        return Interval(self.mean, self.mean - half, self.mean + half, self.n, level)

    measured = "given"
    trainings = 0

    def write(self, value):
        return f"{value:.3g} nats"

    def without(self, index):
        return self


def verdict(mean, half, *, n=20, margin=1.0, p=np.nan, absent=False):
    return Verdict(Known("", mean=mean, half=half, n=n, absent=absent), Margin(margin, ""), p=p)


@pytest.mark.parametrize(
    ("mean", "half", "n", "expected"),
    [
        (3, 1, 20, "supported"),
        (2.001, 1, 20, "supported"),
        (300, 1, 6, "supported"),
        (2, 1, 20, "supported, perhaps small"),  # the lower limit is the margin
        (1.5, 1, 20, "supported, perhaps small"),
        (1.001, 1, 20, "supported, perhaps small"),
        (1, 0, 20, "supported, perhaps small"),
        (0.5, 0.1, 20, "too small to matter"),  # though it surely has the predicted sign
        (-0.5, 0.1, 20, "too small to matter"),
        (0.1, 0.5, 20, "too small to matter"),
        (0, 0, 6, "too small to matter"),
        (0, 1.2, 20, "too small to matter"),  # by the 90 % interval, which is narrower
        (0, 1.22, 20, "undecided"),
        (0.5, 2, 20, "undecided"),
        (-0.5, 2, 20, "undecided"),
        (1, 1, 20, "undecided"),  # the lower limit is zero
        (-1, 1, 20, "undecided"),
        (-1.5, 1, 20, "contradicted, perhaps small"),
        (-2, 1, 20, "contradicted, perhaps small"),
        (-2.001, 1, 20, "contradicted"),
        (-3, 1, 20, "contradicted"),
        (3, 1, 5, "not tested"),
        (3, np.nan, 1, "not tested"),
    ],
)
def test_the_word_follows_from_the_interval(mean, half, n, expected):
    assert verdict(mean, half, n=n).word == expected


@pytest.mark.parametrize(
    ("mean", "half", "expected"),
    [
        (0, 0.5, "supported"),
        (0.5, 0.1, "supported"),
        (-0.5, 0.1, "supported"),
        (1.5, 0.1, "contradicted"),
        (-1.5, 0.1, "contradicted"),
        (0.9, 0.5, "undecided"),
        (0, 2, "undecided"),
    ],
)
def test_a_claim_of_an_absence_is_right_where_the_effect_is_too_small(mean, half, expected):
    assert verdict(mean, half, absent=True).word == expected


def test_every_word_has_its_meaning_its_outcome_and_a_case():
    assert set(verdicts.WORDS) == set(verdicts.OUTCOMES) == set(verdicts.MEANINGS)
    cases = test_the_word_follows_from_the_interval.pytestmark[0].args[1]
    assert {case[-1] for case in cases} == set(verdicts.WORDS)


@pytest.mark.parametrize("seed", range(40))
def test_too_small_to_matter_is_that_of_two_one_sided_tests(seed):
    values = np.random.default_rng(seed).normal(0.3, 1, 12)
    margin = 1.0
    above = stats.ttest_1samp(values, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(values, margin, alternative="less").pvalue
    got = verdicts.word(Difference("", {"": values}), margin, t_interval(values).p)
    assert (got == verdicts.TOO_SMALL) == (max(above, below) < 0.05)


def test_no_effect_is_claimed_that_the_permutation_test_does_not_find():
    assert verdict(3, 1, p=0.04).word == verdicts.SUPPORTED
    assert verdict(3, 1, p=0.06).word == verdicts.UNDECIDED
    assert verdict(-3, 1, p=0.06).word == verdicts.UNDECIDED
    assert verdict(-1.5, 1, p=0.06).word == verdicts.UNDECIDED
    assert verdict(0.1, 0.5, p=0.9).word == verdicts.TOO_SMALL
    assert verdict(3, 1, p=0.05).word == verdicts.UNDECIDED  # a p below 5 % is needed


def claim(effect, name="A-C0", margin=1.0, **settings):
    return Claim(name, "Water is wet.", effect, Margin(margin, "less is dry"), **settings)


def refused(result):
    raise NotTested("nobody looked")


def test_what_is_not_tested_says_why():
    judged = claim(refused).judge(None)
    assert (judged.word, judged.reason, judged.flip) == (verdicts.NOT_TESTED, "nobody looked", "")
    assert claim(refused).turns(None) == {}
    few = claim(lambda _: Difference("", {"": np.ones(5)})).judge(None)
    assert (few.word, few.flip) == (verdicts.NOT_TESTED, "1 more trainings")


@dataclass(frozen=True, kw_only=True)
class Settings(specs.Replicated):
    """Of a chapter, as far as its table of verdicts names them."""

    data: str = setting("real", "where images come from")
    epochs: int = setting(20_000, "passes")
    rates: tuple[float, ...] = setting((0.1, 1e-5), "tried")
    nets: tuple[str, ...] = setting(("deep",), "compared")


def test_a_table_shows_all_that_a_verdict_rests_on():
    wet, sand = np.linspace(2.9, 3.1, 8), np.linspace(0.9, 1.1, 8)
    claims = [
        claim(lambda _: Difference("wetness", {"water": wet, "sand": sand}, unit="%"), margin=0.5),
        claim(refused, "B-C0"),
        Claim(
            "E-0",
            "Sand is wet.",
            lambda _: Ratio("wetness", {"sand": sand, "water": wet}),
            Margin(1.25, "less is not felt", "a first look"),
        ),
    ]
    rows = tables.table(claims, None).to_dict("records")
    assert rows[0] == {
        "claim": "A-C0",
        "in our words": "Water is wet. *wetness: water 3, sand 1*",
        "effect": "2 [2, 2] %",
        "n": "8",
        "matters from": "0.5 %",
        "p": "0.0078",
        "verdict": "supported",
    }
    assert rows[1]["in our words"] == "Water is wet. *nobody looked*"
    assert rows[1]["verdict"] == "not tested"
    assert rows[2]["verdict"] == "refuted: contradicted†"
    assert rows[2]["matters from"] == "× 1.25"
    of = SimpleNamespace(spec=Settings(seed=3, replicas=8))
    assert tables.margins(claims, of).strip() == (
        "**Why these margins.** *A-C0:* less is dry. *B-C0:* less is dry. "
        "*E-0:* less is not felt. † Chosen after a first look. **Trained** from seeds 3 to 10 with "
        "`replicas` 8; `epochs` 20,000; `rates` 0.1, 10⁻⁵; `nets` deep; figures and the appendix "
        f"Settings, which explains them, call these settings {of.spec.digest}."
    )
    assert tables.expectation(claims, None).strip().splitlines() == [
        "Was the expectation met?",
        "",
        "- Sand is wet: **refuted** (E-0).",
    ]


def test_a_word_that_another_scale_turns_is_fragile():
    low = np.full(8, 1.0)
    high = np.array([0.5] * 7 + [30.0]) * np.linspace(0.99, 1.01, 8)  # one outlier
    turning = claim(lambda _: Ratio("loss", {"high": high, "low": low}), margin=1.25)
    turns = turning.turns(None)
    assert turning.judge(None).word == verdicts.UNDECIDED
    assert turns == {"with one training left out": verdicts.CONTRADICTED}
    assert (
        "(fragile: contradicted with one training left out)"
        in tables.table([turning], None)["verdict"].item()
    )
    steady = claim(lambda _: Ratio("loss", {"high": 3 * low, "low": low}), margin=1.25)
    assert steady.turns(None) == {}


def test_a_word_that_one_size_turns_is_fragile():
    values = {"small": np.full(8, -3.0), "large": np.full(8, 5.0)}

    def mean(result):
        return Difference("gain", {"": np.mean([*result.values()], axis=0)})

    def without(result):
        return {name: {k: v for k, v in result.items() if k != name} for name in result}

    turning = claim(mean, margin=0.5, without=without)
    assert turning.judge(values).word == verdicts.SUPPORTED
    assert turning.turns(values) == {"without large": verdicts.CONTRADICTED}


def test_a_difference_of_scale_turns_a_word():
    base = np.geomspace(1e-4, 1e2, 8)
    on_logs = claim(lambda _: Ratio("loss", {"a": 2 * base, "b": base}), margin=1.25)
    assert on_logs.judge(None).word == verdicts.SUPPORTED
    assert on_logs.turns(None)["as a difference"] == verdicts.UNDECIDED


def test_the_word_is_told_as_its_kind_of_claim_says_it():
    same, margin = np.linspace(0.99, 1.01, 8), Margin(0.5, "")
    assert Verdict(Bound("", same, at_most=1.0), margin).told == "at the bound"
    assert Verdict(Difference("", {"": same - 1}), margin).told == verdicts.TOO_SMALL
    related = Difference("", {"": same - 1}, unit=CORRELATION)
    assert Verdict(related, margin).told == "no relation"
    ranks = Correlation("", np.arange(400), np.tile([0, 1], 200))
    assert Verdict(ranks, margin).told == "no relation"
    assert Verdict(Bound("", same, at_most=3.0), margin).told == verdicts.SUPPORTED


@pytest.mark.parametrize(
    ("mean", "half", "flip"),
    [
        (3, 1, "a margin above 2 nats"),
        (1.5, 1, "a margin below 0.5 nats"),
        (-1.5, 1, "a margin below 0.5 nats"),
        (-3, 1, "a margin above 2 nats"),
        (0.5, 2, "about 320 trainings, if the mean stays"),
    ],
)
def test_a_verdict_says_what_would_flip_it(mean, half, flip):
    assert verdict(mean, half).flip == flip


@pytest.mark.parametrize(
    ("mean", "absent"),
    [(3, False), (1.5, False), (0.2, False), (-1.5, False), (-3, False), (0.2, True), (3, True)],
)
def test_the_margin_that_flips_a_verdict_does(mean, absent):
    one = verdict(mean, 0.9, absent=absent)
    text = one.flip.split()
    at, above = float(text[3]), text[2] == "above"
    assert text[0] == "a"
    beyond = replace(one, margin=Margin(at * (1.02 if above else 0.98), ""))
    assert beyond.word != one.word
    assert replace(one, margin=Margin(at * (0.98 if above else 1.02), "")).word == one.word


def test_several_tests_of_one_claim_are_told_together():
    supported, contradicted, missing = verdict(3, 1), verdict(-3, 1), verdict(3, 1, n=3)
    assert verdicts.together([supported, missing, supported]) == verdicts.SUPPORTED
    assert verdicts.together([supported, contradicted]) == "depends on the part"
    assert verdicts.together([missing]) == verdicts.together([]) == verdicts.NOT_TESTED


def judged(values, margin=0.1):
    return claim(lambda _: Difference("", {"": values}), margin=margin).judge(None)


def test_p_is_adjusted_for_the_number_of_verdicts_as_by_scipy():
    rng = np.random.default_rng(1)
    tests = [judged(rng.normal(shift, 1, 20)) for shift in (0, 0.2, 0.5, 1, 2)]
    tests.insert(3, claim(refused).judge(None))
    known = [one.p for one in tests if one.word != verdicts.NOT_TESTED]
    found = verdicts.adjusted(tests)
    assert [one.p for one in found if np.isfinite(one.p)] == pytest.approx(
        list(stats.false_discovery_control(known))
    )
    assert found[3].word == verdicts.NOT_TESTED
    assert verdicts.adjusted(tests[3:4])[0].word == verdicts.NOT_TESTED


def test_noise_is_called_an_effect_no_more_often_than_allowed():
    rng = np.random.default_rng(0)
    words = [judged(rng.normal(0, 1, 8), 1e-9).word for _ in range(1000)]
    false = sum(word in verdicts.CLAIMING for word in words)
    assert false <= stats.binom.ppf(0.99, len(words), verdicts.CHANCE)


def test_an_answer_is_sentences_with_their_verdicts_and_numbers():
    wet = np.linspace(2.9, 3.1, 8)
    claims = [
        claim(lambda _: Difference("wetness", {"water": wet, "sand": wet - 2}, unit="%"), "A"),
        claim(lambda _: Bound("wetness", wet, at_least=1.0, unit="%"), "B"),
        claim(lambda _: Correlation("wetness with depth", wet, wet**2), "C", margin=0.1),
        claim(refused, "D"),
    ]
    assert tables.answer(claims, ["A"], None) == [
        "Water is wet: **supported** (wetness: water 3, sand 1; 2 [2, 2] %, n = 8; matters "
        "from 1 %)."
    ]
    assert tables.answer(claims, ["B", "D"], None) == [
        "Water is wet: **supported** (wetness: 3 [2.94, 3.06] %; at least 1 %, n = 8; matters from "
        "1 %).",
        "Water is wet: **not tested** (nobody looked).",
    ]
    (said,) = tables.answer(claims, ["C"], None)
    assert "(wetness with depth: 1 [" in said


def test_an_answer_in_brief_has_the_means_that_decided_it_and_n_once():
    wet = np.linspace(2.9, 3.1, 8)
    sides = {"water": 100 * wet / 3, "sand": wet}
    claims = [
        claim(lambda _: Difference("wet days", sides, unit=POINTS), "A"),
        claim(lambda _: Ratio("wetness", {"water": wet, "ice": wet / 1.001}), "B", margin=2.0),
        claim(lambda _: Bound("wetness", wet[:7], at_least=1.0, unit="l"), "C"),
        claim(lambda _: Share("wet days", wet > 2.95, at_least=0.5), "D", margin=0.1),
        claim(lambda _: Correlation("wetness with depth", wet, -wet), "E", margin=0.1),
        claim(refused, "F"),
    ]
    assert tables.in_brief(claims, "AB", None) == [
        "Water is wet: **supported**. *Wet days: water 100 %; sand 3 %.*",
        "Water is wet: **too small to matter**. *Wetness: water 2.999; ice 2.996.*",
        "n = 8.",
    ]
    assert tables.in_brief(claims, "CDE", None) == [
        "Water is wet: **supported**. *Wetness: 3 l, where the sentence says at least 1 l.*",
        "Water is wet: **undecided**. *Wet days: 6 of 8.*",
        "Water is wet: **contradicted**. *Wetness with depth: -1.*",
        "n = 7 to 8.",
    ]
    assert tables.in_brief(claims, "F", None) == ["Water is wet: **not tested**. *Nobody looked.*"]


def test_what_is_nearly_all_is_not_rounded_to_all():
    for value, said in ((99.7, "99.7 %"), (100.0, "100 %"), (69.4, "69 %")):
        bound = Bound("right", np.full(8, value), at_least=50.0, unit="%", whole=True)
        assert (
            f"Right: {said}," in tables.in_brief([claim(lambda _, b=bound: b, "A")], "A", None)[0]
        )
