"""How a training is carried out: device, threads, checkpoints and progress. Decides no number."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


class Checkpoint(Protocol):
    """Where a long training keeps its state, so that a killed one continues."""

    @property
    def due(self) -> bool:
        """Whether it is time to save a state."""

    def load(self) -> dict[str, Any] | None:
        """Return the last state saved, or None."""

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state, replacing the last one."""


def _silent(losses: Tensor) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Run:
    """How one training is carried out."""

    device: str = "cpu"
    checkpoint: Checkpoint | None = None
    each_epoch: Callable[[Tensor], None] = _silent  # told the losses (R,) of each epoch's last step


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with so many threads, and set the number back afterwards; None: as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
