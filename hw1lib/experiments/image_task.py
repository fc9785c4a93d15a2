"""Chapter 12: does depth, width or convolution help on real images? (homework 1-1)"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hw1lib import data, measures, models, replicas, spec, training
from hw1lib.data import ImageSet
from hw1lib.models import Stack
from hw1lib.spec import setting
from hw1lib.store import Store

OBJECTIVES = {
    "cross-entropy": measures.cross_entropy,
    "squared error": measures.softmax_squared_error,
}
MEASURES = [measures.cross_entropy, measures.softmax_squared_error, measures.accuracy]


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the data."""

    network: str  # name of the builder in models
    shape: tuple[int, ...]  # its numbers
    objective: str  # a key of OBJECTIVES
    permuted: bool  # all images seen through one fixed permutation of the pixels
    train_examples: int  # the first so many
    test_examples: int
    batch_size: int
    epochs: int
    evaluate_every: int  # epochs
    learning_rate: float  # of SGD
    momentum: float
    seeds: tuple[int, ...]  # one per replica


def train(
    settings: Training,
    images: ImageSet,
    build: Callable[..., Stack],
    *,
    device: str,
    checkpoint: training.Checkpoint | None = None,
    each_epoch: Callable[[torch.Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R replicas of one network on images, and measure both splits along the way.

    Returns:
        `epochs` (K,); `train` and `test` (K, R, 3), the `MEASURES` over the whole split in eval
        mode; `objective` (E, R), mean over the examples of each epoch while the network changes,
        as it is usually reported; `diverged` (R,).
    """
    streams = replicas.Streams(settings.seeds)
    model = build(streams, *settings.shape).to(device)

    def prepare(batch: torch.Tensor) -> torch.Tensor:
        normalized = images.normalized(batch)
        return normalized.flatten(-3) if model.features is None else normalized

    def split(part: data.Split, examples: int) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = part.images[:examples]
        if settings.permuted:
            chosen = data.permute_pixels(chosen, seed=0)
        return chosen.to(device), part.labels[:examples].to(device)

    seen, unseen = (
        split(images.train, settings.train_examples),
        split(images.test, settings.test_examples),
    )

    def evaluation(examples: tuple[torch.Tensor, torch.Tensor]) -> training.Probe:
        return training.Probe(
            lambda model: measures.over_split(model, *examples, MEASURES, prepare=prepare),
            every=settings.evaluate_every,
        )

    batches = training.Minibatches(*seen, settings.batch_size, streams.order, prepare)
    history = training.fit(
        model,
        batches,
        OBJECTIVES[settings.objective],
        training.optimizer(
            "sgd", model, learning_rate=settings.learning_rate, momentum=settings.momentum
        ),
        epochs=settings.epochs,
        probes={"train": evaluation(seen), "test": evaluation(unseen)},
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    by_epoch = history.losses.reshape(-1, len(batches.sizes), len(settings.seeds))
    return {
        "epochs": history.epochs["train"],
        "train": history.series["train"],
        "test": history.series["test"],
        "objective": np.average(by_epoch, axis=1, weights=batches.sizes),
        "diverged": history.diverged,
    }


@dataclass(frozen=True, kw_only=True)
class Spec(spec.Spec):
    """Settings of the image task; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH")
    seed: int = setting(0, "first of the consecutive seeds, one per replica", at_least=0)
    replicas: int = setting(6, "trainings of each convolutional network", at_least=1)
    mlp_replicas: int = setting(20, "trainings of each perceptron, side by side", at_least=1)
    train_examples: int = setting(60_000, "training images used, at most", at_least=1)
    test_examples: int = setting(10_000, "test images used, at most", at_least=1)
    epochs: int = setting(10, "passes over the training images", at_least=1)
    evaluate_every: int = setting(2, "epochs between two measurements of both splits", at_least=1)
    batch_size: int = setting(64, "images per step", at_least=1)
    learning_rate: float = setting(0.01, "of plain SGD on CIFAR-10, as A has it", above=0)
    momentum: float = setting(0.9, "of SGD on MNIST, as B has it, and where depth varies")
    channels: tuple[int, ...] = setting((16, 44, 80), "A's CNNs: first-layer channels", at_least=1)
    units: tuple[int, ...] = setting((128, 200, 260), "A's MLPs: first-layer units", at_least=1)
    control_channels: tuple[int, ...] = setting(
        (16,), "CNNs also trained as A wrote it and on permuted pixels", at_least=1
    )
