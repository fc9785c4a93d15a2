"""The trainings of chapter 33, and what is measured on the lines between their weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization, geometry
from hw1lib.networks import builders, replicas
from hw1lib.training import classification, loop, losses, minibatches, optimizers

NESTEROV, ADAM = "SGD", "Adam"
MOMENTUM = 0.9  # Nesterov's, as A's script has it
FLOOR = 1e-9  # nats: the logarithm of a smaller loss would be that of round-off
MEASURES = [losses.cross_entropy, losses.accuracy]


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]  # layer sizes, ends included
    optimizer: str  # NESTEROV or ADAM
    learning_rate: float
    weight_decay: float
    batch_size: int
    steps: int  # of each pass: as many as its images give, or fewer
    epochs: int  # passes
    train_examples: int  # the first so many
    measured: int  # images of either split on which loss and accuracy are measured
    described: int  # images of either split for `generalization.describe`
    described_replicas: int  # the first so many get described, for it takes long
    seeds: tuple[int, ...]  # one per replica


@dataclass(frozen=True)
class Line:
    """Everything that decides what is measured between two trainings, besides the images."""

    first: Training  # at alpha = 0
    second: Training  # at alpha = 1
    aligned: bool  # whether the second's hidden units are renumbered to be close to the first's
    alphas: tuple[float, ...]
    passes: int  # that every point is trained for, as the first was, before it is measured

    def __post_init__(self) -> None:
        """Refuse networks that have no line between them.

        Raises:
            ValueError: If their shapes differ.
        """
        if self.first.widths != self.second.widths:
            first, second = ("-".join(map(str, t.widths)) for t in (self.first, self.second))
            raise ValueError(
                f"networks of different shape, {first} and {second}, cannot be interpolated: "
                "both ends must have the same layers"
            )

    @property
    def epochs(self) -> int:
        """Count the replicas, after each of which progress is told."""
        return len(self.first.seeds)


def fewer_updates(settings: Training) -> bool:
    """Tell whether a training leaves each pass before it has seen all images."""
    return settings.steps * settings.batch_size < settings.train_examples


@dataclass(frozen=True)
class Shortened:
    """The first steps of every pass; each pass has an order of its own."""

    batches: minibatches.Minibatches
    steps: int

    def __iter__(self) -> Iterator[loop.Batch]:
        """Start a pass, and leave it after so many steps."""
        return islice(iter(self.batches), self.steps)


def task_of(settings: Training, images: ImageSet, device: str) -> classification.Task:
    """Take the images that a perceptron learns, and is tested on."""
    return classification.task(
        images,
        builders.mlp(replicas.Streams([0]), *settings.widths),
        train_examples=settings.train_examples,
        test_examples=settings.measured,
        device=device,
    )


def on_splits(task: classification.Task, model: nn.Module, measured: int) -> Tensor:
    """Measure cross-entropy and accuracy of each replica on both splits, (R, 2 splits, 2)."""
    images, labels = task.train
    splits = ((images[:measured], labels[:measured]), task.test)
    return torch.stack(
        [losses.over_split(model, x, y, MEASURES, prepare=task.prepare) for x, y in splits],
        dim=1,
    )


def train(
    settings: Training,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron, one end of a line.

    Returns:
        `weights` (R, P), float32; `course` (K, R, 2 splits, 2), cross-entropy in nats and accuracy
        before the first pass and after each; `diverged` (R,); `described_<measure>` (D,), the
        `generalization.MEASURES` of the first replicas.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(device)
    task = task_of(settings, images, device)
    history = loop.fit(
        model,
        Shortened(task.minibatches(settings.batch_size, streams.order), settings.steps),
        losses.cross_entropy,
        _optimizer(settings, model),
        epochs=settings.epochs,
        probes={"course": loop.Probe(lambda model: on_splits(task, model, settings.measured))},
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    weights = replicas.weights(model).detach()
    chosen = settings.described_replicas
    described = generalization.describe(
        task,
        replicas.with_weights(model, weights[:chosen]),
        examples=settings.described,
        seeds=settings.seeds[:chosen],
    )
    return {
        **{f"described_{name}": values for name, values in described.items()},
        "weights": weights.cpu().numpy(),
        "course": history.series["course"],
        # the loss after the last update has not been seen
        "diverged": history.diverged | ~weights.isfinite().all(dim=1).cpu().numpy(),
    }


def measure(
    settings: Line,
    images: ImageSet,
    first: np.ndarray,
    second: np.ndarray,
    sound: np.ndarray,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Measure along the lines between the weights of two trainings, pair by pair.

    Args:
        settings: Which lines.
        images: What the two learned.
        first: Weights of the first training, shape (R, P).
        second: Weights of the second.
        sound: Pairs of which neither diverged, shape (R,), bool; the others get NaN.
        device: Where to compute.
        checkpoint: Unused: a pair takes seconds.
        each_epoch: Told the losses (K,) on the line of each pair.

    Returns:
        `line` (R, K, 2 splits, 2), cross-entropy in nats and accuracy; `distance` (R,) between
        the ends, Euclidean.
    """
    task = task_of(settings.first, images, device)
    model = builders.mlp(replicas.Streams([0]), *settings.first.widths).to(device)
    starts, ends = (torch.from_numpy(weights[sound]).to(device) for weights in (first, second))
    if settings.aligned:
        ends = geometry.aligned(model, starts, ends)
    alphas = torch.tensor(settings.alphas, dtype=torch.float64)
    lines = np.full((len(sound), len(alphas), 2, 2), np.nan)
    distance = np.full(len(sound), np.nan)
    distance[sound] = (ends - starts).norm(dim=1).cpu().numpy()
    for r, start, end in zip(np.flatnonzero(sound), starts, ends, strict=True):
        stack: nn.Module
        if settings.passes:
            points = geometry.line(start, end, alphas)
            stack = _retrained(settings, task, replicas.with_weights(model, points), int(r))
        else:
            stack = geometry.Blends(model, start, end, alphas)
        seen = on_splits(task, stack, settings.first.measured)
        lines[r] = seen.numpy()
        each_epoch(seen[:, 0, 0])
    return {"line": lines, "distance": distance}


