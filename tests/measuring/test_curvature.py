"""Gradients and Hessians of stacked networks, against formulas, differences and other libraries."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses

SEEDS = (3, 4, 5)
WIDTHS = (2, 4, 3, 1)  # 31 parameters
POINTS = 7


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def points():
    """Inputs (7, 2) and targets (7, 1), shared by all replicas."""
    return draw(POINTS, 2), draw(POINTS, 1, seed=1)


@pytest.fixture(params=[builders.relu, builders.leaky_relu, nn.Tanh, nn.Softplus])
def network(request, points):
    """A stack in float64 and its loss."""
    return stack(request.param), squared_error(*points)


def stack(activation=nn.Tanh, widths=WIDTHS):
    return builders.mlp(Streams(SEEDS), *widths, activation=activation).double()


def squared_error(x, y):
    return lambda model: losses.mean_squared_error(model(x), y)


def plain(model, r, activation):
    """Replica r as torch's own modules."""
    layers = []
    for n_in, n_out in pairwise(WIDTHS):
        layers += [nn.Linear(n_in, n_out, dtype=torch.float64), activation()]
    net = nn.Sequential(*layers[:-1])
    for p, its in zip(net.parameters(), model.parameters(), strict=True):
        p.data = its.data[r].clone()
    return net


@pytest.fixture
def _their_random_numbers():
    """Let other libraries draw from torch's global stream."""
    with torch.random.fork_rng():
        yield


class Bowls(nn.Module):
    """R quadratic forms: the loss is theta^T A theta / 2 + b^T theta, whose Hessian is A."""

    def __init__(self, matrices, slopes):
        super().__init__()
        count, size = slopes.shape
        self.first = nn.Parameter(draw(count, 2))  # two tensors, so that their order matters
        self.second = nn.Parameter(draw(count, size - 2, seed=1))
        self.matrices, self.slopes = matrices, slopes

    def loss(self, model):
        theta = replicas.weights(model)
        copies = len(theta) // len(self.slopes)  # of the R networks, one set after the other
        curved = torch.einsum("ri,rij,rj->r", theta, self.matrices.repeat(copies, 1, 1), theta)
        return curved / 2 + (self.slopes.repeat(copies, 1) * theta).sum(dim=1)


def bowls(count=3, size=9):
    matrices = draw(count, size, size)
    return Bowls(matrices + matrices.mT, draw(count, size, seed=2))


# Gradients


def test_the_gradient_is_that_of_central_differences(network):
    model, loss = network
    actual = curvature.gradients(model, loss)
    weights, step = replicas.weights(model).detach(), 1e-6
    for k in range(actual.shape[1]):
        offset = step * torch.eye(actual.shape[1], dtype=torch.float64)[k]
        above = loss(replicas.with_weights(model, weights + offset))
        below = loss(replicas.with_weights(model, weights - offset))
        np.testing.assert_allclose(
            actual[:, k], ((above - below) / (2 * step)).detach(), rtol=1e-6, atol=1e-9
        )


# Hessians


def test_the_hessian_of_linear_regression_is_its_closed_form(points):
    model, (x, y) = stack(widths=(2, 1)), points
    design = np.column_stack([x, np.ones(POINTS)])  # weights, then the bias
    expected = 2 / POINTS * design.T @ design
    actual = curvature.hessians(model, squared_error(x, y))
    np.testing.assert_allclose(actual, np.stack([expected] * len(SEEDS)), rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 2, 5, 1000])
def test_the_hessian_of_a_bowl_is_its_matrix_however_the_rows_are_cut(monkeypatch, rows):
    monkeypatch.setattr(curvature, "ROWS_AT_ONCE", rows)
    model = bowls()
    np.testing.assert_allclose(curvature.hessians(model, model.loss), model.matrices, rtol=1e-12)


def test_a_loss_that_is_linear_in_some_weights_has_zeros_there():
    model = bowls()
    actual = curvature.hessians(model, lambda m: m.first.square().sum(1) + m.second.sum(1))
    expected = np.diag([2.0, 2.0] + 7 * [0.0])
    np.testing.assert_array_equal(actual, np.stack([expected] * 3))


