"""Arrays of all replicas where some have no values: NaN stands in the gaps."""

import numpy as np


def to_length(values: np.ndarray, length: int, *axes: int) -> np.ndarray:
    """Fill up what a training left unmeasured once all of its replicas had ended.

    Args:
        values: Any shape.
        length: What its axes of steps or measurements should have.
        axes: Which ones these are; the first by default.

    >>> to_length(np.array([1.0, 2.0]), 3).tolist()
    [1.0, 2.0, nan]
    """
    missing = [
        (0, length - n if axis in (axes or (0,)) else 0) for axis, n in enumerate(values.shape)
    ]
    return np.pad(values, missing, constant_values=np.nan)


def among_all(values: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Put the values of some replicas in their places among all.

    Args:
        values: Shape (R', ...), of the sound replicas.
        sound: Which they are, (R,) of bool.

    Returns:
        Shape (R, ...).

    Raises:
        ValueError: If there is not one value for each sound replica.

    >>> among_all(np.array([1.0, 2.0]), np.array([True, False, True])).tolist()
    [1.0, nan, 2.0]
    """
    if len(values) != np.count_nonzero(sound):
        raise ValueError(
            f"{len(values)} values do not fit {np.count_nonzero(sound)} sound replicas"
        )
    full = np.full((len(sound), *values.shape[1:]), np.nan)
    full[sound] = values
    return full
