"""The long trainings on noisy labels of chapter 32: plain gradient descent with a falling rate."""

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from hw1lib.chapters.capacity import trainings
from hw1lib.chapters.capacity.trainings import Training
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.training import optimizers
from hw1lib.training.run import Run


@dataclass(frozen=True, kw_only=True)
class LongTraining(Training):
    """Everything that decides the numbers of one stack, besides the images.

    As in the trainings that Gu et al. publish, down to first weights and pixels.

    Source:
        Y. Gu, X. Zheng and T. Aste, "Unraveling the enigma of double descent", ICLR 2024, and its
        code. The learning rate there is that of gradient descent without momentum.
    """

    same_rate: int  # epochs with one learning rate
    spread: float  # standard deviation of the first weights


def train_long(settings: LongTraining, images: ImageSet, *, run: Run) -> dict[str, np.ndarray]:
    """Train R replicas of a perceptron on the cross-entropy with plain gradient descent.

    The rate of epoch e, from 0 on, is the first one over sqrt(1 + e // same_rate). Pixels lie
    between 0 and 1, and weights start from a normal distribution, biases from torch's.

    Returns:
        What `trainings.train` does with measurements on the way.
    """
    streams = replicas.Streams(settings.seeds)
    model = builders.mlp(streams, *settings.widths)
    draw_weights(model, settings)
    model = model.to(run.device)
    plain = dataclasses.replace(images, mean=(0.0,), std=(1.0,))
    task = trainings.task_of(settings.digits, plain, run.device)

    def optimizer(steps: int) -> torch.optim.Optimizer:
        descent = optimizers.sgd(model, learning_rate=settings.learning_rate)
        return falling(descent, steps=settings.same_rate * steps)

    return trainings.fit(settings, model, task, streams, optimizer, run=run)


def draw_weights(model: nn.Module, settings: LongTraining) -> None:
    """Draw each replica's weights, not its biases, from a normal distribution about zero."""
    draws = replicas.generators(settings.seeds, "normal weights")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("weight"):
                for part, stream in zip(parameter, draws, strict=True):
                    part.normal_(0, settings.spread, generator=stream)


def falling(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.Optimizer:
    """Let the rate fall as the first one over sqrt(1 + updates made // steps).

    The number of updates made is kept among the optimizer's settings, so that a training that
    resumes from a checkpoint goes on with the rate that it had.
    """
    (group,) = optimizer.param_groups
    group.update(made=0, first_rate=group["lr"])
    optimizer.register_step_pre_hook(partial(_lower, steps))
    return optimizer


def _lower(steps: int, optimizer: torch.optim.Optimizer, *_: Any) -> None:
    (group,) = optimizer.param_groups
    group["lr"] = group["first_rate"] / (1 + group["made"] // steps) ** 0.5
    group["made"] += 1
