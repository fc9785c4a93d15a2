"""How much the loss rises around trained weights, by the definitions in circulation.

Every function takes a stack and the loss of each of its replicas, measures on copies, and returns
one number per replica, (R,), in float64. `loss` must work for a stack of any number of replicas,
since the points around a solution are replicas too.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import optimize
from torch import Tensor, nn

from hw1lib.measuring import curvature, geometry
from hw1lib.measuring.curvature import Loss
from hw1lib.networks import replicas
from hw1lib.training.run import threads

ITERATIONS = 10  # of L-BFGS-B, as Keskar et al. have it
ELSEWHERE = 10  # corners of the box at which a search may begin

Climb = Callable[[np.ndarray], tuple[float, np.ndarray]]  # place in the box -> loss, gradient


def keskar(
    model: nn.Module, loss: Loss, epsilon: float, *, iterations: int = ITERATIONS
) -> np.ndarray:
    r"""Measure how far the loss can rise in a small box around the weights.

    .. math::
        \phi = 100 \, \frac{\max_{z} L(\theta + z) - L(\theta)}{1 + L(\theta)},
        \qquad |z_i| \le \epsilon (|\theta_i| + 1)

    The maximum is sought from the weights by SciPy's L-BFGS-B, in units of the box and of the
    median slope: in others its first step, as long as the gradient, would be too short.

    Args:
        model: Stacked network at the points of interest; in eval mode where it drops out.
        loss: One loss per replica.
        epsilon: Half the width of the box around a weight of zero, above 0.
        iterations: Of L-BFGS-B, each of a few gradients.

    Returns:
        Shape (R,), in percent of 1 + loss; a lower bound of the maximum, not finite where a loss
        in the box is not. Where the gradient vanishes, the search begins at a random corner.

    Source:
        N. S. Keskar et al., "On large-batch training for deep learning: generalization gap and
        sharp minima", ICLR 2017, metric 2.1 with A the identity.
    """
    found = []
    for alone in _each(model):
        reach = keskars_box(alone, epsilon)[0]
        found.append(_rise(_climber(alone, loss, reach), len(reach), iterations))
    return np.array(found)


def keskar_in_subspace(
    model: nn.Module,
    loss: Loss,
    epsilon: float,
    generators: Sequence[torch.Generator],
    *,
    dimensions: int = 100,
    iterations: int = ITERATIONS,
) -> np.ndarray:
    r"""Measure how far the loss can rise in a box of a random subspace through the weights.

    .. math::
        \phi = 100 \, \frac{\max_{y} L(\theta + A y) - L(\theta)}{1 + L(\theta)},
        \qquad |y_i| \le \epsilon (|(A^+ \theta)_i| + 1)

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        epsilon: As for `keskar`.
        generators: One per replica, on the CPU, to draw A from a standard normal distribution,
            which the paper leaves open.
        dimensions: Columns of A; no more than there are weights are drawn.
        iterations: As for `keskar`.

    Returns:
        As `keskar`.

    Source:
        N. S. Keskar et al., ICLR 2017, metric 2.1.
    """
    found = []
    for alone, generator in zip(_each(model), generators, strict=True):
        here = replicas.weights(alone).detach()[0]
        count = min(dimensions, len(here))
        spanning = torch.randn(len(here), count, generator=generator, dtype=torch.float32).to(here)
        # A^+ by the normal equations: random columns are far from dependent, and A is long
        with threads(1):
            within = torch.linalg.solve(spanning.T @ spanning, spanning.T @ here)
        reach = epsilon * (within.abs() + 1)
        found.append(_rise(_climber(alone, loss, reach, spanning), count, iterations))
    return np.array(found)


def highest(model: nn.Module, loss: Loss, reach: Tensor, *, steps: int = 10) -> np.ndarray:
    r"""Measure how far the loss can rise in any box around the weights, all replicas at once.

    The maximum is sought by steps along the signs of the gradient, each as long as half the box
    is wide: the first leads to the highest corner as far as the slope at the weights can tell.
    With Keskar's box it finds what `keskar` finds, and takes so many gradients and no more.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        reach: Half the box's width along each weight, shape (R, P), at least 0.
        steps: Gradients taken.

    Returns:
        Shape (R,), in percent of 1 + loss, at least 0 and a lower bound of the maximum.
    """
    here = replicas.weights(model).detach()
    twin = replicas.with_weights(model, here)
    place = torch.zeros_like(here)  # in units of the box
    generator = np.random.default_rng(0)
    losses = []
    for _ in range(steps):
        values, slopes = _loss_and_gradient(_moved(twin, here + reach * place), loss)
        losses.append(values)
        lost = ~slopes.any(dim=1)  # where the loss is exactly 0 there is no slope
        corner = torch.from_numpy(generator.choice([-2.0, 2.0], here.shape)).to(here)
        place = (place + slopes.sign().where(~lost[:, None], corner)).clamp(-1, 1)
    with torch.no_grad():
        losses.append(loss(_moved(twin, here + reach * place)))
    seen = torch.stack(losses).double().cpu().numpy()
    return _in_percent(seen[0], seen.max(axis=0))


def keskars_box(model: nn.Module, epsilon: float) -> Tensor:
    """Give Keskar's box, of which a weight of zero has its part: epsilon (|theta| + 1), (R, P)."""
    return epsilon * (replicas.weights(model).detach().abs() + 1)


def relative_box(model: nn.Module, share: float) -> Tensor:
    """Give a box in which every weight changes by at most a share of itself, (R, P).

    Unlike in Keskar's, the loss rises in it as before when layers are rescaled (`rescaled`).

    Source:
        J. Kwon et al., "ASAM: adaptive sharpness-aware minimization for scale-invariant learning
        of deep neural networks", ICML 2021, definition 2 with elementwise normalization and the
        maximum norm.
    """
    return share * replicas.weights(model).detach().abs()


