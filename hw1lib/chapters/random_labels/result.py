"""What chapter 31 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.random_labels import spec as networks
from hw1lib.chapters.random_labels.spec import CLASSES, CNN, MLP, NETWORKS, RANDOM, TRUE, Spec
from hw1lib.data import image_sets, own_images
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, decades, log_ratio
from hw1lib.networks import replicas

MEASURES = ("loss", "accuracy", "true accuracy")  # the last of the training images alone
SUBJECTS = {MLP: "digits", CNN: "colour images"}
JUMP = 2.0  # a loss that grows so many times from one measurement to the next has jumped


@dataclass(frozen=True)
class Published:
    """What others found on random labels, in %."""

    who: str
    network: str
    parameters: str
    images: str  # that were learned, and of which set
    train: float | None  # accuracy on these; None: not reported
    test: float | None  # on the test images
    test_if_true: float | None  # on the test images after training with true labels


ZHANG = (
    Published("Zhang et al.", "MLP, 1 × 512", "1,209,866", "50,000, CIFAR-10", 99.34, 10.61, 50.51),
    Published("Zhang et al.", "MLP, 3 × 512", "1,735,178", "50,000, CIFAR-10", 100.0, 10.48, 52.39),
    Published("Zhang et al.", "small AlexNet", "1,387,786", "50,000, CIFAR-10", 99.82, 9.86, 76.07),
)
REPORTS = (
    Published("report B", "784-512-10", "407,050", "60,000, MNIST", None, 10.4, None),
    Published("another report", "CNN", "12,857,818", "60,000, MNIST", 97.9, 9.96, None),
)


@dataclass(frozen=True)
class Theirs:
    """At which scale a report did the experiment, or says that it did."""

    report: str
    images: int
    learning_rate: float  # of Adam
    epochs: int


THEIRS = {MLP: Theirs("B", 60_000, 1e-4, 1_000), CNN: Theirs("A", 50_000, 1e-4, 100)}


def zhangs_range(split: str) -> tuple[float, float]:
    """Return the least and the largest accuracy that Zhang et al. report on a split, in %."""
    reported = [getattr(one, split) for one in ZHANG]
    return min(reported), max(reported)


@dataclass(frozen=True)
class Fit:
    """How R replicas of one network learned one share of random labels."""

    epochs: np.ndarray  # (K,) epochs before each measurement
    train: np.ndarray  # (K, R, 3) whole training split: nats, share, share by the true labels
    test: np.ndarray  # (K, R, 2) whole test split: nats, share
    objective: np.ndarray  # (E, R) mean loss of each epoch, while the network changes, nats
    last: np.ndarray  # (E, R) loss of each epoch's last minibatch, nats
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    def series(self, split: str, measure: str) -> np.ndarray:
        """Return one measure over time, shape (K, R), NaN where a loss was not finite.

        Args:
            split: "train" or "test".
            measure: One of `MEASURES`.
        """
        measured = {"train": self.train, "test": self.test}[split]
        # the accuracy of outputs that are no numbers would pass for chance
        sound = np.isfinite(measured).all(axis=2)
        sound[-1] &= ~self.diverged
        return np.where(sound, measured[:, :, MEASURES.index(measure)], np.nan)

    def final(self, split: str, measure: str) -> np.ndarray:
        """Return one measure of each replica's last weights, shape (R,); arguments as above."""
        return self.series(split, measure)[-1]

    def percent(self, split: str, measure: str = "accuracy") -> np.ndarray:
        """Return an accuracy of each replica's last weights, shape (R,), in percent."""
        return 100 * self.final(split, measure)

    def percent_after(self, passes: int, split: str) -> np.ndarray:
        """Return an accuracy as measured first after so many epochs, or at the end, (R,) in %."""
        place = min(int(np.searchsorted(self.epochs, passes)), len(self.epochs) - 1)
        return np.asarray(100 * self.series(split, "accuracy")[place])

    @property
    def fitted(self) -> np.ndarray:
        """Epochs after which all training labels were first right, (R,); infinite where never."""
        right = self.series("train", "accuracy")[1:] == 1
        return np.where(right.any(axis=0), self.epochs[1:][right.argmax(axis=0)], np.inf)

    def passes_to(self, share: float) -> np.ndarray:
        """Compute the epochs until so many of the training labels were first right, (R,).

        Between two measurements on the straight line; NaN where that many never were.
        """
        right = self.series("train", "accuracy")
        reached, replica = right >= share, np.arange(right.shape[1])
        after = np.maximum(reached.argmax(axis=0), 1)
        low, high = right[after - 1, replica], right[after, replica]
        part = np.clip((share - low) / np.where(high > low, high - low, 1), 0, 1)
        passes = self.epochs[after - 1] + part * (self.epochs[after] - self.epochs[after - 1])
        return np.where(reached.any(axis=0), passes, np.nan)

    def best_percent(self) -> np.ndarray:
        """Return the highest accuracy on the true labels at any time, (R,); NaN if diverged."""
        course = 100 * self.series("train", "true accuracy")
        best = np.where(np.isnan(course), -np.inf, course).max(axis=0)
        return np.where(np.isnan(course[-1]), np.nan, best)

    def jumps(self) -> np.ndarray:
        """Find where the training loss grew by `JUMP` or more at once, (K - 1, R) of bool."""
        loss = self.series("train", "loss")
        return np.asarray(loss[1:] >= JUMP * loss[:-1])

    def minibatch_error(self) -> np.ndarray:
        """Compute how far each epoch's last minibatch's loss is from the whole split's, either way.

        In decades, (K - 1, R) after every epoch that was measured; NaN where either is unknown.
        """
        whole = self.series("train", "loss")[1:]
        off = np.abs(decades(self.last[self.epochs[1:] - 1]) - decades(whole))
        return np.where(np.isfinite(off), off, np.nan)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 31 shows."""

    spec: Spec
    fits: dict[tuple[str, float], Fit]  # by network and share of random labels
    at_scale: dict[tuple[str, float], Fit]  # the same of all images, at the reports' rate
    described: dict[str, dict[str, np.ndarray]]  # by network and share, in words; (D,)
    images: dict[str, ImageSet]  # what each network learned
    provenance: tuple[dict[str, Any], ...]

    def arm(self, network: str) -> dict[float, Fit]:
        """Return the trainings of one network, by share of random labels."""
        return {share: fit for (name, share), fit in self.fits.items() if name == network}

    def standin(self, *networks: str) -> str:
        """Name what networks learned in place of published sets, all by default; else empty."""
        return image_sets.name_standins(*(self.images[name] for name in networks or NETWORKS))

    @property
    def own(self) -> ImageSet | None:
        """Return the folder of images that was learned; None where none was."""
        return own_images.among(*self.images.values())

    @property
    def classes(self) -> int:
        """Count the classes; a random label is the true one in one of so many cases."""
        return len(self.images[MLP].classes) if self.images else CLASSES

    def subject(self, network: str) -> str:
        """Name what a network learned, in the plural."""
        return self.images[network].subject if self.images else SUBJECTS[network]


def label(network: str, share: float) -> str:
    """Name the trainings of one network on one share of random labels."""
    return f"{network}, {100 * share:g} % random labels"


def with_subject(result: Result, network: str) -> str:
    """Name a network with what it learns."""
    return f"{network}, {result.subject(network)}"


def parameters(result: Result, network: str) -> int:
    """Count the parameters of a network."""
    return replicas.parameter_count(networks.network(network, result.images[network]).single())


def learned(result: Result, network: str) -> int:
    """Count the images that a network learned."""
    count = result.spec.examples_of(network)
    return min(count, len(result.images[network].train)) if result.images else count


def scale(result: Result, *networks: str) -> str:
    """Write how many images networks learned, and at which learning rate."""
    told = [f"{learned(result, name):,} {result.subject(name)}" for name in networks]
    if result.own and len(networks) > 1:  # they learn different numbers of the same images
        told = [f"{of} ({name})" for of, name in zip(told, networks, strict=True)]
    images = " and ".join(told)
    return f"{images} at a learning rate of {result.spec.learning_rate:g}"


def learned_at_scale(result: Result, network: str) -> int:
    """Count the images that a network learned at the reports' scale."""
    count = result.spec.examples_at_scale(network)
    return min(count, len(result.images[network].train)) if result.images else count


