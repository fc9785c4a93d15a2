"""Report A's own network: its exact Hessian along the training, and where the gradient is small."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio import critical_points, looking, ratios
from hw1lib.chapters.minimal_ratio.trainings import Problem
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import optimizers, regression
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

    def look(there: nn.Module) -> dict[str, Tensor]:
        with torch.no_grad():
            height = problem.task.loss(there)
        return {
            "loss": height,
            "slope": curvature.gradients(there, problem.task.loss).norm(dim=1),
            "residual": curvature.gradients(there, problem.objective).norm(dim=1),
            # as float32, which keeps the sign and the size of small ones too
            "eigenvalues": torch.linalg.eigvalsh(
                curvature.hessians(there, problem.task.loss)
            ).float(),
            "gauss_newton": ratios.gauss_newton_ratio(there, problem.task.x),
        }

    seen = looking.train(model, task, optimizer, look, after=settings.looks, run=run)
    reached, there = [], looking.sound(model)
    for bound in settings.bounds:
        found = critical_points.flatten_gradient(
            there, problem.objective, steps=settings.steps, residual=bound
        )
        there = replicas.with_weights(there, found.weights)
        lost = ~torch.from_numpy(np.isfinite(seen["loss"][-1]))
        reached.append(looking.measured(there, look, lost))
    return seen | {f"bound_{name}": v for name, v in looking.stacked(reached).items()}
