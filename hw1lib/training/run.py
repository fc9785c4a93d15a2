"""How a training is carried out: device, threads, checkpoints and progress. Decides no number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

Objective = Callable[[Tensor, Tensor], Tensor]  # outputs, targets -> (R,), one loss per replica
# inputs, targets -> losses (R,), with their gradients in the parameters afterwards
Backpropagate = Callable[[Tensor, Tensor], Tensor]


class Checkpoint(Protocol):
    """Where a long training keeps its state, so that a killed one continues."""

    @property
    def due(self) -> bool:
        """Whether it is time to save a state."""

    def load(self) -> dict[str, Any] | None:
        """Return the last state saved, or None."""

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state, replacing the last one."""


class Updates(Protocol):
    """A way to make many updates of a stack at once."""

    passes: ClassVar[int]  # over the data that are made between two looks at the clock

    def make(self, passes: int, running: Tensor) -> tuple[Tensor, Tensor]:
        """Make those of the running replicas (R,), in place, each until its loss is not finite.

        Returns:
            Losses before each and what is watched, (S, R), NaN where none was made.
        """


# from what `loop.fit` is given: model, batches, objective, optimizer and watch
Prepare = Callable[..., Updates | None]
# from what it does itself, a quicker way to the same
Capture = Callable[[Backpropagate, nn.Module, Objective], Backpropagate]


def _silent(epochs: int, losses: Tensor) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Run:
    """How one training is carried out."""

    device: str = "cpu"
    checkpoint: Checkpoint | None = None
    # told from time to time how many epochs have passed, and the losses (R,) of the last step
    progress: Callable[[int, Tensor], None] = _silent
    prepare: Prepare | None = None  # finds a way to make many updates at once, such as `fused` has
    capture: Capture | None = None  # finds a quicker way to losses and gradients, as `captured` has

    @property
    def aside(self) -> Run:
        """The same for a short training beside the main one: not kept on its way, nobody told."""
        return Run(self.device, prepare=self.prepare, capture=self.capture)

    def after(self, passed: int) -> Run:
        """The same for the rest of a training of which so many epochs have passed."""

        def progress(epochs: int, losses: Tensor) -> None:
            self.progress(passed + epochs, losses)

        return replace(self, progress=progress)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with so many threads, and set the number back afterwards; None: as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
