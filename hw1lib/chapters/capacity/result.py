"""What chapter 32 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.capacity.spec import A_HIDDEN, OF_A, SETTLED, Spec
from hw1lib.chapters.capacity.sweeps import FeatureSweep, Sweep
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import decades

KNEE = 300_000  # parameters, where A sees returns diminish


@dataclass(frozen=True)
class Result:
    """Everything that chapter 32 shows."""

    spec: Spec
    sweeps: dict[str, Sweep]  # by arm
    features: FeatureSweep
    described: dict[
        str, dict[str, np.ndarray]
    ]  # "network, arm" -> generalization.MEASURES, (R,); NaN if not taken
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the digits are real."""
        return image_sets.name_standins(self.images)

    @property
    def early(self) -> int:
        """Passes after which A's networks, trained on, are measured nearest before A's number."""
        epochs = self.sweeps[SETTLED].epochs
        return int(epochs[epochs <= self.spec.epochs][-1])

    @property
    def threshold(self) -> int:
        """Count the equations of the arm with noisy labels: one per digit and class."""
        return self.learned * len(self.images.classes)

    @property
    def learned(self) -> int:
        """Count the digits with noisy labels."""
        return min(self.spec.noisy_examples, len(self.images.train))

    @property
    def a_order(self) -> list[int]:
        """Place A's networks, which are sorted by size, in the order of A's list."""
        hidden = [A_HIDDEN[number - 1] for number in sorted(self.spec.a_models)]
        parts = [f"-{'-'.join(map(str, units))}-" for units in hidden]
        names = self.sweeps[OF_A].names
        return [next(k for k, name in enumerate(names) if part in name) for part in parts]


def rise_on_the_way(sweep: Sweep) -> np.ndarray:
    """Compute how far the test loss ends above its lowest, the worst size of each training, (R,).

    In decades; at least 0.
    """
    return (decades(sweep.loss("test")) - decades(sweep.lowest_test_loss())).max(axis=1)