def test_the_hessian_is_that_of_central_differences_of_the_gradient(network):
    model, loss = network
    actual = curvature.hessians(model, loss)
    assert torch.equal(actual, actual.mT)
    weights, step = replicas.weights(model).detach(), 1e-6
    for k in range(actual.shape[1]):
        offset = step * torch.eye(actual.shape[1], dtype=torch.float64)[k]
        above = curvature.gradients(replicas.with_weights(model, weights + offset), loss)
        below = curvature.gradients(replicas.with_weights(model, weights - offset), loss)
        np.testing.assert_allclose(actual[:, k], (above - below) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("_their_random_numbers")
def test_each_replica_has_the_hessian_that_it_has_alone(points):
    model, (x, y) = stack(), points
    actual = curvature.hessians(model, squared_error(x, y))
    for r in range(len(SEEDS)):
        net = plain(model, r, nn.Tanh)
        names = [name for name, _ in net.named_parameters()]
        shapes = [p.shape for p in net.parameters()]

        def alone(theta, names=names, shapes=shapes, net=net):
            parts = theta.split([shape.numel() for shape in shapes])
            parameters = dict(zip(names, map(torch.reshape, parts, shapes), strict=True))
            return nn.functional.mse_loss(torch.func.functional_call(net, parameters, x), y)

        theta = nn.utils.parameters_to_vector(net.parameters()).detach()
        expected = torch.autograd.functional.hessian(alone, theta)
        np.testing.assert_allclose(actual[r], expected, rtol=1e-10, atol=1e-14)


@pytest.mark.usefixtures("_their_random_numbers")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # linear_operator's business
@pytest.mark.parametrize("batch_size", [7, 4, 1], ids="batch={}".format)
def test_the_hessian_is_that_of_curvlinops(points, batch_size):
    curvlinops = pytest.importorskip("curvlinops")
    model, (x, y) = stack(), points
    actual = curvature.hessians(model, squared_error(x, y))
    batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    for r in range(len(SEEDS)):
        net = plain(model, r, nn.Tanh)
        operator = curvlinops.HessianLinearOperator(
            net, nn.MSELoss(), list(net.parameters()), batches
        )
        expected = operator @ torch.eye(actual.shape[1], dtype=torch.float64)
        np.testing.assert_allclose(actual[r], expected, rtol=1e-10, atol=1e-14)


def test_measuring_changes_nothing(network):
    model, loss = network
    model.train()
    loss(model).sum().backward()
    before = [(p.detach().clone(), p.grad.clone()) for p in model.parameters()]
    curvature.gradients(model, loss)
    curvature.hessians(model, loss)
    curvature.hessian_products(model, loss)(draw(3, 31))
    curvature.top_eigenvalues(model, loss, steps=3, generator=torch.Generator().manual_seed(0))
    for p, (weights, gradient) in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, weights)
        assert torch.equal(p.grad, gradient)
    assert model.training


def test_a_network_too_large_is_refused_with_its_size_and_the_way_out():
    model = builders.mlp(Streams([0, 1]), 784, 100, 10)
    with pytest.raises(
        ValueError, match=r"2 networks of 79,510 parameters take 47\.\d GiB"
    ) as said:
        curvature.hessians(model, lambda m: pytest.fail("the loss was computed"))
    assert "top_eigenvalues" in str(said.value)


# Products and Lanczos


