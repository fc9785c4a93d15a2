"""Which of many updates are kept: enough for a curve over a logarithmic axis."""

import numpy as np

KEPT = 400  # at most


def kept(updates: int, at_most: int = KEPT) -> np.ndarray:
    """Choose updates that are evenly spaced on a logarithmic axis of updates + 1, ends included.

    Args:
        updates: Number of the last.
        at_most: How many are chosen; all where there are no more.

    Returns:
        Rising numbers from 0 to `updates`, (K,).

    >>> kept(10_000, at_most=6).tolist()
    [0, 5, 39, 250, 1584, 10000]
    """
    if updates < at_most:
        return np.arange(updates + 1)
    spaced = np.geomspace(1, updates + 1, at_most) - 1
    return np.unique(spaced.round().astype(int))
