"""The trainings of chapter 32: networks of one shape on digits, and random features."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hw1lib.chapters.capacity import random_features
from hw1lib.data import randomized
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import builders, replicas
from hw1lib.results.jobs import to_length
from hw1lib.training import classification, loop, losses, optimizers

OBJECTIVES = {
    "cross-entropy": losses.cross_entropy,
    "squared error": losses.one_hot_squared_error,
}
CHUNK = 1000  # test images whose features are in memory at a time


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]
    objective: str  # a key of OBJECTIVES
    train_examples: int  # the first so many
    test_examples: int
    noise: float  # share of the training labels replaced by random ones
    noise_seed: int
    batch_size: int
    learning_rate: float  # of Adam
    epochs: int  # at most
    settled: float  # mean loss of a pass under which a replica stops; 0: it never does
    measure_every: int  # epochs between two measurements on the way; 0: only at the end
    described: int  # images on which what goes with generalization is measured
    described_replicas: int  # the first so many, of which it is; 0: of none
    seeds: tuple[int, ...]  # one per replica


@dataclass(frozen=True)
class Settled:
    """The stopping rule of trainings to convergence: the mean loss of the last pass is low."""

    below: float  # loss
    steps: int  # of one pass

    def __call__(self, losses: Tensor) -> Tensor:
        """Judge each replica by the losses (S, R) of its last steps."""
        if len(losses) < self.steps:
            return torch.zeros(losses.shape[1], dtype=torch.bool)
        return losses[-self.steps :].mean(dim=0) < self.below


class Noting:
    """An objective that keeps the accuracy of its last batch, for `fit` to record.

    Report B reads its training accuracy off the minibatches while the network changes.
    """

    def __init__(self, objective: loop.Objective) -> None:
        self.objective = objective
        self.accuracy = torch.empty(0)  # (R,) of the last batch

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the objective, (R,)."""
        self.accuracy = losses.accuracy(outputs.detach(), targets)
        return self.objective(outputs, targets)

    def read(self, model: nn.Module) -> Tensor:
        """Return the accuracy of the last batch, (R,), as `fit` wants to watch it."""
        return self.accuracy


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


def train(
    settings: Training,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
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
    model = builders.mlp(streams, *settings.widths).to(device)
    task = classification.task(
        images,
        model,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=device,
    )
    pixels, labels = task.train
    [stream] = replicas.generators((settings.noise_seed,), "labels")
    noisy = randomized.randomize_labels(labels, settings.noise, len(images.classes), stream)
    task = dataclasses.replace(task, train=(pixels, noisy))
    batches = task.minibatches(settings.batch_size, streams.order)
    objective = Noting(OBJECTIVES[settings.objective])

    def measure(examples: classification.Examples, model: nn.Module) -> Tensor:
        wanted = [objective.objective, losses.accuracy]
        return losses.over_split(model, *examples, wanted, prepare=task.prepare)

    splits = {"train": task.train, "test": task.test}
    probes = {
        split: loop.Probe(partial(measure, examples), settings.measure_every)
        for split, examples in splits.items()
        if settings.measure_every
    }
    history = loop.fit(
        model,
        batches,
        objective,
        optimizers.optimizer("adam", model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes=probes,
        watch=objective.read,
        stop=Settled(settings.settled, len(batches.sizes)) if settings.settled else None,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    found = {split: measure(examples, model).numpy() for split, examples in splits.items()}
    # the loss after the last update has not been seen
    diverged = history.diverged | ~np.isfinite([*found.values()]).all(axis=(0, 2))
    for values in found.values():
        values[diverged] = np.nan  # outputs that are no numbers would pass for chance
    for split, seen in history.series.items():
        found |= {f"{split}_along": seen, "epochs": history.epochs[split]}
    finite = np.where(np.isfinite(history.losses), history.losses, np.inf)
    running = running_mean(history.watched, batches.sizes)
    if count := settings.described_replicas:
        seeds = settings.seeds[:count]
        first = replicas.with_weights(model, replicas.weights(model).detach()[:count])
        described = generalization.describe(task, first, examples=settings.described, seeds=seeds)
        for name, values in described.items():
            whole = to_length(values, len(diverged))
            found[f"described_{name}"] = np.where(diverged, np.nan, whole)
    return {
        **found,
        "passes": history.steps / len(batches.sizes),
        "lowest_batch": np.where(diverged, np.nan, finite.min(axis=0)),
        "highest_running": np.where(diverged, np.nan, running.max(axis=0)),
        "diverged": diverged,
    }


@dataclass(frozen=True)
class Features:
    """Everything that decides the numbers of one number of random features."""

    count: int
    train_examples: int  # the first so many
    test_examples: int
    noise: float  # share of the training labels replaced by random ones
    noise_seed: int
    bandwidth: float  # of the kernel that the features approach, in pixels' full intensities
    seeds: tuple[int, ...]  # one per draw of the features

    @property
    def epochs(self) -> int:
        """Count the fits, which the progress bar takes for epochs."""
        return len(self.seeds)


def fit_features(
    settings: Features,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Fit one-hot labels by random Fourier features, with and without random labels among them.

    In double precision and always on the CPU, so that the peak is not one of rounding errors.

    Returns:
        `train` and `test` (R, 2, 2): replaced labels, then true ones; for each the squared error
        and the accuracy, on the training split from the labels that were fitted.
    """
    first, tests = slice(settings.train_examples), slice(settings.test_examples)
    true, answers = images.train.labels[first], images.test.labels[tests]
    classes = len(images.classes)
    [stream] = replicas.generators((settings.noise_seed,), "labels")
    noisy = randomized.randomize_labels(true, settings.noise, classes, stream)
    fitted = torch.stack([noisy, true])  # (2, N)
    wanted = torch.cat([*F.one_hot(fitted, classes).double()], dim=1)  # one decomposition for both

    def rows(pixels: Tensor) -> Tensor:
        return pixels.flatten(1).double() / 255

    found: dict[str, list[Tensor]] = {"train": [], "test": []}
    x = rows(images.train.images[first])
    for stream in replicas.generators(settings.seeds, "features"):
        frequencies, phases = random_features.draw(
            settings.count, x.shape[1], settings.bandwidth, stream
        )
        features = random_features.fourier(x, frequencies, phases)
        solution = random_features.minimum_norm(features, wanted)
        outputs = [
            random_features.fourier(rows(part), frequencies, phases) @ solution
            for part in images.test.images[tests].split(CHUNK)
        ]
        found["train"].append(_measured(features @ solution, fitted))
        found["test"].append(_measured(torch.cat(outputs), answers.expand(2, -1)))
        each_epoch(found["train"][-1][0, :1])
    return {split: torch.stack(values).numpy() for split, values in found.items()}


def _measured(outputs: Tensor, labels: Tensor) -> Tensor:
    """Take squared error and accuracy of outputs (N, 2 K) on labels (2, N): (2, 2)."""
    apart = torch.stack(outputs.chunk(2, dim=1))
    measured = [losses.one_hot_squared_error, losses.accuracy]
    return torch.stack([measure(apart, labels) for measure in measured], dim=1)
