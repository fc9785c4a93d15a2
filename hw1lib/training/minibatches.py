"""Shuffled minibatches of examples that lie whole in memory."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat

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
        steps: Batches of a pass where it shall end sooner or later than with the last example;
            then a pass begins with a new order, and draws another when that is used up.

    Raises:
        ValueError: If the batch size does not lie between 1 and N, or there are no steps.
    """

    def __init__(
        self,
        inputs: Tensor,
        targets: Tensor,
        batch_size: int,
        orders: Sequence[torch.Generator],
        steps: int | None = None,
    ) -> None:
        if not 1 <= batch_size <= len(inputs):
            raise ValueError(f"batch size {batch_size} is not between 1 and {len(inputs)} examples")
        if steps is not None and steps < 1:
            raise ValueError(f"a pass has at least 1 step, got {steps}")
        self.inputs, self.targets, self.batch_size = inputs, targets, batch_size
        self.orders, self.steps = orders, steps

    @property
    def sizes(self) -> np.ndarray:
        """Count the examples of each step of one pass, shape (steps,)."""
        starts = np.arange(0, len(self.inputs), self.batch_size)
        whole = np.minimum(self.batch_size, len(self.inputs) - starts)
        return whole if self.steps is None else np.resize(whole, self.steps)

    def __iter__(self) -> Iterator[Batch]:
        """Pass once over the data: inputs (R, B, ...) and targets (R, B, ...)."""
        for chosen in self.numbers():
            # whole rows at once: an index of two axes would go number by number
            inputs = self.inputs.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)
            yield inputs, self.targets[chosen]

    def numbers(self) -> Iterator[Tensor]:
        """Pass once over the data: which examples each step takes, (R, B)."""
        passes = (self._once() for _ in repeat(None))
        return islice(chain.from_iterable(passes), len(self.sizes))

    def _once(self) -> tuple[Tensor, ...]:
        n = len(self.inputs)
        orders = torch.stack([torch.randperm(n, generator=order) for order in self.orders])
        return orders.to(self.inputs.device).split(self.batch_size, dim=1)
