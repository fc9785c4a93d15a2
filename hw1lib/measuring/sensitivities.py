"""How strongly a network's loss and outputs react to its inputs, example by example.

Each example is differentiated by itself: of the mean loss of a batch every gradient would come
out smaller by the size of the batch, which is a property of the batch and not of the network.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.networks.modes import evaluating
from hw1lib.training import losses

CHUNK = 1000  # examples at a time, which bounds the memory


def input_gradient_norms(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    prepare: Callable[[Tensor], Tensor] = lambda inputs: inputs,
    chunk: int = CHUNK,
) -> Tensor:
    r"""Measure the gradient of each example's own cross-entropy by its input, in eval mode.

    .. math:: \lVert \nabla_x \ell(f(x_n), y_n) \rVert_2

    Two passes over the examples, whatever their number; the result does not depend on how they
    are cut.

    Args:
        model: Stacked classifier; its mode and gradients are left as found.
        inputs: Examples, shape (N, ...).
        targets: Classes, shape (N,).
        prepare: Turns a chunk of inputs (B, ...) into what the network takes, by which the loss
            is then differentiated.
        chunk: Examples at a time.

    Returns:
        Shape (R, N), in nats per unit of prepared input.

    Source:
        The homework's definition of sensitivity, "Frobenius norm of the gradient of the loss
        with respect to the input".
    """
    parts = []
    with evaluating(model):
        for x, y in zip(inputs.split(chunk), targets.split(chunk), strict=True):
            x = _apart(model, prepare(x))
            summed = len(y) * losses.cross_entropy(model(x), y.expand(len(x), -1))
            (slope,) = torch.autograd.grad(summed.sum(), x)
            parts.append(slope.flatten(2).square().sum(dim=2).sqrt())
    return torch.cat(parts, dim=1)


def jacobian_norms(
    model: nn.Module,
    inputs: Tensor,
    *,
    of: Callable[[Tensor], Tensor] = lambda outputs: outputs,
    prepare: Callable[[Tensor], Tensor] = lambda inputs: inputs,
    chunk: int = CHUNK,
) -> Tensor:
    r"""Measure the Jacobian of each example's outputs by its input, in eval mode.

    .. math:: \lVert \partial f(x_n) / \partial x_n \rVert_F

    One backward pass per output, for all examples of a chunk together.

    Args:
        model: Stacked network; its mode and gradients are left as found.
        inputs: Examples, shape (N, ...).
        of: Turns the network's outputs (R, B, K) into those to differentiate, example by
            example: a softmax gives class probabilities, as in the paper.
        prepare: As for `input_gradient_norms`.
        chunk: Examples at a time.

    Returns:
        Frobenius norms, shape (R, N), in units of output per unit of prepared input.

    Source:
        R. Novak et al., "Sensitivity and generalization in neural networks: an empirical study",
        ICLR 2018, section 3.1.
    """
    parts = []
    with evaluating(model):
        for x in inputs.split(chunk):
            x = _apart(model, prepare(x))
            outputs = of(model(x))
            squares = x.new_zeros(x.shape[:2])
            for output in outputs.unbind(dim=2):
                (row,) = torch.autograd.grad(output.sum(), x, retain_graph=True)
                squares += row.flatten(2).square().sum(dim=2)
            parts.append(squares.sqrt())
    return torch.cat(parts, dim=1)


def _apart(model: nn.Module, x: Tensor) -> Tensor:
    """Give every replica the inputs (B, ...) as its own, to differentiate by: (R, B, ...)."""
    return x.expand(replicas.count(model), *x.shape).clone().requires_grad_()
