"""Report A's own network: its exact Hessian along the training, and where the gradient is small."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio import critical_points, ratios
from hw1lib.chapters.minimal_ratio.trainings import FURTHEST, Problem
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import loop, losses, optimizers, regression
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Following:
    """Everything that decides the numbers of one stack of trainings that are looked at."""

    widths: tuple[int, ...]
    activation: Activation
    points: int  # of the uniform training grid on [-1, 1]
    learning_rate: float  # of RMSprop
    weight_decay: float
    looks: tuple[int, ...]  # full-batch updates before each look, from 0 up
    bounds: tuple[float, ...]  # gradient norms to come down to after that, falling
    steps: int  # on the gradient's norm for each of them, at most
    seeds: tuple[int, ...]  # one per replica

    @property
    def epochs(self) -> int:
        """Updates of the training."""
        return self.looks[-1]


def follow(settings: Following, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas as report A does, look at them, then lower the gradient of the objective.

    Training is in float32, as A's; every look is in float64.

    Returns:
        At the K looks `loss` (K, R), `slope` (K, R), the norm of the loss's gradient, `residual`
        (K, R), that of the objective's, `eigenvalues` (K, R, P) of the loss's Hessian, ascending,
        and `gauss_newton` (K, R), the share that A's code counts; the same, with `bound_` before
        them, where the search for each of B bounds ended, (B, R, ...); NaN where the replica had
        diverged.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(run.device)
    task = regression.task(functions.sinc, settings.points, device=run.device)
    optimizer = optimizers.rmsprop(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    problem = Problem(task.to(torch.float64), settings.weight_decay)
    seen = [_look(model, problem)]
    for before, after in pairwise(settings.looks):
        loop.fit(
            model,
            task.batches,
            losses.mean_squared_error,
            optimizer,
            epochs=after - before,
            run=run.aside,  # seconds, and so not checkpointed
        )
        seen.append(_look(model, problem))
        run.progress(after, torch.from_numpy(seen[-1]["loss"]))
    reached = []
    there = sound(model)
    for bound in settings.bounds:
        found = critical_points.flatten_gradient(
            there, problem.objective, steps=settings.steps, residual=bound
        )
        there = replicas.with_weights(there, found.weights)
        reached.append(_look(there, problem, lost=~torch.from_numpy(np.isfinite(seen[-1]["loss"]))))
    return _stacked(seen) | {f"bound_{name}": v for name, v in _stacked(reached).items()}


def _stacked(looks: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.stack([look[name] for look in looks]) for name in looks[0]}


def sound(model: nn.Module) -> nn.Module:
    """Return a copy in float64, with zeros for replicas whose weights are no numbers."""
    weights = replicas.weights(model).detach().double()
    return replicas.with_weights(model, weights.masked_fill(is_lost(weights)[:, None], 0.0))


def is_lost(weights: Tensor) -> Tensor:
    """Return which replicas have weights (R, P) far away or that are no numbers, (R,)."""
    return ~(weights.abs().amax(dim=1) < FURTHEST)


def _look(model: nn.Module, problem: Problem, lost: Tensor | None = None) -> dict[str, np.ndarray]:
    """Measure a stack in float64; NaN for replicas that are lost."""
    there = sound(model)
    if lost is None:
        lost = is_lost(replicas.weights(model).detach())
    with torch.no_grad():
        height = problem.task.loss(there)
    values = torch.linalg.eigvalsh(curvature.hessians(there, problem.task.loss))
    measured = {
        "loss": height,
        "slope": curvature.gradients(there, problem.task.loss).norm(dim=1),
        "residual": curvature.gradients(there, problem.objective).norm(dim=1),
        # as float32, which keeps the sign and the size of small ones too
        "eigenvalues": values.float(),
        "gauss_newton": ratios.gauss_newton_ratio(there, problem.task.x),
    }
    found = {name: values.detach().cpu().numpy() for name, values in measured.items()}
    for values in found.values():
        values[lost.cpu().numpy()] = np.nan
    return found
