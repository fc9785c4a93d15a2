"""Shapes of curves over sizes, one curve per training: slope, knee, power law, reversal, peak.

Curves are values (R, K) of R trainings at K sizes in increasing order. Every function returns one
number per training, NaN where a training lacks a finite value at some size, so that an interval
over trainings can follow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy

PLACES = 1001  # at which a knee is tried: finer than any interval for one
EXPONENTS = np.geomspace(0.01, 10, 61)  # of a power law, from the straightest to the steepest


class Shape(Protocol):
    """A function with a few parameters for each curve, such as a `Knee`."""

    def at(self, x: np.ndarray) -> np.ndarray:
        """Compute its values at places (K,), for each curve, (R, K)."""


@dataclass(frozen=True)
class Knee:
    """Where each curve bends, by a continuous function of two straight pieces."""

    place: np.ndarray  # (R,) on the axis of the sizes
    before: np.ndarray  # (R,) slope of the first piece
    after: np.ndarray  # (R,) slope of the second piece
    level: np.ndarray  # (R,) value where the pieces meet

    def at(self, x: np.ndarray) -> np.ndarray:
        """Compute its values at places (K,), (R, K)."""
        away = x - self.place[:, None]
        slopes = np.where(away < 0, self.before[:, None], self.after[:, None])
        return self.level[:, None] + slopes * away


@dataclass(frozen=True)
class PowerLaw:
    """What falls towards an offset as a power of size: offset + excess 10^(-exponent (x - x0))."""

    offset: np.ndarray  # (R,) which no size would get below
    excess: np.ndarray  # (R,) above the offset at x0
    exponent: np.ndarray  # (R,)
    origin: float  # x0, the mean of the logarithmic sizes

    def at(self, x: np.ndarray) -> np.ndarray:
        """Compute its values at logarithmic sizes (K,), (R, K)."""
        powers = 10.0 ** (-self.exponent[:, None] * (x - self.origin))
        return self.offset[:, None] + self.excess[:, None] * powers


@dataclass(frozen=True)
class Peak:
    """The most prominent inner maximum, at a size that the other trainings chose."""

    prominence: np.ndarray  # (R,) height above the higher of the lowest points on both sides
    index: np.ndarray  # (R,) int: which size is the peak; -1 where there is no choice


def slope(x: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Fit a straight line to each curve by least squares.

    Args:
        x: Sizes, shape (K,), not all equal.
        curves: Shape (R, K).

    Returns:
        Slopes, shape (R,).
    """
    slopes = np.full(len(curves), np.nan)
    complete = np.isfinite(curves).all(axis=1)  # one infinity would spoil the fits of all
    if complete.any():
        slopes[complete] = np.polyfit(x, curves[complete].T, 1)[0]
    return slopes


def knee(x: np.ndarray, curves: np.ndarray) -> Knee:
    """Fit two straight pieces that meet to each curve, by least squares.

    The place where they meet is searched on a fine grid from the second size to the last but
    one, so that at least two sizes lie on either piece.

    Args:
        x: Sizes, shape (K,), increasing, at least five of them.
        curves: Shape (R, K).

    Raises:
        ValueError: If there are fewer than five sizes, or they do not increase.

    Source:
        D. J. Hudson, "Fitting segmented curves whose join points have to be estimated", J. Amer.
        Statist. Assoc. 61, 1097-1129, 1966.
    """
    if len(x) < 5 or not (np.diff(x) > 0).all():
        raise ValueError(f"a knee needs five or more increasing sizes, got {x}")
    places = np.linspace(x[1], x[-2], PLACES)
    bent = np.maximum(x - places[:, None], 0)
    designs = np.stack([np.ones_like(bent), np.broadcast_to(x, bent.shape), bent], axis=2)
    bases, _ = np.linalg.qr(designs)  # (C, K, 3)
    explained = np.square(np.einsum("ckj,rk->rcj", bases, np.nan_to_num(curves))).sum(axis=2)
    best = explained.argmax(axis=1)
    fits = [
        np.linalg.lstsq(designs[c], curve, rcond=None)[0]
        for c, curve in zip(best, np.nan_to_num(curves), strict=True)
    ]
    found = np.array(
        [
            [places[c], fit[1], fit[1] + fit[2], fit[0] + fit[1] * places[c]]
            for c, fit in zip(best, fits, strict=True)
        ]
    )
    found[~np.isfinite(curves).all(axis=1)] = np.nan
    return Knee(*found.T)


