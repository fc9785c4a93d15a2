"""Rank correlations at equal values of a third measure, and over points that come in families."""

import numpy as np
from scipy import stats

from hw1lib.judging.statistics import (
    NO_INTERVAL,
    Interval,
    fishers_interval,
    rank_correlation,
    t_quantile,
)

LEAST_FAMILIES = 4  # fewer say nothing of how families differ


def correlation(
    first: np.ndarray, second: np.ndarray, given: np.ndarray | None = None, *, level: float = 0.95
) -> Interval:
    """Estimate a rank correlation, at equal ranks of a third measure if there is one.

    Args:
        first: One value per point, shape (n,), finite.
        second: Shape (n,), in the same order.
        given: Likewise, the measure whose part in both is taken out.
        level: Probability that such an interval covers the correlation of independent points.
    """
    if given is None:
        return rank_correlation(first, second, level=level)
    return partial_rank_correlation(first, second, given, level=level)


def partial_rank_correlation(
    first: np.ndarray, second: np.ndarray, given: np.ndarray, *, level: float = 0.95
) -> Interval:
    """Correlate what a third measure leaves of the ranks of two others.

    Both rank lists are fitted by a straight line in the ranks of the third; what remains is
    correlated.

    Args:
        first: One value per point, shape (n,), finite.
        second: Shape (n,), in the same order.
        given: Likewise.
        level: Probability that such an interval covers the correlation.

    Returns:
        The correlation with limits by Fisher's z of one point less; `NO_INTERVAL` where the third
        orders one of the two by itself, so that nothing remains.

    Source:
        S. Kim, "ppcor: an R package for a fast calculation to semi-partial correlation
        coefficients", Communications for Statistical Applications and Methods 22, 665-674, 2015.
    """
    rho = _rho(first, second, given)
    return fishers_interval(rho, len(first), given=1, level=level) if rho == rho else NO_INTERVAL


def over_families(
    families: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    given: np.ndarray | None = None,
    *,
    level: float = 0.95,
) -> Interval:
    """Estimate a rank correlation over points of which those of a family resemble each other.

    The estimate is that of all points; its interval is Student's, by leaving out one family after
    another, on the scale of Fisher's z.

    Args:
        families: Labels, shape (n,).
        first: One value per point, shape (n,), finite.
        second: Shape (n,), in the same order.
        given: As in `correlation`.
        level: Probability that such an interval covers the correlation.

    Returns:
        Without limits for fewer than `LEAST_FAMILIES`, or where no correlation is left without
        one of them.

    Source:
        B. Efron and C. Stein, "The jackknife estimate of variance", Annals of Statistics 9,
        586-596, 1981; here of families in place of points.
    """
    whole = correlation(first, second, given, level=level)
    labels = np.unique(families)
    count = len(labels)
    unknown = Interval(whole.mean, np.nan, np.nan, whole.n, level)
    if count < LEAST_FAMILIES or not whole.n:
        return unknown if whole.n else NO_INTERVAL
    sides = [side for side in (first, second, given) if side is not None]
    kept = [np.asarray(families) != label for label in labels]
    z = np.arctanh([correlation(*(side[k] for side in sides)).mean for k in kept])
    error = float(np.sqrt((count - 1) * z.var()))
    if not np.isfinite(error):
        return unknown
    center = float(np.arctanh(whole.mean))
    half = t_quantile((1 + level) / 2, count) * error
    low, high = np.tanh([center - half, center + half])
    p = float(2 * stats.t.sf(abs(center) / error, count - 1)) if error else 0.0
    return Interval(whole.mean, float(low), float(high), whole.n, level, p)


def _rho(first: np.ndarray, second: np.ndarray, given: np.ndarray) -> float:
    """Compute the partial rank correlation; NaN where nothing is left to correlate."""
    if len(first) < 3:
        return np.nan
    ranks = np.array([stats.rankdata(side) for side in (first, second, given)])
    third = ranks[2] - ranks[2].mean()
    rest = ranks[:2] - ranks[:2].mean(axis=1, keepdims=True)
    if third.any():
        rest -= np.outer(rest @ third / (third @ third), third)
    lengths = np.sqrt((rest**2).sum(axis=1))
    if (lengths < 1e-9 * len(first) ** 1.5).any():  # nothing but round-off
        return np.nan
    return float(rest[0] @ rest[1] / lengths.prod())
