"""What chapter 12 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.image_task.spec import (
    AS_A,
    CONTROL,
    DEPTH,
    DIGITS_DEPTH,
    MAIN,
    RESIDUAL,
    Spec,
    cnn_name,
    mlp_name,
)
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, log_ratio, paired_difference

# the comparisons on A's images
WIDER_CNN, WIDER_MLP, CONVOLUTION = "wider CNN", "wider MLP", "convolution"
PERMUTED = "convolution, pixels permuted"
WRITTEN_CNN, WRITTEN_MLP = "CNN as A wrote it", "MLP as A wrote it"


@dataclass(frozen=True)
class Curves:
    """How R replicas of one network learned; the last axis is `classification.MEASURES`."""

    parameters: int
    epochs: np.ndarray  # (K,) epochs before each measurement
    train: np.ndarray  # (K, R, 3) over the measured training images: nats, squared error, share
    test: np.ndarray  # (K, R, 3) over the measured test images
    objective: np.ndarray  # (E, R) mean over each epoch's steps, while the network changes
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    def final(self, split: str, measure: str) -> np.ndarray:
        """Return one measure of each replica after the last epoch, shape (R,).

        Args:
            split: "train" or "test".
            measure: "loss" in nats, "squared error", or "accuracy" as a share.
        """
        return self.series(split, measure)[-1]

    def percent(self, split: str) -> np.ndarray:
        """Return the accuracy of each replica after the last epoch, shape (R,), in percent."""
        return 100 * self.final(split, "accuracy")

    def series(self, split: str, measure: str) -> np.ndarray:
        """Return one measure over time, shape (K, R); arguments as in `final`.

        NaN from where a replica's loss was no longer finite: its accuracy, of outputs that are
        no numbers, would pass for chance.
        """
        which = ("loss", "squared error", "accuracy").index(measure)
        measured = {"train": self.train, "test": self.test}[split]
        values = np.where(np.isfinite(measured).all(axis=2), measured[:, :, which], np.nan)
        values[-1, self.diverged] = np.nan
        return values


@dataclass(frozen=True)
class Result:
    """Everything that chapter 12 shows."""

    spec: Spec
    curves: dict[tuple[str, str], Curves]  # by arm and network
    rates: dict[tuple[str, str], float]  # by arm and network: tuned, where depth varies
    images: dict[str, ImageSet]  # what each arm learned
    provenance: tuple[dict[str, Any], ...]

    def arm(self, arm: str) -> dict[str, Curves]:
        """Return the networks of one arm, in order."""
        return {network: c for (name, network), c in self.curves.items() if name == arm}

    def standin(self, *arms: str) -> str:
        """Name what some arms learned in place of published sets; empty where all are those."""
        return image_sets.name_standins(*(self.images[arm] for arm in arms))


@dataclass(frozen=True)
class Contrast:
    """A comparison of two networks, each by arm and name: the first minus the second."""

    about: str
    compared: str  # what with what
    first: tuple[str, str]
    second: tuple[str, str]


def contrasts(result: Result) -> dict[str, Contrast]:
    """List the chapter's comparisons on A's images by their names."""
    spec = result.spec
    narrowest, widest = (cnn_name(end(spec.channels)) for end in (min, max))
    thinnest, thickest = (mlp_name(end(spec.units)) for end in (min, max))
    side = cnn_name(spec.side_channels[0])
    families = f"{side} − {thickest}"
    written = "squared error − cross-entropy"
    return {
        WIDER_CNN: Contrast(
            "wider CNN", f"{widest} − {narrowest}", (MAIN, widest), (MAIN, narrowest)
        ),
        WIDER_MLP: Contrast(
            "wider MLP", f"{thickest} − {thinnest}", (MAIN, thickest), (MAIN, thinnest)
        ),
        CONVOLUTION: Contrast("convolution", families, (MAIN, side), (MAIN, thickest)),
        PERMUTED: Contrast(
            "the same, pixels permuted", families, (CONTROL, side), (CONTROL, thickest)
        ),
        WRITTEN_CNN: Contrast("A's objective", f"{side}, {written}", (AS_A, side), (MAIN, side)),
        WRITTEN_MLP: Contrast(
            "A's objective", f"{thickest}, {written}", (AS_A, thickest), (MAIN, thickest)
        ),
    }


def difference(result: Result, contrast: Contrast, measure: str = "accuracy") -> Interval:
    """Compare two networks on the test images after the last epoch, by the seeds that both have.

    Args:
        result: What was measured.
        contrast: Which networks.
        measure: "accuracy", then in percentage points, or "loss", in nats.
    """
    first, second = (result.curves[key] for key in (contrast.first, contrast.second))
    of = [
        curves.percent("test") if measure == "accuracy" else curves.final("test", measure)
        for curves in (first, second)
    ]
    shared = min(map(len, of))
    return paired_difference(of[0][:shared], of[1][:shared])


def cnns(result: Result) -> list[Curves]:
    """Return A's convolutional networks, in the order of their channels."""
    return [result.curves[MAIN, cnn_name(c)] for c in sorted(result.spec.channels)]


def mlps(result: Result) -> list[Curves]:
    """Return A's perceptrons, in the order of their units."""
    return [result.curves[MAIN, mlp_name(u)] for u in sorted(result.spec.units)]


def named(result: Result, arm: str, kind: str) -> tuple[str, str]:
    """Return the shallowest network of an arm that compares depths, and the deepest of a kind.

    Args:
        result: What was measured.
        arm: One of `depth_arms`.
        kind: "" for plain networks, `RESIDUAL` for those with residual connections.
    """
    names = list(result.arm(arm))
    return names[0], [name for name in names if (RESIDUAL in name) == bool(kind)][-1]


def converged(result: Result, arm: str) -> Interval:
    """Measure how much the training loss still falls in the last fifth of the epochs, in decades.

    The network of the arm that falls most.
    """
    falls = []
    for curves in result.arm(arm).values():
        losses = curves.series("train", "loss")
        before = losses[np.searchsorted(curves.epochs, 0.8 * curves.epochs[-1])]
        falls.append(log_ratio(before, losses[-1]))
    return max(falls, key=lambda fall: -np.inf if np.isnan(fall.mean) else fall.mean)


def depth_arms(result: Result) -> list[str]:
    """List the arms that compare depths, which are fewer where there are no digits."""
    return [arm for arm in (DEPTH, DIGITS_DEPTH) if arm in result.images]
