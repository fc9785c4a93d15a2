"""What chapter 32 computed, and all that more than one of its views, findings and claims reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hw1lib.chapters.capacity.spec import A_HIDDEN, BETWEEN, LONG, OF_A, SETTLED, Spec
from hw1lib.chapters.capacity.sweeps import FeatureSweep, Sweep
from hw1lib.data import image_sets, own_images
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging import trends
from hw1lib.judging.statistics import decades

KNEE = 300_000  # parameters, where A sees returns diminish
LEAST_LONG = 2_000  # epochs, by which a published training with the settings here has the peak


@dataclass(frozen=True)
class Published:
    """What published long trainings on noisy labels came to.

    Ten of them, with 95 % t intervals, whose batches and rates their logs do not give in full; and
    one with the settings used here, but that its rate falls 50 epochs later.

    Source:
        Y. Gu, X. Zheng and T. Aste, "Unraveling the enigma of double descent: an in-depth analysis
        through the lens of learned feature space", ICLR 2024; computed from the logs in their
        repository, Yufei-Gu-451/double_descent_inference: the ten at cd52842, the one at 50bef3f
        in assets/MNIST-SimpleFC/N=4000-3D/TEST-6/Epoch=4000-noise-20-model-0-sgd.
    """

    passes: int
    loss: tuple[float, float, float]  # nats that the test loss of 12 units lies above that of 4
    accuracy: tuple[float, float, float]  # points that the test accuracy of 12 lies below it
    peak: int | None  # units at which the mean test loss has its peak, if it has one
    same_loss: float  # as `loss`, of the training with the settings here
    same_accuracy: float


PUBLISHED = (
    Published(100, (-0.22, -0.27, -0.18), (-6.9, -9.1, -4.8), None, -0.232, -6.75),
    Published(300, (-0.06, -0.10, -0.03), (-2.0, -3.4, -0.6), None, -0.179, -4.77),
    Published(500, (0.06, 0.01, 0.10), (-0.5, -1.9, 0.9), 22, -0.144, -3.82),
    Published(1000, (0.36, 0.29, 0.44), (1.8, 0.3, 3.4), 18, -0.039, -1.63),
    Published(2000, (0.84, 0.73, 0.94), (3.3, 1.7, 5.0), 18, 0.135, 0.43),
    Published(4000, (1.50, 1.36, 1.64), (4.2, 2.6, 5.9), 12, 0.412, 1.88),
)
COMPARED = (4, 12)  # hidden units of which these numbers are


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
        """Name what was learned in place of the published digits; empty where nothing was."""
        return image_sets.name_standins(self.images)

    @property
    def dense(self) -> Sweep:
        """A's networks together with those of the sizes between, the seeds that both have."""
        return self.sweeps[OF_A].joined(self.sweeps[BETWEEN])

    @property
    def early(self) -> int:
        """Epochs after which A's networks, trained on, are measured nearest before A's number."""
        epochs = self.sweeps[SETTLED].epochs
        return int(epochs[epochs <= self.spec.epochs][-1])

    @property
    def threshold(self) -> int:
        """Count the equations of the arm with noisy labels: one per image and class."""
        return self.learned * len(self.images.classes)

    @property
    def learned(self) -> int:
        """Count the images with noisy labels."""
        return min(self.spec.noisy_examples, len(self.images.train))

    @property
    def fitted(self) -> int:
        """Count those of which random features are fitted: a folder may hold one twice."""
        return min(self.spec.noisy_examples, len(own_images.distinct(self.images).train))

    @property
    def a_order(self) -> list[int]:
        """Place A's networks, which are sorted by size, in the order of A's list."""
        hidden = [A_HIDDEN[number - 1] for number in sorted(self.spec.a_models)]
        parts = [f"-{'-'.join(map(str, units))}-" for units in hidden]
        names = self.sweeps[OF_A].names
        return [next(k for k, name in enumerate(names) if part in name) for part in parts]


def without_size(arm: str) -> Callable[[Result], Mapping[str, Result]]:
    """Return a function that leaves out one size of an arm after another."""

    def rest(result: Result) -> Mapping[str, Result]:
        sweep, everyone = result.sweeps[arm], np.arange(len(result.sweeps[arm].names))
        if len(everyone) < 4:
            return {}
        return {
            name: replace(result, sweeps={**result.sweeps, arm: sweep.only(np.delete(everyone, k))})
            for k, name in enumerate(sweep.names)
        }

    return rest


def growth_of_loss(sweep: Sweep) -> np.ndarray:
    """Compute how far the largest network's test loss rises after its lowest, (R,), in decades.

    The other trainings choose the two times, so that noise alone makes no rise.
    """
    return trends.reversal(decades(sweep.course()[-1].T))


def has_compared(result: Result) -> bool:
    """Return whether both widths of `COMPARED` were trained for long."""
    units = [name.split("-")[1] for name in result.sweeps[LONG].names]
    return all(str(number) in units for number in COMPARED)


def peak_units(result: Result, when: int) -> str:
    """Name the hidden units at which the mean test loss of the long trainings has its peak.

    Only an inner width that lies above its neighbours on both sides, at one measurement, counts.
    """
    sweep = result.sweeps[LONG]
    mean = sweep.test_along[:, when, :, 0].mean(axis=1)
    inner = np.flatnonzero((mean[1:-1] > mean[:-2]) & (mean[1:-1] > mean[2:])) + 1
    if not len(inner):
        return "none"
    return sweep.names[inner[mean[inner].argmax()]].split("-")[1]


def between_units(result: Result, measure: str, when: int) -> np.ndarray:
    """Compare the long trainings of `COMPARED`: those of more units minus those of fewer, (R,).

    Args:
        result: With both widths.
        measure: "loss" on the test split, or "accuracy" there in percent.
        when: Which measurement.
    """
    few, many = (_of_units(result, units)[when] for units in COMPARED)
    column, scale = {"loss": (0, 1), "accuracy": (1, 100)}[measure]
    return np.asarray(scale * (many - few)[:, column])


def _of_units(result: Result, units: int) -> np.ndarray:
    names = result.sweeps[LONG].names
    (k,) = (k for k, name in enumerate(names) if name.split("-")[1] == str(units))
    return result.sweeps[LONG].test_along[k]
