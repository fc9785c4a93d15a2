"""Intervals: those of SciPy and the textbooks, and they cover as often as they say."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging.statistics import (
    NO_INTERVAL,
    Interval,
    decades,
    geometric_mean,
    log_ratio,
    paired_difference,
    share_interval,
    sign_flips,
    t_interval,
    t_quantile,
    tally,
)

# hours of sleep gained by ten patients with two drugs: "Student", Biometrika 6, 1908
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


@pytest.fixture
def samples():
    """Two samples of seven, correlated as trainings with the same seed are."""
    generator = np.random.default_rng(0)
    common = generator.normal(size=7)
    return common + generator.normal(1, 0.3, 7), common + generator.normal(0, 0.3, 7)


def test_the_interval_of_students_own_data_is_the_published_one():
    interval = paired_difference(SECOND, FIRST)
    assert interval.mean == pytest.approx(1.58)
    # s = 1.2300, n = 10, t = 2.2622 for 9 degrees of freedom: 1.58 -+ 0.8799
    assert (interval.low, interval.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert interval.n == 10
    assert interval.excludes_zero


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_t_interval_is_that_of_scipys_test(samples, level):
    interval = t_interval(samples[0], level=level)
    expected = stats.ttest_1samp(samples[0], 0).confidence_interval(level)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert interval.mean == pytest.approx(math.fsum(samples[0]) / 7, rel=1e-15)
    assert (interval.n, interval.level) == (7, level)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_paired_difference_is_that_of_scipys_paired_test(samples, level):
    interval = paired_difference(*samples, level=level)
    expected = stats.ttest_rel(*samples).confidence_interval(level)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_a_difference_changes_its_sign_with_the_order(samples):
    one, other = paired_difference(*samples), paired_difference(*samples[::-1])
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))


def test_pairs_narrow_the_interval_where_seeds_matter(samples):
    unpaired = stats.ttest_ind(*samples).confidence_interval()
    paired = paired_difference(*samples)
    assert paired.high - paired.low < unpaired.high - unpaired.low


def test_an_interval_covers_the_mean_as_often_as_it_says():
    samples = np.random.default_rng(7).normal(loc=3, scale=2, size=(4000, 5))
    intervals = map(t_interval, samples)
    covered = np.mean([interval.low <= 3 <= interval.high for interval in intervals])
    assert 0.94 < covered < 0.96


def test_one_training_has_a_mean_and_no_interval():
    interval = t_interval([2.5])
    assert interval.mean == 2.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert not interval.excludes_zero
    assert str(interval) == "2.5 (n = 1)"


@pytest.mark.parametrize("values", [[2.5], [2.5, 2.5], [1.0, 2.0]], ids=str)
def test_every_interval_knows_its_level(values):
    assert t_interval(values, level=0.8).level == 0.8
    assert share_interval(np.array(values) > 2, level=0.8).level == 0.8


@pytest.mark.parametrize("n", [2, 3, 30])
@pytest.mark.parametrize("probability", [0.05, 0.5, 0.975])
def test_a_quantile_is_that_of_students_t(n, probability):
    assert t_quantile(probability, n) == pytest.approx(stats.t.ppf(probability, n - 1), abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e300])
def test_constant_values_have_an_interval_of_no_width(value):
    interval = t_interval([value] * 3)
    assert (interval.low, interval.high) == pytest.approx((value, value), rel=1e-15)
    assert interval.excludes_zero == (value != 0)


def test_integers_are_counted_as_numbers():
    assert t_interval([1, 2, 3]) == t_interval([1.0, 2.0, 3.0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_left_out_and_n_says_so(bad):
    assert t_interval([1.0, bad, 2.0, bad, 4.0]) == t_interval([1.0, 2.0, 4.0])
    for pair in ([1.0, 2.0, 4.0, bad], [0.5, bad, 1.0, 2.0]), ([1.0, bad, 4.0], [0.5, bad, 1.0]):
        assert paired_difference(*pair) == t_interval([0.5, 3.0])
    assert t_interval([bad]) is NO_INTERVAL
    assert t_interval([]) is NO_INTERVAL


@pytest.mark.parametrize("values", [[[1.0, 2.0]], 1.0], ids=str)
def test_values_of_another_shape_are_refused(values):
    with pytest.raises(ValueError, match=r"an interval needs values of shape \(R,\), got \("):
        t_interval(values)


def test_a_ratio_is_a_mean_of_decades_over_the_pairs_above_zero():
    found = log_ratio([2.0, 8.0, 4.0, 0.0, math.nan, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0, math.inf])
    assert found == t_interval(np.log10([2.0, 8.0, 4.0]))
    factor = found.factor
    assert (factor.mean, factor.n) == (pytest.approx(4), 3)
    assert np.log10([factor.low, factor.high]) == pytest.approx([found.low, found.high])
    assert (factor.p, factor.level) == (found.p, found.level)
    assert geometric_mean([2.0, 8.0, 4.0]).mean == pytest.approx(stats.gmean([2.0, 8.0, 4.0]))
    narrow = stats.ttest_1samp(np.log10([2.0, 8.0, 4.0]), 0).confidence_interval(0.5)
    for half in (
        log_ratio([2, 8, 4], [1, 1, 1], level=0.5).factor,
        geometric_mean([2, 8, 4], level=0.5),
    ):
        assert np.log10([half.low, half.high]) == pytest.approx([narrow.low, narrow.high])
    assert str(log_ratio([8.0], [2.0]).factor) == "4 (n = 1)"
    assert str(log_ratio([0.0], [1.0]).factor) == str(NO_INTERVAL)


def test_decades_are_those_of_values_above_zero():
    found = decades(np.array([[100.0, 0.0], [-1.0, np.nan], [np.inf, 1e-3]]))
    np.testing.assert_array_equal(found, [[2, np.nan], [np.nan, np.nan], [np.inf, -3]])


def test_pairs_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"pairs need equal shapes, got \(1,\) and \(3,\)"):
        paired_difference([1.0], [1.0, 2.0, 3.0])  # NumPy would broadcast it


@pytest.mark.parametrize(
    ("interval", "shown", "excludes"),
    [
        (Interval(0.8214, 0.5, 1.14159, 4), "0.821 [0.5, 1.14]", True),
        (Interval(11_712, 8_140, 1.69e6, 4), "11,700 [8,140, 1.69e+06]", True),
        (Interval(-2345.6, -3e-7, 0.0, 2), "-2,350 (n = 2)", False),
        (Interval(-0.1, -0.3, -0.05, 4), "-0.1 [-0.3, -0.05]", True),
        (Interval(0.1, -0.1, 0.3, 4), "0.1 [-0.1, 0.3]", False),
        (Interval(0.1, 0.0, 0.2, 4), "0.1 [0, 0.2]", False),
        (Interval(5.0, math.nan, math.nan, 3), "5 (n = 3)", False),
        (Interval(5.0, 4.0, math.inf, 3), "5 (n = 3)", True),
        (Interval(5.0, 4.0, 6.0, 3), "5 [4, 6]", True),
        (Interval(5.0, 4.0, 6.0, 2), "5 (n = 2)", True),
        (Interval(5.0, 4.0, 6.0, 1), "5 (n = 1)", False),
        (Interval(-0.2, -0.4, 0.0, 4), "-0.2 [-0.4, 0]", False),
        (Interval(99_960, -1e6, 999_000, 4), "100,000 [-1e+06, 999,000]", False),
        (NO_INTERVAL, "no value (n = 0)", False),
    ],
)
def test_an_interval_is_written_with_its_limits_and_knows_whether_it_excludes_zero(
    interval, shown, excludes
):
    assert str(interval) == f"{interval}" == shown
    assert interval.excludes_zero is excludes


def wilson(count, n, level):
    """Wilson's limits in closed form (JASA 22, 1927)."""
    z, share = stats.norm.ppf((1 + level) / 2), count / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("count", "n"), [(0, 1), (1, 1), (0, 20), (3, 20), (20, 20), (7, 1000)])
