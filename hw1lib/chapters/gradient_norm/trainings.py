"""The trainings of chapter 22, each with its gradient norm at every update."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from hw1lib.data import functions
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import curvature
from hw1lib.networks import builders, modes, replicas
from hw1lib.training import classification, loop, losses, optimizers

SAME, TENTH, RERUN = "same", "tenth", "rerun"
# how a training goes on: factor on the step size, and whether the optimizer keeps its memory
CONTINUED = {SAME: (1.0, True), TENTH: (0.1, True), RERUN: (1.0, False)}
LANCZOS_STEPS = 20  # enough for the largest eigenvalue alone to three digits


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of regressors on sinc."""

    widths: tuple[int, ...]
    activation: str  # a key of models.ACTIVATIONS
    points: int  # of the uniform training grid on [-1, 1]
    optimizer: str  # a key of training.OPTIMIZERS
    learning_rate: float
    weight_decay: float
    epochs: int  # full-batch updates
    continued: tuple[str, ...]  # keys of CONTINUED: ways to go on from there, side by side
    more: int  # updates of each of those
    curvature_every: int  # updates between two looks at the top Hessian eigenvalue; 0 for none
    seeds: tuple[int, ...]  # one per replica


def train(
    settings: Training,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[torch.Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Fit R replicas to all points at once, recording the gradient at every update.

    The norm is that of the gradient of the loss alone, without weight decay, at the weights from
    which the update is made.

    Returns:
        `loss` and `norm` (E, R) before each update, NaN once a replica diverged; the same with
        `_<name>` for each way to go on; with looks at the curvature also `sharpness` (K, R), the
        largest eigenvalue of the loss's Hessian, before the updates `sharpness_epochs` (K,).
    """
    model = builders.mlp(
        replicas.Streams(settings.seeds), *settings.widths, activation=settings.activation
    ).to(device)
    x = functions.grid(settings.points)[:, None].to(device)
    y = functions.TARGETS["sinc"](x)

    def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
        return optimizers.optimizer(
            settings.optimizer,
            model,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    def fit(
        model: nn.Module, optimizer: torch.optim.Optimizer, epochs: int, **how: Any
    ) -> loop.History:
        return loop.fit(
            model,
            [(x, y)],
            losses.mean_squared_error,
            optimizer,
            epochs=epochs,
            watch=curvature.gradient_norm,
            **how,
        )

    def sharpness(model: nn.Module) -> torch.Tensor:
        with torch.no_grad():
            going = losses.mean_squared_error(model(x), y).isfinite()
        # zeros for those that diverged: eigenvalues of what is no number are an error; and in
        # float64, where those about to diverge have a finite Hessian yet
        finite = replicas.weights(model).detach().double().where(going[:, None], 0.0)
        (start,) = replicas.generators([0], "Lanczos")  # the same at every look: they compare
        largest = curvature.top_eigenvalues(
            replicas.with_weights(model, finite),
            lambda model: losses.mean_squared_error(model(x.double()), y.double()),
            steps=LANCZOS_STEPS,
            generator=start,
        )[:, 0]
        return largest.where(going, torch.nan)

    probes = {}
    if settings.curvature_every:
        probes["sharpness"] = loop.Probe(sharpness, settings.curvature_every)
    optimizer = optimizer_of(model)
    with modes.threads(1):  # each operation is too small to be worth sharing
        history = fit(
            model,
            optimizer,
            settings.epochs,
            probes=probes,
            checkpoint=checkpoint,
            each_epoch=each_epoch,
        )
        found = _recorded(history)
        for name, seen in history.series.items():
            found |= {name: seen, f"{name}_epochs": history.epochs[name]}
        for name in settings.continued:
            factor, remembers = CONTINUED[name]
            twin = copy.deepcopy(model)
            its_own = optimizer_of(twin)
            if remembers:
                its_own.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            for group in its_own.param_groups:
                group["lr"] = factor * settings.learning_rate
            # seconds, and so not checkpointed
            found |= _recorded(fit(twin, its_own, settings.more), f"_{name}")
    return found


@dataclass(frozen=True)
class DigitsTraining:
    """Everything that decides the numbers of one stack of classifiers, besides the images."""

    widths: tuple[int, ...]
    train_examples: int  # the first so many
    test_examples: int
    batch_size: int
    learning_rate: float  # of Adam
    epochs: int
    seeds: tuple[int, ...]  # one per replica


def train_digits(
    settings: DigitsTraining,
    images: ImageSet,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[torch.Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R perceptrons on minibatches, recording the gradient of each.

    Returns:
        `loss` and `norm` (S, R) on each step's minibatch before its update, NaN once a replica
        diverged; `accuracy` (R,) on the test images at the end.
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
    history = loop.fit(
        model,
        task.minibatches(settings.batch_size, streams.order),
        losses.cross_entropy,
        optimizers.optimizer("adam", model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        watch=curvature.gradient_norm,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    accuracy = task.evaluate(model, task.test)[:, -1].numpy()
    accuracy[history.diverged] = np.nan  # outputs that are no numbers would pass for chance
    return {**_recorded(history), "accuracy": accuracy}


def _recorded(history: loop.History, suffix: str = "") -> dict[str, np.ndarray]:
    """Take losses and gradient norms, NaN from where a replica's loss was not finite."""
    ended = ~np.isfinite(history.losses)
    return {
        f"loss{suffix}": np.where(ended, np.nan, history.losses),
        f"norm{suffix}": np.where(ended, np.nan, history.watched),
    }
