"""The trainings of chapter 11: networks of one shape that learn one function."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from hw1lib.data import functions
from hw1lib.networks import builders, modes, replicas
from hw1lib.training import loop, losses, optimizers

DENSE = 3001  # points on which a fit is judged between the training points


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of regressors."""

    target: str  # a key of data.TARGETS
    widths: tuple[int, ...]
    optimizer: str  # a key of training.OPTIMIZERS
    learning_rate: float
    weight_decay: float
    points: int  # of the uniform training grid on [-1, 1]
    epochs: int  # full-batch updates
    seeds: tuple[int, ...]  # one per replica


def train(
    settings: Training,
    *,
    device: str,
    checkpoint: loop.Checkpoint | None = None,
    each_epoch: Callable[[torch.Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Fit R replicas of one regressor to one target on all points at once.

    Returns:
        `loss` (E + 1, R), mean squared error on the training points before each update and
        after the last; `prediction` (R, DENSE) on the dense grid at the end; `diverged` (R,).
    """
    target = functions.TARGETS[settings.target]
    model = builders.mlp(
        replicas.Streams(settings.seeds), *settings.widths, activation="leaky_relu"
    ).to(device)
    x = functions.grid(settings.points)[:, None].to(device)
    y = target(x)
    with modes.threads(1):  # each operation is too small to be worth sharing
        history = loop.fit(
            model,
            [(x, y)],
            losses.mean_squared_error,
            optimizers.optimizer(
                settings.optimizer,
                model,
                learning_rate=settings.learning_rate,
                weight_decay=settings.weight_decay,
            ),
            epochs=settings.epochs,
            checkpoint=checkpoint,
            each_epoch=each_epoch,
        )
        with torch.no_grad():
            final = losses.mean_squared_error(model(x), y).cpu().numpy()
            dense = functions.grid(DENSE)[:, None].to(device)
            prediction = model(dense)[:, :, 0].cpu().numpy()
    return {
        "loss": np.vstack([history.losses, final]),
        "prediction": prediction,
        "diverged": history.diverged,
    }
