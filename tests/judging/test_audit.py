"""The audit: words fall as often as the theory of the t test says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging import audit
from hw1lib.judging.audit import WORDS, Audit

SUPPORTED, SMALL, TOO_SMALL, OTHER_SMALL, OTHER, UNDECIDED = range(len(WORDS))
CLAIMING = [SUPPORTED, SMALL, OTHER_SMALL, OTHER]


@pytest.fixture
def normal():
    """Differences of a comparison with very many trainings."""
    return [np.random.default_rng(0).normal(size=20_000)]


def shares(comparisons, *, effects=(0.0,), n=20, draws=800, planted=800, seed=0):
    return audit.word_shares(Audit((n,), effects, draws, planted, seed), comparisons)[0]


def near(share, expected, draws=800):
    return abs(share - expected) < 3.5 * np.sqrt(expected * (1 - expected) / draws)


@pytest.mark.parametrize("effect", [1.25, 1.5, 1.75])
def test_an_effect_beyond_the_margin_is_found_as_often_as_the_noncentral_t_says(normal, effect):
    found = shares(normal, effects=(0.0, effect))[1]
    power = stats.nct.sf(stats.t.ppf(0.975, 19), 19, (effect - 1) * 20**0.5)
    assert near(found[SUPPORTED], power)


def test_without_an_effect_few_words_claim_one(normal):
    found = shares(normal)[0]
    # but for those whose interval, though on one side of zero, lies between the margins
    generator = np.random.default_rng(1)
    values = generator.normal(size=(20_000, 20))
    mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / 20**0.5
    one_sided = np.abs(mean) > stats.t.ppf(0.975, 19) * error
    small = np.abs(mean) + stats.t.ppf(0.95, 19) * error < 1
    assert near(found[CLAIMING].sum(), (one_sided & ~small).mean())


def test_an_effect_of_one_margin_is_called_too_small_one_time_in_twenty(normal):
    found = shares(normal, effects=(0.0, 1.0))[1]
    assert found[TOO_SMALL] <= stats.binom.ppf(0.999, 800, 0.05) / 800
    assert near(found[SUPPORTED], 0.025)


def test_the_labels_of_the_pairs_are_drawn_anew():
    # all differences alike: without new labels every verdict would claim an effect
    found = shares([np.ones(20)])[0]
    assert found[CLAIMING].sum() < 0.06
    assert shares([np.ones(20)], effects=(0.0, 9.0))[1, SUPPORTED] == pytest.approx(1)


def test_every_number_of_trainings_has_a_row_of_its_own(normal):
    settings = Audit((6, 20), (0.0, 1.5), 200, 800, 0)
    found = audit.word_shares(settings, normal)
    assert found.shape == (2, 2, len(WORDS))
    np.testing.assert_allclose(
        found[1], audit.word_shares(replace(settings, trainings=(20,)), normal)[0]
    )
    # the t test alone finds it more often: of six, sign flips find only those of one sign
    power = stats.nct.sf(stats.t.ppf(0.975, 5), 5, 0.5 * 6**0.5)
    assert found[0, 1, SUPPORTED] < power + 3.5 * np.sqrt(power / 800) < found[1, 1, SUPPORTED]


def test_verdicts_with_and_without_an_effect_have_their_own_number(normal):
    found = shares(normal, n=6, effects=(0.0, 1.0), draws=50, planted=70)
    for row, count in zip(found, (50, 70), strict=True):
        assert (row < 1).all()  # of several words, whose shares tell of how many verdicts they are
        np.testing.assert_allclose(row * count, np.round(row * count), atol=1e-9)


def test_every_comparison_is_drawn_from_in_margins_of_its_own():
    # differences of one size are one margin each, whatever their size: the same words
    ones = shares([np.ones(20)], effects=(0.0, 2.0), planted=100)
    np.testing.assert_array_equal(ones, shares([np.full(20, 1e3)], effects=(0.0, 2.0), planted=100))
    # of six signs three must be of each kind, or else all six differences zero
    even, zero = 20 / 2**6, 0.99**6
    rare = np.r_[np.zeros(99), 1.0]
    for pair in ([np.ones(20), rare], [rare, np.ones(20)]):
        assert near(shares(pair, n=6)[0, TOO_SMALL], (even + zero) / 2)


def test_shares_add_up_and_do_not_depend_on_other_effects(normal):
    few, many = shares(normal, effects=(0.0, 2.0)), shares(normal, effects=(0.0, 1.0, 2.0))
    np.testing.assert_allclose(many.sum(axis=1), 1)
    np.testing.assert_array_equal(few, many[[0, 2]])
    assert (shares(normal, seed=1) != few[:1]).any()
