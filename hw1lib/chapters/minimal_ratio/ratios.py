"""Minimal ratio in the homework's sense, and what others have called by that name."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.measuring import curvature
from hw1lib.networks import replicas


class Shares(NamedTuple):
    """What part of a Hessian's eigenvalues lies above, within and below a tolerance."""

    positive: np.ndarray  # (R,) the minimal ratio
    zero: np.ndarray  # (R,)
    negative: np.ndarray  # (R,) the index of a critical point (Dauphin et al. 2014)


def shares(eigenvalues: np.ndarray, factor: float) -> Shares:
    """Count eigenvalues above tau, within it and below -tau.

    Args:
        eigenvalues: Shape (R, P), float64.
        factor: tau in units of the float64 round-off of each replica's largest eigenvalue, by
            magnitude: tau = factor * epsilon * max |lambda|.
    """
    largest = np.abs(eigenvalues).max(axis=1, keepdims=True)
    tau = factor * np.finfo(np.float64).eps * largest
    return Shares(
        (eigenvalues > tau).mean(axis=1),
        (np.abs(eigenvalues) <= tau).mean(axis=1),
        (eigenvalues < -tau).mean(axis=1),
    )


def larger_nearby(
    model: nn.Module,
    loss: curvature.Loss,
    *,
    radius: float,
    samples: int,
    generator: torch.Generator,
) -> Tensor:
    """Measure the share of nearby weights whose loss is larger: minimal ratio by sampling.

    Args:
        model: Stacked network.
        loss: One loss per replica.
        radius: Every weight is moved by up to so much, uniformly and independently.
        samples: Offsets, the same for every replica.
        generator: Draws them, on the CPU.

    Returns:
        Shape (R,), between 0 and 1.
    """
    here = replicas.weights(model).detach()
    with torch.no_grad():
        height = loss(model)
        larger = torch.zeros_like(height)
        for _ in range(samples):
            offset = torch.rand(here.shape[1], generator=generator, dtype=torch.float64)
            moved = here + radius * (2 * offset - 1).to(here)
            larger += loss(replicas.with_weights(model, moved)) > height
    return larger / samples


def output_gradients(model: nn.Module, inputs: Tensor) -> Tensor:
    """Differentiate a single output by the weights, example by example.

    Every example gets a replica of its own, so one backward pass gives all.

    Args:
        model: Stacked network with one output.
        inputs: Shape (N, ...), shared by all replicas.

    Returns:
        Shape (R, N, P).
    """
    here, count = replicas.weights(model).detach(), len(inputs)
    apart = replicas.with_weights(model, here.repeat_interleave(count, dim=0))
    alone = inputs[:, None].repeat(len(here), *(1 for _ in range(inputs.ndim)))
    return curvature.gradients(apart, lambda m: m(alone)[:, 0, 0]).unflatten(0, (len(here), count))


def gauss_newton_ratio(model: nn.Module, inputs: Tensor) -> Tensor:
    """Count positive eigenvalues as report A's code does, shape (R,).

    Of each layer's Gauss-Newton matrix, weights without biases, in float32 and without any
    tolerance; averaged over layers. The matrix cannot have a negative eigenvalue, so what is
    counted is its rank, and how the zeros were rounded.

    Args:
        model: Stacked network with one output.
        inputs: Shape (N, ...).
    """
    sizes = [p[0].numel() for p in model.parameters()]
    parts = output_gradients(model, inputs).float().split(sizes, dim=2)
    # a bias has one axis less
    layers = [part for part, p in zip(parts, model.parameters(), strict=True) if p.ndim > 2]
    ratios = [(torch.linalg.eigvalsh(part.mT @ part) > 0).double().mean(dim=1) for part in layers]
    return torch.stack(ratios).mean(dim=0)


def gradient_over_loss(model: nn.Module, loss: curvature.Loss) -> Tensor:
    """Divide the gradient's norm by the loss, the definition in report B's text: (R,)."""
    with torch.no_grad():
        height = loss(model)
    return curvature.gradients(model, loss).norm(dim=1) / height


def layer_gradient_norm(model: nn.Module, loss: curvature.Loss) -> Tensor:
    """Average the norms of the layers' weight gradients, as report B's code does: (R,)."""
    sizes = [p[0].numel() for p in model.parameters()]
    parts = curvature.gradients(model, loss).split(sizes, dim=1)
    norms = [
        part.norm(dim=1) for part, p in zip(parts, model.parameters(), strict=True) if p.ndim > 2
    ]
    return torch.stack(norms).mean(dim=0)


def flatness(matrices: Tensor, slopes: Tensor) -> Tensor:
    """Measure |H g| / (max |lambda| |g|): how far from the kernel of H a gradient lies, (R,).

    Near 0 where a search on the gradient's norm must stall; between 0 and 1.

    Args:
        matrices: Hessians (R, P, P).
        slopes: Gradients (R, P).

    Source:
        C. Frye et al., "Critical point-finding methods reveal gradient-flat regions of deep
        network losses", Neural Computation 33(6), 2021.
    """
    largest = torch.linalg.eigvalsh(matrices).abs().amax(dim=1)
    return torch.einsum("rij,rj->ri", matrices, slopes).norm(dim=1) / (largest * slopes.norm(dim=1))
