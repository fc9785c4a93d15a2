"""What this chapter computed, and what its figures, sentences and claims derive from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.example.spec import LARGE, SMALL, Spec
from hw1lib.judging.statistics import Interval, log_ratio


@dataclass(frozen=True)
class Result:
    """Everything that the chapter shows."""

    spec: Spec
    updates: np.ndarray  # (K,) some, from 0 to the last
    losses: dict[str, np.ndarray]  # by arm: (K, R) mean squared error after each of them; NaN
    # where a training diverged
    provenance: tuple[dict[str, Any], ...]

    def final(self, arm: str) -> np.ndarray:
        """Return the loss after the last update, (R,)."""
        return self.losses[arm][-1]

    @property
    def effect(self) -> Interval:
        """Compare the arms' final losses, small over large steps, in decades."""
        return log_ratio(self.final(SMALL), self.final(LARGE))
