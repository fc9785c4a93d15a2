"""Finding weights where the gradient vanishes, and making them from those of smaller networks."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hw1lib.measuring import curvature
from hw1lib.networks import replicas

# every step is tried at several dampings; a coarser grid follows narrow valleys far more slowly
FACTORS = (0.05, 0.3, 1.0, 4.0, 50.0)
LEAST_DAMPING, MOST_DAMPING = 1e-24, 1e8  # relative to the largest eigenvalue


@dataclass(frozen=True)
class Found:
    """Where R searches ended."""

    weights: Tensor  # (R, P)
    residuals: Tensor  # (R,) Euclidean norm of the objective's gradient there
    steps: Tensor  # (R,) steps that lowered what was to be lowered


def minimize(
    model: nn.Module, objective: curvature.Loss, *, steps: int, residual: float = 1e-12
) -> Found:
    r"""Go down the objective by damped Newton steps that also leave saddles downwards.

    .. math:: \theta \leftarrow \theta - (|H| + \mu \lambda_{\max} I)^{-1} g

    Args:
        model: Stacked network at the starting points; left alone.
        objective: One number per replica, for a stack of any number of replicas.
        steps: At most.
        residual: Gradient norm at which a replica is done.

    Source:
        Y. Dauphin et al., "Identifying and attacking the saddle point problem in
        high-dimensional non-convex optimization", NeurIPS 2014: the saddle-free Newton method;
        here with the exact Hessian.
    """
    return _descend(model, objective, steps=steps, residual=residual, on_gradient=False)


def flatten_gradient(
    model: nn.Module, objective: curvature.Loss, *, steps: int, residual: float = 1e-12
) -> Found:
    r"""Go down half the squared norm of the objective's gradient, by damped Gauss-Newton steps.

    .. math:: \theta \leftarrow \theta - (H^2 + \mu \lambda_{\max}^2 I)^{-1} H g

    Ends at critical points of any index, and also stalls where H g vanishes and g does not.

    Args:
        model: Stacked network at the starting points; left alone.
        objective: One number per replica, for a stack of any number of replicas.
        steps: At most.
        residual: Gradient norm at which a replica is done.

    Source:
        D. Marquardt, "An algorithm for least-squares estimation of nonlinear parameters",
        J. SIAM 11(2), 431-441, 1963, on the equations g = 0.
    """
    return _descend(model, objective, steps=steps, residual=residual, on_gradient=True)


def _descend(
    model: nn.Module, objective: curvature.Loss, *, steps: int, residual: float, on_gradient: bool
) -> Found:
    points = replicas.weights(model).detach().clone()
    slopes, heights = _slopes_and_heights(model, objective, points)
    taken = torch.zeros(len(points), dtype=torch.int64, device=points.device)
    damping = torch.full_like(heights, 1e-2)
    factors = torch.tensor(FACTORS, dtype=points.dtype, device=points.device)
    for _ in range(steps):
        norms = slopes.norm(dim=1)
        going = norms.isfinite() & (norms > residual) & (damping < MOST_DAMPING)
        active = going.nonzero()[:, 0]
        if not len(active):
            break
        matrices = curvature.hessians(replicas.with_weights(model, points[active]), objective)
        values, vectors = torch.linalg.eigh(matrices)
        along = torch.einsum("rij,ri->rj", vectors, slopes[active])
        tried = (damping[active, None] * factors).clamp(min=LEAST_DAMPING)
        scale = values.abs().amax(dim=1)[:, None, None]
        each, least = values[:, None], tried[:, :, None]
        if on_gradient:
            filtered = each / (each.square() + least * scale.square())
        else:
            filtered = 1 / (each.abs() + least * scale)
        offsets = torch.einsum("rij,rkj->rki", vectors, filtered * along[:, None])
        there = points[active, None] - offsets
        new_slopes, new_heights = _slopes_and_heights(model, objective, there.flatten(0, 1))
        new_slopes = new_slopes.unflatten(0, tried.shape)
        new_heights = new_heights.unflatten(0, tried.shape)
        now = norms[active] if on_gradient else heights[active]
        then = new_slopes.norm(dim=2) if on_gradient else new_heights
        best = then.nan_to_num(torch.inf).argmin(dim=1)
        chosen = torch.arange(len(active), device=points.device), best
        better = then[chosen] < now
        kept = active[better]
        points[kept] = there[chosen][better]
        slopes[kept] = new_slopes[chosen][better]
        heights[kept] = new_heights[chosen][better]
        damping[active] = torch.where(better, tried[chosen], 100 * tried[:, -1])
        taken[kept] += 1
    return Found(points, slopes.norm(dim=1), taken)


def _slopes_and_heights(
    model: nn.Module, objective: curvature.Loss, points: Tensor
) -> tuple[Tensor, Tensor]:
    there = replicas.with_weights(model, points)
    with torch.no_grad():
        heights = objective(there)
    return curvature.gradients(there, objective), heights


def embed(small: nn.Module, large: nn.Module, shares: Tensor | None = None) -> None:
    """Write a perceptron into a wider one of the same depth, so that it computes the same.

    A critical point of the small network's loss becomes one of the large network's. New units
    either copy a unit of their layer, and the two share its outgoing weights as a : 1 - a; or
    they are silent, all their weights zero. A silent tanh unit stays critical under weight decay
    too, which a split unit does not.

    Args:
        small: Stack of R perceptrons of `replicas.Linear`.
        large: Stack of R wider perceptrons, overwritten.
        shares: The share a that each replica's copies take, shape (R,); None for silent units.

    Source:
        K. Fukumizu and S. Amari, "Local minima and plateaus in hierarchical structures of
        multilayer perceptrons", Neural Networks 13(3), 317-327, 2000.
    """
    layers = [
        [layer for layer in model.modules() if isinstance(layer, replicas.Linear)]
        for model in (small, large)
    ]
    with torch.no_grad():
        for narrow, wide in zip(*layers, strict=True):
            n_out, n_in = narrow.weight.shape[1:]
            for p in (wide.weight, wide.bias):
                p.zero_()
            wide.weight[:, :n_out, :n_in] = narrow.weight
            wide.bias[:, :n_out] = narrow.bias
        if shares is None:
            return
        for narrow, wide, after in zip(layers[0], layers[1], layers[1][1:], strict=False):
            units = narrow.weight.shape[1]
            for unit in range(units, wide.weight.shape[1]):
                origin = unit % units
                wide.weight[:, unit] = wide.weight[:, origin]
                wide.bias[:, unit] = wide.bias[:, origin]
                outgoing = after.weight[:, :, origin].clone()
                after.weight[:, :, unit] = shares[:, None] * outgoing
                after.weight[:, :, origin] = (1 - shares[:, None]) * outgoing
