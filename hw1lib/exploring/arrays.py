"""Arrays made ready to be chosen from: of one shape, thinned, and summed up over replicas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays of different lengths, (N, ...), with NaN where one has no number.

    >>> together([np.array([1.0]), np.array([2.0, 3.0])]).tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    longest = tuple(np.max([one.shape for one in arrays], axis=0))
    found = np.full((len(arrays), *longest), np.nan)
    for place, one in enumerate(arrays):
        found[place][tuple(slice(length) for length in one.shape)] = one
    return found


def spread(count: int, at_most: int) -> np.ndarray:
    """Choose places evenly among so many, both ends included, (K,).

    >>> spread(10, at_most=4).tolist()
    [0, 3, 6, 9]
    """
    return np.unique(np.linspace(0, count - 1, min(count, at_most)).round().astype(int))


def spread_late(count: int, at_most: int) -> np.ndarray:
    """Choose places evenly on a logarithmic axis of place + 1, both ends included, (K,).

    >>> spread_late(1000, at_most=4).tolist()
    [0, 9, 99, 999]
    """
    return np.unique(np.geomspace(1, count, min(count, at_most)).round().astype(int) - 1)


def quantiles(values: np.ndarray, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> np.ndarray:
    """Compute quantiles over the replicas that are finite, (levels, ...) of values (..., R)."""
    values = np.where(np.isfinite(values), values, np.nan)
    found = np.full((len(levels), *values.shape[:-1]), np.nan)
    known = ~np.isnan(values).all(axis=-1)
    if known.any():
        found[:, known] = np.nanquantile(values[known], levels, axis=-1)
    return found
