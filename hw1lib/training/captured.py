"""Forward and backward passes recorded once as a CUDA graph, and replayed in one launch.

A network as small as the homework's keeps a GPU waiting for Python, which starts some sixty
kernels per update. A replay starts the same kernels at once, so the numbers are the same.
"""

from __future__ import annotations

from types import FunctionType, MethodType

import torch
from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.training.run import Backpropagate, Objective

WARM_UPS = 3  # passes before the recording, in which libraries choose their kernels


def capture(backpropagate: Backpropagate, model: nn.Module, objective: Objective) -> Backpropagate:
    """Return the same passes, replayed where the network lies on a GPU and repeats itself.

    Passes that draw random numbers on the CPU (dropout), that change more than gradients (buffers),
    or whose objective is an object that may remember something stay as they are.

    Args:
        backpropagate: Maps inputs and targets to losses (R,), and leaves gradients in place.
        model: Whose gradients.
        objective: What it calls.
    """
    draws = any(isinstance(layer, replicas.Dropout) for layer in model.modules())
    remembers = any(True for _ in model.buffers()) or not isinstance(
        objective, FunctionType | MethodType
    )
    on_gpu = all(parameter.is_cuda for parameter in model.parameters())
    if draws or remembers or not on_gpu:
        return backpropagate
    return Replay(backpropagate, model)


class Replay:
    """Passes over batches of one shape, that of the first; other batches go the plain way."""

    def __init__(self, plain: Backpropagate, model: nn.Module) -> None:
        self.plain, self.parameters = plain, list(model.parameters())
        self.batch: tuple[Tensor, ...] = ()  # inputs and targets that the recorded kernels read

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the losses (R,) of a batch, and leave its gradients in place."""
        if not self.batch:
            self._record(inputs, targets)
        pairs = list(zip(self.batch, (inputs, targets), strict=True))
        if any(kept.shape != new.shape for kept, new in pairs):
            return self.plain(inputs, targets)
        for kept, new in pairs:
            kept.copy_(new)
        self.graph.replay()
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient
        return self.losses

    def _record(self, inputs: Tensor, targets: Tensor) -> None:
        self.batch = inputs.clone(), targets.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                self.plain(*self.batch)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses = self.plain(*self.batch)
        self.gradients = [parameter.grad for parameter in self.parameters]
