"""Straight pieces: against functions whose corners are known, and a network's own values."""

import numpy as np
import pytest
import torch

from hw1lib.measuring import pieces
from hw1lib.networks import builders, replicas, zigzag
from hw1lib.networks.builders import DEEP, MEDIUM, SHALLOW


def hat(slope):
    """relu(x + 1/2) - 2 relu(x) + relu(x - 1/2), a tent on [-1/2, 1/2]."""
    first = np.ones((3, 1)), np.array([0.5, 0.0, -0.5])
    return [first, (np.array([[1.0, -2.0, 1.0]]), np.array([0.0]))]


def test_a_tent_has_four_pieces_with_the_corners_by_hand():
    places, values = pieces.corners(hat(0), slope=0)
    np.testing.assert_allclose(places, [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(values, [0, 0, 0.5, 0, 0], atol=1e-15)
    assert pieces.count(hat(0), slope=0) == 4


def test_a_corner_that_cancels_is_none():
    first = np.ones((2, 1)), np.zeros(2)
    straight = [first, (np.array([[1.0, -1.0]]), np.array([3.0]))]
    assert pieces.count(straight, slope=0) == 1


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("widths", [(1, 7, 1), (1, 2, 2, 2, 1), (1, 3, 5, 2, 1), MEDIUM, SHALLOW])
def test_a_zigzag_has_as_many_pieces_as_the_product_of_the_widths(widths, slope):
    layers = zigzag.weights(widths, slope=slope)
    assert [w.shape[0] for w, _ in layers] == [*widths[1:]]
    places, values = pieces.corners(layers, slope=slope)
    many = zigzag.teeth(widths)
    turns = np.interp(np.linspace(-1, 1, many + 1), places, values)
    np.testing.assert_allclose(turns, np.arange(many + 1) % 2, atol=1e-6)
    assert pieces.count(layers, slope=slope) == many


def test_the_deep_regressor_can_draw_more_than_the_others_together():
    assert zigzag.teeth(DEEP) == 5 * 10**5 * 5 > zigzag.teeth(MEDIUM) + zigzag.teeth(SHALLOW)


@pytest.mark.parametrize("widths", [DEEP, MEDIUM, SHALLOW])
def test_between_the_corners_the_network_is_straight(widths):
    model = builders.mlp(replicas.Streams([3]), *widths, activation=builders.leaky_relu).double()
    layers = pieces.layers(model)[0]
    places, values = pieces.corners(layers, slope=0.01)
    x = np.sort(np.random.default_rng(0).uniform(-1, 1, 5000))
    with torch.no_grad():
        truth = model(torch.from_numpy(x)[:, None])[0, :, 0].numpy()
    np.testing.assert_allclose(np.interp(x, places, values), truth, atol=1e-12)
    # and where a dense grid sees the slope change, there is a corner
    bends = x[1:-1][np.abs(np.diff(np.diff(truth) / np.diff(x))) > 1e-6]
    assert all(np.abs(places - bend).min() < 0.01 for bend in bends)


def test_the_layers_are_those_of_each_replica():
    model = builders.mlp(replicas.Streams([0, 1]), 1, 3, 2, 1)
    found = pieces.layers(model)
    assert [[w.shape for w, _ in one] for one in found] == [[(3, 1), (2, 3), (1, 2)]] * 2
    with torch.no_grad():
        out = model(torch.tensor([[0.3]]))[:, 0, 0]
    for one, expected in zip(found, out, strict=True):
        places, values = pieces.corners(one, slope=0)
        assert np.interp(0.3, places, values) == pytest.approx(float(expected), abs=1e-6)
