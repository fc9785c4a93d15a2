"""What chapter 23 computed, and all that more than one of its views, findings and claims reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.spec import FOUND, RECIPE, Spec
from hw1lib.judging.ranks import rank_correlation
from hw1lib.judging.statistics import Interval
from hw1lib.networks import builders

A_BAND = (0.70, 0.775)  # where report A finds most of its ratios
PLATEAU = 0.9  # of the best constant's loss: from there on a gradient has vanished on a plateau
RIVALS = {  # each with the Hessian's share that it stands in for
    "sampled": "share of nearby weights\nwith a larger loss",
    "gauss_newton": "A's code: share > 0 of\nGauss-Newton matrices",
    "over_loss": "B's text: gradient norm\nby loss",
    "layer_norm": "B's code: mean gradient\nnorm of the layers",
}


@dataclass(frozen=True)
class PointMeasures:
    """What was measured at one point of weight space per replica."""

    loss: np.ndarray  # (R,) mean squared error
    residual: np.ndarray  # (R,) norm of the objective's gradient
    flatness: np.ndarray  # (R,) |H g| / (max |lambda| |g|)
    eigenvalues: np.ndarray  # (R, P) of the objective's Hessian, ascending
    sampled: np.ndarray  # (R,) share of nearby weights where the objective is larger
    gauss_newton: np.ndarray  # (R,) share of positive eigenvalues, as A's code counts
    over_loss: np.ndarray  # (R,) gradient norm by loss, as B's text has it
    layer_norm: np.ndarray  # (R,) mean norm of the layers' weight gradients, as B's code has it


@dataclass(frozen=True)
class Points:
    """The networks of one arm: where phase 1 ended, and where the search did."""

    start: PointMeasures
    end: PointMeasures
    weights: np.ndarray  # (R, P)
    diverged: np.ndarray  # (R,) bool: phase 1 diverged, and the measures are NaN


@dataclass(frozen=True)
class Looks:
    """What was measured at K moments of R trainings of A's network; NaN where one had diverged."""

    at: np.ndarray  # (K,) updates made before, or the bound that the gradient was to come below
    loss: np.ndarray  # (K, R) mean squared error
    slope: np.ndarray  # (K, R) norm of the loss's gradient
    residual: np.ndarray  # (K, R) norm of the objective's gradient, weight decay included
    eigenvalues: np.ndarray  # (K, R, P) of the loss's Hessian, ascending
    gauss_newton: np.ndarray  # (K, R) share of positive eigenvalues, as A's code counts

    def shares(self, factor: float, decay: float = 0.0) -> ratios.Shares:
        """Count positive, zero and negative eigenvalues, (K, R) each; NaN where there are none.

        Args:
            factor: As in `ratios.shares`.
            decay: Weight decay, which raises every eigenvalue of the objective's Hessian by it.
        """
        return _counted(self.eigenvalues + decay, factor)

    @property
    def weights(self) -> np.ndarray:
        """Return how large a part of the training each look stands for, (K,), summing to 1.

        Looks are rarer late; each stands for the updates that are nearer to it than to others.
        """
        middles = (self.at[1:] + self.at[:-1]) / 2
        lengths = np.diff([self.at[0], *middles, self.at[-1]])
        return np.asarray(lengths / lengths.sum())


@dataclass(frozen=True)
class Watched:
    """What was measured at K moments of R trainings of one of B's networks, (K, R) mostly.

    NaN where a training had diverged.
    """

    at: np.ndarray  # (K,) updates made before
    loss: np.ndarray  # mean squared error on the training points
    validation: np.ndarray  # and halfway between them
    over_loss: np.ndarray  # gradient norm by loss, as B's text has it
    layer_norm: np.ndarray  # mean norm of the layers' weight gradients, as B's code has it
    eigenvalues: np.ndarray  # (K, R, P) of the loss's Hessian, ascending

    def positive(self, factor: float) -> np.ndarray:
        """Return the share of positive eigenvalues, (K, R); `factor` as in `ratios.shares`."""
        return _counted(self.eigenvalues, factor).positive


def _counted(eigenvalues: np.ndarray, factor: float) -> ratios.Shares:
    """Count eigenvalues (K, R, P) as `ratios.shares` does, NaN where there are none."""
    flat = eigenvalues.reshape(-1, eigenvalues.shape[-1]).astype(float)
    known = np.asarray(np.isfinite(flat).all(axis=1))
    found = ratios.shares(np.where(known[:, None], flat, 0.0), factor)
    shape = eigenvalues.shape[:-1]
    return ratios.Shares(*(np.where(known, share, np.nan).reshape(shape) for share in found))


