"""The trainings of chapter 31: replicas that learn random labels until all of them are right."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import replicas
from hw1lib.networks.builders import Stack
from hw1lib.training import classification, loop, losses, optimizers, stopping
from hw1lib.training.classification import Task

MEASURES = ("loss", "accuracy", "true accuracy")  # the last of the training images alone


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the images."""

    network: str  # name of the builder in models
    shape: tuple[int, ...]  # its numbers
    share: float  # of the training labels that are drawn at random, by each replica's seed
    train_examples: int  # the first so many
    test_examples: int
    batch_size: int
    epochs: int  # at most; a replica rests once all of its labels are right
    evaluate_every: int  # epochs
    learning_rate: float  # of Adam
    described: int  # images of each split on which sensitivity and sharpness are measured
    described_trainings: int  # replicas on which they are, the first of the stack
    seeds: tuple[int, ...]  # one per replica


def train(
    settings: Training,
    images: ImageSet,
    build: Callable[..., Stack],
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R replicas of one network, each on random labels of its own, until they are fitted.

    Args:
        settings: What to train.
        images: Where the images and their true labels are from.
        build: Builder of the network.
        device: Where to train.
        checkpoint: Where the training keeps its state.
        each_epoch: Told the losses (R,) after each epoch.

    Returns:
        `train` (K, R, 3) and `test` (K, R, 2), the `MEASURES` over whole splits in eval mode; of
        the training images by the labels given, and the accuracy by the true ones too. A replica
        rests once all of its labels are right, and stays as it is. `objective`
        and `last` (E, R), the mean loss of each pass and that of its last minibatch, NaN where a
        replica rests. `diverged` (R,). Each of `generalization.MEASURES` under `described_` and
        its name, (D,), of the D replicas that are to be described.
    """
    streams = replicas.Streams(settings.seeds)
    model = build(streams, *settings.shape).to(device)
    task = classification.task(
        images,
        model,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=device,
    )
    pixels, truth = task.train
    given = own_labels(truth, settings, len(images.classes))
    numbered = dataclasses.replace(task, train=(pixels, torch.arange(len(truth), device=device)))
    batches = numbered.minibatches(settings.batch_size, streams.order)

    on_train = partial(
        losses.over_split,
        inputs=pixels,
        targets=numbered.train[1],
        measures=[
            looked_up(losses.cross_entropy, given),
            looked_up(losses.accuracy, given),
            looked_up(losses.accuracy, truth.expand_as(given)),
        ],
        prepare=task.prepare,
    )
    on_test = partial(
        losses.over_split,
        inputs=task.test[0],
        targets=task.test[1],
        measures=[losses.cross_entropy, losses.accuracy],
        prepare=task.prepare,
    )
    every = settings.evaluate_every
    all_right = stopping.Until(on_train, lambda seen: seen[:, 1] == 1, every)
    history = loop.fit(
        model,
        batches,
        looked_up(losses.cross_entropy, given),
        optimizers.optimizer("adam", model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes={"train": all_right.probe, "test": loop.Probe(on_test, every)},
        stop=all_right,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    by_pass = history.losses.reshape(-1, len(batches.sizes), len(settings.seeds))
    ends = {"train": on_train(model).numpy(), "test": on_test(model).numpy()}
    planned = len(measured_after(settings.epochs, every))
    return {
        **{split: at_rest(history.series[split], end, planned) for split, end in ends.items()},
        "objective": np.average(by_pass, axis=1, weights=batches.sizes),
        "last": by_pass[:, -1],
        # the loss after the last update has not been seen in training
        "diverged": history.diverged | ~np.isfinite(ends["train"][:, 0]),
        **{f"described_{name}": v for name, v in described(settings, task, given, model).items()},
    }


def described(
    settings: Training, task: Task, given: Tensor, model: nn.Module
) -> dict[str, np.ndarray]:
    """Describe the first D replicas by `generalization.MEASURES`, on the labels they learned.

    Args:
        settings: With the seeds, and how much is to be described.
        task: The images, with their true labels.
        given: Labels of every replica, shape (R, N).
        model: The trained stack.

    Returns:
        Shape (D,) each.
    """
    chosen = settings.described_trainings
    weights = replicas.weights(model).detach()[:chosen]
    each = [
        generalization.describe(
            dataclasses.replace(task, train=(task.train[0], labels)),
            replicas.with_weights(model, row[None]),
            examples=settings.described,
            seeds=(seed,),
        )
        for row, labels, seed in zip(weights, given, settings.seeds, strict=False)
    ]
    return {
        name: np.concatenate([np.empty(0), *(one[name] for one in each)])
        for name in generalization.MEASURES
    }


def own_labels(truth: Tensor, settings: Training, classes: int) -> Tensor:
    """Draw the training labels of every replica, once and for the whole training.

    Args:
        truth: True labels, shape (N,).
        settings: With the share to draw at random, and the replicas' seeds.
        classes: How many classes there are.

    Returns:
        Shape (R, N).
    """
    draws = replicas.generators(settings.seeds, "labels")
    return torch.stack(
        [randomized.randomize_labels(truth, settings.share, classes, g) for g in draws]
    )


def looked_up(measure: loop.Objective, labels: Tensor) -> loop.Objective:
    """Take a measure of classes where each replica has labels of its own.

    Args:
        measure: Takes outputs (R, B, K) and classes (R, B).
        labels: Shape (R, N).

    Returns:
        The same of outputs and the images' numbers (R, B), from 0 to N - 1.
    """
    return lambda outputs, numbers: measure(outputs, labels.gather(1, numbers))


def measured_after(epochs: int, every: int) -> np.ndarray:
    """List the passes after which a training that goes all the way is measured, (K,)."""
    return np.minimum(np.arange(0, epochs + every, every), epochs)


def at_rest(seen: np.ndarray, end: np.ndarray, planned: int) -> np.ndarray:
    """Continue measurements (K', R, M) to the planned K by those of the last weights, (R, M)."""
    return np.concatenate([seen, np.repeat(end[None], planned - len(seen), axis=0)])