def test_the_interval_of_a_share_is_wilsons(count, n, level):
    interval = share_interval(np.arange(n) < count, level=level)
    assert (interval.low, interval.high) == pytest.approx(wilson(count, n, level), abs=1e-12)
    assert interval.mean == count / n
    assert 0 <= interval.low <= interval.mean <= interval.high <= 1


def test_the_interval_of_ten_of_ten_is_the_published_one():
    # 1 / (1 + 1.96^2 / 10) = 0.7225
    everyone = share_interval(np.full(10, True))
    assert everyone.low == pytest.approx(0.72246, abs=1e-5)
    assert everyone.high == 1.0


def test_a_tally_counts_and_gives_wilsons_limits_in_percent():
    assert tally(np.arange(20) < 3) == "3 of 20 [5, 36] %"  # 5.2 and 36.0
    assert tally(np.array([], dtype=bool)) == "none left"
    assert share_interval(np.array([], dtype=bool)) is NO_INTERVAL


def test_a_share_is_compared_with_a_bar_by_the_binomial_test():
    above = share_interval(np.arange(10) < 9, beyond=0.5)
    plain = share_interval(np.arange(10) < 9)
    assert (above.mean, above.low) == pytest.approx((plain.mean - 0.5, plain.low - 0.5))
    assert above.p == pytest.approx(2 * 11 / 1024)  # nine or ten heads, or tails, of ten
    assert share_interval(np.arange(3) < 3, beyond=0.1).p == pytest.approx(0.1**3)
    assert share_interval(np.arange(3) < 3).p == 0  # a share of nothing has never happened
    below = share_interval(np.arange(10) < 1, beyond=0.5, level=0.9)
    assert (below.mean, below.p) == (pytest.approx(-0.4), pytest.approx(2 * 11 / 1024))
    assert np.array([below.low, below.high]) + 0.5 == pytest.approx(wilson(1, 10, 0.9))


