"""What chapter 32 measured over networks of many sizes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from hw1lib.judging import trends
from hw1lib.judging.effects import NotTested
from hw1lib.judging.statistics import written

SAME_KNEE = 2.0  # knees that lie within this factor of each other are taken for one
STILL = 0.01  # of the training loss, by which it may fall between two measurements and be at rest
_AT_THE_END = ("train", "test", "passes", "lowest_batch", "highest_running", "diverged")


@dataclass(frozen=True)
class Sweep:
    """Networks of K sizes, in increasing order, each trained R times."""

    names: tuple[str, ...]
    parameters: np.ndarray  # (K,)
    train: np.ndarray  # (K, R, 2) loss and accuracy over the whole split, on the labels learned
    test: np.ndarray  # (K, R, 2) likewise on the true labels of the test split
    passes: np.ndarray  # (K, R) over the training data
    lowest_batch: np.ndarray  # (K, R) lowest loss of a minibatch while training
    highest_running: np.ndarray  # (K, R) highest accuracy of an epoch so far, while training
    diverged: np.ndarray  # (K, R) bool
    epochs: np.ndarray  # (E,) epochs before each measurement on the way; (0,) without any
    train_along: np.ndarray  # (K, E, R, 2) on the way; NaN where a network has diverged
    test_along: np.ndarray  # (K, E, R, 2)

    @property
    def sizes(self) -> np.ndarray:
        """Decimal logarithm of the numbers of parameters, (K,)."""
        return np.log10(self.parameters)

    def loss(self, split: str) -> np.ndarray:
        """Return the loss of each training on a whole split at the end, (R, K)."""
        return getattr(self, split)[:, :, 0].T

    def accuracy(self, split: str) -> np.ndarray:
        """Return the accuracy of each training on a whole split at the end, (R, K), in percent."""
        return 100 * getattr(self, split)[:, :, 1].T

    def error(self, split: str) -> np.ndarray:
        """Return the share of wrong answers at the end, (R, K), in percent."""
        return 100 - self.accuracy(split)

    def gap(self) -> np.ndarray:
        """Compute training minus test accuracy at the end, (R, K), in percentage points."""
        return self.accuracy("train") - self.accuracy("test")

    def loss_gap(self) -> np.ndarray:
        """Compute test minus training loss at the end, (R, K)."""
        return self.loss("test") - self.loss("train")

    def early(self, passes: int) -> Sweep:
        """Return what there was after so many epochs, or at the end if a network was done before.

        Args:
            passes: One of `epochs`.
        """
        when = self.epochs.tolist().index(passes)
        pairs = ((self.train_along, self.train), (self.test_along, self.test))
        train, test = (np.where(np.isnan(seen[:, when]), end, seen[:, when]) for seen, end in pairs)
        return dataclasses.replace(self, train=train, test=test)

    def tested(self, measure: str) -> np.ndarray:
        """Return the "loss" or the "accuracy" on the test split at the end, (R, K)."""
        return self.loss("test") if measure == "loss" else self.accuracy("test")

    def knee(self, measure: str) -> trends.Knee:
        """Find where each training's test loss or accuracy bends, on the logarithmic axis."""
        return trends.knee(self.sizes, self.tested(measure))

    def knees_without(self, measure: str) -> np.ndarray:
        """Find the knee of the trainings' mean without each size in turn, (K,), in parameters.

        Raises:
            ValueError: If there are fewer than six sizes.
        """
        curves = self.tested(measure)
        complete = curves[np.isfinite(curves).all(axis=1)]
        mean = complete.mean(axis=0) if len(complete) else np.full(curves.shape[1], np.nan)
        return np.asarray(10 ** trends.knees_without(self.sizes, mean))

    def foretold(self, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """Compute how well a size is foretold by the others, (R,) each, in the measure's unit.

        Returns:
            The error of two straight pieces, and that of a power law, which has no knee.
        """
        shapes = (trends.knee, trends.power_law)
        curves = self.tested(measure)
        straight, power = (trends.left_out_error(fit, self.sizes, curves) for fit in shapes)
        return straight, power

    def no_knee(self, measure: str) -> str:
        """Say why the curve has no one knee; empty where it has.

        A smooth curve is cut in two somewhere, too. So the knee must stay whichever size is left
        out, and two straight pieces must foretell the sizes left out better than a power law.
        """
        if len(self.parameters) < 6:
            return f"{len(self.parameters)} sizes are too few to leave one out"
        places = self.knees_without(measure)
        if not np.isfinite(places).all():
            return "no training of all sizes came to an end"
        if places.max() > SAME_KNEE * places.min():
            return (
                f"leaving out one of {len(places)} sizes moves the knee from {places.min():,.0f} "
                f"to {places.max():,.0f} parameters"
            )
        straight, power = (float(np.nanmean(error)) for error in self.foretold(measure))
        if straight >= power:
            return (
                "a power law, which has no knee, foretells the sizes left out as well "
                f"(to within {written(power)}) as two straight pieces do (to within "
                f"{written(straight)})"
            )
        return ""

    def per_doubling(self, size: float) -> np.ndarray:
        """Compute how much the test loss falls when the parameters double, about a size, (R,).

        By the straight line through the sizes within a factor of two on the logarithmic axis; NaN
        where there are not two.
        """
        near = np.abs(self.sizes - np.log10(size)) <= np.log10(2)
        if near.sum() < 2:
            return np.full(self.train.shape[1], np.nan)
        return -np.log10(2) * trends.slope(self.sizes[near], self.loss("test")[:, near])

    @property
    def converged(self) -> np.ndarray:
        """Which networks came to rest in all trainings, (K,) of bool.

        Either the rule ended them before the last measurement, or their training loss fell by
        less than `STILL` of itself between the last two.
        """
        course = self.train_along[..., 0]  # (K, E, R), NaN once a training has ended
        ended = np.isnan(course[:, -1]) & ~self.diverged
        before = course[:, -2] if course.shape[1] > 1 else np.full_like(ended, np.inf, dtype=float)
        still = course[:, -1] > (1 - STILL) * before
        return np.asarray((ended | still).all(axis=1))

    def course(self) -> np.ndarray:
        """Return the test loss at each measurement, (K, E, R), the last one once there is none."""
        seen = self.test_along[..., 0]
        return np.where(np.isnan(seen), self.test[:, None, :, 0], seen)

    def only(self, which: np.ndarray) -> Sweep:
        """Keep some of the sizes, by their places or by an array (K,) of bool."""
        arrays = {
            name: values[which]
            for name, values in vars(self).items()
            if name not in ("names", "epochs")
        }
        names = tuple(np.array(self.names)[which])
        return dataclasses.replace(self, names=names, **arrays)

    def joined(self, other: Sweep) -> Sweep:
        """Add another arm's sizes, with the seeds that both have, sorted by size."""
        count = min(self.train.shape[1], other.train.shape[1])
        parameters = np.concatenate([self.parameters, other.parameters])
        arrays = {
            name: np.concatenate([getattr(one, name)[:, :count] for one in (self, other)])
            for name in _AT_THE_END
        }
        both = Sweep(
            names=(*self.names, *other.names),
            parameters=parameters,
            **arrays,
            epochs=np.empty(0, dtype=int),
            train_along=np.empty((len(parameters), 0, count, 2)),
            test_along=np.empty((len(parameters), 0, count, 2)),
        )
        return both.only(np.argsort(parameters))

    def minibatch_share(self) -> np.ndarray:
        """Divide the lowest loss of a minibatch by that of the whole training split, (R, K)."""
        return self.lowest_batch.T / self.loss("train")


@dataclass(frozen=True)
class FeatureSweep:
    """Random features of K numbers, each drawn R times; fitted to noisy labels and to true ones."""

    counts: np.ndarray  # (K,)
    train: np.ndarray  # (K, R, 2 labels, 2) squared error and accuracy on the labels fitted
    test: np.ndarray  # (K, R, 2 labels, 2) likewise on the true labels of the test split

    def error(self, split: str, *, noisy: bool) -> np.ndarray:
        """Return the share of wrong answers, (R, K), in percent."""
        return 100 * (1 - getattr(self, split)[:, :, 0 if noisy else 1, 1].T)

    def squared_error(self, split: str, *, noisy: bool) -> np.ndarray:
        """Return the mean squared error of the outputs, (R, K), which has no ceiling."""
        return np.asarray(getattr(self, split)[:, :, 0 if noisy else 1, 0].T)


def halves(sweep: Sweep, measure: str, border: float) -> dict[str, np.ndarray]:
    """Compare slopes of what was tested up to a size and from there on, (R,) each, per decade.

    The size nearest to the border from below belongs to both.

    Raises:
        NotTested: If there are not two sizes on both sides.
    """
    below = sweep.parameters <= border
    if below.sum() < 2 or below.all():
        raise NotTested(f"no two networks on both sides of {border:,.0f} parameters were trained")
    above = ~below
    above[np.flatnonzero(below)[-1]] = True
    curves = sweep.tested(measure)
    first, then = (trends.slope(sweep.sizes[which], curves[:, which]) for which in (below, above))
    return {"below": first, "above": then}
