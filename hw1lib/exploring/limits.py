"""Where axes and colours begin and end."""

from __future__ import annotations

import math

import numpy as np


def half_step(values: np.ndarray) -> float:
    """Return half the distance of evenly spaced numbers, (K,); 0 of one alone.

    >>> half_step(np.array([1.0, 3.0, 5.0]))
    1.0
    """
    return abs(float(values[1] - values[0])) / 2 if values.ndim == 1 and len(values) > 1 else 0.0


def padded(low: float, high: float, *, log: bool, share: float) -> tuple[float, float]:
    """Widen an axis by a share of its length at each end; one without a length, by a half.

    >>> padded(0.0, 10.0, log=False, share=0.1)
    (-1.0, 11.0)
    """
    if log:
        first, last = padded(math.log10(low), math.log10(high), log=False, share=share)
        return 10**first, 10**last
    margin = share * (high - low) or (0.0 if high > low else 0.5)
    return low - margin, high + margin


def heat_limits(values: np.ndarray, *, log: bool) -> tuple[float, float]:
    """Return the numbers of the first and the last colour of a map."""
    known = values[np.isfinite(values) & ((values > 0) | (not log))]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
