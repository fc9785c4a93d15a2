"""Lines, planes, directions and renumbered units are what their formulas say."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.measuring import geometry
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def bowl():
    """Linear models of two inputs, their loss, and the residuals (..., 11) of weights (..., 3)."""
    x, y = draw(11, 2), draw(11, 1, seed=1)
    design = np.column_stack([x.numpy(), np.ones(11)])
    model = builders.mlp(Streams([3, 4, 5]), 2, 1).double()
    return (
        model,
        lambda stack: losses.mean_squared_error(stack(x), y),
        lambda weights: weights @ design.T - y[:, 0].numpy(),
    )


def test_the_loss_of_a_linear_model_along_a_line_is_a_quadratic(bowl):
    model, loss, residuals = bowl
    start, end = draw(3, 3, seed=2), draw(3, 3, seed=3)
    alphas = torch.linspace(-1, 2, 13, dtype=torch.float64)
    losses = geometry.along(model, geometry.line(start, end, alphas), loss).numpy()
    # the residual is linear in alpha, so its mean square has these three coefficients
    first, last = residuals(start.numpy()), residuals(end.numpy())
    step = last - first
    constant, linear, square = (
        np.mean(term, axis=1) for term in (first**2, 2 * first * step, step**2)
    )
    a = alphas.numpy()[:, None]
    expected = constant + a * linear + a**2 * square
    assert losses.shape == (13, 3)
    np.testing.assert_allclose(losses, expected, rtol=1e-12)


@pytest.mark.parametrize("chunk", [1, 4, 5, 20, 64], ids="chunk={}".format)
def test_a_plane_over_a_bowl_is_the_bowl_however_it_is_cut(bowl, chunk):
    model, loss, residuals = bowl
    origin, first, second = draw(3, 3, seed=4)
    a, b = torch.linspace(-1, 1, 5).double(), torch.linspace(0, 3, 4).double()
    points = geometry.plane(origin, first, second, a, b)
    losses = geometry.along(model, points, loss, chunk=chunk)
    assert losses.shape == (5, 4)
    for i, along_first in enumerate(a.tolist()):
        for j, along_second in enumerate(b.tolist()):
            point = (origin + along_first * first + along_second * second).numpy()
            expected = np.square(residuals(point)).mean()
            assert losses[i, j].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_ends_of_a_line_are_its_end_points_to_the_bit(dtype):
    # of very different size, where adding the difference would round
    start, end = draw(4, 50).to(dtype), (1e6 * draw(4, 50, seed=1)).to(dtype)
    points = geometry.line(start, end, torch.tensor([-0.5, 0.0, 0.3, 1.0, 1.5]))
    assert torch.equal(points[1], start)
    assert torch.equal(points[3], end)
    torch.testing.assert_close(points[4], 1.5 * end - 0.5 * start)


def test_measuring_elsewhere_leaves_the_model_as_it_was():
    model = builders.mlp(Streams([3, 4]), 2, 4, 1).eval()
    x = torch.ones(5, 2)
    losses.mean_squared_error(model(x), torch.zeros(5, 1)).sum().backward()
    before = copy.deepcopy([(p.detach(), p.grad) for p in model.parameters()])
    weights = replicas.weights(model).detach()
    directions = geometry.filter_normalized(model, torch.ones_like(weights))
    geometry.along(
        model,
        geometry.line(weights, weights + directions, torch.linspace(0, 1, 7)),
        lambda stack: stack(x).sum(dim=(1, 2)),
        chunk=3,
    )
    for p, (value, slope) in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, value)
        assert torch.equal(p.grad, slope)
    assert not model.training


def test_a_measurement_may_have_axes_of_its_own_and_keeps_no_graph(bowl):
    model, _, _ = bowl
    weights = draw(2, 5, 3)
    seen = geometry.along(model, weights, lambda stack: replicas.weights(stack)[:, :2], chunk=3)
    assert not seen.requires_grad
    assert torch.equal(seen, weights[..., :2])


def test_a_random_direction_is_one_replicas_and_its_generators(bowl):
    model, _, _ = bowl
    first, again = (
        geometry.random_direction(model, torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert first.shape == (3,)
    assert first.dtype == torch.float64
    assert torch.equal(first, again)


def plain_parameters(weights, *layers):
    """Put one replica's weights into torch's own layers."""
    net = nn.Sequential(*layers).double()
    nn.utils.vector_to_parameters(weights, net.parameters())
    return [p.detach() for p in net.parameters()]


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        (
            lambda s: builders.mlp(s, 3, 4, 5, 2),
            lambda: [nn.Linear(3, 4), nn.Linear(4, 5), nn.Linear(5, 2)],
        ),
        (
            lambda s: builders.deep_cnn(s, 2, 3, 2, 4),
            lambda: [nn.Conv2d(2, 3, 3), nn.Conv2d(3, 3, 3), nn.Linear(3, 4)],
        ),
    ],
    ids=["perceptron", "convolutional"],
)
def test_every_unit_of_a_normalized_direction_has_the_norm_of_its_weights(model, layers):
    stack = model(Streams([3, 4])).double()
    weights = replicas.weights(stack).detach()
    directions = draw(6, *weights.shape)
    normalized = geometry.filter_normalized(stack, directions)
    assert normalized.shape == directions.shape
    with torch.random.fork_rng():
        for k in range(6):
            for r in range(2):
                own, drawn, found = (
                    plain_parameters(vector, *layers())
                    for vector in (weights[r], directions[k, r], normalized[k, r])
                )
                for weight, before, after in zip(own, drawn, found, strict=True):
                    if weight.ndim == 1:
                        assert not after.any()
                        continue
                    for unit in range(len(weight)):
                        norm = after[unit].square().sum().sqrt()
                        expected = weight[unit].square().sum().sqrt()
                        torch.testing.assert_close(norm, expected, rtol=1e-12, atol=0)
                        ratio = after[unit] / before[unit]
                        assert ratio.min() > 0  # the direction is kept
                        torch.testing.assert_close(ratio.min(), ratio.max(), rtol=1e-9, atol=0)


def test_a_barrier_is_the_largest_height_over_the_blend_of_the_ends():
    alphas = np.linspace(-1, 2, 31)  # whose 0 and 1 are off by round-off
    hill = 1 + alphas + 4 * alphas * (1 - alphas)  # over the blend 1 + alpha
    valley = 2 - 4 * alphas * (1 - alphas)
    found = geometry.barrier(np.stack([hill, valley, np.full(31, np.nan)], axis=1), alphas)
    np.testing.assert_allclose(found, [1, 0, np.nan], atol=1e-12)


def test_a_barrier_needs_both_ends():
    with pytest.raises(ValueError, match="0 or 1 is not among alphas"):
        geometry.barrier(np.ones(3), np.array([0.0, 0.5, 0.9]))


def test_the_largest_rise_is_over_the_lowest_loss_before_it():
    losses = np.array(
        [
            [5.0, 4, 3, 2],
            [5.0, 1, 3, 2],
            [5.0, 6, 1, 1.5],  # the first rise is the larger
            [1.0, 2, 1.5, 3],
            [1.0, np.nan, 1, 1],
        ]
    ).T
    np.testing.assert_array_equal(geometry.largest_rise(losses), [0, 2, 1, 2, np.nan])


SHAPE = (3, 7, 6, 2)


@pytest.fixture
def renumbered():
    """A stack, and its weights with the hidden units in another order, by hand."""
    stack = builders.mlp(Streams([3, 4]), *SHAPE, activation=nn.Tanh).double()
    weights = replicas.weights(stack).detach()
    other = copy.deepcopy(stack)
    layers = [m for m in other.modules() if isinstance(m, replicas.Linear)]
    g = torch.Generator().manual_seed(0)
    for r in range(2):
        for here, after in pairwise(layers):
            order = torch.randperm(here.bias.shape[1], generator=g)
            here.weight.data[r] = here.weight.data[r][order]
            here.bias.data[r] = here.bias.data[r][order]
            after.weight.data[r] = after.weight.data[r][:, order]
    return stack, weights, replicas.weights(other).detach()


def test_alignment_finds_a_planted_order(renumbered):
    stack, weights, other = renumbered
    assert not torch.equal(other, weights)
    assert torch.equal(geometry.aligned(stack, weights, other), weights)


def test_alignment_changes_no_output_and_comes_closer():
    stack = builders.mlp(Streams([3, 4]), *SHAPE, activation=nn.Tanh).double()
    weights = replicas.weights(stack).detach()
    stranger = draw(*weights.shape, seed=5)
    kept = stranger.clone()
    found = geometry.aligned(stack, weights, stranger)
    assert torch.equal(stranger, kept)
    x = draw(20, 3)
    before, after = (replicas.with_weights(stack, w)(x) for w in (stranger, found))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-10)
    distances = [(w - weights).norm(dim=1) for w in (stranger, found)]
    assert (distances[1] < distances[0]).all()


def test_only_fully_connected_networks_can_be_aligned():
    stack = builders.deep_cnn(Streams([3]), 2, 2)
    weights = replicas.weights(stack).detach()
    with pytest.raises(ValueError, match="fully connected"):
        geometry.aligned(stack, weights, weights)


# Lines between networks


@pytest.fixture
def two_ends():
    """A float64 perceptron with two hidden layers, and two points of its weight space."""
    model = builders.mlp(Streams([0]), 7, 6, 5, 3).double()
    return model, *draw(2, replicas.parameter_count(model), seed=5)


def test_blends_are_the_networks_of_the_line(two_ends):
    model, start, end = two_ends
    alphas = torch.linspace(-1, 2, 13, dtype=torch.float64)
    x = draw(11, 7, seed=6)
    outputs = geometry.Blends(model, start, end, alphas)(x)
    assert outputs.shape == (13, 11, 3)
    sizes = [(6, 7), (6,), (5, 6), (5,), (3, 5), (3,)]
    for alpha, found in zip(alphas.tolist(), outputs, strict=True):
        flat = ((1 - alpha) * start + alpha * end).numpy()
        parts = np.split(flat, np.cumsum([np.prod(size) for size in sizes])[:-1])
        w1, b1, w2, b2, w3, b3 = (p.reshape(size) for p, size in zip(parts, sizes, strict=True))
        hidden = np.maximum(np.maximum(x.numpy() @ w1.T + b1, 0) @ w2.T + b2, 0)
        np.testing.assert_allclose(found.detach(), hidden @ w3.T + b3, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_ends_of_blends_are_the_two_networks_to_the_bit(two_ends, dtype):
    model, start, end = (part.to(dtype) for part in two_ends)
    x = draw(11, 7, seed=6).to(dtype)
    blended = geometry.Blends(model, start, end, torch.tensor([0.0, 1.0]))(x)
    at_ends = replicas.with_weights(model, torch.stack([start, end]))(x)
    assert torch.equal(blended, at_ends)


def test_blends_leave_the_ends_and_the_model_alone(two_ends):
    before = [replicas.weights(two_ends[0]).detach(), *(end.clone() for end in two_ends[1:])]
    blends = geometry.Blends(*two_ends, torch.linspace(-1, 2, 4))
    with torch.no_grad():
        for p in blends.parameters():
            p.add_(1)
    for kept, now in zip(before, [replicas.weights(two_ends[0]), *two_ends[1:]], strict=True):
        assert torch.equal(kept, now)


def test_networks_of_different_shape_are_not_blended(two_ends):
    model, start, end = two_ends
    alphas = torch.tensor([0.5])
    with pytest.raises(ValueError, match=r"101 and of 100 parameters lie on no common line"):
        geometry.Blends(model, start, end[:-1], alphas)
    with pytest.raises(ValueError, match=r"do not fit a network of 101 parameters"):
        geometry.Blends(model, start[:-1], end[:-1], alphas)
    with pytest.raises(ValueError, match="fully connected"):
        geometry.Blends(builders.lenet(Streams([0])), start, end, alphas)