def test_a_product_is_that_with_the_matrix(network):
    model, loss = network
    vectors = draw(len(SEEDS), 31)
    product = curvature.hessian_products(model, loss)
    expected = torch.einsum("rij,rj->ri", curvature.hessians(model, loss), vectors)
    np.testing.assert_allclose(product(vectors), expected, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(product(-2 * vectors), -2 * expected, rtol=1e-10, atol=1e-14)


def test_the_curvature_along_the_gradient_is_that_of_a_bowl():
    matrices = torch.diag_embed(draw(2, 3).abs())

    def bowl(model):
        here = replicas.weights(model)
        return torch.einsum("ri,rij,rj->r", here, matrices, here) / 2

    model = builders.mlp(Streams([0, 1]), 1, 1, activation=nn.Tanh).double()
    matrices = matrices[:, :2, :2]
    slopes = torch.einsum("rij,rj->ri", matrices, replicas.weights(model).detach())
    expected = torch.einsum("ri,rij,rj->r", slopes, matrices, slopes) / slopes.square().sum(dim=1)
    torch.testing.assert_close(curvature.along_gradient(model, bowl), expected)


def test_the_curvature_along_the_gradient_is_that_of_the_whole_matrix(network):
    model, loss = network
    slopes, matrices = curvature.gradients(model, loss), curvature.hessians(model, loss)
    expected = torch.einsum("ri,rij,rj->r", slopes, matrices, slopes) / slopes.square().sum(dim=1)
    torch.testing.assert_close(curvature.along_gradient(model, loss), expected)


def test_a_product_with_one_vector_for_all_replicas_is_refused():
    model = bowls()
    with pytest.raises(ValueError, match=r"shape \(9,\), expected \(3, 9\)"):
        curvature.hessian_products(model, model.loss)(draw(9))


def generator():
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_lanczos_finds_the_largest_eigenvalues_with_their_signs(count):
    model = bowls()
    actual = curvature.top_eigenvalues(model, model.loss, count, generator=generator())
    expected = np.linalg.eigvalsh(model.matrices.numpy())[:, ::-1][:, :count]
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


def spectrum(values, seed=3):
    """A symmetric matrix with these eigenvalues."""
    vectors, _ = torch.linalg.qr(draw(len(values), len(values), seed=seed))
    return vectors @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ vectors.T


def test_lanczos_converges_to_separate_eigenvalues_long_before_the_last_step():
    bulk = np.linspace(-1, 1, 197).tolist()
    model = Bowls(torch.stack([spectrum([*bulk, 5, 7, 9])] * 2), draw(2, 200))
    actual = curvature.top_eigenvalues(model, model.loss, 3, steps=30, generator=generator())
    np.testing.assert_allclose(actual, [[9, 7, 5]] * 2, rtol=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        [4.0] + 8 * [-1.0],  # ends after two steps
        9 * [-2.0],  # after one, and below zero
        9 * [0.0],
        4 * [3.0] + 5 * [0.0],
    ],
)
def test_lanczos_goes_on_elsewhere_when_its_subspace_is_used_up(values):
    model = Bowls(torch.stack([spectrum(values), spectrum(range(9))]), draw(2, 9))
    actual = curvature.top_eigenvalues(model, model.loss, 9, generator=generator())
    expected = [sorted(values, reverse=True), range(8, -1, -1)]
    np.testing.assert_allclose(actual, np.array(list(map(list, expected))), atol=1e-9)


def test_lanczos_agrees_with_the_exact_spectrum_of_a_network(network):
    model, loss = network
    actual = curvature.top_eigenvalues(model, loss, 2, steps=20, generator=generator())
    expected = torch.linalg.eigvalsh(curvature.hessians(model, loss))[:, -2:].flip(1)
    np.testing.assert_allclose(actual, expected, rtol=1e-8)


def test_lanczos_on_a_float32_network_keeps_its_recurrence_in_float64(points):
    single, in_single = stack().float(), squared_error(*(part.float() for part in points))
    actual = curvature.top_eigenvalues(single, in_single, generator=generator())
    assert actual.dtype == torch.float64
    double, in_double = stack().float().double(), squared_error(*points)
    expected = torch.linalg.eigvalsh(curvature.hessians(double, in_double))[:, -1:]
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_lanczos_gives_a_replica_the_same_whoever_stands_beside_it(points):
    together, loss = stack(), squared_error(*points)
    alone = replicas.with_weights(together, replicas.weights(together)[1:2].detach())
    of = [
        curvature.top_eigenvalues(model, loss, 3, steps=12, generator=generator())
        for model in (together, alone)
    ]
    np.testing.assert_allclose(of[0][1:2], of[1], rtol=1e-8)


@pytest.mark.parametrize("count", [0, 6])
def test_lanczos_refuses_more_eigenvalues_than_steps(count):
    model = bowls()
    with pytest.raises(ValueError, match=f"from 1 to the 5 steps made, got {count}"):
        curvature.top_eigenvalues(model, model.loss, count, steps=5, generator=generator())
