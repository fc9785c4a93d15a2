"""The trainings of chapter 33, and what is measured on the lines between their weights."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization, geometry
from hw1lib.networks import builders, replicas
from hw1lib.results.store import Entry
from hw1lib.training import classification, loop, losses
from hw1lib.training.classification import Task
from hw1lib.training.gaps import among_all
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run

MEASURES = (losses.cross_entropy, losses.accuracy)


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of perceptrons, besides the images."""

    widths: tuple[int, ...]  # layer sizes, ends included
    optimizer: Optimizer
    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int  # passes
    train_examples: int  # the first so many
    measured: int  # images of either split on which loss and accuracy are measured
    described: int  # images of either split for `generalization.describe`
    described_replicas: int  # the first so many get described, for it takes long
    seeds: tuple[int, ...]  # one per replica
    shortened: int | None = None  # steps of each pass; None: as many as its images give

    @property
    def steps(self) -> int:
        """Count the steps of each pass."""
        return self.shortened or -(-self.train_examples // self.batch_size)

    @property
    def leaves_early(self) -> bool:
        """Whether each pass ends before all images were seen."""
        return self.steps * self.batch_size < self.train_examples

    @property
    def name(self) -> str:
        """Write the network by its widths."""
        return "-".join(map(str, self.widths))

    def optimize(self, model: nn.Module) -> torch.optim.Optimizer:
        """Make the optimizer of a stack."""
        return self.optimizer(
            model, learning_rate=self.learning_rate, weight_decay=self.weight_decay
        )


@dataclass(frozen=True)
class Branch(Training):
    """A training that leaves the path of another: from some pass on it sees other orders."""

    common: int = 0  # passes with the images in the other's order


@dataclass(frozen=True)
class Line:
    """Everything that decides what is measured between two trainings, besides the images."""

    first: Training  # at alpha = 0
    second: Training  # at alpha = 1
    alphas: tuple[float, ...]
    aligned: bool = False  # whether the second's hidden units are renumbered to be like the first's
    passes: int = 0  # that every point is trained for, as the first was, before it is measured

    def __post_init__(self) -> None:
        """Refuse networks that have no line between them.

        Raises:
            ValueError: If their shapes differ.
        """
        if self.first.widths != self.second.widths:
            raise ValueError(
                f"networks of different shape, {self.first.name} and {self.second.name}, cannot "
                "be interpolated: both ends must have the same layers"
            )

    @property
    def epochs(self) -> int:
        """Count the replicas, after each of which progress is reported."""
        return len(self.first.seeds)


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron, one end of a line.

    Returns:
        `weights` (R, P), float32; `course` (K, R, 2 splits, 2), cross-entropy in nats and accuracy
        before the first pass and after each; `diverged` (R,).
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = task_of(settings, images, run.device)
    history = loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order, steps=settings.shortened),
        losses.cross_entropy,
        settings.optimize(model),
        epochs=settings.epochs,
        probes={"course": loop.Probe(partial(on_splits, task, settings.measured))},
        streams=[*streams],
        run=run,
    )
    return {
        "weights": replicas.weights(model).detach().cpu().numpy(),
        "course": history.series["course"],
        "diverged": ~history.sound,
    }


