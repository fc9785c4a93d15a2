"""Rank correlations: plain, at equal values of a third measure, and over points in families."""

import numpy as np
import scipy

from hw1lib.judging.statistics import NO_INTERVAL, Interval, t_quantile

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


def rank_correlation(first: np.ndarray, second: np.ndarray, *, level: float = 0.95) -> Interval:
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
    return fishers_interval(_rho(first, second), n, level=level)


def fishers_interval(rho: float, n: int, *, given: int = 0, level: float = 0.95) -> Interval:
    """Put an interval by Fisher's z around a rank correlation, as in `rank_correlation`.

    Args:
        rho: The correlation, of values or of what others leave of them.
        n: Values on each side.
        given: How many others are held; each counts as one value less.
        level: Probability that such an interval covers the correlation.

    Returns:
        Without limits where fewer than four values are left.
    """
    z = fishers_z(rho)
    rho = float(np.tanh(z))
    if n - given < 4:
        return Interval(rho, np.nan, np.nan, n, level)
    error = np.sqrt(1.06 / (n - given - 3))
    half = scipy.special.ndtri((1 + level) / 2) * error
    low, high = np.tanh(z + np.array([-half, half]))
    p = float(2 * scipy.special.ndtr(-abs(z) / error))
    return Interval(rho, float(low), float(high), n, level, p)


def fishers_z(rho: np.ndarray | float) -> np.ndarray:
    """Stretch correlations so that the spread of their estimates does not depend on them.

    Where all ranks agree this would be infinite, and claim infinite certainty: it ends at 7.25.

    Args:
        rho: Correlations of any shape; NaN stays NaN.

    Source:
        R. A. Fisher, "On the 'probable error' of a coefficient of correlation deduced from a small
        sample", Metron 1, 3-32, 1921.
    """
    return np.arctanh(np.clip(rho, -1 + 1e-6, 1 - 1e-6))


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
    z = fishers_z(np.array([_rho(*(side[k] for side in sides)) for k in kept]))
    error = float(np.sqrt((count - 1) * z.var()))
    if not np.isfinite(error):
        return unknown
    center = float(fishers_z(whole.mean))
    half = t_quantile((1 + level) / 2, count) * error
    low, high = np.tanh([center - half, center + half])
    p = float(2 * scipy.stats.t.sf(abs(center) / error, count - 1)) if error else 0.0
    return Interval(whole.mean, float(low), float(high), whole.n, level, p)


def _rho(first: np.ndarray, second: np.ndarray, given: np.ndarray | None = None) -> float:
    """Compute the rank correlation, partial or not; NaN where nothing is left to correlate."""
    if len(first) < (2 if given is None else 3):
        return np.nan
    sides = [first, second] if given is None else [first, second, given]
    ranks = scipy.stats.rankdata(sides, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    rest = ranks[:2]
    if given is not None and ranks[2].any():
        rest = rest - np.outer(rest @ ranks[2] / (ranks[2] @ ranks[2]), ranks[2])
    lengths = np.sqrt((rest**2).sum(axis=1))
    if (lengths < 1e-9 * len(first) ** 1.5).any():  # nothing but round-off
        return np.nan
    return float(rest[0] @ rest[1] / lengths.prod())
