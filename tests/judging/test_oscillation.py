"""A period is found where there is one, its size is right, and red noise is not called periodic."""

import numpy as np
import pytest
from scipy import signal, stats

from hw1lib.judging import oscillation
from hw1lib.judging.oscillation import about_course, autocorrelation, measure, rises_of


def generator(seed=0):
    return np.random.default_rng(seed)


def sines(period, length=600, amplitude=0.3, count=3):
    """Sines of one period that begin at different phases, (T, R)."""
    phases = np.linspace(0, 2, count)
    return amplitude * np.sin(2 * np.pi * np.arange(length)[:, None] / period + phases)


def red_noise(coefficient, length, count, seed):
    """First-order autoregressions that have forgotten their start, (T, R)."""
    shocks = generator(seed).standard_normal((length + 1000, count))
    return signal.lfilter([1.0], [1.0, -coefficient], shocks, axis=0)[-length:]


@pytest.mark.parametrize("period", [2, 5, 17, 40])
def test_period_and_amplitude_of_a_sine_on_a_slope_are_found(period):
    # a sine of this height spreads by 1/sqrt(2) of it; an alternation has no phase
    wave = 0.3 * (-1.0) ** np.arange(600)[:, None] if period == 2 else sines(period)
    slope = 5 - 0.01 * np.arange(600)[:, None]
    found = measure(wave + slope, window=200, generator=generator())
    assert found.periodic.all()
    assert found.period.tolist() == [period] * wave.shape[1]
    np.testing.assert_allclose(found.spectral_period, period, rtol=0.02)
    expected = 0.3 if period == 2 else 0.3 / np.sqrt(2)
    np.testing.assert_allclose(found.amplitude, expected, rtol=0.02)


def test_a_period_is_found_in_noise_as_loud_as_itself():
    noise = 0.2 * generator(1).standard_normal((1500, 5))
    found = measure(sines(41, 1500, count=5) + noise, window=250, generator=generator())
    assert found.periodic.all()
    np.testing.assert_allclose(found.period, 41, atol=1)
    np.testing.assert_allclose(found.spectral_period, 41, rtol=0.03)
    # no surrogate swings as clearly, and the series itself counts as one of them
    assert (found.p_value == 1 / (1 + oscillation.SURROGATES)).all()


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.95, 0.99])
def test_red_noise_is_called_periodic_at_the_nominal_rate_at_most(coefficient, monkeypatch):
    monkeypatch.setattr(oscillation, "SURROGATES", 59)
    count = 120
    noise = red_noise(coefficient, 300, count, seed=5)
    called = measure(noise, window=100, generator=generator()).periodic.sum()
    # a thousandth of all tests at the nominal rate would find more than this
    assert called <= stats.binom.ppf(0.999, count, oscillation.LEVEL)


def test_the_chances_of_white_noise_are_spread_evenly(monkeypatch):
    monkeypatch.setattr(oscillation, "SURROGATES", 59)
    found = measure(red_noise(0.0, 200, 150, seed=6), window=200, generator=generator())
    assert stats.kstest(found.p_value, "uniform").pvalue > 0.001


def test_a_slow_wandering_with_jitter_has_no_period():
    # its autocorrelation stays high for long, with small bumps: they are peaks, but rise little
    steps, jitter = generator(7).standard_normal((2, 900, 20))
    wandering = 0.05 * steps.cumsum(axis=0) + jitter
    found = measure(wandering, window=300, generator=generator())
    assert found.periodic.sum() <= stats.binom.ppf(0.999, 20, oscillation.LEVEL)


def test_a_period_in_slow_noise_is_found():
    # surrogates as correlated as the noise looks without its course would hide it in 45 of these
    wave = sines(30, 600, amplitude=2, count=60)
    noise = red_noise(0.99, 600, 60, seed=5)
    assert measure(noise + wave, window=200, generator=generator()).periodic.sum() >= 30


@pytest.mark.parametrize("lag_one", [0.3, 0.8, 0.93])
def test_surrogates_without_their_course_are_as_correlated_as_the_series(lag_one):
    window = 250
    noise = np.concatenate([*oscillation._red_noise(lag_one, window, 6 * window, generator())])
    seen = autocorrelation(about_course(noise, window), 1)[:, 1]
    assert seen.mean() == pytest.approx(lag_one, abs=0.005)


