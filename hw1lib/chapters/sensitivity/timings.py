"""How long an epoch over the training images takes with each batch size."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, loop, losses
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run

PASSES = 3  # timed one after another, of which the median counts


@dataclass(frozen=True)
class Timing:
    """Everything that decides what is timed, besides the images and the machine."""

    widths: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    updates: int  # of an epoch, at most; a longer epoch is cut there
    rounds: int  # measurements with each batch size
    optimizer: Optimizer
    learning_rate: float
    train_examples: int
    seed: int  # of the one network

    @property
    def epochs(self) -> int:
        """Epochs of all measurements together, those to warm up among them."""
        return self.rounds * len(self.batch_sizes) * (1 + PASSES)


def time_passes(settings: Timing, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Time how long one network takes for an epoch over the training images.

    In every round all batch sizes have their turn, so that a machine that becomes slower slows all
    of them. A turn is a new network, one epoch to warm up, and `PASSES` more, whose median counts.
    The time of a cut epoch is multiplied by the number of images over the number that it took.

    Returns:
        `seconds` (S, M) of a whole epoch, by batch size and round.
    """
    task = classification.task(
        images,
        flat=True,
        train_examples=settings.train_examples,
        test_examples=1,
        device=run.device,
    )
    pixels, labels = task.train
    inputs = task.prepare(pixels)  # once for all, as for every training
    rounds, passed = [], 0
    for _ in range(settings.rounds):
        turns = []
        for size in settings.batch_sizes:
            whole = -(-len(labels) // size)
            order = Streams([settings.seed]).order
            batches = Minibatches(inputs, labels, size, order, min(whole, settings.updates))
            share = batches.sizes.sum() / len(labels)
            turns.append(np.median(_passes(settings, batches, run.after(passed))) / share)
            passed += 1 + PASSES
        rounds.append(turns)
    return {"seconds": np.array(rounds).T}


def _passes(settings: Timing, batches: Minibatches, run: Run) -> np.ndarray:
    """Train a new network, and return the seconds of each epoch but the first, (PASSES,)."""
    model = builders.mlp(Streams([settings.seed]), *settings.widths).to(run.device)
    ends: list[float] = []
    last = torch.empty(0)

    def note(_: int, losses: torch.Tensor) -> None:
        nonlocal last
        ends.append(_now(run.device))
        last = losses

    loop.fit(
        model,
        batches,
        losses.cross_entropy,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=1 + PASSES,
        run=Run(run.device, progress=note),
    )
    run.progress(1 + PASSES, last)  # not between two epochs, whose time it would be part of
    return np.diff(ends)


def _now(device: str) -> float:
    """Read the clock, in seconds, when all that was asked of the device is done."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
