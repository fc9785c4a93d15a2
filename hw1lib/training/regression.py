"""A function of one variable as a stack of networks learns it: at all points at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import functions
from hw1lib.networks import builders, replicas
from hw1lib.networks.builders import Activation
from hw1lib.training import loop, losses, thinning
from hw1lib.training.gaps import to_length
from hw1lib.training.loop import Batch
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.run import Run

DENSE = 3001  # points on which a fit is judged between the training points,
DRAWN = 601  # and those of them at which it is kept, three to a point of a page

Function = Callable[[Tensor], Tensor]  # elementwise; keeps shape and dtype


@dataclass(frozen=True)
class Task:
    """Points of a function to learn, all of them in every update."""

    x: Tensor  # (N, 1)
    y: Tensor  # (N, 1)

    @property
    def batches(self) -> list[Batch]:
        """The one batch of every pass."""
        return [(self.x, self.y)]

    def loss(self, model: nn.Module) -> Tensor:
        """Compute the mean squared error over all points, (R,)."""
        return losses.mean_squared_error(model(self.x), self.y)

    def to(self, kind: torch.dtype | str) -> Task:
        """Return the same points as numbers of another type, or on another device."""
        return Task(self.x.to(kind), self.y.to(kind))


def task(
    function: Function, points: int, *, device: str, dtype: torch.dtype = torch.float32
) -> Task:
    """Return a function's values on a uniform grid of [-1, 1], both ends included."""
    x = functions.grid(points)[:, None].to(dtype).to(device)
    return Task(x, function(x))


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of regressors."""

    target: Function  # to learn
    widths: tuple[int, ...]
    optimizer: Optimizer
    learning_rate: float
    points: int  # of the uniform training grid on [-1, 1]
    epochs: int  # full-batch updates
    seeds: tuple[int, ...]  # one per replica
    weight_decay: float = 0.0
    activation: Activation = builders.leaky_relu


@dataclass(frozen=True)
class Fitted:
    """What R replicas of a regressor did, update by update and point by point."""

    loss: np.ndarray  # (E + 1, R) mean squared error before each update and after the last
    prediction: np.ndarray  # (R, DENSE) on the dense grid at the end
    sound: np.ndarray  # (R,) bool; where a replica is not, NaN stands after its last loss


def fit(settings: Training, *, run: Run) -> Fitted:
    """Fit R replicas of one perceptron to one target at all points at once."""
    model = builders.mlp(
        replicas.Streams(settings.seeds), *settings.widths, activation=settings.activation
    ).to(run.device)
    points = task(settings.target, settings.points, device=run.device)
    optimizer = settings.optimizer(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    history = loop.fit(
        model,
        points.batches,
        losses.mean_squared_error,
        optimizer,
        epochs=settings.epochs,
        run=run,
    )
    with torch.no_grad():
        final = points.loss(model).cpu().numpy()
        dense = functions.grid(DENSE)[:, None].to(run.device)
        prediction = model(dense)[:, :, 0].cpu().numpy()
    prediction[~history.sound] = np.nan
    loss = to_length(history.losses, settings.epochs + 1)
    loss[-1] = np.where(history.sound, final, np.nan)
    return Fitted(loss, prediction, history.sound)


def train(settings: Training, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas of one perceptron, and keep what curves and fits are drawn from.

    Returns:
        `updates` (K,), about 400 at logarithmic distances; `loss` (K, R), mean squared error on
        the training points after each of them; `prediction` (R, DRAWN) on a uniform grid at the
        end; `diverged` (R,). NaN where a replica diverged.
    """
    return thinned(fit(settings, run=run))


def thinned(fitted: Fitted) -> dict[str, np.ndarray]:
    """Keep of a fit what is drawn, as `train` returns it."""
    updates = thinning.kept(len(fitted.loss) - 1)
    return {
        "updates": updates,
        "loss": fitted.loss[updates],
        "prediction": fitted.prediction[:, :: (DENSE - 1) // (DRAWN - 1)],
        "diverged": ~fitted.sound,
    }
