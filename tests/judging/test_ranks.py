"""Rank correlations have Fisher's interval, partial ones are those of a regression of ranks."""

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging import ranks
from hw1lib.judging.effects import Correlation
from hw1lib.judging.ranks import rank_correlation
from hw1lib.judging.statistics import NO_INTERVAL


def related(seed, n=25):
    """Three measures, the third of which moves the other two."""
    g = np.random.default_rng(seed)
    third = g.normal(size=n)
    return third + g.normal(size=n), np.exp(third + g.normal(size=n)), third


def test_a_rank_correlation_has_a_small_p_where_its_interval_excludes_zero():
    rng = np.random.default_rng(1)
    for first, second in rng.standard_normal((50, 2, 30)):
        found = rank_correlation(first, second)
        assert found.excludes_zero == (found.p < 0.05)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rank_correlation_has_fishers_interval(sign):
    # ranks 1 2 3 4 5 6 against 1 4 2 5 6 3: sum of squared differences 16, 1 - 6 * 16 / 210
    first, second = np.arange(6.0), sign * np.array([1.0, 4, 2, 5, 6, 3]) ** 3
    expected = sign * (1 - 6 * 16 / 210)
    interval = rank_correlation(first, second)
    assert interval.mean == pytest.approx(expected)
    half = 1.959964 * np.sqrt(1.06 / 3)
    limits = np.tanh(np.arctanh(expected) + np.array([-half, half]))
    np.testing.assert_allclose([interval.low, interval.high], limits, rtol=1e-6)
    assert interval.n == 6
    z = np.arctanh(expected) / np.sqrt(1.06 / 3)
    assert interval.p == pytest.approx(2 * stats.norm.sf(abs(z)))
    narrow = rank_correlation(first, second, level=0.5)
    quartile = 0.674490 * np.sqrt(1.06 / 3)
    limits = np.tanh(np.arctanh(expected) + np.array([-quartile, quartile]))
    np.testing.assert_allclose([narrow.low, narrow.high], limits, rtol=1e-6)


def test_the_interval_of_a_rank_correlation_covers_what_it_should():
    rng = np.random.default_rng(0)
    covered = [
        not rank_correlation(*rng.standard_normal((2, 20))).excludes_zero for _ in range(1000)
    ]
    assert 0.92 < np.mean(covered) < 0.98


def test_where_there_is_nothing_to_rank_there_is_no_correlation():
    assert rank_correlation(np.ones(9), np.arange(9)) is NO_INTERVAL
    assert rank_correlation(np.arange(9), np.ones(9)) is NO_INTERVAL
    assert rank_correlation(np.ones(0), np.ones(0)) is NO_INTERVAL
    assert rank_correlation(np.ones(1), np.ones(1)) is NO_INTERVAL


def test_few_or_perfect_ranks_claim_no_certainty():
    for n in (2, 3):
        found = rank_correlation(np.arange(n), -np.arange(n))
        assert (found.mean, found.n) == (pytest.approx(-1, abs=2e-6), n)
        assert np.isnan([found.low, found.high, found.p]).all()
    perfect = rank_correlation(np.arange(4), np.arange(4))
    assert perfect.mean == 1 - 1e-6
    assert -1 < perfect.low < perfect.high < 1


def test_a_rank_correlation_of_unequal_or_lost_values_is_refused():
    with pytest.raises(ValueError, match="equal shapes"):
        rank_correlation(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="equal shapes"):
        rank_correlation(np.ones((2, 2)), np.ones((2, 2)))
    for pair in (([1.0, np.nan], [1.0, 2.0]), ([1.0, 2.0], [np.inf, 1.0])):
        with pytest.raises(ValueError, match="finite"):
            rank_correlation(*map(np.array, pair))


@pytest.mark.parametrize("count", [3, 9])
def test_an_interval_knows_its_level(count):
    assert rank_correlation(np.arange(count), np.arange(count), level=0.8).level == 0.8


@pytest.mark.parametrize("ties", [False, True])
def test_a_rank_correlation_is_scipys(ties):
    for first, second in (
        np.random.default_rng(2).standard_normal((20, 2, 12)).round(0 if ties else 9)
    ):
        expected = stats.spearmanr(first, second).statistic
        assert rank_correlation(first, second).mean == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_partial_correlation_is_that_of_the_residuals_of_a_regression_of_ranks(seed):
    first, second, third = related(seed)
    x = np.column_stack([np.ones(25), stats.rankdata(third)])
    residuals = [
        stats.rankdata(side) - x @ np.linalg.lstsq(x, stats.rankdata(side), rcond=None)[0]
        for side in (first, second)
    ]
    found = ranks.partial_rank_correlation(first, second, third)
    assert found.mean == pytest.approx(np.corrcoef(residuals)[0, 1])
    half = 1.959964 * np.sqrt(1.06 / (25 - 1 - 3))
    limits = np.tanh(np.arctanh(found.mean) + np.array([-half, half]))
    np.testing.assert_allclose([found.low, found.high], limits, rtol=1e-6)
    assert found.n == 25


