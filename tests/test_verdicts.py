"""Verdicts: the word that the interval allows, checked against SciPy's and hand-made cases."""

import numpy as np
import pytest
from scipy import stats

from hw1lib import verdicts
from hw1lib.statistics import Interval, t_interval


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
