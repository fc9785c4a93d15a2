"""What chapter 11 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, NETWORKS, TUNED, Spec
from hw1lib.chapters.function_fit.trainings import EDGES, LEVELS, bin_of_points
from hw1lib.data import functions
from hw1lib.judging.statistics import decades
from hw1lib.training.regression import DENSE

STOPPED = [(AS_A, "sinc"), (AS_A, "sine"), (AS_B, "sinc")]  # trainings that a report stopped
LOW, LOWER = 1e-2, 1e-3  # mean squared errors; when trainings get below them is shown
NEAR = 0.01  # of a jump
LOOKED_AT = ("sine", "sign")  # targets whose trainings are watched on their way


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
class Learning:
    """How R replicas of one network came to fit one target."""

    updates: np.ndarray  # (K,) before each look
    by_frequency: np.ndarray  # (K, R, H) error of the amplitude at each of HARMONICS, as a share
    by_place: np.ndarray  # (K, R, L) mean squared error in each half wave, from the middle outwards
    pieces: np.ndarray  # (2, R) straight pieces at the start and at the end

    def half(self, error: np.ndarray, level: float) -> np.ndarray:
        """Count the updates until an error (K, R) was first below a level, (R,), at least 1.

        The last update where it never was; NaN where a replica diverged.
        """
        below = error < level
        first = np.where(below.any(axis=0), self.updates[below.argmax(axis=0)], self.updates[-1])
        return np.where(np.isfinite(error[-1]), np.maximum(first, 1), np.nan)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 11 shows."""

    spec: Spec
    fits: dict[tuple[str, str, str], Fit]  # by arm, target and network
    tuning: dict[tuple[str, str], np.ndarray]  # by target and network: (G, T) final losses, where
    # G learning rates were tried with T replicas each
    learning: dict[tuple[str, str], Learning]  # by target and network, with B's Adam
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


def mean_loss(result: Result, network: str) -> np.ndarray:
    """Compute the geometric mean of a network's final losses over the targets, tuned, (R,)."""
    ends = [result.fits[TUNED, target, network].final for target in result.spec.targets]
    logs = np.mean([decades(end) for end in ends], axis=0)
    return np.where(np.isfinite(logs), 10**logs, np.nan)


def successes(result: Result, network: str) -> np.ndarray:
    """Compute on how many targets and with how many optimizers a network succeeds, (R,), percent.

    That is, ends with a loss below `LOWER`.
    """
    fits = [result.fits[arm, target, network] for target in result.spec.targets for arm in ARMS]
    return 100 * np.mean([fit.final < LOWER for fit in fits], axis=0)


def both_succeed(result: Result, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of two networks where both succeed, geometric means over these, (R,) each.

    Over the targets and optimizers; NaN for a seed without one on which both do.
    """
    means = []
    pairs = [
        (result.fits[arm, target, first].final, result.fits[arm, target, second].final)
        for target in result.spec.targets
        for arm in ARMS
    ]
    both = np.array([(one < LOWER) & (other < LOWER) for one, other in pairs])
    count = both.sum(axis=0)
    for side in (0, 1):
        logs = np.where(both, [decades(pair[side]) for pair in pairs], 0.0)
        mean = logs.sum(axis=0) / np.maximum(count, 1)
        means.append(np.where(count > 0, 10**mean, np.nan))
    return means[0], means[1]


def median_of_sound(values: np.ndarray, axis: int) -> np.ndarray:
    """Compute the median along an axis, of any shape, over replicas that did not diverge.

    NaN where all did.
    """
    masked = np.ma.median(np.ma.masked_invalid(values), axis=axis)
    return np.ma.filled(np.ma.asarray(masked, dtype=float), np.nan)


def title(target: str) -> str:
    """Write a target's formula."""
    return functions.TARGETS[target].title


def loss_text(value: float) -> str:
    """Write a loss, or say that there is none."""
    return f"{value:.1e}" if np.isfinite(value) else "diverged"
