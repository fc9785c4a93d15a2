"""Perceptrons with hand-set weights that draw a zigzag: what a shape can express, at least."""

from collections.abc import Sequence

import numpy as np

Layer = tuple[np.ndarray, np.ndarray]  # weights (n_out, n_in) and biases (n_out,)


def teeth(widths: Sequence[int]) -> int:
    """Count the straight pieces of the zigzag that `weights` draws: the product of the widths.

    >>> teeth((1, 190, 1)), teeth((1, 10, 18, 15, 4, 1))
    (190, 10800)
    """
    return int(np.prod(widths[1:-1]))


def weights(widths: Sequence[int], *, slope: float) -> list[Layer]:
    """Set the weights so that a perceptron runs up and down between 0 and 1 on [-1, 1].

    Every hidden layer of w units folds [0, 1] w times onto itself, so that L layers draw as many
    straight pieces as the product of their widths, where one layer draws one for each unit.

    Args:
        widths: Layer sizes, ends included; both ends are 1.
        slope: Of the leaky rectifier below zero; 0 for a rectifier.

    Source:
        M. Telgarsky, "Benefits of depth in neural networks", COLT 2016, section 3, for the tent
        (w = 2), and G. Montufar et al., "On the number of linear regions of deep neural
        networks", NeurIPS 2014, for w folds.
    """
    scale, offset = np.array([[0.5]]), np.array([0.5])  # from [-1, 1] to [0, 1]
    layers = []
    for units in widths[1:-1]:
        begins = np.arange(units) / units
        layers.append((np.ones((units, 1)) @ scale, offset - begins))
        # unit j has slope 1 from its begin on, and `slope` before
        slopes = np.tril(np.ones((units, units)), 0) + slope * np.triu(np.ones((units, units)), 1)
        outgoing = np.linalg.solve(slopes, units * (-1.0) ** np.arange(units))
        scale, offset = outgoing[None, :], np.array([slope * outgoing @ begins])
    return [*layers, (scale, offset)]
