"""A full-batch training that pauses to be looked at in float64, as A's and B's networks are."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.chapters.minimal_ratio.trainings import FURTHEST
from hw1lib.networks import replicas
from hw1lib.training import loop, losses
from hw1lib.training.regression import Task
from hw1lib.training.run import Run

Look = Callable[[nn.Module], dict[str, Tensor]]  # measures a stack; (R, ...) each


def train(
    model: nn.Module,
    task: Task,
    optimizer: torch.optim.Optimizer,
    look: Look,
    *,
    after: Sequence[int],
    run: Run,
) -> dict[str, np.ndarray]:
    """Train a stack on the mean squared error, and look at it K times.

    Args:
        model: R replicas, trained in place.
        task: What is learned, all points at each update.
        optimizer: Of the model's weights.
        look: What is measured; one of its names is `loss`, for the progress bar.
        after: Updates before each look, K of them, from 0 up.
        run: The run that this is part of.

    Returns:
        (K, R, ...) by name; NaN where a replica had diverged.
    """
    seen = [measured(model, look)]
    for before, until in pairwise(after):
        loop.fit(
            model,
            task.batches,
            losses.mean_squared_error,
            optimizer,
            epochs=until - before,
            run=run.aside,  # seconds, and so not checkpointed
        )
        seen.append(measured(model, look))
        run.progress(until, torch.from_numpy(seen[-1]["loss"]))
    return stacked(seen)


def measured(model: nn.Module, look: Look, lost: Tensor | None = None) -> dict[str, np.ndarray]:
    """Look at a stack in float64; NaN for replicas that are lost, by default those of `is_lost`."""
    if lost is None:
        lost = is_lost(replicas.weights(model).detach())
    found = {name: v.detach().cpu().numpy() for name, v in look(sound(model)).items()}
    for values in found.values():
        values[lost.cpu().numpy()] = np.nan
    return found


def stacked(looks: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Join looks of the same names along a new first axis."""
    return {name: np.stack([look[name] for look in looks]) for name in looks[0]}


def sound(model: nn.Module) -> nn.Module:
    """Return a copy in float64, with zeros for replicas whose weights are no numbers."""
    weights = replicas.weights(model).detach().double()
    return replicas.with_weights(model, weights.masked_fill(is_lost(weights)[:, None], 0.0))


def is_lost(weights: Tensor) -> Tensor:
    """Return which replicas have weights (R, P) far away or that are no numbers, (R,)."""
    return ~(weights.abs().amax(dim=1) < FURTHEST)
