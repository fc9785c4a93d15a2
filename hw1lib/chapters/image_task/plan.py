"""Which networks chapter 12 trains, on which images and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from hw1lib.chapters.image_task.spec import (
    AS_A,
    AS_B,
    CNN_DEPTHS,
    CONTROL,
    DEPTH,
    DIGITS_DEPTH,
    DROPOUT_CNN,
    LENET,
    MAIN,
    MLP_DEPTHS,
    Spec,
    cnn_name,
    mlp_name,
)
from hw1lib.chapters.image_task.trainings import Training, train
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Stack
from hw1lib.results.jobs import Job
from hw1lib.training import losses
from hw1lib.training.loop import Objective


@dataclass(frozen=True)
class Network:
    """One network of the chapter."""

    name: str  # as figures and tables call it
    build: Callable[..., Stack]
    shape: tuple[int, ...]

    @property
    def flat(self) -> bool:
        """Whether it takes rows of pixels, not images."""
        return self.build is builders.mlp

    def single(self) -> Stack:
        """Build one replica of it."""
        return self.build(replicas.Streams([0]), *self.shape)


@dataclass(frozen=True)
class Arm:
    """Networks that learn the same images in the same way."""

    images: ImageSet
    networks: list[Network]
    examples: int  # learned, at most
    batch_size: int
    momentum: float
    seeds: tuple[int, ...]
    objective: Objective = losses.cross_entropy
    permuted: bool = False


def arms(spec: Spec, scenes: ImageSet, digits: ImageSet | None) -> dict[str, Arm]:
    """List the chapter's comparisons.

    Args:
        spec: Widths and settings.
        scenes: What report A's networks learn: CIFAR-10, or what stands for it.
        digits: What report B's networks learn: MNIST, or what stands for it; None to leave it out.
    """
    maps, classes = tuple(scenes.train.images.shape[1:]), len(scenes.classes)
    cnns = {c: Network(cnn_name(c), builders.wide_cnn, (c, *maps, classes)) for c in spec.channels}
    inputs = scenes.train.images[0].numel()
    mlps = [Network(mlp_name(u), builders.mlp, (inputs, u, 256, classes)) for u in spec.units]
    of_a = partial(
        Arm,
        scenes,
        examples=spec.train_examples,
        batch_size=spec.a_batch,
        momentum=0.0,
        seeds=spec.seeds,
    )
    of_b = partial(Arm, batch_size=spec.b_batch, momentum=spec.momentum, seeds=spec.seeds)
    deep = [
        Network(f"{layers} layers", builders.deep_cnn, (layers, c, maps[0], classes))
        for layers, c in CNN_DEPTHS
    ]
    plan = {
        MAIN: of_a([*cnns.values(), *mlps]),
        CONTROL: of_a([cnns[c] for c in spec.side_channels] + mlps, permuted=True),
        AS_A: of_a(
            [*cnns.values(), *mlps],
            objective=losses.softmax_squared_error,
            seeds=spec.seeds[: spec.written_replicas],
        ),
        DEPTH: of_b(scenes, deep, spec.side_examples),
    }
    if digits:
        b = [
            Network(LENET, builders.lenet, ()),
            Network(DROPOUT_CNN, builders.dropout_cnn, ()),
        ]
        narrow = [
            Network(f"{hidden} hidden", builders.mlp, (784, *[units] * hidden, 10))
            for hidden, units in MLP_DEPTHS
        ]
        plan |= {
            AS_B: of_b(digits, b, spec.train_examples),
            DIGITS_DEPTH: of_b(digits, narrow, spec.side_examples),
        }
    return plan


def jobs(spec: Spec, plan: Mapping[str, Arm]) -> dict[tuple[str, str, tuple[int, ...]], Job]:
    """List the trainings by arm, network and the seeds of a stack."""
    return {
        (name, network.name, seeds): _job(spec, name, arm, network, seeds)
        for name, arm in plan.items()
        for network in arm.networks
        for seeds in stacks(arm, network)
    }


def stacks(arm: Arm, network: Network) -> list[tuple[int, ...]]:
    """Divide the seeds into stacks: perceptrons side by side, CNNs one by one.

    One convolutional network already fills the machine, and on its own it can be kept as soon
    as it is done.
    """
    return [arm.seeds] if network.flat else [(seed,) for seed in arm.seeds]


def _job(spec: Spec, name: str, arm: Arm, network: Network, seeds: tuple[int, ...]) -> Job:
    settings = Training(
        build=network.build,
        shape=network.shape,
        flat=network.flat,
        objective=arm.objective,
        permuted=arm.permuted,
        train_examples=min(arm.examples, len(arm.images.train)),
        measured=min(spec.measured, len(arm.images.test)),
        batch_size=arm.batch_size,
        epochs=spec.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=spec.learning_rate,
        momentum=arm.momentum,
        seeds=seeds,
    )
    return Job(
        f"{network.name}, {name}",
        partial(train, settings, images=arm.images),
        cost=_operations(network, arm.images) * settings.train_examples * len(seeds),
    )


def _operations(network: Network, images: ImageSet) -> int:
    """Count the floating-point operations of one image's way through one network."""
    model = network.single().to("meta")  # which counts and does not compute
    image = images.normalized(images.train.images[:1].to("meta"))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image.flatten(1) if network.flat else image)
    return counter.get_total_flops()
