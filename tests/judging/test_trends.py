"""Shapes of curves, of curves whose shape is known."""

import numpy as np
import pytest
from scipy import optimize, signal, stats

from hw1lib.judging import trends

X = np.log10([4079, 21435, 45360, 55630, 100710, 166060, 241410, 326760, 382770, 491360])


def noise(shape, scale=0.05, seed=0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def test_a_slope_is_that_of_the_regression_line():
    curves = 3 - 0.4 * X + noise((4, len(X)))
    expected = [stats.linregress(X, curve).slope for curve in curves]
    np.testing.assert_allclose(trends.slope(X, curves), expected, rtol=1e-12)


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_curve_with_a_gap_has_no_slope_and_moves_no_other(gap):
    curves = 3 - 0.4 * X + noise((3, len(X)))
    whole = trends.slope(X, curves)
    curves[1, 4] = gap
    np.testing.assert_allclose(trends.slope(X, curves), [whole[0], np.nan, whole[2]], rtol=1e-13)
    assert np.isnan(trends.slope(X, curves[1:2])).all()


@pytest.mark.parametrize("place", [4.7, 5.0, 5.4])
def test_a_knee_that_was_planted_is_found(place):
    curves = np.stack([90 + 8 * X, 70 + 12 * X]) - np.array([[7], [11.5]]) * np.maximum(
        X - place, 0
    )
    found = trends.knee(X, curves)
    step = (X[-2] - X[1]) / (trends.PLACES - 1)
    np.testing.assert_allclose(found.place, place, atol=step)
    np.testing.assert_allclose(found.before, [8, 12], rtol=0.01)
    np.testing.assert_allclose(found.after, [1, 0.5], atol=0.05)


def test_a_knee_in_noise_lies_where_the_squares_are_least():
    curve = 90 + 8 * X - 7 * np.maximum(X - 5.1, 0) + noise(len(X), 0.3)

    def squares(place):
        design = np.column_stack([np.ones_like(X), X, np.maximum(X - place, 0)])
        return np.linalg.lstsq(design, curve, rcond=None)[1].sum()

    found = trends.knee(X, curve[None])
    tried = np.linspace(X[1], X[-2], 137)
    assert squares(found.place[0]) <= min(map(squares, tried)) + 1e-9
    assert found.place[0] == pytest.approx(5.1, abs=0.2)


def test_a_curve_with_a_gap_has_no_knee_and_moves_no_other():
    curves = 90 + 8 * X - 7 * np.maximum(X - 5.1, 0) + noise((3, len(X)))
    whole = trends.knee(X, curves)
    curves[1, 4] = np.nan
    gap = trends.knee(X, curves)
    for one, other in ((whole.place, gap.place), (whole.after, gap.after)):
        assert np.isnan(other[1])
        np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])


def test_a_knee_lies_between_the_second_size_and_the_last_but_one():
    x = np.arange(5.0)
    for bend in (0.5, 3.5):
        (place,) = trends.knee(x, np.maximum(x - bend, 0)[None]).place
        assert place == np.clip(bend, x[1], x[-2])


@pytest.mark.parametrize("x", [[1, 2, 3, 4], [1, 2, 3, 3, 4], [1, 2, 3, 5, 4]])
def test_a_knee_of_too_few_sizes_is_refused(x):
    with pytest.raises(ValueError, match="five or more increasing sizes"):
        trends.knee(np.array(x, float), np.zeros((2, len(x))))


def test_a_knee_passes_through_its_level_on_both_pieces():
    curves = np.stack([90 + 8 * X, 70 + 12 * X]) - 7 * np.maximum(X - 5.0, 0)
    found = trends.knee(X, curves)
    np.testing.assert_allclose(found.at(X), curves, atol=0.02)
    np.testing.assert_allclose(found.at(found.place[:1])[0, 0], found.level[0])


