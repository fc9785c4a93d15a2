"""The trainings of chapter 24, and the loss along lines and planes around them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import functions
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import landscape
from hw1lib.measuring.landscape import Extent
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import classification, loop, losses, regression
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]
    activation: Activation
    optimizer: Optimizer
    learning_rate: float
    examples: int  # to learn: points of a uniform grid on [-1, 1], or images
    batch_size: int
    measured: int  # examples of either split on which the surface is measured
    epochs: int
    every: int  # epochs between the weights that make a path
    seeds: tuple[int, ...]  # one per replica
    extent: Extent


@dataclass(frozen=True)
class Problem:
    """What a stack of networks learns, and its loss anywhere in weight space."""

    batches: Iterable[loop.Batch]
    objective: loop.Objective
    loss: landscape.Measure  # (R,), differentiable, over the measured training examples
    splits: landscape.Measure  # (R, 2, M): M measures, the loss first, over both measured splits


def sinc(settings: Training, device: str) -> Problem:
    """Learn sin(5 pi x) / (5 pi x) on a grid, all points at once; test on a denser grid."""
    points, dense = (
        regression.task(functions.sinc, n, device=device)
        for n in (settings.examples, settings.measured)
    )

    def splits(model: nn.Module) -> Tensor:
        return torch.stack([points.loss(model), dense.loss(model)], dim=1)[:, :, None]

    return Problem(points.batches, losses.mean_squared_error, points.loss, splits)


def digits(settings: Training, images: ImageSet, streams: replicas.Streams, device: str) -> Problem:
    """Learn to tell digits apart; measure cross-entropy and accuracy on the first of them."""
    task = classification.task(
        images,
        flat=True,
        train_examples=settings.examples,
        test_examples=settings.measured,
        device=device,
    )
    pixels, labels = task.train
    first = pixels[: settings.measured], labels[: settings.measured]

    def splits(model: nn.Module) -> Tensor:
        wanted = [losses.cross_entropy, losses.accuracy]
        return torch.stack(
            [task.measure(model, part, wanted) for part in (first, task.test)], dim=1
        )

    batches = task.minibatches(settings.batch_size, streams.order)
    return Problem(batches, losses.cross_entropy, task.loss(first, chunk=1000), splits)


def train(settings: Training, images: ImageSet | None = None, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron, then measure the loss between and around their weights.

    Args:
        settings: What to train, and where to look.
        images: Digits to learn; None to fit the sinc function.
        run: How it is carried out.

    Returns:
        `diverged` (R,), and what `landscape.survey` returns; the measures on the lines are
        (2 splits, 1 or 2 measures), the loss first, then the accuracy on digits.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(run.device)
    if images:
        problem = digits(settings, images, streams, run.device)
    else:
        problem = sinc(settings, run.device)
    start, extent = replicas.weights(model).detach(), settings.extent
    path = loop.Probe(lambda model: replicas.weights(model)[: extent.planes], settings.every)
    history = loop.fit(
        model,
        problem.batches,
        problem.objective,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes={"path": path},
        streams=[*streams],
        run=run,
    )
    seen = landscape.survey(
        model,
        start,
        history.series["path"],
        extent,
        loss=problem.loss,
        splits=problem.splits,
        seeds=settings.seeds,
        sound=history.sound,
    )
    return {"diverged": ~history.sound, **seen}
