"""Whether two machines computed the same.

Another processor rounds otherwise, and training magnifies that. After 40 updates with a large step
single losses can differ by a percent, and single trainings end elsewhere. What has to remain is the
beginning, and what all replicas say together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

UPDATES = 20  # of which losses must agree
CLOSE = 1e-4  # relative
FEWEST = 6  # replicas that make a band
WIDER = 0.5  # of the band's width, on either side: a median of six more is often just outside
PLACES = 0.9  # share of a curve or a table: losses that dip make bands of six rough


def differing(
    stored: Mapping[str, np.ndarray], computed: Mapping[str, np.ndarray], replicas: int
) -> list[str]:
    """Return the names of the arrays of a training that two computations do not share.

    Args:
        stored: Arrays (replicas, ...) or (rows, replicas, ...); of "loss", (updates, replicas), the
            first `UPDATES` rows must agree to `CLOSE`.
        computed: The same, computed again.
        replicas: How many there are.
    """
    return [
        name
        for name, values in stored.items()
        if name not in computed
        or not alike(values, computed[name], replicas)
        or (name == "loss" and values.ndim > 1 and not _begin_alike(values, computed[name]))
    ]


def alike(stored: np.ndarray, computed: np.ndarray, replicas: int) -> bool:
    """Judge whether numbers agree, as far as another round-off leaves them alone.

    Either all are close, or at nearly all places the median over the replicas lies in the band of
    the stored ones, made twice as wide. Where no axis has the length of the replicas, as in what
    was measured of the first few only, the first axis is theirs; whole numbers of no replicas must
    be equal.
    """
    if stored.shape != computed.shape or stored.dtype.kind != computed.dtype.kind:
        return False
    real = stored.dtype.kind == "f"
    if _close(stored, computed) if real else np.array_equal(stored, computed):
        return True
    axes = [axis for axis, length in enumerate(stored.shape[:2]) if length == replicas]
    if not axes and real and stored.ndim:
        axes = [0]
    return any(_in_band(stored, computed, axis) for axis in axes)


def _close(stored: np.ndarray, computed: np.ndarray) -> bool:
    room = CLOSE * _size(stored)
    return np.allclose(stored, computed, rtol=CLOSE, atol=room, equal_nan=True)


def _begin_alike(stored: np.ndarray, computed: np.ndarray) -> bool:
    first, again = stored[:UPDATES], computed[:UPDATES]
    return np.allclose(first, again, rtol=CLOSE, atol=0.0, equal_nan=True)


def _in_band(stored: np.ndarray, computed: np.ndarray, axis: int) -> bool:
    band, again = _with_ends(stored), _with_ends(computed)
    median = np.quantile(again, 0.5, axis, method="lower")
    low, high = band.min(axis), band.max(axis)
    with np.errstate(invalid="ignore"):
        width = high - low
    room = np.where(np.isfinite(width), WIDER * width, 0.0) + CLOSE * _size(stored)
    return bool(np.mean((low - room <= median) & (median <= high + room)) >= PLACES)


def _size(values: np.ndarray) -> float:
    """Return the largest of the finite numbers, in size."""
    return float(np.abs(values[np.isfinite(values)].astype(float)).max(initial=0.0))


def _with_ends(values: np.ndarray) -> np.ndarray:
    """Put what was never reached, NaN, above all numbers."""
    return np.nan_to_num(values.astype(float), nan=np.inf, posinf=np.inf, neginf=-np.inf)