def test_a_knee_that_one_size_decides_moves_without_it():
    straight = 90 + 2 * X
    straight[0] -= 10
    places = trends.knees_without(X, straight)
    assert places.argmax() == 0 or places.argmin() == 0
    others = np.delete(places, [0, 1])
    assert np.ptp(others) < 0.1 < abs(places[0] - others.mean())
    for k in (2, 5):
        left = np.delete(X, k), np.delete(straight, k)[None]
        assert places[k] == trends.knee(*left).place[0]


def test_leaving_out_a_size_needs_six():
    with pytest.raises(ValueError, match="six or more, got 5"):
        trends.knees_without(X[:5], np.zeros(5))


@pytest.mark.parametrize("exponent", [0.1, 0.5, 1.5])
def test_a_power_law_that_was_planted_is_found(exponent):
    origin = X.mean()
    curves = np.array([[0.05], [-3.0]]) + np.array([[0.2], [7.0]]) * 10 ** (
        -exponent * (X - origin)
    )
    found = trends.power_law(X, curves)
    np.testing.assert_allclose(found.exponent, exponent, rtol=1e-6)
    np.testing.assert_allclose(found.offset, [0.05, -3], rtol=1e-5)
    np.testing.assert_allclose(found.excess, [0.2, 7], rtol=1e-5)
    np.testing.assert_allclose(found.at(X), curves, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_power_law_in_noise_is_that_of_scipy(seed):
    def law(x, offset, excess, exponent):
        return offset + excess * 10 ** (-exponent * (x - X.mean()))

    curve = law(X, 0.05, 0.1, 0.6) + noise(len(X), 2e-3, seed)
    theirs, _ = optimize.curve_fit(law, X, curve, p0=(0.05, 0.1, 0.6), xtol=1e-14, ftol=1e-14)
    found = trends.power_law(X, curve[None])
    ours = [found.offset[0], found.excess[0], found.exponent[0]]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_a_curve_with_a_gap_has_no_power_law_and_moves_no_other():
    curves = 0.05 + 10 ** (-0.6 * (X - 4)) + noise((3, len(X)), 1e-3)
    whole = trends.power_law(X, curves)
    curves[1, 4] = np.inf
    gap = trends.power_law(X, curves)
    assert np.isnan(gap.exponent[1])
    np.testing.assert_array_equal(whole.exponent[[0, 2]], gap.exponent[[0, 2]])


@pytest.mark.parametrize("x", [[1, 2, 3], [1, 2, 2, 3], [1, 2, 4, 3]])
def test_a_power_law_of_too_few_sizes_is_refused(x):
    with pytest.raises(ValueError, match="four or more increasing sizes"):
        trends.power_law(np.array(x, float), np.zeros((2, len(x))))


def test_each_shape_foretells_its_own_kind_of_curve_best():
    bent = 1 - 0.4 * X + 0.35 * np.maximum(X - 5.0, 0)
    smooth = 0.05 + 0.1 * 10 ** (-0.8 * (X - 5))
    for curve, right, wrong in (
        (bent, trends.knee, trends.power_law),
        (smooth, trends.power_law, trends.knee),
    ):
        errors = [trends.left_out_error(fit, X, curve[None])[0] for fit in (right, wrong)]
        assert errors[0] < errors[1] / 2


def test_a_size_left_out_is_foretold_from_the_others():
    x, curve = np.arange(6.0), np.array([0, 1, 2, 9, 4, 5.0])

    def mean(x, curves):
        class Level:
            def at(self, places):
                return np.repeat(curves.mean(axis=1, keepdims=True), len(places), axis=1)

        return Level()

    expected = [np.delete(curve, k).mean() - curve[k] for k in range(1, 5)]
    found = trends.left_out_error(mean, x, curve[None])
    assert found == pytest.approx([np.sqrt(np.mean(np.square(expected)))])


def test_a_reversal_is_the_rise_from_the_lowest_point_before():
    curve = np.array([5, 3, 4, 2, 3.5, 1])
    curves = curve + noise((6, 6), 1e-3)
    np.testing.assert_allclose(trends.reversal(curves), 1.5, atol=0.01)
    np.testing.assert_allclose(trends.reversal(-curves), 4, atol=0.01)  # from 5 to 1


def test_a_reversal_of_two_sizes_is_the_step_between_them():
    curves = np.array([[1.0, 3.0], [2.0, 7.0]])
    assert trends.reversal(curves).tolist() == [2, 5]
    assert trends.reversal(-curves).tolist() == [-2, -5]


def test_the_others_choose_where_a_curve_is_measured():
    rising, falling = np.array([0.0, 4.0, 1.0, 2.0]), np.array([3.0, 1.0, 2.0, 0.0])
    # falling rises most from 1 to 2, where the other falls by 3; rising does from 0 to 4
    assert trends.reversal(np.stack([rising, falling])).tolist() == [-3, -2]
    found = trends.peak(np.stack([rising, falling]))
    assert found.index.tolist() == [2, 1]
    assert found.prominence.tolist() == [1 - 4, 1 - 3]


def test_falling_curves_are_measured_where_they_fall_least():
    curves = np.array([[10.0, 4.0, 3.0, 0.0]] * 2)
    assert trends.reversal(curves).tolist() == [3 - 4] * 2
    found = trends.peak(curves)
    assert (found.index.tolist(), found.prominence.tolist()) == ([2, 2], [3 - 4] * 2)


def test_the_mean_of_all_others_chooses():
    # the second's peak outweighs the first's in their mean, which chooses for the third
    curves = np.array(
        [[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 9.0, 0.0], [0.0, 5.0, 4.0, 3.0, 2.0]]
    )
    found = trends.peak(curves)
    assert (found.index[2], found.prominence[2]) == (3, 3 - 2)
    assert trends.reversal(curves)[2] == 3 - 0


def test_a_curve_with_a_gap_chooses_nothing_for_the_others():
    curves = noise((4, 6), 1.0)
    gap = np.where(np.arange(6) == 2, np.nan, 9 * curves[:1])
    together = np.concatenate([gap, curves])
    for measure in (trends.reversal, lambda curves: trends.peak(curves).prominence):
        assert np.isnan(measure(together)[0])
        np.testing.assert_array_equal(measure(together)[1:], measure(curves))


def test_curves_that_fall_at_every_step_have_no_reversal():
    curves = np.linspace(1, 0, 6) ** 2 + noise((6, 6), 1e-3)
    assert (trends.reversal(curves) < 0).all()


def test_noise_alone_makes_no_reversal_and_no_peak():
    flat = noise((4000, 8), 1.0).reshape(200, 20, 8)  # 200 times twenty trainings
    for measure in (trends.reversal, lambda curves: trends.peak(curves).prominence):
        means = np.array([measure(curves).mean() for curves in flat])
        t = means.mean() / stats.sem(means)
        # curves that choose for each other lean below zero a little, never above
        assert t < 3


def test_a_peak_is_as_prominent_as_it_stands_above_its_higher_foot():
    curve = np.array([10, 4, 6, 9, 7, 5, 2])
    found = trends.peak(curve + noise((5, 7), 1e-3))
    assert found.index.tolist() == [3] * 5
    np.testing.assert_allclose(found.prominence, 9 - 4, atol=0.01)


@pytest.mark.parametrize("seed", range(40))
def test_the_most_prominent_peak_is_scipys(seed):
    curve = noise(9, 1.0, seed)
    peaks, _ = signal.find_peaks(curve)
    prominences = signal.peak_prominences(curve, peaks)[0]
    found = trends.peak(np.stack([curve, curve]))
    if len(peaks):
        assert found.index[0] == peaks[prominences.argmax()]
        assert found.prominence[0] == pytest.approx(prominences.max())
    else:
        assert found.prominence[0] < 0


def test_a_curve_without_a_peak_has_a_negative_prominence():
    found = trends.peak(np.linspace(1, 0, 7) + noise((5, 7), 1e-4))
    assert (found.prominence < 0).all()


def test_a_single_curve_has_no_others_to_choose_for_it():
    for curves in (np.zeros((1, 5)), np.full((3, 5), np.nan)):
        assert np.isnan(trends.reversal(curves)).all()
        assert (trends.peak(curves).index == -1).all()