def perturbed_rise(
    model: nn.Module,
    loss: Loss,
    deviation: float,
    generators: Sequence[torch.Generator],
    *,
    draws: int,
) -> np.ndarray:
    """Measure how far the loss rises on average when normal noise is added to every weight.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        deviation: Standard deviation of the noise, in units of weight.
        generators: One per replica, to draw the noise from. On the CPU.
        draws: Perturbed copies of each replica.

    Returns:
        Mean loss of the copies minus the loss, shape (R,); below 0 where it falls.

    Source:
        B. Neyshabur et al., "Exploring generalization in deep learning", NeurIPS 2017, section
        2.4: expected sharpness.
    """
    found = []
    for alone, generator in zip(_each(model), generators, strict=True):
        here = replicas.weights(alone).detach()
        noise = torch.randn(draws, here.shape[1], generator=generator).to(here)
        with torch.no_grad():
            losses = geometry.along(alone, torch.cat([here, here + deviation * noise]), loss)
        base, *others = losses.double().tolist()
        found.append(np.mean(others) - base)
    return np.array(found)


def trace(
    model: nn.Module, loss: Loss, generators: Sequence[torch.Generator], *, probes: int
) -> np.ndarray:
    r"""Estimate the trace of each replica's Hessian by random signs.

    .. math:: \operatorname{tr} H = \mathbb{E} \, v^\top H v, \qquad v_i = \pm 1

    Exact, whatever the signs, where the Hessian is diagonal.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        generators: One per replica, to draw the signs from. On the CPU.
        probes: Products with the Hessian.

    Returns:
        Shape (R,), in units of the loss per squared unit of weight.

    Source:
        M. F. Hutchinson, "A stochastic estimator of the trace of the influence matrix for
        Laplacian smoothing splines", Communications in Statistics 18, 1059-1076, 1989.
    """
    product = curvature.hessian_products(model, loss)
    like = replicas.weights(model).detach()
    total = np.zeros(len(like))
    for _ in range(probes):
        bits = [torch.randint(0, 2, like.shape[1:], generator=g) for g in generators]
        signs = (2 * torch.stack(bits) - 1).to(like)
        total += (signs * product(signs)).sum(dim=1, dtype=torch.float64).cpu().numpy()
    return total / probes


def _each(model: nn.Module) -> list[nn.Module]:
    """Take a stack apart into stacks of one."""
    return [replicas.with_weights(model, w[None]) for w in replicas.weights(model).detach()]


def _moved(twin: nn.Module, weights: Tensor) -> nn.Module:
    """Put other weights (R, P) into a network made for that, which is faster than a new one."""
    sizes = [p[0].numel() for p in twin.parameters()]
    with torch.no_grad():
        for p, part in zip(twin.parameters(), weights.split(sizes, dim=1), strict=True):
            p.copy_(part.reshape(p.shape))
    return twin


def _loss_and_gradient(model: nn.Module, loss: Loss) -> tuple[Tensor, Tensor]:
    """Measure each replica's loss (R,) and its gradient by the weights (R, P)."""
    losses = loss(model)
    parts = torch.autograd.grad(losses.sum(), list(model.parameters()))
    return losses.detach(), torch.cat([part.flatten(1) for part in parts], dim=1)


def _climber(alone: nn.Module, loss: Loss, reach: Tensor, spanning: Tensor | None = None) -> Climb:
    """Give the loss and its gradient anywhere in a box around one replica's weights.

    Args:
        alone: Stack of one network, in the middle of the box.
        loss: One loss per replica.
        reach: Half the box's width, shape (n,).
        spanning: Columns along which the box lies, shape (P, n); None for the axes themselves.
    """
    here = replicas.weights(alone).detach()
    twin = replicas.with_weights(alone, here)

    def climb(place: np.ndarray) -> tuple[float, np.ndarray]:
        step = reach * torch.from_numpy(place).to(reach)
        moved = step if spanning is None else spanning @ step
        losses, slopes = _loss_and_gradient(_moved(twin, here + moved), loss)
        slope = slopes[0] if spanning is None else spanning.T @ slopes[0]
        return losses.item(), (reach * slope).double().cpu().numpy()

    return climb


def _rise(climb: Climb, size: int, iterations: int) -> float:
    """Seek the highest loss over the box from -1 to 1, from its middle, in percent of 1 + loss."""
    with threads(1):  # a search makes much of the last bits, which several share out anew
        return _climbed(climb, size, iterations)


def _climbed(climb: Climb, size: int, iterations: int) -> float:
    start = np.zeros(size)
    base, slope = climb(start)
    if np.isfinite(base) and not slope.any():  # a loss that is exactly 0 has no slope to climb
        corners = np.random.default_rng(0).choice([-1.0, 1.0], (ELSEWHERE, size))
        start = max(corners, key=lambda corner: climb(corner)[0])
        slope = climb(start)[1]
    steepness = np.median(np.abs(slope[slope != 0])) if slope.any() else 1.0
    highest = base

    def downhill(place: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal highest
        value, slope = climb(place)
        highest = max(highest, value)
        return (base - value) / steepness, -slope / steepness

    if np.isfinite(base):
        optimize.minimize(
            downhill,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(-np.ones(size), np.ones(size)),
            # no early end: a well trained network is nearly stationary
            options={"maxiter": iterations, "ftol": 0, "gtol": 0},
        )
    return float(_in_percent(base, highest))


def _in_percent(base: np.ndarray | float, highest: np.ndarray | float) -> np.ndarray:
    """Write a rise of the loss in percent of 1 + loss, as Keskar et al. do."""
    return 100 * (np.asarray(highest) - base) / (1 + np.asarray(base))
