"""Shuffled minibatches of examples that lie whole in memory."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from hw1lib.training.loop import Batch


class Minibatches:
    """Shuffled minibatches, in an order of its own for each replica.

    Iterating draws a new permutation per replica, so that every pass reads every example once;
    the last batch is short where the batch size does not divide the number of examples.

    Args:
        inputs: Examples, shape (N, ...), of any type.
        targets: Shape (N,) or (N, ...).
        batch_size: Examples per step, from 1 to N.
        orders: One generator per replica.
        prepare: Turns gathered inputs (R, B, ...) into what the network takes.

    Raises:
        ValueError: If the batch size does not lie between 1 and N.
    """

    def __init__(
        self,
        inputs: Tensor,
        targets: Tensor,
        batch_size: int,
        orders: Sequence[torch.Generator],
        prepare: Callable[[Tensor], Tensor] = lambda inputs: inputs,
    ) -> None:
        if not 1 <= batch_size <= len(inputs):
            raise ValueError(f"batch size {batch_size} is not between 1 and {len(inputs)} examples")
        self.inputs, self.targets, self.batch_size = inputs, targets, batch_size
        self.orders, self.prepare = orders, prepare

    @property
    def sizes(self) -> np.ndarray:
        """Count the examples of each step of one pass, shape (steps,)."""
        starts = np.arange(0, len(self.inputs), self.batch_size)
        return np.minimum(self.batch_size, len(self.inputs) - starts)

    def __iter__(self) -> Iterator[Batch]:
        """Pass once over the data: inputs (R, B, ...) and targets (R, B, ...)."""
        n = len(self.inputs)
        orders = torch.stack([torch.randperm(n, generator=order) for order in self.orders])
        for chosen in orders.to(self.inputs.device).split(self.batch_size, dim=1):
            yield self.prepare(self.inputs[chosen]), self.targets[chosen]