def branch(settings: Branch, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas as `train` does, from some pass on with the images in another order.

    Returns:
        `weights` (R, P), float32, and `diverged` (R,).

    Source:
        J. Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis", ICML
        2020, algorithm 1; here the optimizer, too, goes on as it was.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = task_of(settings, images, run.device)
    optimizer = settings.optimize(model)
    others = replicas.generators(settings.seeds, "another order")
    sound = np.ones(len(settings.seeds), dtype=bool)
    for orders, epochs, how in (
        (streams.order, settings.common, run.aside),  # made again, should the rest be resumed
        (others, settings.epochs - settings.common, run.after(settings.common)),
    ):
        history = loop.fit(
            model,
            task.minibatches(settings.batch_size, orders, steps=settings.shortened),
            losses.cross_entropy,
            optimizer,
            epochs=epochs,
            streams=orders,
            run=how,
        )
        sound &= history.sound
    return {"weights": replicas.weights(model).detach().cpu().numpy(), "diverged": ~sound}


def describe(
    settings: Training, images: ImageSet, trained: Entry, *, run: Run
) -> dict[str, np.ndarray]:
    """Measure all of an end but its lines, so that its weights need not be kept.

    Args:
        settings: Of the training.
        images: What was learned.
        trained: What `train` made of it.
        run: How this is carried out; without checkpoints, since it takes a minute.

    Returns:
        `course` and `diverged` as of `train`; `norm` (R,), Euclidean, of all weights and biases;
        `described_<measure>` (D,), the `generalization.MEASURES` of the first replicas.
    """
    task = task_of(settings, images, run.device)
    weights, diverged = trained.arrays["weights"], trained.arrays["diverged"]
    chosen = settings.described_replicas
    model = builders.mlp(replicas.Streams([0]), *settings.widths).to(run.device)
    described = generalization.describe(
        task,
        replicas.with_weights(model, torch.from_numpy(weights[:chosen]).to(run.device)),
        examples=settings.described,
        seeds=settings.seeds[:chosen],
    )
    run.progress(settings.epochs, torch.from_numpy(trained.arrays["course"][-1, :, 0, 0]))
    return {
        **{
            f"described_{name}": np.where(diverged[:chosen], np.nan, values)
            for name, values in described.items()
        },
        "course": trained.arrays["course"],
        "norm": np.linalg.norm(weights.astype(np.float64), axis=1),
        "diverged": diverged,
    }


def measure(
    settings: Line, images: ImageSet, first: Entry, second: Entry, *, run: Run
) -> dict[str, np.ndarray]:
    """Measure along the lines between the weights of two trainings, pair by pair.

    Args:
        settings: Which lines.
        images: What the two learned.
        first: What `train` made of the first training.
        second: What it made of the second.
        run: How this is carried out; without checkpoints, since a pair takes seconds.

    Returns:
        `line` (R, K, 2 splits, 2), cross-entropy in nats and accuracy; `distance` (R,) between
        the ends, Euclidean. NaN for pairs of which either diverged.
    """
    task = task_of(settings.first, images, run.device)
    model = builders.mlp(replicas.Streams([0]), *settings.first.widths).to(run.device)
    sound = ~(first.arrays["diverged"] | second.arrays["diverged"])
    starts, ends = (
        torch.from_numpy(end.arrays["weights"][sound]).to(run.device) for end in (first, second)
    )
    if settings.aligned:
        ends = geometry.aligned(model, starts, ends)
    alphas = torch.tensor(settings.alphas, dtype=torch.float64)
    seeds = np.array(settings.first.seeds)[sound]
    lines = np.full((len(seeds), len(alphas), 2, 2), np.nan)
    for r, (start, end, seed) in enumerate(zip(starts, ends, seeds, strict=True)):
        points: nn.Module
        if settings.passes:
            points = replicas.with_weights(model, geometry.line(start, end, alphas))
            _train_on(points, settings, task, int(seed))
        else:
            points = geometry.Blends(model, start, end, alphas)
        seen = on_splits(task, settings.first.measured, points)
        lines[r] = seen.numpy()
        run.progress(r + 1, seen[:, 0, 0])
    distances = (ends - starts).norm(dim=1).cpu().numpy()
    return {"line": among_all(lines, sound), "distance": among_all(distances, sound)}


def _train_on(points: nn.Module, settings: Line, task: Task, seed: int) -> None:
    """Train all points of a line side by side, as the first end was trained; all see one order."""
    orders = replicas.generators([seed] * replicas.count(points), "retraining")
    loop.fit(
        points,
        task.minibatches(settings.first.batch_size, orders),
        losses.cross_entropy,
        settings.first.optimize(points),
        epochs=settings.passes,
    )


def task_of(settings: Training, images: ImageSet, device: str) -> Task:
    """Return the images that a perceptron learns, and is tested on."""
    return classification.task(
        images,
        flat=True,
        train_examples=settings.train_examples,
        test_examples=settings.measured,
        device=device,
    )


def on_splits(task: Task, measured: int, model: nn.Module) -> Tensor:
    """Measure cross-entropy and accuracy of each replica on both splits, (R, 2 splits, 2).

    Args:
        task: The images.
        measured: How many of the training images, at most.
        model: Stacked network.
    """
    images, labels = task.train
    splits = ((images[:measured], labels[:measured]), task.test)
    return torch.stack([task.measure(model, split, MEASURES) for split in splits], dim=1)
