"""The regressors' losses along directions of other kinds: any weight, and the steepest way."""

from dataclasses import dataclass

import numpy as np
import torch

from hw1lib.data import functions
from hw1lib.measuring import curvature, geometry
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import loop, losses, regression
from hw1lib.training.gaps import among_all
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run

# lengths of a step, in lengths of the whole vector of weights, biases included
LENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Around:
    """Everything that decides the numbers of one stack of regressors."""

    widths: tuple[int, ...]
    activation: Activation
    optimizer: Optimizer
    learning_rate: float
    points: int  # of a uniform grid on [-1, 1]
    epochs: int  # full-batch updates
    directions: int  # random ones around every solution
    seeds: tuple[int, ...]  # one per replica


def look_around(settings: Around, *, run: Run) -> dict[str, np.ndarray]:
    """Train R regressors, then step away from each along random weights and the steepest way.

    Random directions are uniform on the sphere of all weights and biases, unlike filter-normalized
    ones. The steepest way is the eigenvector of the largest eigenvalue of the exact Hessian.

    Returns:
        `loss` (R,) at the solutions, `random` (R, T, D) at the `LENGTHS` in D directions,
        `steepest` (R, T, 2) there forwards and backwards, `eigenvalue` (R,), the largest, and
        `trace` (R,) of the Hessian; all in float64, NaN for replicas that diverged.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths, activation=settings.activation).to(run.device)
    task = regression.task(functions.sinc, settings.points, device=run.device)
    history = loop.fit(
        model,
        task.batches,
        losses.mean_squared_error,
        settings.optimizer(model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        run=run,
    )
    sound = torch.from_numpy(history.sound).to(run.device)
    ends, exact = replicas.weights(model).detach().double(), task.to(torch.float64)
    there = replicas.with_weights(model, ends.masked_fill(~sound[:, None], 0.0))
    here = replicas.weights(there).detach()
    values, vectors = torch.linalg.eigh(curvature.hessians(there, exact.loss))
    drawn = torch.stack(
        [
            torch.randn(settings.directions, here.shape[1], generator=stream, dtype=torch.float64)
            for stream in replicas.generators(settings.seeds, "all weights")
        ],
        dim=1,
    ).to(here)
    steepest = torch.stack([vectors[:, :, -1], -vectors[:, :, -1]])
    ways = {
        name: torch.nn.functional.normalize(way, dim=2) * here.norm(dim=1, keepdim=True)
        for name, way in (("random", drawn), ("steepest", steepest))
    }
    lengths = torch.tensor(LENGTHS, dtype=here.dtype, device=here.device)[:, None, None, None]
    with torch.no_grad():
        measured = {
            name: geometry.along(there, here + lengths * way, exact.loss).permute(2, 0, 1)
            for name, way in ways.items()
        }
        measured |= {
            "loss": exact.loss(there),
            "eigenvalue": values[:, -1],
            "trace": values.sum(dim=1),
        }
    return {
        name: among_all(part[sound].cpu().numpy(), history.sound) for name, part in measured.items()
    }
