"""Period and amplitude of a series, and whether it is periodic at all or only red noise."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy

LEVEL = 0.05  # of the test for a period
SURROGATES = 199  # red-noise series that a series is held against; its p-value is at least 1/200
AT_ONCE = 50  # of them; more would leave the processor's cache, and take twice as long
SHORTEST = 12  # samples that can show a period


@dataclass(frozen=True)
class Oscillation:
    """How R series swing about their slow course; NaN where a series was not finite."""

    amplitude: np.ndarray  # (R,) standard deviation about the course, in the series' unit
    period: np.ndarray  # (R,) samples: lag at which the autocorrelation peaks most clearly
    spectral_period: np.ndarray  # (R,) samples: where the spectrum is highest
    rise: np.ndarray  # (R,) of that autocorrelation peak over the dips beside it, from 0 to 2
    p_value: np.ndarray  # (R,) chance of such a rise in red noise

    @property
    def periodic(self) -> np.ndarray:
        """Which series swing more regularly than red noise does, (R,) of bool."""
        return self.p_value <= LEVEL  # NaN is not


def measure(series: np.ndarray, *, window: int, generator: np.random.Generator) -> Oscillation:
    """Find the period and the amplitude of each series, and test for a period.

    The slow course is taken off first, as a straight line over each window. A period shows as a
    peak of the autocorrelation. Red noise, that is a first-order autoregression, has chance peaks
    as well, so the rise of the clearest peak is held against that of the clearest peak of
    surrogate series: red noise of the same length and lag-one autocorrelation, treated in the
    same way. An alternation of sign is no property of red noise, so a negative autocorrelation
    counts as none there.

    Args:
        series: Shape (T, R), one column per series.
        window: Samples over which the course is taken as straight; no period is sought that
            exceeds a third of it.
        generator: Draws the surrogates, from a stream of its own for each series.

    Raises:
        ValueError: If the series or the window has fewer than `SHORTEST` samples.

    Source:
        M. R. Allen and L. A. Smith, "Monte Carlo SSA: Detecting irregular oscillations in the
        presence of colored noise", Journal of Climate 9, 3373-3404, 1996, for the null
        hypothesis; here with the autocorrelation in place of their singular spectrum.
    """
    if min(len(series), window) < SHORTEST:
        raise ValueError(
            f"a period needs a series and a window of at least {SHORTEST} samples, "
            f"got {len(series)} and {window}"
        )
    window = min(window, len(series))
    columns = np.asarray(series, dtype=float).T
    streams = generator.spawn(len(columns))
    found = [_one(x, window, stream) for x, stream in zip(columns, streams, strict=True)]
    return Oscillation(*(np.array(values) for values in zip(*found, strict=True)))


def about_course(series: np.ndarray, window: int) -> np.ndarray:
    """Subtract a straight line from each window of the series, along their last axis.

    Args:
        series: Shape (..., T).
        window: Samples per line; a rest shorter than that joins the last window.
    """
    series = np.asarray(series, dtype=float)
    whole = max(0, series.shape[-1] // window - 1) * window  # all windows but the last
    windows = series[..., :whole].reshape(*series.shape[:-1], -1, window)
    first = _off_line(windows).reshape(*series.shape[:-1], whole)
    return np.concatenate([first, _off_line(series[..., whole:])], axis=-1)


def _off_line(values: np.ndarray) -> np.ndarray:
    """Subtract the straight line of least squares along the last axis.

    As `scipy.signal.detrend` does, several times faster.
    """
    places = np.arange(values.shape[-1]) - (values.shape[-1] - 1) / 2
    centred = values - values.mean(axis=-1, keepdims=True)
    slopes = centred @ places / (places @ places)
    return centred - slopes[..., None] * places


def autocorrelation(series: np.ndarray, lags: int) -> np.ndarray:
    """Correlate each series with itself, (..., T) to (..., lags + 1); the first is 1.

    The sums are divided by the same number whatever the lag, so that a late peak, of which
    little is known, does not look higher than the first.
    """
    # zeros added, or the end would meet the beginning
    size = scipy.fft.next_fast_len(series.shape[-1] + lags, real=True)
    power = np.abs(scipy.fft.rfft(series, size)) ** 2
    products = scipy.fft.irfft(power, size)[..., : lags + 1]
    return products / products[..., :1]


def _one(
    series: np.ndarray, window: int, generator: np.random.Generator
) -> tuple[float, float, float, float, float]:
    if not np.isfinite(series).all():
        return (np.nan,) * 5
    residual = about_course(series, window)
    amplitude = residual.std()
    if amplitude <= 1e-9 * np.abs(series).max():  # a straight line, but for round-off
        return 0.0, np.nan, np.nan, 0.0, 1.0
    correlation = autocorrelation(residual, window // 3 + 1)
    rises = rises_of(correlation)
    rise, period = rises.max(), float(rises.argmax()) if rises.any() else np.nan
    by_chance = 0
    for noise in _red_noise(correlation[1], window, len(series), generator):
        rises = rises_of(autocorrelation(about_course(noise, window), window // 3 + 1))
        by_chance += int(np.count_nonzero(rises.max(axis=-1) >= rise))
    p_value = (1 + by_chance) / (1 + SURROGATES)
    return amplitude, period, _highest_period(residual, window), rise, p_value


def rises_of(curves: np.ndarray) -> np.ndarray:
    """Measure how far each point rises above the lowest ones before and after it, (..., T) alike.

    The highest rise is that of the most prominent peak, and is its prominence
    (`scipy.signal.peak_prominences`): between that peak and the lowest points there is none that is
    higher, since it would rise more.
    """
    before = np.minimum.accumulate(curves, axis=-1)
    after = np.minimum.accumulate(curves[..., ::-1], axis=-1)[..., ::-1]
    return curves - np.maximum(before, after)


def _highest_period(residual: np.ndarray, window: int) -> float:
    """Find the period at which the spectrum is highest, of those sought."""
    segment = min(2 * window, len(residual))
    # zeros added, so that the highest frequency is found between the few that fit a segment
    frequencies, power = scipy.signal.welch(residual, nperseg=segment, nfft=8 * segment)
    sought = frequencies >= 3 / window
    return float(1 / frequencies[sought][power[sought].argmax()])


def _red_noise(
    lag_one: float, window: int, length: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw first-order autoregressions that look as correlated as a series, `AT_ONCE` at a time.

    Args:
        lag_one: Autocorrelation of the series at lag one, its course taken off.
        window: What was used to take it off.
        length: Samples.
        generator: Draws them.

    Yields:
        Shape (n, length), `SURROGATES` of them in all.
    """
    coefficients, seen = _detrended_lag_one(window)
    coefficient = np.interp(lag_one, seen, coefficients)
    for drawn in range(0, SURROGATES, AT_ONCE):
        shocks = generator.standard_normal((min(AT_ONCE, SURROGATES - drawn), length))
        # from the stationary distribution on, or the start would be another process
        shocks[:, 0] /= np.sqrt(1 - coefficient**2)
        yield scipy.signal.lfilter([1.0], [1.0, -coefficient], shocks, axis=1)


@functools.cache
def _detrended_lag_one(window: int) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate which lag-one autocorrelation is left of red noise without its straight line.

    Taking off the line takes off part of the correlation too. With the uncorrected value the
    surrogates of slow noise would be too lively: their chance peaks would be higher than those of
    the noise itself, and hide a period in it.

    Returns:
        Coefficients from 0 to nearly 1, and the autocorrelation expected after detrending.
    """
    coefficients = 1 - np.geomspace(1, 1e-4, 60)
    off_line = scipy.signal.detrend(np.eye(window))  # the projection that takes the line off
    lags = np.abs(np.subtract.outer(np.arange(window), np.arange(window)))
    seen = []
    for coefficient in coefficients:
        left = off_line @ coefficient**lags @ off_line
        seen.append(np.trace(left, offset=1) / np.trace(left))
    return coefficients, np.array(seen)
