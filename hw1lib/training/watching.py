"""What `loop.fit` can watch at every update, while the gradients of its batch are in place."""

import torch
from torch import Tensor, nn


def gradient_norm(model: nn.Module) -> Tensor:
    """Measure the gradients that are in place after a backward pass, over all parameters.

    Returns:
        Euclidean norm of each replica's gradient, shape (R,), in loss per unit of weight.

    Raises:
        ValueError: If there are no gradients.
    """
    norms = [p.grad.flatten(1).norm(dim=1) for p in model.parameters() if p.grad is not None]
    if not norms:
        raise ValueError("no parameter has a gradient: call backward first")
    return torch.stack(norms).norm(dim=0)