@pytest.mark.parametrize("window", [20, 49, 50, 70, 120])
def test_the_course_is_that_of_scipys_lines(window):
    series = generator().standard_normal((3, 120)).cumsum(axis=1)
    breaks = np.arange(window, 120 - window + 1, window)
    expected = signal.detrend(series, bp=breaks)
    assert about_course(series, window) == pytest.approx(expected, abs=1e-12)
    assert about_course(series[0], window) == pytest.approx(expected[0], abs=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_straight_line_does_not_swing(slope):
    line = np.full((100, 2), 3.0) + slope * np.arange(100)[:, None]
    found = measure(line, window=30, generator=generator())
    assert found.amplitude.tolist() == [0, 0]
    assert found.p_value.tolist() == [1, 1]
    assert not found.periodic.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_series_that_is_not_finite_has_no_period_and_disturbs_no_other(bad):
    series = sines(10, 120, count=2)
    series[60:, 0] = bad
    found = measure(series, window=60, generator=generator())
    assert found.periodic.tolist() == [False, True]
    assert np.isnan([found.amplitude[0], found.period[0], found.p_value[0]]).all()
    assert found.period[1] == 10


def test_a_series_is_judged_as_it_is_alone_and_alike_twice():
    series = np.concatenate([sines(15, 200), red_noise(0.5, 200, 2, seed=8)], axis=1)
    first, again = (measure(series, window=100, generator=generator(3)) for _ in range(2))
    fewer = measure(series[:, :4], window=100, generator=generator(3))
    for name in vars(first):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_array_equal(getattr(first, name)[:4], getattr(fewer, name))


@pytest.mark.parametrize("length", [90, 100, 119, 120])
def test_the_course_is_a_line_per_window_and_a_rest_joins_the_last(length):
    time = np.arange(length, dtype=float)
    course = np.where(time < 30, 2 * time, np.where(time < 60, 60 - time, 0.5 * time))
    # the lines change where the windows do, and the last goes on to the end
    residual = about_course(course, 30)
    np.testing.assert_allclose(residual[: min(length, 119)], 0, atol=1e-9)


@pytest.mark.parametrize("length", [50, 51])
def test_the_autocorrelation_is_the_textbook_sum(length):
    series = generator(9).standard_normal((2, length))
    expected = [[x[: length - k] @ x[k:] / (x @ x) for k in range(8)] for x in series]
    np.testing.assert_allclose(autocorrelation(series, 7), expected, rtol=1e-10, atol=1e-12)


def test_detrended_red_noise_has_the_autocorrelation_expected_of_it():
    window = 40
    coefficients, expected = oscillation._detrended_lag_one(window)
    at = int(np.argmin(np.abs(coefficients - 0.9)))
    noise = signal.detrend(red_noise(coefficients[at], window, 4_000, seed=10), axis=0)
    products = (noise[1:] * noise[:-1]).sum(axis=0).mean() / np.square(noise).sum(axis=0).mean()
    assert products == pytest.approx(expected[at], abs=0.015)


@pytest.mark.parametrize(("length", "window"), [(11, 50), (50, 11)])
def test_too_short_a_series_or_window_is_refused(length, window):
    with pytest.raises(ValueError, match=f"at least 12 samples, got {length} and {window}"):
        measure(np.zeros((length, 1)), window=window, generator=generator())


@pytest.mark.parametrize("rough", [True, False])
def test_the_highest_rise_is_the_prominence_of_the_most_prominent_peak(rough):
    random = generator(1)
    for _ in range(500):
        steps = random.standard_normal(random.integers(2, 60))
        curve = steps if rough else np.cumsum(steps)
        peaks, properties = signal.find_peaks(curve, prominence=0)
        rises = rises_of(curve)
        assert rises.max() == pytest.approx(max(properties["prominences"], default=0.0), abs=1e-12)
        if len(peaks):
            assert rises.argmax() == peaks[properties["prominences"].argmax()]
