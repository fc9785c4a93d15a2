"""The trainings of chapter 23: down to points where the gradient vanishes, measured there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio import critical_points, ratios
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, modes, replicas
from hw1lib.training import loop, losses, optimizers

FURTHEST = 1e6  # weights beyond that count as diverged


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of searches."""

    widths: tuple[int, ...]
    activation: str
    weight_decay: float
    points: int  # of the uniform training grid on [-1, 1]
    learning_rate: float
    epochs: int  # full-batch Adam updates of phase 1, at most
    levels: tuple[float, ...]  # loss at which each replica leaves phase 1; 0: at its end
    newton: int  # Newton steps on the objective after that, at most
    steps: int  # steps on the norm of its gradient, at most
    embedded: tuple[int, ...]  # widths of the network that the result is written into
    samples: int  # of the sampled ratio
    radius: float  # of the sampled ratio, in units of weights
    seeds: tuple[int, ...]  # one per replica


@dataclass(frozen=True)
class Place:
    """What was measured at one point of weight space per replica."""

    loss: np.ndarray  # (R,) mean squared error
    residual: np.ndarray  # (R,) norm of the objective's gradient
    flatness: np.ndarray  # (R,) |H g| / (max |lambda| |g|)
    eigenvalues: np.ndarray  # (R, P) of the objective's Hessian, ascending
    sampled: np.ndarray  # (R,) share of nearby weights where the objective is larger
    gauss_newton: np.ndarray  # (R,) share of positive eigenvalues, as A's code counts
    over_loss: np.ndarray  # (R,) gradient norm by loss, as B's text has it
    layer_norm: np.ndarray  # (R,) mean norm of the layers' weight gradients, as B's code has it


def train(
    settings: Training,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Minimize the loss, then the norm of the objective's gradient, and measure both ends.

    The objective is the loss with half the weight decay times the squared norm of the weights.

    Returns:
        The fields of `Place` at the end of the search, and with `trained_` before them those at
        the end of phase 1; `weights` (R, P); `epochs` (R,) updates of phase 1; `taken` (R,) steps
        on the gradient's norm; `diverged` (R,), where phase 1 lost itself and all measures are NaN.
    """
    model = _network(settings, settings.widths).to(device)
    x = functions.grid(settings.points)[:, None].double().to(device)
    y = functions.TARGETS["sinc"](x)
    levels = torch.tensor(settings.levels, dtype=torch.float64)

    def loss(network: nn.Module) -> Tensor:
        return losses.mean_squared_error(network(x), y)

    def objective(network: nn.Module) -> Tensor:
        squares = replicas.weights(network).square().sum(dim=1)
        return loss(network) + settings.weight_decay / 2 * squares

    def at(weights: Tensor) -> nn.Module:
        return replicas.with_weights(model, weights)

    with modes.threads(1):  # each operation is too small to be worth sharing
        history = loop.fit(
            model,
            [(x, y)],
            losses.mean_squared_error,
            optimizers.optimizer(
                "adam",
                model,
                learning_rate=settings.learning_rate,
                weight_decay=settings.weight_decay,
            ),
            epochs=settings.epochs,
            stop=lambda losses: losses[-1] <= levels,
            checkpoint=checkpoint,
            each_epoch=each_epoch,
        )
        weights = replicas.weights(model).detach()
        lost = ~(weights.abs() < FURTHEST).all(dim=1)
        model = at(weights.masked_fill(lost[:, None], 0.0))  # LAPACK refuses what is not finite
        trained = _measure(model, loss, objective, x, settings)
        lower = critical_points.minimize(model, objective, steps=settings.newton)
        found = critical_points.flatten_gradient(at(lower.weights), objective, steps=settings.steps)
        end = at(found.weights)
        if settings.embedded:
            model = _network(settings, settings.embedded).to(device)
            shares = None if settings.weight_decay else _shares(settings.seeds).to(device)
            critical_points.embed(end, model, shares)
            end = model
        there = _measure(end, loss, objective, x, settings)
    for measured in (there, trained):
        for values in measured.values():
            values[lost.cpu().numpy()] = np.nan
    return {
        **there,
        **{f"trained_{name}": values for name, values in trained.items()},
        "weights": replicas.weights(end).detach().cpu().numpy(),
        "epochs": history.steps,
        "taken": found.steps.cpu().numpy(),
        "diverged": lost.cpu().numpy(),
    }


def _network(settings: Training, widths: tuple[int, ...]) -> nn.Module:
    streams = replicas.Streams(settings.seeds)
    return builders.mlp(streams, *widths, activation=settings.activation).double()


def _shares(seeds: tuple[int, ...]) -> Tensor:
    drawn = [torch.rand(1, generator=g) for g in replicas.generators(seeds, "shares of a split")]
    return torch.cat(drawn).double()


def _measure(
    model: nn.Module,
    loss: curvature.Loss,
    objective: curvature.Loss,
    x: Tensor,
    settings: Training,
) -> dict[str, np.ndarray]:
    matrices = curvature.hessians(model, objective)
    slopes = curvature.gradients(model, objective)
    (generator,) = replicas.generators([settings.seeds[0]], "nearby weights")
    with torch.no_grad():
        height = loss(model)
    measured = {
        "loss": height,
        "residual": slopes.norm(dim=1),
        "flatness": ratios.flatness(matrices, slopes),
        "eigenvalues": torch.linalg.eigvalsh(matrices),
        "sampled": ratios.larger_nearby(
            model,
            objective,
            radius=settings.radius,
            samples=settings.samples,
            generator=generator,
        ),
        "gauss_newton": ratios.gauss_newton_ratio(model, x),
        "over_loss": ratios.gradient_over_loss(model, loss),
        "layer_norm": ratios.layer_gradient_norm(model, loss),
    }
    return {name: values.detach().cpu().numpy() for name, values in measured.items()}
