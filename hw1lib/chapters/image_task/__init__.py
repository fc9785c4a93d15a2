"""Chapter 12: does depth, width or convolution help on real images? Homework 1-1."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from hw1lib.chapters.image_task.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Stack
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import SettingError, setting
from hw1lib.results.store import Entry

MAIN = "main"
AS_A = "as A wrote it"
CONTROL = "permuted pixels"
DEPTH = "depth at equal size"
B = "as B has it"
DIGITS_DEPTH = "depth at equal size, digits"

MOST_NETWORKS = 6  # that one figure can tell apart

# layers and channels of networks with 20,848, 20,800 and 20,758 parameters on CIFAR-10
CNN_DEPTHS = ((2, 46), (4, 27), (6, 21))
# hidden layers and units of networks with 101,770, 102,112 and 100,855 parameters on MNIST
MLP_DEPTHS = ((1, 128), (3, 102), (6, 83))


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the image task; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(6, "trainings of each network", at_least=1)
    train_examples: int = setting(10_000, "training images used, at most", at_least=1)
    test_examples: int = setting(10_000, "test images used, at most", at_least=1)
    epochs: int = setting(10, "passes over the training images", at_least=1)
    evaluate_every: int = setting(2, "epochs between two measurements of both splits", at_least=1)
    learning_rate: float = setting(0.01, "of SGD, as A and B have it", above=0)
    a_batch: int = setting(16, "images per step of A's networks; A gives no number", at_least=1)
    b_batch: int = setting(
        64, "images per step on MNIST, as B has it, and where depth varies", at_least=1
    )
    momentum: float = setting(0.9, "of SGD there, as B has it; A has none", at_least=0)
    channels: tuple[int, ...] = setting((16, 44, 80), "A's CNNs: first-layer channels", at_least=1)
    units: tuple[int, ...] = setting((128, 200, 260), "A's MLPs: first-layer units", at_least=1)
    side_channels: tuple[int, ...] = setting(
        (16,), "A's CNNs trained on permuted pixels and as A wrote it, too", at_least=1
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if extra := set(self.side_channels) - set(self.channels):
            raise SettingError(
                "side_channels of image_task.Spec must be among channels "
                f"{list(self.channels)}, got {min(extra)}"
            )
        if len(self.channels) + len(self.units) > MOST_NETWORKS:
            raise SettingError(
                f"channels and units of image_task.Spec are at most {MOST_NETWORKS} together, as "
                f"many as colours can be told apart, got {len(self.channels) + len(self.units)}"
            )
        self.at_most("a_batch", "train_examples")
        self.at_most("b_batch", "train_examples")


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=2,
        train_examples=120,
        test_examples=150,
        epochs=4,
        a_batch=8,
        b_batch=8,
    ),
    smoke=Spec(
        replicas=1,
        train_examples=60,
        test_examples=40,
        epochs=1,
        evaluate_every=1,
        a_batch=20,
        b_batch=20,
    ),
)


@dataclass(frozen=True)
class Network:
    """One network of the chapter."""

    name: str  # as figures and tables call it
    build: Callable[..., Stack]
    shape: tuple[int, ...]

    def single(self) -> Stack:
        """Build one replica of it."""
        return self.build(replicas.Streams([0]), *self.shape)


@dataclass(frozen=True)
class Curves:
    """How R replicas of one network learned; the last axis is `classification.MEASURES`."""

    parameters: int
    epochs: np.ndarray  # (K,) passes before each measurement
    train: np.ndarray  # (K, R, 3) over the whole training split: nats, squared error, share
    test: np.ndarray  # (K, R, 3) over the whole test split
    objective: np.ndarray  # (E, R) mean over each epoch's steps, while the network changes
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    def final(self, split: str, measure: str) -> np.ndarray:
        """Take one measure of each replica after the last epoch, shape (R,).

        Args:
            split: "train" or "test".
            measure: "loss" in nats, "squared error", or "accuracy" as a share.
        """
        return self.series(split, measure)[-1]

    def series(self, split: str, measure: str) -> np.ndarray:
        """Take one measure over time, shape (K, R); arguments as in `final`.

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
    images: dict[str, ImageSet]  # what each arm learned
    provenance: tuple[dict[str, Any], ...]

    def arm(self, arm: str) -> dict[str, Curves]:
        """Take the networks of one arm, in order."""
        return {network: c for (name, network), c in self.curves.items() if name == arm}

    def standin(self, *arms: str) -> str:
        """Name the stand-ins that some arms learned; empty where all their images are real."""
        return image_sets.name_standins(*(self.images[arm] for arm in arms))


@dataclass(frozen=True)
class Arm:
    """Networks that learn the same images in the same way."""

    images: ImageSet
    networks: list[Network]
    batch_size: int
    momentum: float
    objective: str = "cross-entropy"
    permuted: bool = False


def depth_arms(result: Result) -> list[str]:
    """List the arms that compare depths, which are fewer where there are no digits."""
    return [arm for arm in (DEPTH, DIGITS_DEPTH) if arm in result.images]


