"""The trainings of chapter 12: networks of one shape that learn one set of images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import replicas
from hw1lib.training import classification, loop, optimizers
from hw1lib.training.loop import Objective
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the data."""

    build: Callable[..., nn.Module]  # (streams, *shape) -> a stacked network
    shape: tuple[int, ...]
    flat: bool  # it takes rows of pixels, as perceptrons do, not images
    objective: Objective
    permuted: bool  # all images seen through one fixed permutation of the pixels
    train_examples: int  # the first so many
    measured: int  # images of each split on which loss and accuracy are measured, the first
    batch_size: int
    epochs: int
    evaluate_every: int  # epochs
    learning_rate: float  # of SGD
    momentum: float
    seeds: tuple[int, ...]  # one per replica


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of one network on images, and measure both splits along the way.

    Returns:
        `epochs` (K,); `train` and `test` (K, R, 3), the `classification.MEASURES` over the measured
        images of each split in eval mode; `objective` (E, R), mean over the examples of each epoch
        while the network changes, as it is usually reported; `diverged` (R,).
    """
    streams = replicas.Streams(settings.seeds)
    model = settings.build(streams, *settings.shape).to(run.device)
    task = classification.task(
        images,
        flat=settings.flat,
        train_examples=settings.train_examples,
        test_examples=settings.measured,
        device=run.device,
        permuted=settings.permuted,
    )
    batches = task.minibatches(settings.batch_size, streams.order)
    history = loop.fit(
        model,
        batches,
        settings.objective,
        optimizers.sgd(model, learning_rate=settings.learning_rate, momentum=settings.momentum),
        epochs=settings.epochs,
        probes=task.probes(settings.evaluate_every, examples=settings.measured),
        streams=[*streams],
        run=run,
    )
    by_epoch = history.losses.reshape(-1, len(batches.sizes), len(settings.seeds))
    return {
        "epochs": history.epochs["train"],
        "train": history.series["train"],
        "test": history.series["test"],
        "objective": np.average(by_epoch, axis=1, weights=batches.sizes),
        "diverged": ~history.sound,
    }
