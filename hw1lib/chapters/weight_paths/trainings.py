"""The trainings of chapter 21: networks whose weights are recorded on their way."""

from dataclasses import dataclass

import numpy as np
import torch

from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import trajectories
from hw1lib.networks import builders, replicas
from hw1lib.training import classification, loop, losses, optimizers
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the data."""

    widths: tuple[int, ...]  # layer sizes, ends included
    train_examples: int  # the first so many
    test_examples: int
    batch_size: int
    epochs: int
    every: int  # epochs between two snapshots
    learning_rate: float  # of Adam
    weight_decay: float
    seeds: tuple[int, ...]  # one per replica


def train(settings: Training, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of one perceptron, and keep the inner products of their snapshots.

    Returns:
        `epochs` (T,) passes before each snapshot; `train` and `test` (T, R, 3), the
        `classification.MEASURES` there; `grams` (L, R, T, R, T), of each layer's snapshots, and
        `walks`, of random walks with the same starts and step lengths; `diverged` (R,).
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths).to(run.device)
    task = classification.task(
        images,
        flat=True,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=run.device,
    )
    history = loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order),
        losses.cross_entropy,
        optimizers.adam(
            model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        ),
        epochs=settings.epochs,
        probes={
            **task.probes(settings.every),
            "weights": loop.Probe(replicas.weights, settings.every),
        },
        streams=[*streams],
        run=run,
    )
    snapshots = torch.from_numpy(history.series["weights"])
    snapshots[1:, ~history.sound] = torch.nan  # where a loss was not finite, no path goes on
    layers = trajectories.layers(model)
    grams = trajectories.grams(snapshots, layers)
    steps = trajectories.step_lengths(grams.sum(axis=0))
    at_random = replicas.generators(settings.seeds, "walk")
    return {
        "epochs": history.epochs["weights"],
        "train": history.series["train"],
        "test": history.series["test"],
        "grams": grams,
        "walks": trajectories.walks(snapshots[0], steps, layers, at_random),
        "diverged": ~history.sound,
    }
