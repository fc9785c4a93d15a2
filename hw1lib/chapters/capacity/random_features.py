"""Networks whose first layer is random and stays so, fitted in closed form."""

import math

import torch
from torch import Tensor


def draw(
    count: int, inputs: int, bandwidth: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw frequencies (P, d) and phases (P,) of `fourier`, in double precision.

    Args:
        count: P, how many features.
        inputs: d, how many numbers make an example.
        bandwidth: s, the width of the Gaussian kernel, in units of the inputs.
        generator: On the CPU.
    """
    frequencies = torch.randn(count, inputs, generator=generator, dtype=torch.float64) / bandwidth
    return frequencies, 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)


def fourier(inputs: Tensor, frequencies: Tensor, phases: Tensor) -> Tensor:
    r"""Compute random Fourier features, :math:`\sqrt{2 / P} \cos(W x + b)`.

    With normal frequencies of standard deviation 1/s and phases uniform on [0, 2 pi], products
    of features approach the Gaussian kernel :math:`\exp(-\lVert x - x' \rVert^2 / 2 s^2)`.

    Args:
        inputs: Shape (N, d).
        frequencies: Shape (P, d), per unit of the inputs.
        phases: Shape (P,), in radians.

    Returns:
        Shape (N, P).

    Source:
        A. Rahimi and B. Recht, "Random features for large-scale kernel machines", NIPS 2007.
    """
    turned = torch.addmm(phases, inputs, frequencies.T)
    return turned.cos_().mul_(math.sqrt(2 / len(phases)))


def minimum_norm(features: Tensor, targets: Tensor) -> Tensor:
    """Fit targets by least squares; among many solutions take the one of smallest norm.

    With at least as many features as examples the targets are interpolated. By a QR
    decomposition of the features or their transpose, which does not square their condition
    number as normal equations do: at P = N, the case of interest, it is large.

    Args:
        features: Shape (N, P), float64, of full rank, as Fourier features of different examples
            are.
        targets: Shape (N, K), float64.

    Returns:
        Coefficients, shape (P, K).
    """
    return torch.linalg.lstsq(features, targets, driver="gels").solution
