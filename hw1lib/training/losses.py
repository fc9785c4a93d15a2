"""Losses and accuracy of a stack: on a batch, and over a whole split in eval mode."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hw1lib.networks import replicas
from hw1lib.networks.modes import evaluating


def mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over examples and outputs of the squared difference.

    Args:
        outputs: Shape (R, B, n_out).
        targets: Shape (R, B, n_out), or (B, n_out) shared by all replicas.

    Returns:
        Shape (R,), in squared units of the targets.
    """
    return (outputs - targets).square().flatten(1).mean(dim=1)


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over examples of minus the log probability of the true class.

    Args:
        outputs: Unnormalized log probabilities, shape (R, B, K).
        targets: Classes, shape (R, B).

    Returns:
        Shape (R,), in nats.
    """
    return F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none").mean(dim=1)


def softmax_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over examples and classes of (softmax probability - one-hot)^2.

    The reading of report A's "MSELoss" on class labels that is well posed; K times it is the
    Brier score.

    Args:
        outputs: Unnormalized log probabilities, shape (R, B, K).
        targets: Classes, shape (R, B).

    Returns:
        Shape (R,), between 0 and 2 / K.
    """
    one_hot = F.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
    return mean_squared_error(outputs.softmax(dim=-1), one_hot)


def one_hot_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over examples and classes of (output - one-hot)^2, without a softmax.

    The loss of least squares, in which K outputs on n examples are K * n equations.

    Args:
        outputs: Shape (R, B, K).
        targets: Classes, shape (R, B).

    Returns:
        Shape (R,).
    """
    one_hot = F.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
    return mean_squared_error(outputs, one_hot)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of examples whose largest output is the true class, shape (R,)."""
    return (outputs.argmax(dim=-1) == targets).to(outputs.dtype).mean(dim=1)


@torch.no_grad()
def over_split(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    measures: Sequence[Callable[[Tensor, Tensor], Tensor]],
    *,
    prepare: Callable[[Tensor], Tensor] = lambda inputs: inputs,
    chunk: int = 1000,
) -> Tensor:
    """Average measures of a batch over a whole split, in eval mode.

    Chunks are weighted by their size, so the result does not depend on how the split is cut.

    Args:
        model: Stacked network; its mode is left as found.
        inputs: All examples, shape (N, ...).
        targets: Shape (N,).
        measures: Batch means, each `measure(outputs, targets)` -> (R,).
        prepare: Turns a chunk of inputs (B, ...) into what the network takes.
        chunk: Examples at a time, which bounds the memory.

    Returns:
        Shape (R, number of measures), float64.
    """
    total = torch.zeros(replicas.count(model), len(measures), dtype=torch.float64)
    with evaluating(model):
        for x, y in zip(inputs.split(chunk), targets.split(chunk), strict=True):
            outputs = model(prepare(x))
            shared = y.expand(len(outputs), *y.shape)
            means = torch.stack([measure(outputs, shared) for measure in measures], dim=1)
            total += len(x) * means.cpu().double()
    return total / len(inputs)
