"""Lines and planes of weight space, whose points are replicas, and weights of equal function.

A grid of points has any shape: weights are (..., P), and what is measured at them is (..., ...).
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from hw1lib.networks import builders, replicas

Layer = tuple[Tensor, Tensor]  # matrix (n_out, n_in) and bias (n_out,) of one replica


def line(start: Tensor, end: Tensor, alphas: Tensor) -> Tensor:
    """Go straight from one point to another, and beyond: (1 - alpha) start + alpha end.

    Args:
        start: Weights, shape (..., P), as those of all replicas are (R, P).
        end: Likewise.
        alphas: Positions, shape (K,); 0 is the start and 1 the end, both to the bit.

    Returns:
        Shape (K, ..., P).
    """
    # torch's own formula changes at alpha = 1/2 and is exact at both ends
    return torch.lerp(start, end, alphas.to(start).reshape(-1, *[1] * start.ndim))


def plane(origin: Tensor, first: Tensor, second: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Span a grid of points: origin + a first + b second.

    Args:
        origin: Weights, shape (P,).
        first: Direction, shape (P,).
        second: Direction, shape (P,).
        a: Positions along the first, shape (A,), in lengths of it.
        b: Positions along the second, shape (B,), likewise.

    Returns:
        Shape (A, B, P).
    """
    a, b = a.to(origin), b.to(origin)
    return origin + a[:, None, None] * first + b[:, None] * second


def along(
    model: nn.Module, weights: Tensor, measure: Callable[[nn.Module], Tensor], *, chunk: int = 64
) -> Tensor:
    """Measure at points of weight space, many at a time, and leave the model alone.

    Args:
        model: Stacked network of any number of replicas, which lends its shape and mode.
        weights: Points, shape (..., P) with at least one axis before the last.
        measure: Quantity of every replica of a stack, `measure(model)` -> (R, ...).
        chunk: Points at a time, which bounds the memory.

    Returns:
        Shape (..., ...): one measurement per point, without its graph.
    """
    parts = weights.flatten(0, -2).split(chunk)
    # detached part by part, or the graphs of all points would be kept
    seen = [measure(replicas.with_weights(model, part)).detach() for part in parts]
    return torch.cat(seen).unflatten(0, weights.shape[:-1])


class Blends(nn.Module):
    """The networks on a line between two, as one stack that shares its inputs.

    The first layer is linear in its weights, so on given inputs its outputs anywhere on the line
    are blends of those at the two ends: only the layers above it are computed point by point.

    Args:
        model: Fully connected network with hidden layers, of the two networks' shape; its weights
            play no part.
        start: Weights, shape (P,).
        end: Likewise.
        alphas: Positions, shape (K,), as in `line`.

    Raises:
        ValueError: If the network has convolutions, or an end does not fit it.
    """

    def __init__(self, model: builders.Stack, start: Tensor, end: Tensor, alphas: Tensor) -> None:
        super().__init__()
        if model.features is not None:
            raise ValueError("only networks of fully connected layers can be blended like this")
        if start.shape != end.shape:
            raise ValueError(
                f"networks of {len(start):,} and of {len(end):,} parameters lie on no common line: "
                "both ends must have the same shape"
            )
        points = replicas.with_weights(model.head, line(start, end, alphas))
        ends = replicas.with_weights(model.head, torch.stack([start, end]))
        self.above = nn.Sequential(*list(points.children())[1:])
        self.first = next(ends.children())
        self.alphas = alphas.to(start)[:, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n), shared by all points, to (K, B, n_out)."""
        features = x.T.contiguous()  # as a stack takes them, so that the ends are equal to the bit
        at_start, at_end = self.first(features.expand(2, *features.shape))
        return self.above(torch.lerp(at_start, at_end, self.alphas)).transpose(1, 2)


def random_direction(model: nn.Module, generator: torch.Generator) -> Tensor:
    """Draw a standard normal direction for one replica, shape (P,), on the model's device."""
    size = replicas.parameter_count(model)
    return torch.randn(size, generator=generator).to(next(model.parameters()))


def filter_normalized(model: nn.Module, directions: Tensor) -> Tensor:
    """Give each unit's part of a direction the norm of the unit's own weights.

    A unit is a row of a fully connected layer or a filter of a convolution. A step of length 1
    then moves every unit by its own norm, whatever the scale of its layer. Biases stay where
    they are: their part of a direction is set to zero, as in the paper's code.

    Args:
        model: Stacked network of R replicas at the points around which to look.
        directions: Shape (..., R, P), none of whose units' parts vanish.

    Returns:
        Shape (..., R, P).

    Source:
        H. Li et al., "Visualizing the loss landscape of neural nets", NeurIPS 2018, section 4.
    """
    sizes = [p[0].numel() for p in model.parameters()]
    parts = []
    for p, part in zip(model.parameters(), directions.split(sizes, dim=-1), strict=True):
        if p.ndim == 2:  # (R, units): a bias
            parts.append(torch.zeros_like(part))
            continue
        units = part.unflatten(-1, (p.shape[1], -1))  # (..., R, units, weights of one)
        own = p.detach().flatten(2).norm(dim=2, keepdim=True)
        parts.append((units / units.norm(dim=-1, keepdim=True) * own).flatten(-2))
    return torch.cat(parts, dim=-1)


