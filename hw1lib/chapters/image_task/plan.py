"""Which networks chapter 12 trains, on which images and how."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from hw1lib.chapters.image_task.spec import (
    AS_A,
    AS_B,
    BY_ITSELF,
    CNN_DEPTHS,
    CONTROL,
    DEPTH,
    DIGITS_DEPTH,
    DROPOUT_CNN,
    LENET,
    LINEAR,
    MAIN,
    MLP_DEPTHS,
    RESIDUAL,
    Spec,
    cnn_name,
    mlp_name,
)
from hw1lib.chapters.image_task.trainings import Training, train
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Stack
from hw1lib.results.job import Job
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
        return self.build in (builders.mlp, builders.residual_mlp)

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
    epochs: int
    learning_rate: Mapping[str, float]  # by network
    objective: Objective = losses.cross_entropy
    permuted: bool = False


def arms(spec: Spec, scenes: ImageSet, digits: ImageSet | None) -> dict[str, Arm]:
    """List the comparisons at the reports' learning rate.

    Args:
        spec: Widths and settings.
        scenes: What report A's networks learn: CIFAR-10, or what stands for it.
        digits: What report B's networks learn: MNIST, or what stands for it; None to leave it out.
    """
    maps, classes = tuple(scenes.train.images.shape[1:]), len(scenes.classes)
    cnns = {c: Network(cnn_name(c), builders.wide_cnn, (c, *maps, classes)) for c in spec.channels}
    inputs = scenes.train.images[0].numel()
    mlps = [Network(mlp_name(u), builders.mlp, (inputs, u, 256, classes)) for u in spec.units]
    of_a = partial(_at_one_rate, spec, scenes, batch_size=spec.a_batch, momentum=0.0)
    plan = {
        MAIN: of_a([*cnns.values(), *mlps]),
        CONTROL: of_a([cnns[c] for c in spec.side_channels] + mlps, permuted=True),
        AS_A: of_a(
            [*cnns.values(), *mlps],
            objective=losses.softmax_squared_error,
            seeds=spec.seeds[: spec.written_replicas],
        ),
        BY_ITSELF: of_a([Network(LINEAR, builders.mlp, (inputs, classes))]),
    }
    if digits:
        b = [Network(LENET, builders.lenet, ()), Network(DROPOUT_CNN, builders.dropout_cnn, ())]
        plan[AS_B] = _at_one_rate(spec, digits, b, batch_size=spec.b_batch, momentum=spec.momentum)
    return plan


def of_depth(
    spec: Spec, scenes: ImageSet, digits: ImageSet | None, rates: Mapping[tuple[str, str], float]
) -> dict[str, Arm]:
    """List the comparisons of networks of different depth and equal size.

    Args:
        spec: Settings.
        scenes: As for `arms`.
        digits: Likewise.
        rates: The tuned learning rates, by arm and network.
    """
    plan = {}
    for arm, images in _learned(scenes, digits).items():
        tuned = {network: rate for (its, network), rate in rates.items() if its == arm}
        plan[arm] = _depth_arm(spec, arm, images, tuned, spec.depth_epochs, spec.seeds)
    return plan


def trials(
    spec: Spec, scenes: ImageSet, digits: ImageSet | None
) -> dict[tuple[str, str, float], Job]:
    """List the trainings that choose a learning rate where depth varies, by arm, network, rate."""
    found = {}
    for arm, images in _learned(scenes, digits).items():
        for rate in spec.depth_rates:
            alike = {network.name: rate for network in depths(arm, images)}
            tried = _depth_arm(spec, arm, images, alike, spec.tuning_epochs, spec.tuning_seeds)
            for network in tried.networks:
                label = f"{arm}, tuning {rate:g}"
                found[arm, network.name, rate] = _job(spec, label, tried, network, tried.seeds)
    return found


def choose(losses: Mapping[tuple[str, str, float], np.ndarray]) -> dict[tuple[str, str], float]:
    """Choose for each network the rate with the lowest mean training loss.

    Args:
        losses: By arm, network and rate: the last training loss of each trial, (T,); a loss that
            is not finite loses.
    """
    means: dict[tuple[str, str], dict[float, float]] = {}
    for (arm, network, rate), values in losses.items():
        mean = float(np.where(np.isfinite(values), values, np.inf).mean())
        means.setdefault((arm, network), {})[rate] = mean
    return {key: min(of, key=of.__getitem__) for key, of in means.items()}


def depths(arm: str, images: ImageSet) -> list[Network]:
    """List the networks of different depth and equal size of one arm, plain and residual."""
    classes = len(images.classes)
    shapes: dict[str, tuple[int, ...]]
    plain: Callable[..., Stack]
    residual: Callable[..., Stack]
    if arm == DEPTH:
        colours = images.train.images.shape[1]
        shapes = {f"{n} layers": (n, c, colours, classes) for n, c in CNN_DEPTHS}
        plain, residual = builders.deep_cnn, builders.residual_cnn
    else:
        inputs = images.train.images[0].numel()
        shapes = {f"{n} hidden": (inputs, *[units] * n, classes) for n, units in MLP_DEPTHS}
        plain, residual = builders.mlp, builders.residual_mlp
    _, *deeper = shapes
    return [
        *(Network(name, plain, shape) for name, shape in shapes.items()),
        *(Network(f"{name}, {RESIDUAL}", residual, shapes[name]) for name in deeper),
    ]


def _learned(scenes: ImageSet, digits: ImageSet | None) -> dict[str, ImageSet]:
    """Return what each arm of networks of different depth learns."""
    return {DEPTH: scenes} | ({DIGITS_DEPTH: digits} if digits else {})


def _at_one_rate(spec: Spec, images: ImageSet, networks: list[Network], **settings: Any) -> Arm:
    """Let networks learn at the reports' rate for the reports' epochs."""
    alike = {network.name: spec.learning_rate for network in networks}
    shared = {"examples": spec.train_examples, "epochs": spec.epochs, "seeds": spec.seeds}
    return Arm(images, networks, **{**shared, "learning_rate": alike, **settings})


def _depth_arm(
    spec: Spec,
    arm: str,
    images: ImageSet,
    rates: Mapping[str, float],
    epochs: int,
    seeds: tuple[int, ...],
) -> Arm:
    return Arm(
        images,
        depths(arm, images),
        examples=spec.side_examples,
        batch_size=spec.b_batch,
        momentum=spec.momentum,
        seeds=seeds,
        epochs=epochs,
        learning_rate=rates,
    )


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
        epochs=arm.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=arm.learning_rate[network.name],
        momentum=arm.momentum,
        seeds=seeds,
    )
    return Job(
        f"{network.name}, {name}",
        partial(train, settings, images=arm.images),
        cost=_operations(network, tuple(arm.images.train.images.shape[1:]))
        * settings.train_examples
        * len(seeds),
    )


@functools.cache  # many trainings share a network
def _operations(network: Network, shape: tuple[int, ...]) -> int:
    """Count the floating-point operations of one image's way through one network."""
    model = network.single().to("meta")  # which counts and does not compute
    image = torch.empty((1, *shape), device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image.flatten(1) if network.flat else image)
    return counter.get_total_flops()