def knees_without(x: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Find the knee of one curve without each of its sizes in turn.

    A knee that one size decides is no property of the curve: the places then lie far apart.

    Args:
        x: Sizes, shape (K,), increasing, at least six of them.
        curve: Shape (K,).

    Returns:
        Places, shape (K,); NaN where a value is not finite.

    Raises:
        ValueError: If there are fewer than six sizes, or they do not increase.

    Source:
        M. H. Quenouille, "Notes on bias in estimation", Biometrika 43, 353-360, 1956, whose
        jackknife leaves out one observation at a time.
    """
    if len(x) < 6:
        raise ValueError(f"leaving out one size of a knee needs six or more, got {len(x)}")
    kept = [np.arange(len(x)) != k for k in range(len(x))]
    return np.array([knee(x[which], curve[None, which]).place[0] for which in kept])


def power_law(x: np.ndarray, curves: np.ndarray) -> PowerLaw:
    """Fit a power law of size with an offset to each curve, by least squares.

    Offset and excess follow from the exponent by linear least squares, so that only the exponent
    is searched, between the ends of `EXPONENTS`: first there, then by Brent's method around the
    best of them.

    Args:
        x: Decimal logarithms of the sizes, shape (K,), increasing, at least four of them.
        curves: Shape (R, K).

    Raises:
        ValueError: If there are fewer than four sizes, or they do not increase.

    Source:
        G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
        squares problems whose variables separate", SIAM J. Numer. Anal. 10, 413-432, 1973.
    """
    if len(x) < 4 or not (np.diff(x) > 0).all():
        raise ValueError(f"a power law with offset needs four or more increasing sizes, got {x}")
    origin = float(np.mean(x))

    def solved(log_exponent: float, curve: np.ndarray) -> tuple[float, np.ndarray]:
        powers = 10.0 ** (-np.exp(log_exponent) * (x - origin))
        design = np.column_stack([np.ones_like(x), powers])
        linear = np.linalg.lstsq(design, curve)[0]
        return float(np.square(design @ linear - curve).sum()), linear

    found = np.full((len(curves), 3), np.nan)
    tried = np.log(EXPONENTS)
    for r in np.isfinite(curves).all(axis=1).nonzero()[0]:
        squares = [solved(one, curves[r])[0] for one in tried]
        best = int(np.argmin(squares))
        bounds = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
        refined = scipy.optimize.minimize_scalar(
            lambda one, curve=curves[r]: solved(one, curve)[0],
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-10},
        )
        found[r] = [*solved(refined.x, curves[r])[1], np.exp(refined.x)]
    offset, excess, exponent = found.T
    return PowerLaw(offset, excess, exponent, origin)


def left_out_error(
    fit: Callable[[np.ndarray, np.ndarray], Shape], x: np.ndarray, curves: np.ndarray
) -> np.ndarray:
    """Compute how well a shape foretells a size that it was not fitted to.

    Every size but the first and the last is left out in turn and foretold from the others, so
    that shapes with more parameters have no advantage.

    Args:
        fit: Such as `knee`, from sizes and curves.
        x: Sizes, shape (K,).
        curves: Shape (R, K).

    Returns:
        Root of the mean squared error over the sizes, shape (R,), in the unit of the curves.
    """
    errors = [
        fit(np.delete(x, k), np.delete(curves, k, axis=1)).at(x[k : k + 1])[:, 0] - curves[:, k]
        for k in range(1, len(x) - 1)
    ]
    return np.asarray(np.sqrt(np.mean(np.square(errors), axis=0)))


def reversal(curves: np.ndarray) -> np.ndarray:
    """Measure the largest rise from one size to a larger one.

    The mean of the other curves chooses the two sizes at which a curve is measured. The largest
    rise of a curve by itself is always above zero, because of its noise; this one is above zero
    only where the curves agree.

    Args:
        curves: Shape (R, K), K at least 2.

    Returns:
        Rise, shape (R,); below zero where all curves fall at every step, NaN without others.
    """
    rises = np.full(len(curves), np.nan)
    for r, mean in _others(curves):
        lowest = np.minimum.accumulate(mean)[:-1]
        last = 1 + int((mean[1:] - lowest).argmax())
        rises[r] = curves[r, last] - curves[r, mean[:last].argmin()]
    return rises


def peak(curves: np.ndarray) -> Peak:
    """Measure how far each curve rises and falls again.

    Prominence is that of topography: the height above the higher of the lowest points on both
    sides. The mean of the other curves chooses the peak and the lowest points, as in `reversal`.

    Args:
        curves: Shape (R, K), K at least 3.

    Returns:
        The peaks; a prominence below zero means that there is none.
    """
    prominence, index = np.full(len(curves), np.nan), np.full(len(curves), -1)
    for r, mean in _others(curves):
        inner = range(1, len(mean) - 1)
        heights = [mean[k] - max(mean[:k].min(), mean[k + 1 :].min()) for k in inner]
        top = 1 + int(np.argmax(heights))
        left, right = mean[:top].argmin(), top + 1 + mean[top + 1 :].argmin()
        index[r] = top
        prominence[r] = curves[r, top] - max(curves[r, left], curves[r, right])
    return Peak(prominence, index)


def _others(curves: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Pair each complete curve with the mean of the other complete ones."""
    complete = np.isfinite(curves).all(axis=1).nonzero()[0]
    if len(complete) < 2:
        return []
    return [(r, curves[complete[complete != r]].mean(axis=0)) for r in complete]
