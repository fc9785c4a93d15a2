"""Intervals for means and for paired differences; the unit is always one training."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean with its Student t interval."""

    mean: float  # in the unit of the values
    low: float
    high: float
    n: int  # trainings, or pairs of trainings
    level: float = 0.95

    def __str__(self) -> str:
        """Write the mean and the interval, such as `0.82 [0.5, 1.1]`."""
        if self.n == 0:
            return "no value (n = 0)"
        if not np.isfinite([self.low, self.high]).all():  # too few for limits
            return f"{self.mean:.3g} (n = {self.n})"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]"

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval; False where there is none."""
        return self.n >= 2 and (self.low > 0 or self.high < 0)


NO_INTERVAL = Interval(np.nan, np.nan, np.nan, 0)  # where every training diverged


def t_interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Estimate the mean of independent values, with a Student t interval.

    Args:
        values: One per training, shape (n,), finite.
        level: Probability that such an interval covers the mean of normal values.

    Returns:
        The mean and mean +- t * s / sqrt(n); without limits (NaN) for n = 1.

    Raises:
        ValueError: If there are no values, or one is not finite: a diverged training has no
            place in a mean, and is to be counted instead.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"an interval needs values of shape (n,), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(values))} values are not finite")
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan, 1, level)
    if not values.std():
        return Interval(mean, mean, mean, len(values), level)
    low, high = stats.t.interval(level, len(values) - 1, loc=mean, scale=stats.sem(values))
    return Interval(mean, float(low), float(high), len(values), level)


def paired_difference(first: np.ndarray, second: np.ndarray, level: float = 0.95) -> Interval:
    """Estimate the mean of first - second over pairs that share a seed.

    Args:
        first: Shape (n,).
        second: Shape (n,), in the same order of seeds.
        level: As in `t_interval`.

    Raises:
        ValueError: If the shapes differ, or as `t_interval`.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape:
        raise ValueError(f"pairs need equal shapes, got {first.shape} and {second.shape}")
    return t_interval(first - second, level)


def share_interval(count: int, n: int, level: float = 0.95) -> Interval:
    """Estimate a share, with Wilson's score interval.

    Args:
        count: How many of `n` trainings did it.
        n: Trainings, at least 1.
        level: Probability that such an interval covers the share.
    """
    limits = stats.binomtest(count, n).proportion_ci(level, method="wilson")
    return Interval(count / n, float(limits.low), float(limits.high), n, level)


def rank_correlation(first: np.ndarray, second: np.ndarray, level: float = 0.95) -> Interval:
    """Estimate Spearman's rank correlation, with an interval by Fisher's z.

    Args:
        first: One value per training, shape (n,), finite.
        second: Shape (n,), in the same order.
        level: Probability that such an interval covers the correlation.

    Returns:
        The correlation with its limits; without limits for n < 4, and `NO_INTERVAL` where one
        side has a single value, so that there is nothing to rank.

    Raises:
        ValueError: If the shapes differ or a value is not finite.

    Source:
        E. C. Fieller, H. O. Hartley and E. S. Pearson, "Tests for rank correlation coefficients
        I", Biometrika 44, 470-481, 1957: the variance of z is 1.06 / (n - 3).
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"pairs need equal shapes (n,), got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a rank correlation needs finite values")
    n = len(first)
    if n < 2 or not np.ptp(first) or not np.ptp(second):
        return NO_INTERVAL
    # where all ranks agree z is infinite, and so is the sureness that it would claim
    rho = float(np.clip(stats.spearmanr(first, second).statistic, -1 + 1e-6, 1 - 1e-6))
    if n < 4:
        return Interval(rho, np.nan, np.nan, n, level)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(1.06 / (n - 3))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return Interval(rho, float(low), float(high), n, level)
