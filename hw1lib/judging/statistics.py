"""Intervals for means and for paired differences; the unit is always one training."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import scipy


@dataclass(frozen=True)
class Interval:
    """A mean with its Student t interval."""

    mean: float  # in the unit of the values
    low: float
    high: float
    n: int  # trainings, or pairs of trainings
    level: float = 0.95
    p: float = np.nan  # of the hypothesis that the mean is zero, two-sided; NaN without a test

    def __str__(self) -> str:
        """Write the mean and the interval, such as `0.82 [0.5, 1.1]`."""
        return format(self)

    def __format__(self, digits: str) -> str:
        """Write the mean and the interval with the digits asked for, three by default.

        Limits of one or two values mean nothing, and are left out.
        """
        digits = digits or ".3g"
        if self.n == 0:
            return "no value (n = 0)"
        mean, low, high = (written(x, digits) for x in (self.mean, self.low, self.high))
        if self.n < 3 or not np.isfinite([self.low, self.high]).all():
            return f"{mean} (n = {self.n})"
        return f"{mean} [{low}, {high}]"

    @property
    def factor(self) -> Interval:
        """Convert a mean of log10 into a factor, the geometric mean, with its limits."""
        mean, low, high = 10.0**self.mean, 10.0**self.low, 10.0**self.high
        return replace(self, mean=mean, low=low, high=high)

    @property
    def excludes_zero(self) -> bool:
        """True if zero lies outside the interval; False where there is none."""
        return self.n >= 2 and (self.low > 0 or self.high < 0)


def written(value: float, digits: str = ".3g") -> str:
    """Write a number in a format; below a million without a power of ten."""
    text = f"{value:{digits}}"
    return f"{float(text):,.0f}" if "e+0" in text and abs(float(text)) < 1e6 else text


def in_unit(value: Interval | float, unit: str, digits: str = ".3g") -> str:
    """Write a number with its unit, before the n with which an interval of few values ends.

    >>> in_unit(2.0, "%"), in_unit(Interval(2, 1, 3, 2), "%"), in_unit(Interval(2, 1, 3, 9), "%")
    ('2 %', '2 % (n = 2)', '2 [1, 3] %')
    """
    number, n, count = f"{value:{digits}}".partition(" (n = ")
    return f"{number} {'' if number == 'no value' else unit}".strip() + n + count


def named(name: str, number: str) -> str:
    """Write a number behind its name, apart from one that ends the name.

    >>> named("deep", "3"), named("memory 200", "52"), named("", "3")
    ('deep 3', 'memory 200: 52', '3')
    """
    return f"{name}{':' if name[-1:].isdigit() else ''} {number}".strip()


EXACT = 30  # values of which all choices of signs are counted: a thousand million
CHOICES = 9_999  # random ones for more values

NO_INTERVAL = Interval(np.nan, np.nan, np.nan, 0)  # where no training has a value


def t_interval(values: np.ndarray, *, level: float = 0.95, whole: bool = False) -> Interval:
    """Estimate the mean of independent values, with a Student t interval.

    Args:
        values: One per training, shape (R,). Those that are not finite, as of a diverged
            training, are left out; the interval's n counts the others.
        level: Probability that such an interval covers the mean of normal values.
        whole: Whether they are percentages of a whole; the interval then ends at 0 and 100.

    Returns:
        The mean and mean +- t * s / sqrt(n); without limits (NaN) for n = 1, and `NO_INTERVAL`
        where no value is finite. Its p is the larger of the t test's and of `sign_flips`, so that
        both must find an effect before one is claimed.

    Raises:
        ValueError: If the values have another shape.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"an interval needs values of shape (R,), got {values.shape}")
    values = values[np.isfinite(values)]
    if not len(values):
        return NO_INTERVAL
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan, 1, level)
    flips = sign_flips(values)
    if not values.std():
        return Interval(mean, mean, mean, len(values), level, flips)
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    half = t_quantile((1 + level) / 2, len(values)) * error
    p = float(2 * scipy.special.stdtr(len(values) - 1, -abs(mean) / error))
    low, high = mean - half, mean + half
    if whole:
        low, high = max(low, 0.0), min(high, 100.0)
    return Interval(mean, low, high, len(values), level, max(p, flips))


def t_quantile(probability: float, n: int) -> float:
    """Compute the quantile of Student's t for a mean of n values: n - 1 degrees of freedom."""
    return float(scipy.special.stdtrit(n - 1, probability))


