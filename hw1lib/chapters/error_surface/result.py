"""What chapter 24 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.error_surface.directions import LENGTHS
from hw1lib.chapters.error_surface.spec import REGRESSORS, SGD, Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring.landscape import Surface

PLANES = ("deep", "shallow", SGD)  # networks whose surroundings are drawn
SINC = "sinc"
PATHS = ("deep", SGD)  # networks whose path is drawn


@dataclass(frozen=True)
class Directions:
    """Losses of R regressors in directions of all weights; NaN where they diverged."""

    loss: np.ndarray  # (R,) mean squared error at the solutions
    random: np.ndarray  # (R, T, D) at LENGTHS, in directions uniform over all weights and biases
    steepest: np.ndarray  # (R, T, 2) along the top eigenvector, forwards and backwards
    eigenvalue: np.ndarray  # (R,) largest of the Hessian, loss per squared weight
    trace: np.ndarray  # (R,) of the Hessian

    def rise(self, kind: str, length: float) -> np.ndarray:
        """Median rise over the directions of a kind, (R,), at one of the `LENGTHS`."""
        losses = getattr(self, kind)[:, LENGTHS.index(length)]
        return np.asarray(np.median(losses, axis=1) - self.loss)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 24 shows."""

    spec: Spec
    surfaces: dict[str, Surface]  # by regressor and arm
    around: dict[str, Directions]  # by regressor
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name what was learned in place of the published digits; empty where nothing was."""
        return image_sets.name_standins(self.images)


def plane_shares(surface: Surface) -> np.ndarray:
    """Return how much of each plane lies under half of the loss at the start, (planes,), in %."""
    return 100 * surface.wide[np.isfinite(surface.wide)]


def beyond(surface: Surface) -> np.ndarray:
    """Return the rise of the loss where the line goes on by a quarter of its length, (R,)."""
    return np.asarray(surface.line[:, -1, 0, 0] - surface.final)


def network_title(result: Result, name: str) -> str:
    """Name a network with its data."""
    return f"{name}, {SINC if name in REGRESSORS else result.images.subject}"
