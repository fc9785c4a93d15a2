"""Chapter 31: can a network fit labels that mean nothing? Homework 1-3."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from hw1lib.chapters.random_labels.trainings import MEASURES, Training, measured_after, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Stack
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import SettingError, setting
from hw1lib.results.store import Entry

MLP = "MLP"
CNN = "CNN"


@dataclass(frozen=True)
class Network:
    """One of the chapter's networks."""

    build: Callable[..., Stack]
    shape: tuple[int, ...]

    def single(self) -> nn.Module:
        """Build one replica of it."""
        return self.build(replicas.Streams([0]), *self.shape)


NETWORKS = {
    MLP: Network(builders.mlp, (784, 512, 10)),  # report B's, on digits
    CNN: Network(builders.small_cnn, ()),  # report A's, on scenes
}
COST = {MLP: 1, CNN: 8}  # of an image's way through the network and back


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the random labels; the defaults are the full profile."""

    data: str = setting("auto", "auto, real or standin", choices=image_sets.MODES[:3])
    cnn_replicas: int = setting(6, "trainings of the CNN, one by one, at most", at_least=1)
    noise: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75), "shares of labels drawn at random, besides none and all", above=0
    )
    digits: int = setting(5_000, "training digits of the MLP, at most", at_least=1)
    scenes: int = setting(5_000, "training images of the CNN, at most", at_least=1)
    test_examples: int = setting(10_000, "test images, at most", at_least=1)
    batch_size: int = setting(100, "images per step, as A and B have it", at_least=1)
    epochs: int = setting(150, "passes over the training images, at most", at_least=1)
    evaluate_every: int = setting(1, "passes between two measurements", at_least=1)
    learning_rate: float = setting(
        1e-3, "of Adam; A and B take a tenth, and many more steps", above=0
    )
    described: int = setting(
        1_000,
        "images of each split on which sensitivity and sharpness are measured, at most",
        at_least=1,
    )
    described_trainings: int = setting(
        6, "trainings of each network on which they are, at most", at_least=1
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if max(self.noise) >= 1:
            raise SettingError(
                f"noise of random_labels.Spec must be below 1, got {max(self.noise):g}; "
                "networks with all labels random are always trained"
            )
        self.at_most("batch_size", "digits")
        self.at_most("batch_size", "scenes")

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of random labels that are trained, ascending."""
        return (0.0, *sorted(set(self.noise)), 1.0)

    def seeds_of(self, network: str) -> tuple[int, ...]:
        """One seed per training of a network."""
        return self.seeds[: self.cnn_replicas] if network == CNN else self.seeds


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        noise=(0.5,),
        digits=200,
        scenes=60,
        test_examples=100,
        batch_size=20,
        epochs=40,
        learning_rate=2e-3,
        described=20,
        described_trainings=1,
    ),
    smoke=Spec(
        replicas=2,
        cnn_replicas=1,
        noise=(0.5,),
        digits=50,
        scenes=30,
        test_examples=40,
        batch_size=20,
        epochs=3,
        evaluate_every=2,
        described=10,
        described_trainings=1,
    ),
)


@dataclass(frozen=True)
class Fit:
    """How R replicas of one network learned one share of random labels."""

    epochs: np.ndarray  # (K,) passes before each measurement
    train: np.ndarray  # (K, R, 3) whole training split: nats, share, share by the true labels
    test: np.ndarray  # (K, R, 2) whole test split: nats, share
    objective: np.ndarray  # (E, R) mean loss of each pass, while the network changes, nats
    last: np.ndarray  # (E, R) loss of each pass's last minibatch, nats
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    def series(self, split: str, measure: str) -> np.ndarray:
        """Take one measure over time, shape (K, R), NaN where a loss was not finite.

        Args:
            split: "train" or "test".
            measure: One of `MEASURES`.
        """
        measured = {"train": self.train, "test": self.test}[split]
        # the accuracy of outputs that are no numbers would pass for chance
        sound = np.isfinite(measured).all(axis=2)
        sound[-1] &= ~self.diverged
        return np.where(sound, measured[:, :, MEASURES.index(measure)], np.nan)

    @property
    def fitted(self) -> np.ndarray:
        """Passes after which all training labels were first right, (R,); infinite where never."""
        right = self.series("train", "accuracy")[1:] == 1
        return np.where(right.any(axis=0), self.epochs[1:][right.argmax(axis=0)], np.inf)

    def passes_to(self, share: float) -> np.ndarray:
        """Passes until so many of the training labels were first right, (R,); NaN where never.

        Between two measurements on the straight line.
        """
        right = self.series("train", "accuracy")
        reached, replica = right >= share, np.arange(right.shape[1])
        after = np.maximum(reached.argmax(axis=0), 1)
        low, high = right[after - 1, replica], right[after, replica]
        part = np.clip((share - low) / np.where(high > low, high - low, 1), 0, 1)
        passes = self.epochs[after - 1] + part * (self.epochs[after] - self.epochs[after - 1])
        return np.where(reached.any(axis=0), passes, np.nan)

    def final(self, split: str, measure: str) -> np.ndarray:
        """Take one measure of each replica's last weights, shape (R,); arguments as above."""
        return self.series(split, measure)[-1]