def arms(spec: Spec, scenes: ImageSet, digits: ImageSet | None) -> dict[str, Arm]:
    """List the chapter's comparisons.

    Args:
        spec: Widths and settings.
        scenes: What report A's networks learn: CIFAR-10, or what stands for it.
        digits: What report B's networks learn: MNIST, or what stands for it; None to leave it out.
    """
    maps, classes = tuple(scenes.train.images.shape[1:]), len(scenes.classes)
    cnns = {
        c: Network(f"CNN {c}", builders.wide_cnn, (c, *maps, classes))
        for c in (*spec.channels, *spec.side_channels)
    }
    inputs = scenes.train.images[0].numel()
    mlps = [Network(f"MLP {u}", builders.mlp, (inputs, u, 256, classes)) for u in spec.units]
    side = [cnns[c] for c in spec.side_channels] + mlps
    deep = [
        Network(f"{layers} layers", builders.deep_cnn, (layers, c, maps[0], classes))
        for layers, c in CNN_DEPTHS
    ]
    of_a, of_b = (spec.a_batch, 0.0), (spec.b_batch, spec.momentum)  # batch size, momentum
    plan = {
        MAIN: Arm(scenes, [cnns[c] for c in spec.channels] + mlps, *of_a),
        CONTROL: Arm(scenes, side, *of_a, permuted=True),
        AS_A: Arm(scenes, side, *of_a, objective="squared error"),
        DEPTH: Arm(scenes, deep, *of_b),
    }
    if digits:
        b = [
            Network("LeNet", builders.lenet, ()),
            Network("dropout CNN", builders.dropout_cnn, ()),
        ]
        narrow = [
            Network(f"{hidden} hidden", builders.mlp, (784, *[units] * hidden, 10))
            for hidden, units in MLP_DEPTHS
        ]
        plan |= {
            B: Arm(digits, b, *of_b),
            DIGITS_DEPTH: Arm(digits, narrow, *of_b),
        }
    return plan


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute; with a folder of images, report A's networks learn those, and
            the networks for MNIST's digits are left out.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    of_folder = spec.data.startswith("folder:")
    scenes = image_sets.load("cifar10", spec.data)
    digits = None if of_folder else image_sets.load("mnist", spec.data)
    plan = arms(spec, scenes, digits)

    jobs: dict[tuple[str, str, tuple[int, ...]], Job] = {}
    for name, arm in plan.items():
        for network in arm.networks:
            for seeds in _stacks(spec, network):
                jobs[name, network.name, seeds] = _job(spec, name, arm, network, seeds)
    entries = carry_out("image_task", jobs, device=device, progress=progress)

    curves = {
        (name, network.name): _curves(
            spec, network, [entries[name, network.name, seeds] for seeds in _stacks(spec, network)]
        )
        for name, arm in plan.items()
        for network in arm.networks
    }
    sets = {images.name: images for images in (scenes, digits) if images}
    return Result(
        spec=spec,
        curves=curves,
        images={name: arm.images for name, arm in plan.items()},
        provenance=tuple(
            record(
                [entry for (arm, *_), entry in entries.items() if plan[arm].images is images],
                learned=images,
                replicas=spec.replicas,
            )
            for images in sets.values()
        ),
    )


def _stacks(spec: Spec, network: Network) -> list[tuple[int, ...]]:
    """Divide the seeds into stacks: perceptrons side by side, CNNs one by one.

    One convolutional network already fills the machine, and on its own it can be kept as soon
    as it is done.
    """
    return [spec.seeds] if network.build is builders.mlp else [(seed,) for seed in spec.seeds]


def _job(spec: Spec, name: str, arm: Arm, network: Network, seeds: tuple[int, ...]) -> Job:
    settings = Training(
        network=network.build.__name__,
        shape=network.shape,
        objective=arm.objective,
        permuted=arm.permuted,
        train_examples=min(spec.train_examples, len(arm.images.train)),
        test_examples=min(spec.test_examples, len(arm.images.test)),
        batch_size=arm.batch_size,
        epochs=spec.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=spec.learning_rate,
        momentum=arm.momentum,
        seeds=seeds,
    )

    return Job(
        f"{network.name}, {name}",
        settings,
        partial(train, images=arm.images, build=network.build),
        code=(train, network.build),
        data_fingerprint=arm.images.fingerprint,
        cost=_operations(network, arm.images) * settings.train_examples * len(seeds),
    )


def _operations(network: Network, images: ImageSet) -> int:
    """Count the floating-point operations of one image's way through one network."""
    model = network.single()
    image = images.normalized(images.train.images[:1])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image.flatten(1) if model.features is None else image)
    return counter.get_total_flops()


def _curves(spec: Spec, network: Network, stacks: list[Entry]) -> Curves:
    """Put the replicas of one network side by side; NaN where one diverged before the end."""
    # the whole plan, also where every replica diverged: the last row is the one after all passes
    passes = range(0, spec.epochs + spec.evaluate_every, spec.evaluate_every)
    epochs = np.minimum(passes, spec.epochs)

    def side_by_side(name: str, length: int) -> np.ndarray:
        return np.concatenate([to_length(entry.arrays[name], length) for entry in stacks], axis=1)

    return Curves(
        parameters=replicas.parameter_count(network.single()),
        epochs=epochs,
        train=side_by_side("train", len(epochs)),
        test=side_by_side("test", len(epochs)),
        objective=side_by_side("objective", spec.epochs),
        diverged=np.concatenate([entry.arrays["diverged"] for entry in stacks]),
    )
