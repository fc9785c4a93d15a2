"""Straight pieces of a perceptron of one variable with piecewise linear units."""

from collections.abc import Sequence

import numpy as np
from torch import nn

from hw1lib.networks import replicas
from hw1lib.networks.zigzag import Layer

ROUND_OFF = 1e-12  # a unit's input so near to zero, or places so near to each other, are alike
ALIKE = 1e-6  # slopes that differ by less, as a share of the larger, are one piece


def layers(model: nn.Module) -> list[list[Layer]]:
    """Return the weights and biases of each layer of a stacked perceptron, by replica."""
    linear = [layer for layer in model.modules() if isinstance(layer, replicas.Linear)]
    parts = [(layer.weight.detach().cpu(), layer.bias.detach().cpu()) for layer in linear]
    stacks = [(weight.double().numpy(), bias.double().numpy()) for weight, bias in parts]
    return [[(w[r], b[r]) for w, b in stacks] for r in range(replicas.count(model))]


def corners(layers: Sequence[Layer], *, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Find where the function of a perceptron bends on [-1, 1], exactly but for round-off.

    Between two corners of the layers before, the input of a unit is a straight line, so where it
    changes sign is one division away.

    Args:
        layers: Weights (n_out, n_in) and biases (n_out,) of each layer; one input, one output.
        slope: Of the leaky rectifier below zero; 0 for a rectifier.

    Returns:
        Places (N + 1,) from -1 to 1 in which no unit changes sign in between, and the network's
        values there, (N + 1,).

    Source:
        B. Hanin and D. Rolnick, "Complexity of linear regions in deep networks", ICML 2019: the
        regions of a network along a line.
    """
    places = np.array([-1.0, 1.0])
    values = places[:, None]
    for weights, biases in layers[:-1]:
        inputs = values @ weights.T + biases
        inputs[np.abs(inputs) <= ROUND_OFF * np.abs(inputs).max(axis=0)] = 0.0
        left, right = inputs[:-1], inputs[1:]
        interval, unit = np.nonzero(np.sign(left) * np.sign(right) < 0)
        start, end = left[interval, unit], right[interval, unit]
        share = start / (start - end)
        between = places[interval] + share * np.diff(places)[interval]
        added = inputs[interval] + share[:, None] * (inputs[interval + 1] - inputs[interval])
        added[np.arange(len(unit)), unit] = 0.0
        places = np.concatenate([places, between])
        order = np.argsort(places, kind="stable")
        places, inputs = places[order], np.concatenate([inputs, added])[order]
        values = np.where(inputs > 0, inputs, slope * inputs)
    weights, biases = layers[-1]
    return places, (values @ weights.T + biases)[:, 0]


def count(layers: Sequence[Layer], *, slope: float) -> int:
    """Count the straight pieces of a perceptron's function on [-1, 1].

    Neighbouring pieces whose slopes differ by less than `ALIKE` are one.
    """
    places, values = corners(layers, slope=slope)
    apart = np.diff(places) > ROUND_OFF
    slopes = np.diff(values)[apart] / np.diff(places)[apart]
    scale = np.maximum(np.abs(slopes[1:]), np.abs(slopes[:-1]))
    return 1 + int((np.abs(np.diff(slopes)) > ALIKE * scale).sum())