@dataclass(frozen=True)
class Result:
    """Everything that chapter 23 shows."""

    spec: Spec
    arms: dict[str, Points]  # of tanh networks
    along: Looks  # of A's network while it trains
    lowered: Looks  # and after its gradient's norm was brought down, by the bound
    of_b: Mapping[str, Watched]  # B's networks while they train
    provenance: tuple[dict[str, Any], ...]

    @property
    def constant(self) -> float:
        """Mean squared error of the best constant on the training points."""
        return self.spec.constant

    @property
    def ceiling(self) -> float:
        """Largest possible share of positive eigenvalues with kinked, rescalable units: 1 - H/P."""
        return 1 - 2 * self.spec.hidden / builders.parameter_count(self.spec.widths)

    def certified(self, arm: str) -> np.ndarray:
        """Return which searches ended where the gradient vanishes, (R,) of bool."""
        return self.arms[arm].end.residual <= self.spec.residual

    def gradient_flat(self, arm: str) -> np.ndarray:
        """Return which stalled where the gradient does not vanish but H g nearly does, (R,)."""
        return ~self.certified(arm) & (self.arms[arm].end.flatness <= self.spec.flat)

    def shares(self, arm: str) -> ratios.Shares:
        """Count positive, zero and negative eigenvalues at the end, at the main tolerance."""
        return ratios.shares(self.arms[arm].end.eigenvalues, self.spec.tolerance)

    def trained_shares(self, arm: str) -> ratios.Shares:
        """Count positive, zero and negative eigenvalues where phase 1 ended, likewise."""
        return ratios.shares(self.arms[arm].start.eigenvalues, self.spec.tolerance)

    def along_shares(self) -> ratios.Shares:
        """Count the eigenvalues of the loss's Hessian along the training of A's network, (K, R)."""
        return self.along.shares(self.spec.tolerance)

    def distinct(self, arm: str) -> np.ndarray:
        """Number the certified points of an arm that differ, (D,): indices of the first of each.

        Networks that exchange or mirror units are one point, with one loss and one spectrum; so
        points whose loss agrees to seven digits count once.
        """
        chosen = self.certified(arm).nonzero()[0]
        names = [f"{value:.6e}" for value in self.arms[arm].end.loss[chosen]]
        return chosen[np.sort(np.unique(names, return_index=True)[1])] if names else chosen


def distinct_points(
    result: Result, arms: Iterable[str] = FOUND
) -> tuple[np.ndarray, ratios.Shares]:
    """Gather losses (D,) and shares of eigenvalues of all points of several arms that differ."""
    losses, shares = [], []
    for arm in arms:
        chosen = result.distinct(arm)
        losses.append(result.arms[arm].end.loss[chosen])
        shares.append([share[chosen] for share in result.shares(arm)])
    return np.concatenate(losses), ratios.Shares(*map(np.concatenate, zip(*shares, strict=True)))


def certified_spectra(result: Result, arms: Iterable[str]) -> np.ndarray:
    """Gather the eigenvalues (D, P) of all certified points of several arms."""
    return np.concatenate([result.arms[arm].end.eigenvalues[result.certified(arm)] for arm in arms])


def correlation(result: Result, what: str, arms: Iterable[str] = FOUND) -> Interval:
    """Correlate a share of eigenvalues with the loss over distinct certified points.

    Args:
        result: Of the chapter.
        what: `positive` for the minimal ratio, `negative` for the index.
        arms: Whose points; made ones have a larger index where more units were added, and a
            higher loss because fewer were there, so they say nothing about training.
    """
    losses, shares = distinct_points(result, arms)
    return rank_correlation(getattr(shares, what), losses)


def of_b(result: Result, network: str) -> dict[str, np.ndarray]:
    """Gather B's two ratios and the Hessian's along the trainings of a network of B, (K, R)."""
    seen = result.of_b[network]
    return {
        "over_loss": seen.over_loss,
        "layer_norm": seen.layer_norm,
        "positive": seen.positive(result.spec.tolerance),
    }


def by_loss(losses: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Correlate the ranks of a measure (K, R) and a loss (K, R) along each training, (R,)."""
    found = np.full(values.shape[1], np.nan)
    for r, (loss, value) in enumerate(zip(losses.T, values.T, strict=True)):
        if np.isfinite([loss, value]).all() and np.ptp(loss) and np.ptp(value):
            found[r] = scipy.stats.spearmanr(value, loss).statistic
    return found


def trained(result: Result, name: str) -> np.ndarray:
    """Gather a measure at the end of phase 1 over the networks of the recipe, (R,).

    Args:
        result: Of the chapter.
        name: A field of `PointMeasures`, or `positive`, `negative` for shares of the spectrum
            there.
    """
    arm = result.arms[RECIPE]
    measured = result.trained_shares(RECIPE) if name in ratios.Shares._fields else arm.start
    return np.asarray(getattr(measured, name)[~arm.diverged])


def correlate(result: Result, first: str, second: str) -> Interval:
    """Correlate the ranks of two quantities over the trained points, by names as in `trained`."""
    return rank_correlation(trained(result, first), trained(result, second))


def signed(rho: Interval) -> str:
    """Write a correlation with its sign."""
    if rho.n < 4:
        return str(rho)
    return f"{rho.mean:+.2f} [{rho.low:+.2f}, {rho.high:+.2f}]"
