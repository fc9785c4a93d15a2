"""Small networks that learn images on the spot: watched while they learn, and stored nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.networks.modes import evaluating
from hw1lib.networks.stacked import Stacked
from hw1lib.training import classification, loop, losses, optimizers
from hw1lib.training.classification import Task
from hw1lib.training.run import threads

PERCEPTRON, CONVOLUTION, YOURS = "perceptron", "convolution", "your network"
HIDDEN = (100,)  # of the perceptron
LEARNED, TESTED = 2_000, 500  # images, at most
MEASURED = 100  # of either split at each look, or looking would take longer than learning
PIECE = 5  # updates between two looks
RATE = 1e-3  # of Adam
OTHER_SEEDS = 2_000_000  # added to the seeds, so that a run is none of those that are stored
SMALLEST = 10  # pixels along a side that the convolutions need

Build = Callable[[], nn.Module]  # makes one network, as torch has it, from images (B, C, H, W)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What to train: one network, R times, on the first images of a set."""

    images: ImageSet
    network: str = PERCEPTRON
    build: Build | None = None  # of `YOURS`
    hidden: tuple[int, ...] = HIDDEN  # of the perceptron
    permuted: bool = False
    batch_size: int = 50
    updates: int = 200
    rate: float = RATE
    seeds: tuple[int, ...] = (OTHER_SEEDS,)  # of the first weights
    orders: tuple[int, ...] = ()  # seeds of the order of the images; by default those above


@dataclass
class Seen:
    """How far a trial has come."""

    trial: Trial
    task: Task
    model: nn.Module
    updates: list[int] = field(default_factory=list)  # made before each look
    train: list[np.ndarray] = field(default_factory=list)  # (R,) accuracy in % at each look
    test: list[np.ndarray] = field(default_factory=list)  # likewise

    @torch.no_grad()
    def said(self) -> np.ndarray:
        """Return which class each network gives to each test image, (R, N)."""
        images, _ = self.task.test
        with evaluating(self.model):
            return self.model(self.task.prepare(images)).argmax(dim=-1).numpy()

    @property
    def truth(self) -> np.ndarray:
        """Class of each test image, (N,)."""
        return self.task.test[1].numpy()


def watch(trial: Trial) -> Iterator[Seen]:
    """Train; yield what is seen at the start and after each piece.

    Raises:
        ValueError: If the images are not here, or the network does not fit to them.
    """
    images = trial.images
    if not images.has_pixels:
        raise ValueError(
            f"{images.description} is not on this machine; HW1_DATA names the folder that holds it"
        )
    flat = trial.network == PERCEPTRON
    task = classification.task(
        images,
        flat=flat,
        train_examples=LEARNED,
        test_examples=TESTED,
        device="cpu",
        permuted=trial.permuted,
    )
    seen = Seen(trial, task, network(trial, task))
    optimizer = optimizers.adam(seen.model, learning_rate=trial.rate)
    orders = replicas.Streams(trial.orders or trial.seeds).order
    size, made = min(trial.batch_size, len(task.train[1])), 0
    while True:
        with threads(1):  # never across a yield: others train meanwhile
            _look(seen, made)
        yield seen
        if made >= trial.updates:
            return
        count = min(PIECE, trial.updates - made)
        with threads(1):
            batches = task.minibatches(size, orders, steps=count)
            loop.fit(seen.model, batches, losses.cross_entropy, optimizer, epochs=1)
        made += count


def _look(seen: Seen, made: int) -> None:
    """Note the accuracies after so many updates."""
    count = MEASURED if made < seen.trial.updates else TESTED
    seen.updates.append(made)
    for (x, y), found in ((seen.task.train, seen.train), (seen.task.test, seen.test)):
        share = seen.task.measure(seen.model, (x[:count], y[:count]), [losses.accuracy])[:, 0]
        found.append(100 * share.numpy())


def side_by_side(trials: Mapping[str, Trial]) -> Iterator[dict[str, Seen]]:
    """Train several networks piece by piece in turns; yield what is seen of each, by name."""
    runs: dict[str, Seen] = {}
    for found in zip_longest(*map(watch, trials.values())):
        runs = runs | {name: seen for name, seen in zip(trials, found, strict=True) if seen}
        yield runs


def network(trial: Trial, task: Task) -> nn.Module:
    """Build the stack of a trial, and see whether it takes the images.

    Raises:
        ValueError: If it does not, or is no network at all, in one sentence.
    """
    images = trial.images
    channels, height, width = images.train.images.shape[1:]
    classes, streams = len(images.classes), replicas.Streams(trial.seeds)
    if trial.network == PERCEPTRON:
        widths = (channels * height * width, *trial.hidden, classes)
        return builders.mlp(streams, *widths)
    if trial.network == CONVOLUTION:
        if min(height, width) < SMALLEST:
            raise ValueError(
                f"the convolutions need images of {SMALLEST}×{SMALLEST} pixels or more, these have "
                f"{width}×{height}"
            )
        return builders.small_cnn(streams, channels, height, width, classes)
    if trial.build is None:
        raise ValueError("give a network of your own as network=, a function that makes it")
    return own(trial.build, trial.seeds, task.prepare(task.train[0][:2]), classes)


def own(build: Build, seeds: tuple[int, ...], examples: Tensor, classes: int) -> nn.Module:
    """Stack a reader's network by the public adapter, and try it on some examples (B, C, H, W).

    Raises:
        ValueError: If it cannot be built, cannot take them, or returns something else than one
            number per class.
    """
    try:
        model = Stacked(build, seeds, axes=3)
    except Exception as error:  # whatever a reader's function raises
        raise ValueError(f"your network cannot be built: {_first(error)}") from error
    wanted = (len(seeds), len(examples), classes)
    try:
        outputs = model(examples)
        shape = tuple(outputs.shape)
    except Exception as error:
        taken = tuple(examples.shape)
        raise ValueError(
            f"your network cannot take images of shape {taken}: {_first(error)}"
        ) from error
    if shape != wanted:
        raise ValueError(
            f"your network returns {shape[1:]} for {len(examples)} images, expected {wanted[1:]}: "
            f"one number for each of the {classes} classes"
        )
    return model


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def progress(runs: Mapping[str, Seen], *, over: bool) -> str:
    """Say how far networks have come."""
    told = []
    for name, seen in runs.items():
        made, wanted = seen.updates[-1], seen.trial.updates
        state = "training" if not over else "trained" if made == wanted else "stopped"
        told.append(f"{name}: {state}, {made:,} of {wanted:,} updates")
    return "; ".join(told)


def shown(images: Tensor) -> np.ndarray:
    """Return uint8 images (..., C, H, W) as numbers from 0 to 1, of one channel or three."""
    values = images.numpy() / 255
    return values if values.shape[-3] in (1, 3) else values.mean(axis=-3, keepdims=True)