def at_scale(result: Result, network: str) -> str:
    """Write how many images a network learned there, and at which rate."""
    images = f"{learned_at_scale(result, network):,} {result.subject(network)}"
    return f"{images} at a learning rate of {result.spec.scale_rate:g}"


def is_theirs(result: Result, network: str) -> bool:
    """Return whether that scale is the report's own, which short profiles cut."""
    spec, theirs = result.spec, THEIRS[network]
    here = (learned_at_scale(result, network), spec.scale_rate)
    enough = spec.epochs_at_scale(network, RANDOM) >= theirs.epochs
    return not result.own and enough and here == (theirs.images, theirs.learning_rate)


def passes_to_fit(result: Result, network: str, share: float) -> dict[str, np.ndarray]:
    """Return the epochs until all labels are fitted, a share of them random, and all true, (R,).

    A training that ends unfitted counts with all its epochs, which is the least it would have
    needed. Where the true labels were not fitted, or a training diverged, they are not finite.
    """
    noisy, true = result.fits[network, share], result.fits[network, TRUE]
    at_least = np.minimum(noisy.fitted, result.spec.epochs)
    return {
        "random labels": np.where(noisy.diverged, np.nan, at_least),
        "true labels": true.fitted,
    }


def slower(result: Result, network: str, share: float) -> Interval:
    """Compare these epochs: mean of log10(random / true labels), over the pairs that have both."""
    return log_ratio(*passes_to_fit(result, network, share).values())


def slower_to(result: Result, network: str, share: float) -> np.ndarray:
    """Divide the epochs until so many labels are right, random by true labels, (R,)."""
    random, true = (result.fits[network, labels].passes_to(share) for labels in (RANDOM, TRUE))
    return random / np.where(true > 0, true, np.nan)


def halfway(result: Result) -> float:
    """Choose the share of random labels that is nearest to one half."""
    return min(result.spec.noise, key=lambda share: abs(share - 0.5))


def finite(values: np.ndarray) -> np.ndarray:
    """Leave out what diverged."""
    return values[np.isfinite(values)]
