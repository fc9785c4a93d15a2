"""What chapter 24 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.error_surface.spec import REGRESSORS, SGD, Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, log_ratio
from hw1lib.measuring.landscape import Surface

PLANES = ("deep", "shallow", SGD)  # networks whose surroundings are drawn
PATHS = ("deep", SGD)  # networks whose path is drawn


@dataclass(frozen=True)
class Result:
    """Everything that chapter 24 shows."""

    spec: Spec
    surfaces: dict[str, Surface]  # by regressor and arm
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the digits are real."""
        return image_sets.name_standins(self.images)


def plane_shares(surface: Surface) -> np.ndarray:
    """Return how much of each plane lies under half of the loss at the start, (planes,), in %."""
    return 100 * surface.wide[np.isfinite(surface.wide)]


def flatter(result: Result, distance: float) -> Interval:
    """Compare the regressors: mean of log10(rise of shallow / rise of deep) at a distance.

    Pairs in which a training diverged, or the loss does not rise, are left out; `n` counts
    the others.
    """
    deep, shallow = (result.surfaces[name].away(distance) for name in ("deep", "shallow"))
    return log_ratio(shallow, deep)


def network_title(name: str) -> str:
    """Name a network with its data."""
    return f"{name}, sinc" if name in REGRESSORS else f"{name}, digits"