# Tests of the sign


@pytest.mark.parametrize("n", [2, 7, 11])
@pytest.mark.parametrize("tied", [False, True])
def test_sign_flips_are_counted_as_scipy_counts_them(n, tied):
    values = np.random.default_rng(n).normal(0.5, 1, n)
    values = np.round(values) if tied else values
    expected = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert sign_flips(values) == pytest.approx(expected.pvalue)


def test_six_values_of_one_sign_just_reach_five_percent():
    assert sign_flips(np.arange(1.0, 7)) == 2 / 64
    assert sign_flips(np.arange(1.0, 6)) == 2 / 32
    assert sign_flips(np.ones(1)) == 1


def test_all_signs_of_up_to_thirty_values_are_counted():
    assert sign_flips(np.ones(30)) == 2 / 2**30
    assert sign_flips(np.ones(31)) == 1 / 10_000  # of 9,999 and the one seen


def test_a_tie_counts_although_its_sum_is_rounded():
    # -0.1 + 0.2 + 0.7 is 0.8 too, but in floating point a little less than 0.7 + 0.1
    values = np.array([0.1, 0.7, 0.0, 0.2, -0.2])
    exact = [
        sum(s * v for s, v in zip(signs, (1, 7, 0, 2, 2), strict=True))
        for signs in itertools.product((1, -1), repeat=5)
    ]
    assert sign_flips(values) == np.mean(np.abs(exact) >= 8)


def test_an_interval_is_written_with_the_digits_asked_for():
    interval = Interval(98.0314, 97.9, 98.1627, 6)
    assert f"{interval:.4g}" == "98.03 [97.9, 98.16]"
    assert f"{Interval(1.5, -10.0, 13.0, 2):.1f}" == "1.5 (n = 2)"  # limits of two say nothing


def test_many_values_are_tested_by_random_flips():
    values = np.random.default_rng(0).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    for expected in (stats.ttest_1samp(values, 0).pvalue, theirs.pvalue):
        assert sign_flips(values) == pytest.approx(expected, abs=0.02)
    assert sign_flips(values) == sign_flips(values) == sign_flips(-values)
    assert sign_flips(np.zeros(40)) == 1


def test_an_effect_needs_both_tests():
    even, outlier = np.full(6, 1.0) + np.arange(6) / 100, np.array([1.0, 1, 1, 1, 1, -0.9])
    assert t_interval(even).p == sign_flips(even) > stats.ttest_1samp(even, 0).pvalue
    larger = max(sign_flips(outlier), stats.ttest_1samp(outlier, 0).pvalue)
    assert t_interval(outlier).p == pytest.approx(larger)
    assert t_interval(np.ones(6)).p == 2 / 64
    assert t_interval(np.zeros(6)).p == 1


def test_percentages_of_a_whole_have_intervals_within_it():
    near = np.array([100.0, 100.0, 99.0, 93.0])
    alone, cut = t_interval(near), t_interval(near, whole=True)
    assert alone.high > 100
    assert (cut.mean, cut.low, cut.high, cut.p) == (alone.mean, alone.low, 100.0, alone.p)
    cut = t_interval(100 - near, whole=True)
    assert (cut.low, cut.high) == (0.0, pytest.approx(100 - alone.low))
    assert t_interval(np.empty(0), whole=True).n == 0
