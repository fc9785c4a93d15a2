"""Report B's two networks along their trainings: what B calls minimal ratio, and the Hessian's."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.along_training import is_lost, sound
from hw1lib.data import functions
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import loop, losses, optimizers, regression
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
    seen = [_look(model, task)]
    for before, after in pairwise(settings.looks):
        loop.fit(
            model,
            task.batches,
            losses.mean_squared_error,
            optimizer,
            epochs=after - before,
            run=run.aside,  # seconds, and so not checkpointed
        )
        seen.append(_look(model, task))
        run.progress(after, torch.from_numpy(seen[-1]["loss"]))
    return {name: np.stack([look[name] for look in seen]) for name in seen[0]}


def _look(model: nn.Module, task: Task) -> dict[str, np.ndarray]:
    there, exact = sound(model), task.to(torch.float64)
    lost = is_lost(replicas.weights(model).detach())
    between = (exact.x[1:] + exact.x[:-1]) / 2
    unseen = Task(between, functions.sinc(between))
    with torch.no_grad():
        measured = {"loss": exact.loss(there), "validation": unseen.loss(there)}
    measured["over_loss"] = ratios.gradient_over_loss(there, exact.loss)
    measured["layer_norm"] = ratios.layer_gradient_norm(there, exact.loss)
    # as float32, which keeps the sign and the size of small ones too
    measured["eigenvalues"] = torch.linalg.eigvalsh(curvature.hessians(there, exact.loss)).float()
    found = {name: values.detach().cpu().numpy() for name, values in measured.items()}
    for values in found.values():
        values[lost.cpu().numpy()] = np.nan
    return found