def sign_flips(values: np.ndarray) -> float:
    """Test whether values are symmetric about zero, by the exact sign-flip permutation test.

    Args:
        values: One per training or pair, shape (n,), finite, n at least 1.

    Returns:
        Two-sided p: the share of all 2^n choices of signs whose sum is as far from zero. Beyond
        `EXACT` values, that share among `CHOICES` random ones and the one seen.

    Source:
        R. A. Fisher, "The Design of Experiments", 1935, section 21.
    """
    seen = abs(values.sum()) * (1 - 1e-9)  # ties survive rounding errors
    if len(values) > EXACT:
        reached = np.abs(_random_signs(len(values)) @ values) >= seen
        return float((1 + reached.sum()) / (1 + len(reached)))
    # every sum is one of the first half's plus one of the second's; sorting the second half's
    # counts those that are large enough without making all 2^n
    first, second = (_signed_sums(half) for half in np.array_split(values, 2))
    second.sort()
    above = len(second) - np.searchsorted(second, seen - first, side="left")
    below = np.searchsorted(second, -seen - first, side="right")
    reached = above + below if seen else np.full(len(first), len(second))
    return float(reached.sum() / (len(first) * len(second)))


@functools.lru_cache(maxsize=4)
def _random_signs(n: int) -> np.ndarray:
    """Choose the signs of n values at random, always the same, (CHOICES, n)."""
    return np.random.default_rng(0).choice([-1.0, 1.0], (CHOICES, n))


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Add up values with all 2^n choices of their signs."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def paired_difference(first: np.ndarray, second: np.ndarray, *, level: float = 0.95) -> Interval:
    """Estimate the mean of first - second over pairs that share a seed.

    Args:
        first: Shape (R,). Pairs in which a value is not finite are left out, as in `t_interval`.
        second: Shape (R,), in the same order of seeds.
        level: As in `t_interval`.

    Raises:
        ValueError: If the shapes differ, or as `t_interval`.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape:
        raise ValueError(f"pairs need equal shapes, got {first.shape} and {second.shape}")
    both = np.isfinite(first) & np.isfinite(second)
    return t_interval(first[both] - second[both], level=level)


def log_ratio(first: np.ndarray, second: np.ndarray, *, level: float = 0.95) -> Interval:
    """Estimate the mean of log10(first / second) over pairs that share a seed.

    The scale of losses, norms and times, whose differences are factors; see `Interval.factor`.

    Args:
        first: Shape (R,). Pairs in which a value is not above zero and finite are left out.
        second: Shape (R,), in the same order of seeds.
        level: As in `t_interval`.

    Raises:
        ValueError: As `paired_difference`.
    """

    def log10(values: np.ndarray) -> np.ndarray:
        values = np.asarray(values, dtype=float)
        return np.log10(values, where=values > 0, out=np.full(values.shape, np.nan))

    return paired_difference(log10(first), log10(second), level=level)


def geometric_mean(values: np.ndarray, *, level: float = 0.95) -> Interval:
    """Estimate the geometric mean of values above zero, (R,); n counts them.

    Such as losses and norms, which spread over decades.
    """
    return log_ratio(values, np.ones(np.shape(values)), level=level).factor


def share_interval(which: np.ndarray, *, beyond: float = 0.0, level: float = 0.95) -> Interval:
    """Estimate the share of trainings that did something, with Wilson's score interval.

    Args:
        which: True for each that did, shape (R,).
        beyond: Share to subtract: the interval then shows how far the share lies above it.
        level: Probability that such an interval covers the share.
    """
    count, n = int(np.sum(which)), len(which)
    if not n:
        return NO_INTERVAL
    test = scipy.stats.binomtest(count, n, beyond)
    limits = test.proportion_ci(level, method="wilson")
    low, high = float(limits.low) - beyond, float(limits.high) - beyond
    return Interval(count / n - beyond, low, high, n, level, float(test.pvalue))


def tally(which: np.ndarray) -> str:
    """Write how many trainings did something, with the share's limits: `3 of 20 [5, 36] %`."""
    share = share_interval(which)
    if not share.n:
        return "none left"
    return f"{np.sum(which)} of {share.n} [{100 * share.low:.0f}, {100 * share.high:.0f}] %"


def decades(values: np.ndarray) -> np.ndarray:
    """Compute the decimal logarithm of each value, of any shape; NaN where there is none."""
    return np.log10(np.where(values > 0, values, np.nan))