def barrier(losses: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Find how far the loss on a line rises above the straight blend of the losses at its ends.

    Args:
        losses: Shape (K, ...), such as (K, R).
        alphas: Positions, shape (K,), 0 and 1 among them; only those on [0, 1] count.

    Returns:
        Shape (...), in units of the loss; at least 0, and NaN where a loss is.

    Raises:
        ValueError: If 0 or 1 is not among the positions.

    Source:
        J. Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis", ICML
        2020, section 2.
    """
    losses, alphas = np.asarray(losses), np.asarray(alphas)
    ends = [np.flatnonzero(np.isclose(alphas, end, rtol=0, atol=1e-9)) for end in (0, 1)]
    if not all(len(end) for end in ends):
        raise ValueError("a barrier needs the losses at both ends: 0 or 1 is not among alphas")
    start, end = (losses[found[0]] for found in ends)
    inside = slice(ends[0][0], ends[1][0] + 1)
    blend = np.multiply.outer(1 - alphas[inside], start) + np.multiply.outer(alphas[inside], end)
    # at the ends the difference is zero but for round-off
    return np.maximum((losses[inside] - blend).max(axis=0), 0)


def largest_rise(losses: np.ndarray) -> np.ndarray:
    """Find the largest rise of the loss over its lowest value before, on the way along a line.

    Args:
        losses: In order along the line, shape (K, ...).

    Returns:
        Shape (...), in units of the loss: 0 where the loss never rises, NaN where it is NaN.
    """
    return (losses - np.minimum.accumulate(losses, axis=0)).max(axis=0)


def aligned(model: nn.Module, reference: Tensor, other: Tensor) -> Tensor:
    r"""Renumber the hidden units of one network so that they lie close to those of another.

    Any numbering computes the same function. Layer by layer, the permutation :math:`\Pi` that
    maximizes the inner product of the two networks' weights, all other layers held, is a linear
    assignment problem; rounds over the layers go on until none gains.

    Args:
        model: Fully connected stack of the networks' shape; its weights play no part.
        reference: Weights to be close to, shape (R, P).
        other: Weights to renumber, shape (R, P).

    Returns:
        Shape (R, P): `other`, computing what it did before.

    Raises:
        ValueError: If the network has parameters outside fully connected layers.

    Source:
        S. K. Ainsworth, J. Hayase and S. Srinivasa, "Git Re-Basin", ICLR 2023, algorithm 1;
        here the layers take turns in order, and in the first round only the weights into a
        layer count, since those out of it lead to units that have no order yet.
    """
    layers = [module for module in model.modules() if isinstance(module, replicas.Linear)]
    covered = [id(p) for layer in layers for p in (layer.weight, layer.bias)]
    if covered != [id(p) for p in model.parameters()]:
        raise ValueError("only networks of fully connected layers can be aligned")
    renumbered = other.detach().cpu().clone()
    for fixed, free in zip(reference.detach().cpu().double(), renumbered, strict=True):
        goal, ours = _layers(layers, fixed), _layers(layers, free)
        _turn(goal, ours, outgoing=False)
        while _turn(goal, ours, outgoing=True):
            pass
    return renumbered.to(other.device)


def _layers(layers: list[replicas.Linear], weights: Tensor) -> list[Layer]:
    """View one replica's weights (P,) as the matrix (n_out, n_in) and bias of each layer."""
    shapes = [p.shape[1:] for layer in layers for p in (layer.weight, layer.bias)]
    parts = weights.split([shape.numel() for shape in shapes])
    views = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    return list(zip(views[::2], views[1::2], strict=True))


def _turn(fixed: list[Layer], free: list[Layer], *, outgoing: bool) -> bool:
    """Renumber the free network's hidden units in place, layer by layer; tell whether it gained.

    Args:
        fixed: The layers to be close to, in float64.
        free: The layers to renumber.
        outgoing: Whether the weights out of a unit count beside those into it.
    """
    gained = False
    for goal, ours in zip(pairwise(fixed), pairwise(free), strict=True):
        (goal_into, goal_bias), (goal_out_of, _) = goal
        (into, bias), (out_of, _) = ours
        # [i, j]: inner product of the weights around a place i and our unit j
        product = goal_into @ into.double().T + torch.outer(goal_bias, bias.double())
        if outgoing:
            product += goal_out_of.T @ out_of.double()
        places, order = linear_sum_assignment(product.numpy(), maximize=True)
        if product[places, order].sum() - product.trace() > 1e-9 * product.abs().max():
            into.copy_(into[order])
            bias.copy_(bias[order])
            out_of.copy_(out_of[:, order])
            gained = True  # by more than round-off
    return gained


def rescaled(model: nn.Module, factor: float) -> nn.Module:
    """Make the first layer's weights larger and the second's smaller, and change no output.

    A rectified unit is positively homogeneous: what multiplies its inputs multiplies its output.

    Args:
        model: Stacked network of fully connected layers with (leaky) rectified units.
        factor: Multiplies the first layer's weights and biases and divides the second's weights,
            above 0.

    Returns:
        A copy of the network that computes the same function.

    Raises:
        ValueError: If the network has no two such layers, or the factor is not above 0.

    Source:
        L. Dinh et al., "Sharp minima can generalize for deep nets", ICML 2017, section 3.
    """
    if factor <= 0:
        raise ValueError(f"a layer can be rescaled by a factor above 0, got {factor}")
    twin = replicas.with_weights(model, replicas.weights(model).detach())
    match [module for module in twin.modules() if not list(module.children())]:
        case [
            replicas.Linear() as first,
            nn.ReLU() | nn.LeakyReLU(),
            replicas.Linear() as then,
            *_,
        ]:
            with torch.no_grad():
                first.weight.mul_(factor)
                first.bias.mul_(factor)
                then.weight.div_(factor)
        case _:
            raise ValueError(
                "only a network that begins with two fully connected layers, with rectified units "
                "between them, can be rescaled"
            )
    return twin
