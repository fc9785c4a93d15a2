"""Shapes of curves over sizes, one curve per training: slope, knee, reversal and peak.

Curves are values (R, K) of R trainings at K sizes in increasing order. Every function returns one
number per training, NaN where a training lacks a finite value at some size, so that an interval
over trainings can follow.
"""

from dataclasses import dataclass

import numpy as np

PLACES = 1001  # at which a knee is tried: finer than any interval for one


@dataclass(frozen=True)
class Knee:
    """Where each curve bends, by a continuous function of two straight pieces."""

    place: np.ndarray  # (R,) on the axis of the sizes
    before: np.ndarray  # (R,) slope of the first piece
    after: np.ndarray  # (R,) slope of the second piece


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
        [[places[c], fit[1], fit[1] + fit[2]] for c, fit in zip(best, fits, strict=True)]
    )
    found[~np.isfinite(curves).all(axis=1)] = np.nan
    return Knee(*found.T)


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
