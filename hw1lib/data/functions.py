"""Functions of one variable, to be fitted by regressors on [-1, 1]."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Target:
    """A function of one variable, to be fitted on [-1, 1]."""

    name: str  # key in TARGETS
    title: str  # for legends and tables
    formula: str  # LaTeX, without dollar signs
    function: Callable[[Tensor], Tensor]  # elementwise; keeps shape and dtype

    def __call__(self, x: Tensor) -> Tensor:
        """Return the values at `x`, a floating-point tensor of any shape."""
        return self.function(x)


def sinc(x: Tensor) -> Tensor:
    """Return sin(5 pi x) / (5 pi x), which is 1 at x = 0."""
    return torch.sinc(5 * x)


def sine(x: Tensor) -> Tensor:
    """Return sin(5 pi x)."""
    return torch.sin(5 * math.pi * x)


def sign_of_sine(x: Tensor) -> Tensor:
    r"""Return sign(sin(5 pi x)) without rounding noise: exactly 0 at its jumps k/5.

    The sign of a computed sin(5 pi x) at x = 1 is the sign of a rounding error. Here it
    comes from s = 5x alone: the sine vanishes where s is whole, and is positive where
    the whole part of s is even. Then f(-x) = -f(x) holds exactly as well.
    """
    s = 5 * x
    whole = torch.floor(s)
    return torch.where(s == whole, 0, 1 - 2 * torch.remainder(whole, 2))


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("sinc", "sinc(5x)", r"\frac{\sin(5\pi x)}{5\pi x}", sinc),
        Target("sine", "sin(5πx)", r"\sin(5\pi x)", sine),
        Target("sign", "sign(sin(5πx))", r"\operatorname{sgn}(\sin(5\pi x))", sign_of_sine),
    )
}


def grid(points: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a uniform grid of [-1, 1], both ends included, shape (points,).

    Each point is the quotient of two whole numbers, rounded: -1, 0 and 1 are hit
    exactly and the grid is its own mirror image, which `torch.linspace` does not promise.

    >>> grid(5).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    if points < 2:
        raise ValueError(f"a grid needs at least its 2 ends, got points={points}")
    numerators = torch.arange(1 - points, points, 2, dtype=torch.float64)
    return (numerators / (points - 1)).to(dtype)
