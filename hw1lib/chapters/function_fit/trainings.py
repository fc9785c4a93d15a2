"""The trainings of chapter 11, and what is kept of each."""

import numpy as np

from hw1lib.data import functions
from hw1lib.training import regression, stopping
from hw1lib.training.regression import DENSE, Fitted, Training
from hw1lib.training.run import Run

LEVELS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)  # mean squared errors whose first passage is kept
EDGES = np.linspace(0, 0.1, 21)  # of bins of the distance to a jump of the sign target


def train(settings: Training, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas of one network to one target, and keep what is drawn and judged.

    Returns:
        What `regression.train` returns, and what `judged` does.
    """
    fitted = regression.fit(settings, run=run)
    truth = settings.target(functions.grid(DENSE)).numpy()
    return {**regression.thinned(fitted), **judged(fitted, truth)}


def judged(fitted: Fitted, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Measure what claims need of every update, and of every point of the dense grid.

    Args:
        fitted: R replicas.
        truth: The target on the dense grid, (DENSE,).

    Returns:
        `stops` (R,), updates after which the reports' rule ends each, inf where never;
        `loss_at_stop` (R,), the loss there, or else the last; `passages` (L, R), updates until
        the loss was first below each of `LEVELS`, inf where never; `falling` (R,), the share of
        updates that lowered the loss; `largest_error` (R,), and `by_distance` (20, R), the mean
        squared error in each bin of `distance_to_jump`, both on the dense grid. NaN where a
        replica diverged.
    """
    loss = fitted.loss
    stops = stopping.Plateau().first(loss)
    ends = np.minimum(stops, len(loss) - 1).astype(int)
    at_stop = loss[ends, np.arange(len(ends))]
    below = np.stack([loss < level for level in LEVELS])
    error = np.where(fitted.sound[:, None], fitted.prediction.astype(np.float64) - truth, np.nan)
    bins = bin_of_points()
    return {
        "stops": stops,
        "loss_at_stop": np.where(np.isfinite(at_stop), at_stop, np.nan),
        "passages": np.where(below.any(axis=1), below.argmax(axis=1), np.inf),
        "falling": np.where(fitted.sound, (loss[1:] < loss[:-1]).mean(axis=0), np.nan),
        "largest_error": np.abs(error).max(axis=1),
        "by_distance": np.stack(
            [np.square(error[:, bins == k]).mean(axis=1) for k in range(len(EDGES) - 1)]
        ),
    }


def distance_to_jump() -> np.ndarray:
    """Compute how far each point of the dense grid lies from a jump of the sign, (DENSE,)."""
    place, apart = np.arange(DENSE), (DENSE - 1) // 10  # in steps of the grid: exact
    return np.abs(place - apart * np.round(place / apart)) * 2 / (DENSE - 1)


def bin_of_points() -> np.ndarray:
    """Return in which bin of that distance each point of the dense grid lies, (DENSE,)."""
    # rounded to a hundredth of a step, since some points lie on an edge
    return np.minimum((distance_to_jump() / EDGES[1]).round(2).astype(int), len(EDGES) - 2)
