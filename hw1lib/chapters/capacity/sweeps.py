"""What chapter 32 measured over networks of many sizes."""

from dataclasses import dataclass

import numpy as np


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
        """Loss of each training on a whole split at the end, (R, K)."""
        return getattr(self, split)[:, :, 0].T

    def accuracy(self, split: str) -> np.ndarray:
        """Accuracy of each training on a whole split at the end, (R, K), in percent."""
        return 100 * getattr(self, split)[:, :, 1].T

    def gap(self) -> np.ndarray:
        """Training minus test accuracy at the end, (R, K), in percentage points."""
        return self.accuracy("train") - self.accuracy("test")

    def early(self, passes: int) -> tuple[np.ndarray, np.ndarray]:
        """Take both splits after so many passes, or at the end if a network was done before.

        Args:
            passes: One of `epochs`.

        Returns:
            Training and test split, (K, R, 2) each, as `train` and `test`.
        """
        when = self.epochs.tolist().index(passes)
        pairs = ((self.train_along, self.train), (self.test_along, self.test))
        train, test = (np.where(np.isnan(seen[:, when]), end, seen[:, when]) for seen, end in pairs)
        return train, test

    def lowest_test_loss(self) -> np.ndarray:
        """Lowest loss on the test split at any time it was measured, (R, K)."""
        seen = np.concatenate([self.test_along, self.test[:, None]], axis=1)[..., 0]
        lowest = np.where(np.isnan(seen), np.inf, seen).min(axis=1)
        return np.where(self.diverged, np.nan, lowest).T


@dataclass(frozen=True)
class FeatureSweep:
    """Random features of K numbers, each drawn R times; fitted to noisy labels and to true ones."""

    counts: np.ndarray  # (K,)
    train: np.ndarray  # (K, R, 2 labels, 2) squared error and accuracy on the labels fitted
    test: np.ndarray  # (K, R, 2 labels, 2) likewise on the true labels of the test split

    def error(self, split: str, *, noisy: bool) -> np.ndarray:
        """Share of wrong answers, (R, K), in percent."""
        return 100 * (1 - getattr(self, split)[:, :, 0 if noisy else 1, 1].T)
