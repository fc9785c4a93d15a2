"""The trainings of chapter 23: down to points where the gradient vanishes, measured there."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio import critical_points, ratios
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import loop, losses, optimizers, regression
from hw1lib.training.run import Run

FURTHEST = 1e6  # weights beyond that count as diverged


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of searches."""

    widths: tuple[int, ...]
    activation: Activation
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
class Problem:
    """What a search learns, and what it minimizes."""

    task: regression.Task
    weight_decay: float

    def objective(self, model: nn.Module) -> Tensor:
        """Compute the loss with half the weight decay times the weights' squared norm, (R,)."""
        squares = replicas.weights(model).square().sum(dim=1)
        return self.task.loss(model) + self.weight_decay / 2 * squares


def train(settings: Training, *, run: Run) -> dict[str, np.ndarray]:
    """Minimize the loss, then the norm of the objective's gradient, and measure both ends.

    Returns:
        The fields of `PointMeasures` at the end of the search, and with `trained_` before them
        those at the end of phase 1; `weights` (R, P); `epochs` (R,) updates of phase 1; `taken`
        (R,) steps on the gradient's norm; `diverged` (R,), where phase 1 diverged and all measures
        are NaN.
    """
    points = regression.task(
        functions.sinc, settings.points, device=run.device, dtype=torch.float64
    )
    problem = Problem(points, settings.weight_decay)
    model = _network(settings, settings.widths).to(run.device)
    history = _descend(model, problem, settings, run)
    weights = replicas.weights(model).detach()
    near = (weights.abs() < FURTHEST).all(dim=1)
    lost = ~near | ~torch.from_numpy(history.sound).to(near.device)
    # LAPACK refuses what is not finite
    trained = replicas.with_weights(model, weights.masked_fill(lost[:, None], 0.0))
    lower = critical_points.minimize(trained, problem.objective, steps=settings.newton)
    found = critical_points.flatten_gradient(
        replicas.with_weights(model, lower.weights), problem.objective, steps=settings.steps
    )
    end = replicas.with_weights(model, found.weights)
    if settings.embedded:
        end = _embedded(end, settings)
    measured = {
        **_measure(end, problem, settings),
        **{f"trained_{k}": values for k, values in _measure(trained, problem, settings).items()},
    }
    for values in measured.values():
        values[lost.cpu().numpy()] = np.nan
    return {
        **measured,
        "weights": replicas.weights(end).detach().cpu().numpy(),
        "epochs": history.steps,
        "taken": found.steps.cpu().numpy(),
        "diverged": lost.cpu().numpy(),
    }


def _network(settings: Training, widths: tuple[int, ...]) -> nn.Module:
    streams = replicas.Streams(settings.seeds)
    return builders.mlp(streams, *widths, activation=settings.activation).double()


def _descend(model: nn.Module, problem: Problem, settings: Training, run: Run) -> loop.History:
    """Minimize the loss by Adam, every replica down to its level."""
    levels = torch.tensor(settings.levels, dtype=torch.float64)
    return loop.fit(
        model,
        problem.task.batches,
        losses.mean_squared_error,
        optimizers.adam(
            model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        ),
        epochs=settings.epochs,
        stop=lambda losses: losses[-1] <= levels,
        run=run,
    )


def _embedded(small: nn.Module, settings: Training) -> nn.Module:
    """Write networks into larger ones: with silent units, or split ones without weight decay."""
    device = next(small.parameters()).device
    large = _network(settings, settings.embedded).to(device)
    shares = None if settings.weight_decay else _shares(settings.seeds).to(device)
    critical_points.embed(small, large, shares)
    return large


def _shares(seeds: tuple[int, ...]) -> Tensor:
    drawn = [torch.rand(1, generator=g) for g in replicas.generators(seeds, "shares of a split")]
    return torch.cat(drawn).double()


def _measure(model: nn.Module, problem: Problem, settings: Training) -> dict[str, np.ndarray]:
    matrices = curvature.hessians(model, problem.objective)
    slopes = curvature.gradients(model, problem.objective)
    (generator,) = replicas.generators([settings.seeds[0]], "nearby weights")
    with torch.no_grad():
        height = problem.task.loss(model)
    measured = {
        "loss": height,
        "residual": slopes.norm(dim=1),
        "flatness": ratios.flatness(matrices, slopes),
        "eigenvalues": torch.linalg.eigvalsh(matrices),
        "sampled": ratios.larger_nearby(
            model,
            problem.objective,
            radius=settings.radius,
            samples=settings.samples,
            generator=generator,
        ),
        "gauss_newton": ratios.gauss_newton_ratio(model, problem.task.x),
        "over_loss": ratios.gradient_over_loss(model, problem.task.loss),
        "layer_norm": ratios.layer_gradient_norm(model, problem.task.loss),
    }
    return {name: values.detach().cpu().numpy() for name, values in measured.items()}