@pytest.mark.parametrize("seed", range(5))
def test_a_partial_correlation_is_the_inverse_matrix_of_all_correlations(seed):
    sides = related(seed)
    inverse = np.linalg.inv(stats.spearmanr(np.column_stack(sides)).statistic)
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    assert ranks.partial_rank_correlation(*sides).mean == pytest.approx(expected)


def test_what_a_third_measure_explains_leaves_no_correlation():
    found = [ranks.partial_rank_correlation(*related(seed, 400)).mean for seed in range(20)]
    plain = [rank_correlation(*related(seed, 400)[:2]).mean for seed in range(20)]
    assert np.mean(plain) > 0.4
    assert abs(np.mean(found)) < 0.05  # not 0: ranks of a sum are no sum of ranks


def test_a_measure_that_the_third_orders_has_nothing_left():
    first, second, third = related(0)
    assert ranks.partial_rank_correlation(np.exp(third), second, third) is NO_INTERVAL
    assert ranks.partial_rank_correlation(first, np.ones(25), third) is NO_INTERVAL
    constant = ranks.partial_rank_correlation(first, second, np.ones(25))
    assert constant.mean == pytest.approx(rank_correlation(first, second).mean)
    assert ranks.partial_rank_correlation(first[:2], second[:2], third[:2]) is NO_INTERVAL
    assert np.isnan(ranks.partial_rank_correlation(first[:4], second[:4], third[:4]).low)


def drawn(generator, sizes, shared, rho):
    """Points of families whose members share so much of their variance, all correlated alike."""
    root = np.linalg.cholesky([[1, rho], [rho, 1]])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    of_family = generator.normal(size=(len(sizes), 2)) @ root.T
    own = generator.normal(size=(len(labels), 2)) @ root.T
    return labels, (np.sqrt(shared) * of_family[labels] + np.sqrt(1 - shared) * own).T


@pytest.mark.parametrize("shared", [0.0, 0.7])
@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_the_interval_over_families_covers_where_that_over_points_does_not(shared, rho):
    true = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's correlation of a normal distribution
    generator, draws = np.random.default_rng(1), 120
    by_family = by_point = 0
    for _ in range(draws):
        labels, (first, second) = drawn(generator, (10, 10, 10, 13, 8, 5, 5, 4, 1, 1), shared, rho)
        found = ranks.over_families(labels, first, second)
        by_family += found.low < true < found.high
        plain = rank_correlation(first, second)
        by_point += plain.low < true < plain.high
    assert by_family >= stats.binom.ppf(0.001, draws, 0.95)
    if shared:
        assert by_point < stats.binom.ppf(0.001, draws, 0.95)


def test_families_of_one_point_are_left_out_as_by_scipys_formula():
    first, second, _ = related(3, 12)
    whole = np.arctanh(stats.spearmanr(first, second).statistic)
    z = [
        np.arctanh(stats.spearmanr(np.delete(first, k), np.delete(second, k)).statistic)
        for k in range(12)
    ]
    error = np.sqrt(11 / 12 * ((z - np.mean(z)) ** 2).sum())
    limits = np.tanh(stats.t.interval(0.9, 11, whole, error))
    found = ranks.over_families(np.arange(12), first, second, level=0.9)
    np.testing.assert_allclose([found.low, found.high], limits)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(whole) / error, 11))


def test_few_families_have_no_interval():
    first, second, third = related(0, 9)
    three = ranks.over_families(np.arange(9) % 3, first, second, third)
    assert three.mean == ranks.partial_rank_correlation(first, second, third).mean
    assert np.isnan([three.low, three.high]).all()
    assert ranks.over_families(np.arange(9), first, np.ones(9)) is NO_INTERVAL
    # without the fourth family the second measure has one value
    alone = ranks.over_families(np.arange(9) // 2, first, np.arange(9) == 8)
    assert np.isnan(alone.low)


def test_an_effect_compares_the_points_that_have_every_measure():
    first, second, third = related(0)
    labels = np.repeat(list("abcde"), 5)
    effect = Correlation("", first, second, third, labels)
    assert effect.interval == ranks.over_families(labels, first, second, third)
    kept = np.arange(25) != 7
    missing = np.where(kept, third, np.nan)
    gone = Correlation("", first, second, missing, labels).interval
    assert gone == effect.without(7).interval
    assert gone.n == 24
    given = Correlation("", first, second, given=third)
    assert given.interval == ranks.partial_rank_correlation(first, second, third)
