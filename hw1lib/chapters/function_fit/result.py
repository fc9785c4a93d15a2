"""What chapter 11 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.function_fit.spec import AS_A, AS_B, NETWORKS, TUNED, Spec
from hw1lib.chapters.function_fit.trainings import EDGES, LEVELS, bin_of_points
from hw1lib.data import functions
from hw1lib.judging.statistics import Interval, decades, log_ratio, t_interval
from hw1lib.training.regression import DENSE

PAIRS = [("deep", "medium"), ("deep", "shallow"), ("medium", "shallow")]
STOPPED = [(AS_A, "sinc"), (AS_A, "sine"), (AS_B, "sinc")]  # trainings that a report stopped
LOW, LOWER = 1e-2, 1e-3  # mean squared errors; when trainings get below them is shown
NEAR = 0.01  # of a jump


@dataclass(frozen=True)
class Fit:
    """What R replicas of one network did on one target in one arm."""

    learning_rate: float
    updates: np.ndarray  # (K,) some of them, from 0 to the last
    loss: np.ndarray  # (K, R) mean squared error on the training points after each of those
    prediction: np.ndarray  # (R, DRAWN) at the end
    stops: np.ndarray  # (R,) updates after which the reports' rule ends each; inf where never
    loss_at_stop: np.ndarray  # (R,) where it ends each, or else the last; NaN where it diverged
    passages: np.ndarray  # (L, R) updates until the loss was first below each of LEVELS; inf: never
    falling: np.ndarray  # (R,) share of updates that lowered the loss; NaN where it diverged
    largest_error: np.ndarray  # (R,) on the dense grid; NaN where it diverged
    by_distance: np.ndarray  # (20, R) mean squared error there, by distance to a jump; NaN likewise

    @property
    def final(self) -> np.ndarray:
        """Loss after the last update, (R,), mean squared error; infinite where it diverged."""
        # nan_to_num would turn an infinite loss into a large finite one
        return np.where(np.isfinite(self.loss[-1]), self.loss[-1], np.inf)

    @property
    def diverged(self) -> np.ndarray:
        """Which replicas were stopped by a loss that was not finite, (R,)."""
        return ~np.isfinite(self.final)

    @property
    def dense(self) -> np.ndarray:
        """Mean squared error on the dense grid, (R,), so between the training points too.

        Infinite where a replica diverged.
        """
        return np.where(self.diverged, np.inf, _points_of_bins() @ self.by_distance / DENSE)

    @property
    def share_at_jumps(self) -> np.ndarray:
        """Share of the squared error that lies at the jumps, (R,); NaN where it diverged."""
        squares = _points_of_bins()[:, None] * self.by_distance
        near = squares[EDGES[1:] <= NEAR].sum(axis=0)
        return np.where(self.diverged, np.nan, near / squares.sum(axis=0))

    def first_below(self, level: float) -> np.ndarray:
        """Count the updates until the loss was first below one of `LEVELS`, (R,); inf if never."""
        return self.passages[LEVELS.index(level)]


@dataclass(frozen=True)
class Result:
    """Everything that chapter 11 shows."""

    spec: Spec
    fits: dict[tuple[str, str, str], Fit]  # by arm, target and network
    tuning: dict[tuple[str, str], np.ndarray]  # by target and network: (G, T) final losses, where
    # G learning rates were tried with T replicas each
    provenance: tuple[dict[str, Any], ...]

    def networks(self, arm: str, target: str) -> dict[str, Fit]:
        """Return the fits of all networks to one target in one arm."""
        return {network: self.fits[arm, target, network] for network in NETWORKS}

    def medians(self, arm: str, target: str) -> dict[str, float]:
        """Compute each network's median loss after the last update, mean squared error."""
        fits = self.networks(arm, target)
        return {network: float(np.median(fit.final)) for network, fit in fits.items()}

    def constant(self, target: str) -> float:
        """Mean squared error of the best constant on the training points: the target's variance."""
        return float(functions.TARGETS[target](functions.grid(self.spec.points)).var(correction=0))

    def stuck(self, arm: str, target: str, network: str) -> np.ndarray:
        """Which replicas ended within a tenth of the best constant's loss, or diverged, (R,)."""
        return self.fits[arm, target, network].final > 0.9 * self.constant(target)


def choose(losses: np.ndarray) -> np.ndarray:
    """Choose the learning rate with the lowest median loss.

    Args:
        losses: Final losses, (G, ..., T), of T trainings at each of G learning rates.

    Returns:
        The index of the chosen rate, (...).
    """
    return np.median(losses, axis=-1).argmin(axis=0)


def chosen_again(losses: np.ndarray, *, resamples: int = 10_000) -> float:
    """Estimate how often other trainings would choose the same learning rate, 0 to 1.

    The T trainings are drawn anew with replacement (Efron 1979, Annals of Statistics 7, 1-26), a
    seed with its losses at all rates.

    Args:
        losses: Final losses, (G, T), of T trainings at each of G learning rates.
        resamples: How many times the trainings are drawn.
    """
    trainings = losses.shape[1]
    drawn = np.random.default_rng(0).integers(trainings, size=(resamples, trainings))
    return float((choose(losses[:, drawn]) == choose(losses)).mean())


def near_jumps() -> np.ndarray:
    """Return which points of the dense grid lie at a jump of the sign target, (DENSE,)."""
    return EDGES[bin_of_points() + 1] <= NEAR


def _points_of_bins() -> np.ndarray:
    """Count the points of the dense grid in each bin of the distance to a jump, (20,)."""
    return np.bincount(bin_of_points())


def loss_ratio(result: Result, arm: str, target: str, first: str, second: str) -> Interval:
    """Compare two networks: mean of log10(loss of first / loss of second) over paired seeds.

    Pairs in which a training diverged are left out; `n` counts the others.
    """
    return log_ratio(*(result.fits[arm, target, network].final for network in (first, second)))


def improvement(more: str, less: str, result: Result) -> Interval:
    """Compare two networks' final losses, tuned: log10(less / more), mean over the targets."""
    ends = [[result.fits[TUNED, t, n].final for t in result.spec.targets] for n in (more, less)]
    with np.errstate(invalid="ignore"):  # where both diverged
        return t_interval(decades(np.divide(ends[1], ends[0])).mean(axis=0))


def title(target: str) -> str:
    """Write a target's formula."""
    return functions.TARGETS[target].title


def loss_text(value: float) -> str:
    """Write a loss, or say that there is none."""
    return f"{value:.1e}" if np.isfinite(value) else "diverged"
