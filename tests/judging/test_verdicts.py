"""Verdicts: the word that the interval allows, checked against SciPy's and hand-made cases."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging import verdicts
from hw1lib.judging.statistics import Interval, t_interval


def word(mean, half, n=20, margin=1.0):
    return verdicts.of_effect(
        "a with b", Interval(mean, mean - half, mean + half, n), unit="points", margin=margin
    ).word


@pytest.mark.parametrize(
    ("mean", "half", "n", "expected"),
    [
        (3, 1, 20, "supported"),
        (1.5, 1, 20, "direction only"),
        (0.1, 0.5, 20, "equivalent"),
        (0.5, 2, 20, "inconclusive"),
        (-1.5, 1, 20, "inconclusive"),
        (-3, 1, 20, "contradicted"),
        (3, 1, 5, "not tested"),
        (np.nan, np.nan, 0, "not tested"),
    ],
)
def test_the_word_follows_from_the_interval(mean, half, n, expected):
    assert word(mean, half, n) == expected


@pytest.mark.parametrize(
    ("mean", "half", "n", "expected"),
    [
        (2, 1, 20, "direction only"),  # the lower limit is the margin
        (-2, 1, 20, "inconclusive"),
        (1, 1, 20, "inconclusive"),  # the lower limit is zero
        (1, 0, 20, "direction only"),
        (3, 1, 6, "supported"),
        (0, 0, 6, "equivalent"),
    ],
)
def test_an_interval_that_ends_at_a_bound_does_not_exclude_it(mean, half, n, expected):
    assert word(mean, half, n) == expected


def test_an_end_of_the_narrower_interval_at_the_margin_is_not_equivalent():
    # without width, so that no rounding decides
    assert verdict(-1, 0).word == verdicts.INCONCLUSIVE
    assert verdict(-0.999, 0).word == verdicts.EQUIVALENT


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_equivalence_is_judged_at_five_percent_whatever_the_level_of_the_interval(level):
    values = np.random.default_rng(0).normal(0, 1, 12)
    ninety = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    end = max(abs(ninety.low), abs(ninety.high))
    effect = replace(t_interval(values, level=level), p=1.0)  # no other word comes first
    for margin, expected in ((end - 1e-9, "inconclusive"), (end + 1e-9, "equivalent")):
        got = verdicts.of_effect("", effect, unit="", margin=margin)
        assert got.word == expected


@pytest.mark.parametrize("seed", range(40))
def test_equivalence_is_that_of_two_one_sided_tests(seed):
    values = np.random.default_rng(seed).normal(0.3, 1, 12)
    margin = 1.0
    above = stats.ttest_1samp(values, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(values, margin, alternative="less").pvalue
    effect = t_interval(values)
    if effect.low > 0 or effect.high < -margin:
        return  # another word comes first
    got = verdicts.of_effect("", effect, unit="", margin=margin).word
    assert (got == verdicts.EQUIVALENT) == (max(above, below) < 0.05)


def test_a_table_lists_every_claim_with_its_numbers():
    claims = [
        verdicts.Claim(
            "A-C0",
            "Water is wet.",
            lambda result: verdicts.of_effect("water with sand", result, unit="%", margin=1.0),
        ),
        verdicts.Claim("B-C0", "Nobody knows.", lambda _: verdicts.not_tested("no run of it")),
    ]
    rows = verdicts.table(claims, Interval(3.0, 2.0, 4.0, 20)).to_dict("records")
    assert rows[0] == {
        "claim": "A-C0",
        "in our words": "Water is wet.",
        "compared": "water with sand",
        "effect": "3 [2, 4] %",
        "n": 20,
        "verdict": "supported",
    }
    assert rows[1]["verdict"] == "not tested"
    assert rows[1]["effect"] == ""


def verdict(mean, half, *, n=20, margin=1.0, p=np.nan):
    effect = Interval(mean, mean - half, mean + half, n, p=p)
    return verdicts.of_effect("a with b", effect, unit="points", margin=margin)


def test_no_effect_is_claimed_that_the_permutation_test_does_not_find():
    assert verdict(3, 1, p=0.04).word == verdicts.SUPPORTED
    assert verdict(3, 1, p=0.06).word == verdicts.INCONCLUSIVE
    assert verdict(-3, 1, p=0.06).word == verdicts.INCONCLUSIVE
    assert verdict(0.1, 0.5, p=0.9).word == verdicts.EQUIVALENT
    assert verdict(1.5, 1, p=0.06).word == verdicts.INCONCLUSIVE
    assert verdict(3, 1, p=0.05).word == verdicts.INCONCLUSIVE  # a p below 5 % is needed


@pytest.mark.parametrize(
    ("mean", "half", "flip"),
    [
        (3, 1, "a mean lower by 1 points"),
        (-3, 1, "a mean higher by 1 points"),
        (1.5, 1, "a margin below 0.5 points"),
        (1, 2, "about 80 trainings, if the mean stays"),
        (0.1, 2, "about 99 trainings, if the mean stays"),  # 20 (2 / 0.9)^2 = 98.8
        (-1.8, 2, "about 25 trainings, if the mean stays"),  # 20 (2 / 1.8)^2 = 24.7
        (-1.5, 1, "about 21 trainings, if the mean stays"),  # one more at least
        (0.1, 70, "about 120,988 trainings, if the mean stays"),
        (3.123, 1, "a mean lower by 1.1 points"),
    ],
)
def test_a_verdict_says_what_would_flip_it(mean, half, flip):
    assert verdict(mean, half).flip == flip


def test_at_the_margin_that_flips_equivalence_it_flips():
    word = verdict(0.1, 0.5)
    assert word.word == verdicts.EQUIVALENT
    at = float(word.flip.split()[3])
    assert verdict(0.1, 0.5, margin=at - 0.01).word != verdicts.EQUIVALENT
    assert verdict(0.1, 0.5, margin=at + 0.01).word == verdicts.EQUIVALENT


def test_a_mean_or_margin_changed_as_the_flip_says_changes_the_word():
    assert verdict(3 - 1.01, 1).word == verdicts.DIRECTION_ONLY
    assert verdict(-3 + 1.01, 1).word == verdicts.INCONCLUSIVE
    assert verdict(1.5, 1, margin=0.49).word == verdicts.SUPPORTED


def test_what_was_not_tested_needs_trainings_or_a_run():
    assert verdict(3, 1, n=4).flip == "2 more trainings"
    assert verdicts.not_tested("no run of it").flip == ""


def test_arms_that_disagree_are_told_as_such():
    supported, contradicted, missing = verdict(3, 1), verdict(-3, 1), verdict(3, 1, n=2)
    assert verdicts.together([supported, missing, supported]) == verdicts.SUPPORTED
    assert verdicts.together([supported, contradicted]) == "depends on the arm"
    assert verdicts.together([missing]) == verdicts.together([]) == verdicts.NOT_TESTED


def test_many_verdicts_are_adjusted_as_benjamini_and_hochberg_did():
    # their table of 15 p values, of which the four smallest remain at 5 %
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    judged = [verdict(3, 1, p=one) for one in p]
    judged.insert(3, verdicts.not_tested("no run"))
    words = [one.word for one in verdicts.adjusted(judged)]
    assert words.count(verdicts.SUPPORTED) == 4
    assert words[3] == verdicts.NOT_TESTED
    assert [one.word for one in verdicts.adjusted(judged[3:4])] == [verdicts.NOT_TESTED]


def test_adjusted_p_are_benjamini_and_hochbergs_and_no_others_count():
    judged = [verdict(3, 1, p=p) for p in (0.01, 0.04, 0.03, np.nan)]
    judged += [verdict(3, 1, n=5, p=0.001)]  # not tested
    found = [one.effect.p for one in verdicts.adjusted(judged)]
    # p n / rank, from the largest down: 0.04, min(0.03 * 3 / 2, 0.04), 0.01 * 3
    assert found[:3] == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(found[3])
    assert found[4] == 0.001


def test_half_the_trainings_give_the_interval_that_scipy_would_give_them():
    values = np.tile([-1.0, 0.0, 2.0, 3.0], 5)
    whole = verdicts.of_effect("", t_interval(values), unit="", margin=0.1)
    half = whole.projected(8)
    spread = values.std(ddof=1) / 8**0.5
    expected = stats.t.interval(0.95, 7, loc=values.mean(), scale=spread)
    assert (half.effect.low, half.effect.high) == pytest.approx(expected)
    assert half.effect.p == pytest.approx(2 * stats.t.sf(values.mean() / spread, 7))
    assert whole.projected(20).effect.low == pytest.approx(whole.effect.low)
    assert (whole.word, half.word) == (verdicts.SUPPORTED, verdicts.INCONCLUSIVE)
    assert whole.projected(5).word == whole.projected(1).word == verdicts.NOT_TESTED
    alike = verdicts.of_effect("", t_interval(np.ones(20)), unit="", margin=0.1)
    assert alike.projected(6).effect.p == 2 / 64
    assert whole.projected(8).effect.n == 8
    assert whole.projected(2).effect.n == 2
    two = stats.t.interval(0.95, 1, loc=values.mean(), scale=values.std(ddof=1) / 2**0.5)
    assert whole.projected(2).effect.low == pytest.approx(two[0])
    assert whole.projected(1).effect == replace(whole.effect, n=1)  # too few for an interval
    lone = verdicts.of_effect("", t_interval([1.0]), unit="", margin=0.1)
    assert lone.projected(20).effect.n == 1  # one value has no spread to project
    assert np.isnan(replace(whole, effect=replace(whole.effect, p=np.nan)).projected(8).effect.p)


@pytest.mark.parametrize("level", [0.5, 0.99])
def test_a_projected_interval_keeps_its_level(level):
    values = np.tile([-1.0, 0.0, 2.0, 3.0], 5)
    whole = verdicts.of_effect("", t_interval(values, level=level), unit="", margin=0.1)
    effect = whole.projected(8).effect
    spread = values.std(ddof=1) / 8**0.5
    expected = stats.t.interval(level, 7, loc=values.mean(), scale=spread)
    assert (effect.low, effect.high) == pytest.approx(expected)
    assert effect.level == level


def test_verdicts_on_noise_are_false_no_more_often_than_they_say():
    """The self-audit: trainings of two kinds that do not differ, with skewed values too."""
    rng = np.random.default_rng(0)
    kinds = [rng.normal(size=(500, 12)), rng.lognormal(0, 0.75, (500, 12))]
    kinds[1] = kinds[1] - np.roll(kinds[1], 1, axis=0)  # paired differences of equals
    words = [
        verdicts.of_effect("", t_interval(values), unit="", margin=1e-9).word
        for values in np.concatenate(kinds)
    ]
    false = sum(word != verdicts.INCONCLUSIVE for word in words)
    assert false <= stats.binom.ppf(0.99, len(words), verdicts.CHANCE)
