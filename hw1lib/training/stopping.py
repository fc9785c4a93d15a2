"""Rules that end the training of single replicas."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.training.loop import Probe


@dataclass(frozen=True)
class Plateau:
    """The stopping rule of reports A and B: low enough, and no longer moving.

    Done when the loss is under `below` and each of its last two changes is under `change`.
    """

    below: float = 1e-3  # loss
    change: float = 1e-5  # loss, between two steps

    def __call__(self, losses: Tensor) -> Tensor:
        """Judge each replica by its last three losses."""
        return self.held(losses[-3:])[-1]

    def held(self, losses: Tensor) -> Tensor:
        """Return after which steps the rule held, (S, R) of bool, from losses (S, R)."""
        still = losses.diff(dim=0).abs() < self.change
        held = torch.zeros_like(losses, dtype=torch.bool)
        held[2:] = (losses[2:] < self.below) & still[1:] & still[:-1]
        return held

    def first(self, losses: np.ndarray) -> np.ndarray:
        """Find where the rule would have ended each replica of a training that ran without it.

        Args:
            losses: Loss at every step, shape (S, R).

        Returns:
            Steps taken before the rule first held, shape (R,); infinite where it never did.
        """
        held = self.held(torch.from_numpy(losses)).numpy()
        return np.where(held.any(axis=0), held.argmax(axis=0), np.inf)


@dataclass(frozen=True)
class MeanBelow:
    """A rule for trainings to convergence: done when the mean loss of the last pass is low."""

    below: float  # loss
    steps: int  # of one pass

    def __call__(self, losses: Tensor) -> Tensor:
        """Judge each replica by the losses (S, R) of its last steps."""
        if len(losses) < self.steps:
            return torch.zeros(losses.shape[1], dtype=torch.bool)
        return losses[-self.steps :].mean(dim=0) < self.below


class Until:
    """A stopping rule by what a probe measures, where `Plateau` goes by the losses alone.

    Give `probe` to training among the probes, and this as the rule. A replica ends at the first
    step after a measurement that called it done, and so keeps the weights that were measured.

    Args:
        measure: Quantity (R, ...) of a network, which it must leave unchanged.
        done: Judges it, (R, ...) -> (R,) of bool.
        every: Epochs between two measurements.
    """

    def __init__(
        self,
        measure: Callable[[nn.Module], Tensor],
        done: Callable[[Tensor], Tensor],
        every: int = 1,
    ) -> None:
        self.measure, self.done = measure, done
        self.probe = Probe(self._judge, every)
        self.judged: Tensor | None = None  # (R,) bool: what the last measurement said

    def _judge(self, model: nn.Module) -> Tensor:
        measured = self.measure(model)
        self.judged = self.done(measured).cpu()
        return measured

    def __call__(self, losses: Tensor) -> Tensor:
        """Return which replicas the last measurement called done; none where there was none."""
        if self.judged is None:  # training has just resumed, between two measurements
            return torch.zeros(losses.shape[1], dtype=torch.bool)
        return self.judged
