"""What chapter 32 measured over networks of many sizes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from hw1lib.judging import trends


@dataclass(frozen=True)
class Sweep:
    """Networks of K sizes, in increasing order, each trained R times."""

    names: tuple[str, ...]
    parameters: np.ndarray  # (K,)
    train: np.ndarray  # (K, R, 2) loss and accuracy over the whole split, on the labels learned
    test: np.ndarray  # (K, R, 2) likewise on the true labels of the test split
    passes: np.ndarray  # (K, R) over the training data
    lowest_batch: np.ndarray  # (K, R) lowest loss of a minibatch while training
    highest_running: np.ndarray  # (K, R) highest accuracy of a pass so far, while training
    diverged: np.ndarray  # (K, R) bool
    epochs: np.ndarray  # (E,) passes before each measurement on the way; (0,) without any
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
        """Return what there was after so many passes, or at the end if a network was done before.

        Args:
            passes: One of `epochs`.
        """
        when = self.epochs.tolist().index(passes)
        pairs = ((self.train_along, self.train), (self.test_along, self.test))
        train, test = (np.where(np.isnan(seen[:, when]), end, seen[:, when]) for seen, end in pairs)
        return dataclasses.replace(self, train=train, test=test)

    def lowest_test_loss(self) -> np.ndarray:
        """Return the lowest loss on the test split at any time it was measured, (R, K)."""
        seen = np.concatenate([self.test_along, self.test[:, None]], axis=1)[..., 0]
        lowest = np.where(np.isnan(seen), np.inf, seen).min(axis=1)
        return np.where(self.diverged, np.nan, lowest).T

    def knee(self) -> trends.Knee:
        """Find where each training's test accuracy bends, on the logarithmic axis of size."""
        return trends.knee(self.sizes, self.accuracy("test"))

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
