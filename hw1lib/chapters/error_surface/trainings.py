"""The trainings of chapter 24, and the loss along lines and planes around them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import functions
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import landscape
from hw1lib.measuring.landscape import Look
from hw1lib.networks import builders, modes, replicas
from hw1lib.training import classification, loop, losses, optimizers


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]
    activation: str  # a key of models.ACTIVATIONS
    optimizer: str  # a key of training.OPTIMIZERS
    learning_rate: float
    examples: int  # to learn: points of a uniform grid on [-1, 1], or images
    batch_size: int
    measured: int  # examples of either split on which the surface is measured
    epochs: int
    every: int  # epochs between the weights that make a path
    seeds: tuple[int, ...]  # one per replica
    look: Look


@dataclass(frozen=True)
class Problem:
    """What a stack of networks learns, and its loss anywhere in weight space."""

    batches: Iterable[loop.Batch]
    objective: loop.Objective
    loss: landscape.Measure  # (R,), differentiable, over the measured training examples
    splits: landscape.Measure  # (R, 2, M): M measures, the loss first, over both measured splits


def sinc(settings: Training, device: str) -> Problem:
    """Learn sin(5 pi x) / (5 pi x) on a grid, all points at once; test on a denser grid."""
    target = functions.TARGETS["sinc"]
    x, dense = (
        functions.grid(n)[:, None].to(device) for n in (settings.examples, settings.measured)
    )

    def loss(model: nn.Module, x: Tensor = x) -> Tensor:
        return losses.mean_squared_error(model(x), target(x))

    def splits(model: nn.Module) -> Tensor:
        return torch.stack([loss(model), loss(model, dense)], dim=1)[:, :, None]

    return Problem([(x, target(x))], losses.mean_squared_error, loss, splits)


def digits(
    settings: Training,
    images: ImageSet,
    model: builders.Stack,
    streams: replicas.Streams,
    device: str,
) -> Problem:
    """Learn to tell digits apart; measure cross-entropy and accuracy on the first of them."""
    task = classification.task(
        images,
        model,
        train_examples=settings.examples,
        test_examples=settings.measured,
        device=device,
    )
    pixels, labels = (part[: settings.measured] for part in task.train)

    def summed(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        outputs = model(task.prepare(x))
        return len(y) * losses.cross_entropy(outputs, y.expand(len(outputs), *y.shape))

    def loss(model: nn.Module) -> Tensor:
        parts = zip(pixels.split(1000), labels.split(1000), strict=True)
        return torch.stack([summed(model, *part) for part in parts]).sum(dim=0) / len(labels)

    def splits(model: nn.Module) -> Tensor:
        wanted = [losses.cross_entropy, losses.accuracy]
        measure = partial(losses.over_split, model, measures=wanted, prepare=task.prepare)
        return torch.stack([measure(pixels, labels), measure(*task.test)], dim=1)

    batches = task.minibatches(settings.batch_size, streams.order)
    return Problem(batches, losses.cross_entropy, loss, splits)


def train(
    settings: Training,
    images: ImageSet | None = None,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron, then measure the loss between and around their weights.

    Args:
        settings: What to train, and where to look.
        images: Digits to learn; None to fit the sinc function.
        device: Where to train.
        checkpoint: Where the training keeps its state.
        each_epoch: Told the losses (R,) after each epoch.

    Returns:
        `diverged` (R,), and what `landscape.survey` returns; the measures on the lines are
        (2 splits, 1 or 2 measures), the loss first, then the accuracy on digits.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(device)
    if images:
        problem, threads = digits(settings, images, model, streams, device), torch.get_num_threads()
    else:
        problem, threads = sinc(settings, device), 1  # too small operations to be shared
    start, look = replicas.weights(model).detach(), settings.look
    path = loop.Probe(lambda model: replicas.weights(model)[: look.planes], settings.every)
    with modes.threads(threads):
        history = loop.fit(
            model,
            problem.batches,
            problem.objective,
            optimizers.optimizer(settings.optimizer, model, learning_rate=settings.learning_rate),
            epochs=settings.epochs,
            probes={"path": path},
            streams=[*streams],
            checkpoint=checkpoint,
            each_epoch=each_epoch,
        )
        # the loss after the last update has not been seen
        sound = ~history.diverged & replicas.weights(model).isfinite().all(dim=1).cpu().numpy()
        seen = landscape.survey(
            model,
            start,
            history.series["path"],
            look,
            loss=problem.loss,
            splits=problem.splits,
            seeds=settings.seeds,
            sound=sound,
        )
    return {"diverged": ~sound, **seen}
