"""The trainings of chapter 31: replicas that learn random labels until all of them are right."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import replicas
from hw1lib.training import classification, loop, losses, optimizers, stopping
from hw1lib.training.classification import Task
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the images."""

    build: Callable[..., nn.Module]  # from the replicas' streams and the numbers of the shape
    shape: tuple[int, ...]
    flat: bool  # whether the network takes images as rows of pixels
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


@dataclass(frozen=True)
class OwnLabels:
    """Images of which every replica learns labels of its own.

    Minibatches and splits hold the images' numbers in the place of the labels, which are looked up
    for each replica.
    """

    task: Task  # with the true labels
    labels: Tensor  # (R, N), those of the training images that are learned

    def minibatches(self, batch_size: int, orders: list[torch.Generator]) -> Minibatches:
        """Shuffle the training images, each with its number, in an order of its own per replica."""
        numbered = dataclasses.replace(self.task, train=self._numbered)
        return numbered.minibatches(batch_size, orders)

    def objective(self, outputs: Tensor, numbers: Tensor) -> Tensor:
        """Compute each replica's cross-entropy on its own labels, (R,), in nats."""
        return looked_up(losses.cross_entropy, self.labels)(outputs, numbers)

    def on_train(self, model: nn.Module) -> Tensor:
        """Measure the training split: nats, share of its own labels, share of the true, (R, 3)."""
        truth = self.task.train[1].expand_as(self.labels)
        measures = [
            looked_up(losses.cross_entropy, self.labels),
            looked_up(losses.accuracy, self.labels),
            looked_up(losses.accuracy, truth),
        ]
        return self.task.measure(model, self._numbered, measures)

    def on_test(self, model: nn.Module) -> Tensor:
        """Measure the test split: nats and share, (R, 2)."""
        return self.task.measure(model, self.task.test, [losses.cross_entropy, losses.accuracy])

    @property
    def _numbered(self) -> classification.Examples:
        images, truth = self.task.train
        return images, torch.arange(len(truth), device=truth.device)


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of one network, each on random labels of its own, until they are fitted.

    A replica rests once all of its labels are right, and stays as it is.

    Returns:
        `train` (K, R, 3) and `test` (K, R, 2), loss and accuracy over whole splits in eval mode;
        of the training images by the labels given, and the accuracy by the true ones too.
        `objective` and `last` (E, R), the mean loss of each pass and that of its last minibatch,
        NaN where a replica rests. `diverged` (R,). Each of `generalization.MEASURES` under
        `described_` and its name, (D,), of the D replicas that are to be described.
    """
    streams = replicas.Streams(settings.seeds)
    model = settings.build(streams, *settings.shape).to(run.device)
    task = classification.task(
        images,
        flat=settings.flat,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=run.device,
    )
    learned = OwnLabels(task, own_labels(task.train[1], settings, len(images.classes)))
    batches = learned.minibatches(settings.batch_size, streams.order)
    all_right = stopping.Until(
        learned.on_train, lambda seen: seen[:, 1] == 1, settings.evaluate_every
    )
    probes = {
        "train": all_right.probe,
        "test": loop.Probe(learned.on_test, settings.evaluate_every),
    }
    history = loop.fit(
        model,
        batches,
        learned.objective,
        optimizers.adam(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes=probes,
        stop=all_right,
        streams=[*streams],
        run=run,
    )
    by_pass = history.losses.reshape(-1, len(batches.sizes), len(settings.seeds))
    planned = len(all_right.probe.epochs(settings.epochs))
    ends = {"train": learned.on_train(model), "test": learned.on_test(model)}
    return {
        **{
            split: until_the_end(history.series[split], end.numpy(), history.sound, planned)
            for split, end in ends.items()
        },
        "objective": np.average(by_pass, axis=1, weights=batches.sizes),
        "last": by_pass[:, -1],
        "diverged": ~history.sound,
        **{
            f"described_{name}": values
            for name, values in described(settings, learned, model, history.sound).items()
        },
    }


def described(
    settings: Training, learned: OwnLabels, model: nn.Module, sound: np.ndarray
) -> dict[str, np.ndarray]:
    """Describe the first D replicas by `generalization.MEASURES`, on the labels they learned.

    Args:
        settings: With the seeds, and how much is to be described.
        learned: The images, with the labels of every replica.
        model: The trained stack.
        sound: Which replicas are, (R,); the others get NaN.

    Returns:
        Shape (D,) each.
    """
    task, chosen = learned.task, settings.described_trainings
    weights = replicas.weights(model).detach()[:chosen]
    each = [
        generalization.describe(
            dataclasses.replace(task, train=(task.train[0], labels)),
            replicas.with_weights(model, row[None]),
            examples=settings.described,
            seeds=(seed,),
        )
        for row, labels, seed in zip(weights, learned.labels, settings.seeds, strict=False)
    ]
    found = {
        name: np.concatenate([np.empty(0), *(one[name] for one in each)])
        for name in generalization.MEASURES
    }
    return {name: np.where(sound[:chosen], values, np.nan) for name, values in found.items()}


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
    """Turn a measure of classes into one of images' numbers, each replica with its own labels.

    Args:
        measure: Of outputs (R, B, K) and classes (R, B).
        labels: Shape (R, N).

    Returns:
        The same of outputs and the images' numbers (R, B), from 0 to N - 1.
    """
    return lambda outputs, numbers: measure(outputs, labels.gather(1, numbers))


def until_the_end(seen: np.ndarray, end: np.ndarray, sound: np.ndarray, planned: int) -> np.ndarray:
    """Continue measurements that end where every replica rests by those of the last weights.

    Args:
        seen: Shape (K', R, M).
        end: Of the last weights, (R, M).
        sound: Which replicas are, (R,); the others get NaN at the end.
        planned: K, the number of measurements of a training that goes all the way.

    Returns:
        Shape (K, R, M).
    """
    known = np.where(sound[:, None], end, np.nan)
    before = seen[: planned - 1]
    return np.concatenate([before, np.repeat(known[None], planned - len(before), axis=0)])