@dataclass(frozen=True)
class Result:
    """Everything that chapter 31 shows."""

    spec: Spec
    fits: dict[tuple[str, float], Fit]  # by network and share of random labels
    described: dict[str, dict[str, np.ndarray]]  # by network and share, in words; (D,)
    images: dict[str, ImageSet]  # what each network learned
    provenance: tuple[dict[str, Any], ...]

    def arm(self, network: str) -> dict[float, Fit]:
        """Take the trainings of one network, by share of random labels."""
        return {share: fit for (name, share), fit in self.fits.items() if name == network}

    def standin(self, *networks: str) -> str:
        """Name the stand-ins that networks learned, all by default; empty where all are real."""
        return image_sets.name_standins(*(self.images[name] for name in networks or NETWORKS))


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = {MLP: image_sets.load("mnist", spec.data), CNN: image_sets.load("cifar10", spec.data)}
    jobs = {
        (name, share, seeds): _job(spec, name, share, images[name], seeds)
        for name in NETWORKS
        for share in spec.shares
        for seeds in _stacks(spec, name)
    }
    entries = carry_out("random_labels", jobs, device=device, progress=progress)
    stacks = {
        (name, share): [entries[name, share, seeds] for seeds in _stacks(spec, name)]
        for name in NETWORKS
        for share in spec.shares
    }
    return Result(
        spec=spec,
        fits={key: _fit(spec, parts) for key, parts in stacks.items()},
        described={
            _label(*key): {
                name: np.concatenate([part.arrays[f"described_{name}"] for part in parts])
                for name in generalization.MEASURES
            }
            for key, parts in stacks.items()
        },
        images=images,
        provenance=tuple(
            record(
                [entry for (which, *_), entry in entries.items() if which == name],
                learned=images[name],
                replicas=len(spec.seeds_of(name)),
            )
            for name in NETWORKS
        ),
    )


def _label(name: str, share: float) -> str:
    return f"{name}, {100 * share:g} % random labels"


def _stacks(spec: Spec, network: str) -> list[tuple[int, ...]]:
    """Divide the seeds into stacks: perceptrons side by side, CNNs one by one."""
    seeds = spec.seeds_of(network)
    return [(seed,) for seed in seeds] if network == CNN else [seeds]


def _job(spec: Spec, name: str, share: float, images: ImageSet, seeds: tuple[int, ...]) -> Job:
    network = NETWORKS[name]
    settings = Training(
        network=network.build.__name__,
        shape=network.shape,
        share=share,
        train_examples=min(spec.scenes if name == CNN else spec.digits, len(images.train)),
        test_examples=min(spec.test_examples, len(images.test)),
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=spec.learning_rate,
        described=spec.described,
        described_trainings=len(set(seeds) & set(spec.seeds[: spec.described_trainings])),
        seeds=seeds,
    )
    return Job(
        _label(name, share),
        settings,
        partial(train, images=images, build=network.build),
        code=(train, network.build),
        data_fingerprint=images.fingerprint,
        cost=COST[name] * settings.train_examples * len(seeds),
    )


def _fit(spec: Spec, stacks: list[Entry]) -> Fit:
    """Put the replicas of one network and share side by side."""

    def side_by_side(name: str) -> np.ndarray:
        parts = [entry.arrays[name] for entry in stacks]
        if name in ("objective", "last"):  # shorter where all replicas of a stack have ended
            parts = [to_length(part, spec.epochs) for part in parts]
        return np.concatenate(parts, axis=min(1, parts[0].ndim - 1))

    names = [field.name for field in dataclasses.fields(Fit) if field.name != "epochs"]
    return Fit(
        epochs=measured_after(spec.epochs, spec.evaluate_every),
        **{name: side_by_side(name) for name in names},
    )
