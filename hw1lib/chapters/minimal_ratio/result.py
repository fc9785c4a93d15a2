"""What chapter 23 computed, and all that more than one of its views, findings and claims reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.spec import RECIPE, SMOOTH, Spec
from hw1lib.judging.statistics import Interval, rank_correlation
from hw1lib.networks import builders

A_BAND = (0.70, 0.775)  # where report A finds most of its ratios
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
class Result:
    """Everything that chapter 23 shows."""

    spec: Spec
    arms: dict[str, Points]
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

    def distinct(self, arm: str) -> np.ndarray:
        """Number the certified points of an arm that differ, (D,): indices of the first of each.

        Networks that exchange or mirror units are one point, with one loss and one spectrum; so
        points whose loss agrees to seven digits count once.
        """
        chosen = self.certified(arm).nonzero()[0]
        names = [f"{value:.6e}" for value in self.arms[arm].end.loss[chosen]]
        return chosen[np.sort(np.unique(names, return_index=True)[1])] if names else chosen


def distinct_points(
    result: Result, arms: Iterable[str] = SMOOTH
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


def correlation(result: Result, what: str) -> Interval:
    """Correlate a share of eigenvalues with the loss over distinct certified points.

    Args:
        result: Of the chapter.
        what: `positive` for the minimal ratio, `negative` for the index.
    """
    losses, shares = distinct_points(result)
    return rank_correlation(getattr(shares, what), losses)


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
