"""The trainings of chapter 32: networks of one shape on digits, and random features."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hw1lib.chapters.capacity import random_features
from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import builders, replicas
from hw1lib.training import classification, loop, losses, optimizers, stopping
from hw1lib.training.classification import Task
from hw1lib.training.gaps import to_length
from hw1lib.training.loop import History, Objective
from hw1lib.training.run import Run

CHUNK = 1000  # test images whose features are in memory at a time


@dataclass(frozen=True)
class Digits:
    """Which digits are learned with which labels, and on how many others this is tested."""

    train: int  # the first so many
    test: int
    noise: float = 0.0  # share of the training labels replaced by random ones
    noise_seed: int = 0

    def labels(self, images: ImageSet) -> Tensor:
        """Return the labels that are learned, replaced ones included, (N,)."""
        [stream] = replicas.generators((self.noise_seed,), "labels")
        truth = images.train.labels[: self.train]
        return randomized.randomize_labels(truth, self.noise, len(images.classes), stream)


@dataclass(frozen=True, kw_only=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]
    digits: Digits
    objective: Objective = losses.cross_entropy
    batch_size: int
    learning_rate: float  # of Adam
    epochs: int  # at most
    settled: float = 0.0  # mean loss of a pass under which a replica stops; 0: it never does
    measure_every: int = 0  # epochs between two measurements on the way; 0: only at the end
    described: int = 0  # images on which what goes with generalization is measured
    described_replicas: int = 0  # the first so many, of which it is; 0: of none
    seeds: tuple[int, ...]  # one per replica

    @property
    def name(self) -> str:
        """Write the network by its widths."""
        return "-".join(map(str, self.widths))

    @property
    def measured_after(self) -> np.ndarray:
        """Passes after which a training that goes all the way is measured, (E,); maybe none."""
        if not self.measure_every:
            return np.empty(0, dtype=int)
        return loop.Probe(replicas.weights, self.measure_every).epochs(self.epochs)


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron and measure both splits afterwards.

    Loss (the objective) and accuracy, in this order, are taken over whole splits; those of the
    training split from the labels that were learned, replaced ones included.

    Returns:
        `train` and `test` (R, 2) at the end, NaN where a replica diverged; `passes` (R,) over the
        data; `lowest_batch` (R,), the lowest loss of a single minibatch, and `highest_running`
        (R,), the highest accuracy of a pass so far, both while training; `diverged` (R,); with
        measurements on the way also `epochs` (E,), `train_along` and `test_along` (E, R, 2);
        where wanted, all that `generalization.describe` returns, as `described_<name>` (R,), NaN
        beyond the first replicas.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = task_of(settings.digits, images, run.device)

    def optimizer(steps: int) -> torch.optim.Optimizer:
        return optimizers.adam(model, learning_rate=settings.learning_rate)

    found = fit(settings, model, task, streams, optimizer, run=run)
    return {**found, **_described(settings, task, model, ~found["diverged"])}


def fit(
    settings: Training,
    model: nn.Module,
    task: Task,
    streams: replicas.Streams,
    optimizer: Callable[[int], torch.optim.Optimizer],
    *,
    run: Run,
) -> dict[str, np.ndarray]:
    """Train a stack in place, and measure both splits on the way and afterwards.

    Args:
        settings: Of the training.
        model: The stack, with its first weights.
        task: What is learned.
        streams: The replicas' random streams.
        optimizer: Makes the optimizer, from the number of steps in a pass.
        run: How the training is carried out.

    Returns:
        What `train` does, but for what is described.
    """
    batches = task.minibatches(settings.batch_size, streams.order)
    objective = classification.WithAccuracy(settings.objective)
    measures = (settings.objective, losses.accuracy)
    every, settled, steps = settings.measure_every, settings.settled, len(batches.sizes)
    history = loop.fit(
        model,
        batches,
        objective,
        optimizer(steps),
        epochs=settings.epochs,
        probes=task.probes(every, measures) if every else {},
        watch=objective.read,
        stop=stopping.MeanBelow(settled, steps) if settled else None,
        streams=[*streams],
        run=run,
    )
    sound = history.sound
    train, test = (task.measure(model, split, measures) for split in (task.train, task.test))
    return {
        "train": np.where(sound[:, None], train, np.nan),
        "test": np.where(sound[:, None], test, np.nan),
        **_on_the_way(history),
        **_read_while_training(history, batches.sizes),
        "passes": history.steps / steps,
        "diverged": ~sound,
    }


def task_of(digits: Digits, images: ImageSet, device: str) -> Task:
    """Return the digits to learn, with the labels that are learned, and those to be tested on."""
    task = classification.task(
        images, flat=True, train_examples=digits.train, test_examples=digits.test, device=device
    )
    return dataclasses.replace(task, train=(task.train[0], digits.labels(images).to(device)))


def _on_the_way(history: History) -> dict[str, np.ndarray]:
    """Collect the measurements of the splits while training, if there are any."""
    along = {
        # the accuracy of outputs that are no numbers would pass for chance
        f"{split}_along": np.where(np.isfinite(seen[..., :1]), seen, np.nan)
        for split, seen in history.series.items()
    }
    return {**along, "epochs": history.epochs["train"]} if along else {}


def _read_while_training(history: History, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """Read loss and accuracy off the minibatches, as report B does; NaN for lost replicas.

    Args:
        history: Of the training, which watched the accuracy of each minibatch.
        sizes: Examples of each step of one pass.
    """
    losses_seen = np.where(np.isfinite(history.losses), history.losses, np.inf)
    found = {
        "lowest_batch": losses_seen.min(axis=0),
        "highest_running": running_mean(history.watched, sizes).max(axis=0),
    }
    return {name: np.where(history.sound, values, np.nan) for name, values in found.items()}


def _described(
    settings: Training, task: Task, model: nn.Module, sound: np.ndarray
) -> dict[str, np.ndarray]:
    """Measure what goes with generalization on the first replicas, if on any; NaN elsewhere."""
    count = settings.described_replicas
    if not count:
        return {}
    first = replicas.with_weights(model, replicas.weights(model).detach()[:count])
    found = generalization.describe(
        task, first, examples=settings.described, seeds=settings.seeds[:count]
    )
    return {
        f"described_{name}": np.where(sound, to_length(values, len(sound)), np.nan)
        for name, values in found.items()
    }


def running_mean(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Average over the examples of each pass up to each step, as a training's log does.

    Args:
        values: Batch means at every step, shape (S, R); a last pass may be cut short.
        sizes: Examples of each step of one pass, shape (steps,).

    Returns:
        Shape (S, R).
    """
    step = np.arange(len(values))
    weights = sizes[step % len(sizes), None]
    total = np.cumsum(weights * values, axis=0)
    seen = np.cumsum(weights, axis=0)
    start = step - step % len(sizes)  # of the step's pass
    before = [np.concatenate([np.zeros_like(sums[:1]), sums])[start] for sums in (total, seen)]
    return (total - before[0]) / (seen - before[1])


