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
        if self.n == 1:
            return f"{self.mean:.3g} (n = 1)"
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