def _retrained(settings: Line, task: classification.Task, stack: nn.Module, r: int) -> nn.Module:
    """Train all points of a line side by side, as the first end was trained; all see one order."""
    first = settings.first
    points = replicas.count(stack)
    loop.fit(
        stack,
        task.minibatches(
            first.batch_size, replicas.generators([first.seeds[r]] * points, "retraining")
        ),
        losses.cross_entropy,
        _optimizer(first, stack),
        epochs=settings.passes,
    )
    return stack


def _optimizer(settings: Training, model: nn.Module) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == NESTEROV:
        return optimizers.nesterov(model, learning_rate=rate, momentum=MOMENTUM, weight_decay=decay)
    return optimizers.optimizer("adam", model, learning_rate=rate, weight_decay=decay)


@dataclass(frozen=True)
class End:
    """R trainings of one network in one way."""

    settings: Training
    course: np.ndarray  # (K, R, 2 splits, 2) nats and accuracy after each pass; NaN once diverged
    norm: np.ndarray  # (R,) Euclidean, of all weights and biases
    diverged: np.ndarray  # (R,) bool
    described: dict[str, np.ndarray]  # (D,) generalization.MEASURES of the first replicas

    @property
    def updates(self) -> np.ndarray:
        """Updates made before each measurement, (K,)."""
        return self.settings.steps * np.arange(self.settings.epochs + 1)

    @property
    def final(self) -> np.ndarray:
        """Nats and accuracy after the last pass, (R, 2 splits, 2); NaN where diverged."""
        return np.where(self.diverged[:, None, None], np.nan, self.course[-1])


@dataclass(frozen=True)
class Pair:
    """The lines between R pairs of trainings that share their seeds."""

    first: End  # at alpha = 0
    second: End  # at alpha = 1
    alphas: np.ndarray  # (K,)
    line: np.ndarray  # (K, R, 2 splits, 2) nats and accuracy; NaN where either end diverged
    distance: np.ndarray  # (R,) between the ends, Euclidean

    @property
    def sound(self) -> np.ndarray:
        """Which pairs have a line, (R,), bool."""
        return ~(self.first.diverged | self.second.diverged)

    def along(self, split: int, measure: int) -> np.ndarray:
        """Take a measure on a split of the pairs that have a line, (K, R')."""
        return self.line[:, self.sound, split, measure]

    @property
    def logs(self) -> np.ndarray:
        """Decimal logarithm of the training loss of the pairs that have a line, (K, R')."""
        return np.log10(np.maximum(self.along(0, 0), FLOOR))

    def barrier(self, split: int = 0) -> np.ndarray:
        """Find how far the loss rises above the blend of the ends', (R',), in nats."""
        return geometry.barrier(self.along(split, 0), self.alphas)

    @property
    def lean(self) -> np.ndarray:
        """Tell which end looks wider, in decades of the training loss, (R',).

        How much larger the loss is beyond the first end than beyond the second, in the mean
        over equal distances of the logarithms: above 0 the second end looks wider.
        """
        before, beyond = self.alphas < 0, self.alphas > 1
        return self.logs[before].mean(axis=0) - self.logs[beyond].mean(axis=0)

    def roughness(self, end: int) -> np.ndarray:
        """Measure how bent the training loss is around an end, on a logarithmic axis, (R',).

        The mean size of the second differences of log10 of the loss, over the half of the way
        to the other end that is near, and as far on the other side.
        """
        return np.abs(np.diff(self.logs[self._near(end)], n=2, axis=0)).mean(axis=0)

    def variation(self, end: int) -> np.ndarray:
        """Add up all changes of the test accuracy around an end, as in `roughness`, (R',)."""
        return np.abs(np.diff(self.along(1, 1)[self._near(end)], axis=0)).sum(axis=0)

    def _near(self, end: int) -> np.ndarray:
        return np.abs(self.alphas - end) <= 0.5 + 1e-9
