"""The trainings of chapter 22, each with its gradient norm at every update."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import functions
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import classification, loop, losses, optimizers, regression, watching
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run

LANCZOS_STEPS = 20  # enough for the largest eigenvalue alone to three digits


@dataclass(frozen=True)
class Continuation:
    """One way in which a training goes on after its end, beside the others."""

    name: str
    updates: int
    factor: float = 1.0  # on the learning rate
    remembers: bool = True  # whether the optimizer keeps its memory of past gradients


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of regressors on sinc."""

    widths: tuple[int, ...]
    activation: Activation
    points: int  # of the uniform training grid on [-1, 1]
    optimizer: Optimizer
    learning_rate: float
    weight_decay: float
    epochs: int  # full-batch updates
    seeds: tuple[int, ...]  # one per replica
    continued: tuple[Continuation, ...] = ()


def train(settings: Training, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas to all points at once, recording the gradient at every update.

    The norm is that of the gradient of the loss alone, without weight decay, at the weights from
    which the update is made.

    Returns:
        `loss` and `norm` (E, R) before each update, NaN once a replica diverged; the same with
        `_<name>` for each way to go on.
    """
    model, task = _start(settings, run)
    optimizer = _optimizer(settings, model)
    found = _recorded(_fit(model, task, optimizer, settings.epochs, run=run))
    for way in settings.continued:
        twin = copy.deepcopy(model)
        twins = _optimizer(settings, twin)
        if way.remembers:
            twins.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        for group in twins.param_groups:
            group["lr"] = way.factor * settings.learning_rate
        # seconds, and so not checkpointed
        found |= _recorded(_fit(twin, task, twins, way.updates, run=run.aside), f"_{way.name}")
    return found


def follow_curvature(settings: Training, every: int, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas, and look at the curvature along the way.

    Args:
        settings: Of the trainings.
        every: Updates between two looks.
        run: How this is carried out.

    Returns:
        `sharpness` (K, R), the largest eigenvalue of the loss's Hessian, before the updates
        `epochs` (K,), NaN once a replica diverged; `end` (R,), the loss before the last update.
    """
    model, task = _start(settings, run)
    probes = {"sharpness": loop.Probe(lambda model: _sharpness(model, task), every)}
    history = _fit(
        model, task, _optimizer(settings, model), settings.epochs, probes=probes, run=run
    )
    return {
        "sharpness": history.series["sharpness"],
        "epochs": history.epochs["sharpness"],
        "end": np.where(history.sound, history.losses[-1], np.nan),
    }


@dataclass(frozen=True)
class BatchTraining:
    """Everything that decides the numbers of one stack of regressors on minibatches of sinc."""

    widths: tuple[int, ...]
    activation: Activation
    points: int  # of the uniform training grid on [-1, 1]
    batch_size: int
    learning_rate: float  # of plain gradient descent
    epochs: int  # passes
    every: int  # passes between two looks
    seeds: tuple[int, ...]  # one per replica


def follow_batches(settings: BatchTraining, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas on minibatches, and look at the curvature of all points and of batches.

    Returns:
        `sharpness` (K, R), the largest eigenvalue of the Hessian of the loss on all points, and
        `batch_sharpness` (K, R), the mean over one pass's batches of the curvature of a batch's
        loss along its own gradient, before the passes `epochs` (K,), NaN once a replica diverged;
        `end` (R,), the loss on the last batch.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(run.device)
    task = regression.task(functions.sinc, settings.points, device=run.device)
    cut = settings.batch_size

    def of_batches(model: nn.Module) -> Tensor:
        # the same batches at every look, and other ones than training draws
        looks = Minibatches(task.x, task.y, cut, replicas.generators(settings.seeds, "looks"))
        return _batch_sharpness(model, list(looks))

    probes = {
        "sharpness": loop.Probe(lambda model: _sharpness(model, task), settings.every),
        "batch_sharpness": loop.Probe(of_batches, settings.every),
    }
    history = loop.fit(
        model,
        Minibatches(task.x, task.y, cut, streams.order),
        losses.mean_squared_error,
        optimizers.sgd(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes=probes,
        streams=[*streams],
        run=run,
    )
    return {
        **history.series,
        "epochs": history.epochs["sharpness"],
        "end": np.where(history.sound, history.losses[-1], np.nan),
    }


def _batch_sharpness(model: nn.Module, batches: list[loop.Batch]) -> Tensor:
    """Average the curvature of each batch's loss along its own gradient, (R,), in float64."""
    there = replicas.with_weights(model, replicas.weights(model).detach().double())

    def on(x: Tensor, y: Tensor) -> curvature.Loss:
        return lambda m: losses.mean_squared_error(m(x.double()), y.double())

    found = [curvature.along_gradient(there, on(x, y)) for x, y in batches]
    sizes = torch.tensor([x.shape[1] for x, _ in batches], dtype=torch.float64)
    return torch.einsum("b,br->r", sizes / sizes.sum(), torch.stack(found))


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


def train_digits(settings: DigitsTraining, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R perceptrons on minibatches, recording the gradient of each.

    Returns:
        `loss` and `norm` (S, R) on each step's minibatch before its update, NaN once a replica
        diverged; `accuracy` (R,) on the test images at the end, NaN likewise.
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
        optimizers.adam(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        watch=watching.gradient_norm,
        streams=[*streams],
        run=run,
    )
    accuracy = task.measure(model, task.test, [losses.accuracy])[:, 0].numpy()
    # outputs that are no numbers would pass for chance
    return {**_recorded(history), "accuracy": np.where(history.sound, accuracy, np.nan)}


def _start(settings: Training, run: Run) -> tuple[nn.Module, regression.Task]:
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(run.device)
    return model, regression.task(functions.sinc, settings.points, device=run.device)


def _optimizer(settings: Training, model: nn.Module) -> torch.optim.Optimizer:
    return settings.optimizer(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )


def _fit(
    model: nn.Module,
    task: regression.Task,
    optimizer: torch.optim.Optimizer,
    updates: int,
    **how: Any,
) -> loop.History:
    return loop.fit(
        model,
        task.batches,
        losses.mean_squared_error,
        optimizer,
        epochs=updates,
        watch=watching.gradient_norm,
        **how,
    )


def _sharpness(model: nn.Module, task: regression.Task) -> Tensor:
    """Compute the largest eigenvalue of the loss's Hessian, (R,); NaN where there is no loss."""
    with torch.no_grad():
        going = task.loss(model).isfinite()
    # zeros for those that diverged: eigenvalues of what is no number are an error; and in
    # float64, where those about to diverge have a finite Hessian yet
    finite = replicas.weights(model).detach().double().where(going[:, None], 0.0)
    (start,) = replicas.generators([0], "Lanczos")  # the same at every look: they compare
    largest = curvature.top_eigenvalues(
        replicas.with_weights(model, finite),
        task.to(torch.float64).loss,
        steps=LANCZOS_STEPS,
        generator=start,
    )[:, 0]
    return largest.where(going, torch.nan)


def _recorded(history: loop.History, suffix: str = "") -> dict[str, np.ndarray]:
    """Return losses and gradient norms, NaN from where a replica's loss was not finite."""
    ended = ~np.isfinite(history.losses)
    return {
        f"loss{suffix}": np.where(ended, np.nan, history.losses),
        f"norm{suffix}": np.where(ended, np.nan, history.watched),
    }
