"""Report B's two networks along their trainings: what B calls minimal ratio, and the Hessian's."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio import looking, ratios
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import optimizers, regression
from hw1lib.training.regression import Task
from hw1lib.training.run import Run


@dataclass(frozen=True)
class Watching:
    """Everything that decides the numbers of one stack of trainings that are watched."""

    widths: tuple[int, ...]
    activation: Activation
    points: int  # of the uniform training grid on [-1, 1]; validation is halfway between them
    learning_rate: float  # of Adam
    weight_decay: float
    looks: tuple[int, ...]  # full-batch updates before each look, from 0 up
    seeds: tuple[int, ...]  # one per replica

    @property
    def epochs(self) -> int:
        """Updates of the training."""
        return self.looks[-1]


def watch(settings: Watching, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas as report B does, and look at them K times, in float64.

    Returns:
        (K, R) each: `loss` and `validation`, mean squared errors on the training points and
        halfway between them; `over_loss` and `layer_norm`, B's two ratios; and `eigenvalues`
        (K, R, P) of the loss's Hessian, ascending. NaN where a replica had diverged.
    """
    model = builders.mlp(
        replicas.Streams(settings.seeds), *settings.widths, activation=settings.activation
    ).to(run.device)
    task = regression.task(functions.sinc, settings.points, device=run.device)
    optimizer = optimizers.adam(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    exact = task.to(torch.float64)
    between = (exact.x[1:] + exact.x[:-1]) / 2
    unseen = Task(between, functions.sinc(between))

    def look(there: nn.Module) -> dict[str, Tensor]:
        with torch.no_grad():
            heights = {"loss": exact.loss(there), "validation": unseen.loss(there)}
        return heights | {
            "over_loss": ratios.gradient_over_loss(there, exact.loss),
            "layer_norm": ratios.layer_gradient_norm(there, exact.loss),
            # as float32, which keeps the sign and the size of small ones too
            "eigenvalues": torch.linalg.eigvalsh(curvature.hessians(there, exact.loss)).float(),
        }

    return looking.train(model, task, optimizer, look, after=settings.looks, run=run)