@dataclass(frozen=True)
class Features:
    """Everything that decides the numbers of one number of random features."""

    count: int
    digits: Digits
    bandwidth: float  # of the kernel that the features approach, in pixels' full intensities
    seeds: tuple[int, ...]  # one per draw of the features

    @property
    def epochs(self) -> int:
        """Count the fits, which the progress bar takes for epochs."""
        return len(self.seeds)


def fit_features(settings: Features, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Fit one-hot labels by random Fourier features, with and without random labels among them.

    In double precision and always on the CPU, so that the peak is not one of rounding errors.

    Returns:
        `train` and `test` (R, 2, 2): replaced labels, then true ones; for each the squared error
        and the accuracy, on the training split from the labels that were fitted.
    """
    digits, classes = settings.digits, len(images.classes)
    true, answers = images.train.labels[: digits.train], images.test.labels[: digits.test]
    fitted = torch.stack([digits.labels(images), true])  # (2, N)
    wanted = torch.cat([*F.one_hot(fitted, classes).double()], dim=1)  # one decomposition for both

    def rows(pixels: Tensor) -> Tensor:
        return pixels.flatten(1).double() / 255

    found: dict[str, list[Tensor]] = {"train": [], "test": []}
    x = rows(images.train.images[: digits.train])
    for stream in replicas.generators(settings.seeds, "features"):
        frequencies, phases = random_features.draw(
            settings.count, x.shape[1], settings.bandwidth, stream
        )
        features = random_features.fourier(x, frequencies, phases)
        solution = random_features.minimum_norm(features, wanted)
        outputs = [
            random_features.fourier(rows(part), frequencies, phases) @ solution
            for part in images.test.images[: digits.test].split(CHUNK)
        ]
        found["train"].append(_measured(features @ solution, fitted))
        found["test"].append(_measured(torch.cat(outputs), answers.expand(2, -1)))
        run.progress(len(found["train"]), found["train"][-1][0, :1])
    return {split: torch.stack(values).numpy() for split, values in found.items()}


def _measured(outputs: Tensor, labels: Tensor) -> Tensor:
    """Compute squared error and accuracy of outputs (N, 2 K) on labels (2, N): (2, 2)."""
    apart = torch.stack(outputs.chunk(2, dim=1))
    measured = [losses.one_hot_squared_error, losses.accuracy]
    return torch.stack([measure(apart, labels) for measure in measured], dim=1)
