"""The minimal ratio and its rivals, against closed forms and plain loops."""

import numpy as np
import pytest
import torch

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses

EPSILON = np.finfo(np.float64).eps


def generator():
    return torch.Generator().manual_seed(1)


@pytest.fixture
def problem():
    """A stack of two networks, its inputs and its loss."""
    x = torch.randn(7, 2, generator=generator(), dtype=torch.float64)
    model = builders.mlp(Streams([3, 4]), 2, 4, 3, 1, activation=torch.nn.Tanh).double()
    return model, x, lambda m: losses.mean_squared_error(m(x), x[:, :1])


def test_shares_count_above_within_and_below_the_tolerance():
    eigenvalues = np.array([[-4.0, -3 * EPSILON, 0.0, 5 * EPSILON, 1.0], [0.0, 0.0, 0.0, 0.0, 2.0]])
    strict, wide = ratios.shares(eigenvalues, 0), ratios.shares(eigenvalues, 1)
    np.testing.assert_allclose(strict.positive, [0.4, 0.2])
    np.testing.assert_allclose(strict.zero, [0.2, 0.8])
    np.testing.assert_allclose(strict.negative, [0.4, 0.0])
    np.testing.assert_allclose(wide.positive, [0.4, 0.2])  # 4 round-offs: 5 is above, 3 is not
    np.testing.assert_allclose(wide.zero, [0.4, 0.8])
    np.testing.assert_allclose(wide.negative, [0.2, 0.0])


def test_each_network_is_measured_by_its_own_largest_eigenvalue():
    # within ten round-offs of the first network's, every eigenvalue of the second would be zero
    spectrum = np.array([-4.0, -1e-6, 2 * EPSILON, 1.0, 3.0])
    found = ratios.shares(np.stack([spectrum, 1e-18 * spectrum]), 10)
    np.testing.assert_allclose(found.positive, [0.4, 0.4])
    np.testing.assert_allclose(found.zero, [0.2, 0.2])
    np.testing.assert_allclose(found.negative, [0.4, 0.4])


def test_sampling_sees_only_larger_losses_at_a_minimum_and_half_of_them_on_a_slope(problem):
    model, _, _ = problem
    here = replicas.weights(model).detach()

    def bowl(m):
        return (replicas.weights(m) - here).square().sum(dim=1)

    def slope(m):
        return replicas.weights(m)[:, 0]

    settings = {"radius": 1e-3, "samples": 400}
    around = ratios.larger_nearby(model, bowl, **settings, generator=generator())
    assert around.tolist() == [1.0, 1.0]
    below = ratios.larger_nearby(model, lambda m: -bowl(m), **settings, generator=generator())
    assert below.tolist() == [0.0, 0.0]
    half = ratios.larger_nearby(model, slope, **settings, generator=generator())
    assert all(0.4 < share < 0.6 for share in half.tolist())


def test_output_gradients_are_those_of_each_example_alone(problem):
    model, x, _ = problem
    actual = ratios.output_gradients(model, x)
    for n in range(len(x)):
        model.zero_grad()
        model(x)[:, n].sum().backward()
        expected = torch.cat([p.grad.flatten(1) for p in model.parameters()], dim=1)
        np.testing.assert_allclose(actual[:, n], expected, rtol=1e-12, atol=1e-15)


def test_the_gauss_newton_ratio_of_a_linear_network_is_the_rank_of_its_inputs():
    # one layer: the matrix is X^T X, whose zeros are exact where inputs are
    x = torch.zeros(6, 5, dtype=torch.float64)
    x[:, :2] = torch.randn(6, 2, generator=generator(), dtype=torch.float64)
    model = builders.mlp(Streams([0, 1]), 5, 1).double()
    np.testing.assert_allclose(ratios.gauss_newton_ratio(model, x), [0.4, 0.4])


def test_the_gauss_newton_ratio_is_that_of_a_plain_loop(problem):
    model, x, _ = problem
    expected = []
    for r in range(2):
        shares = []
        for layer in model.head:
            if not isinstance(layer, replicas.Linear):
                continue
            matrix = 0
            for n in range(len(x)):
                model.zero_grad()
                model(x)[r, n, 0].backward()
                row = layer.weight.grad[r].flatten().float()
                matrix = matrix + torch.outer(row, row)
            values = torch.linalg.eigvalsh(matrix)
            # the loop rounds differently, so zeros may change sides: bounds
            sure = (values > 1e-4 * values[-1]).double().mean()
            maybe = (values > -1e-4 * values[-1]).double().mean()
            shares.append((sure, maybe))
        expected.append(np.mean(shares, axis=0))
    actual = ratios.gauss_newton_ratio(model, x)
    for value, (least, most) in zip(actual.tolist(), expected, strict=True):
        assert least <= value <= most


def test_gradient_norms_are_those_of_plain_torch(problem):
    model, _, loss = problem
    over, layers = ratios.gradient_over_loss(model, loss), ratios.layer_gradient_norm(model, loss)
    heights = loss(model)
    heights.sum().backward()
    for r in range(2):
        parts = [p.grad[r] for p in model.parameters()]
        whole = np.sqrt(sum(part.square().sum().item() for part in parts))
        assert over[r].item() == pytest.approx(whole / heights[r].item(), rel=1e-12)
        mean = np.mean([part.norm().item() for part in parts[::2]])
        assert layers[r].item() == pytest.approx(mean, rel=1e-12)


def test_flatness_is_zero_in_the_kernel_and_one_along_the_largest_eigenvector():
    matrix = torch.diag(torch.tensor([-4.0, 2.0, 0.0], dtype=torch.float64))
    slopes = torch.tensor([[3.0, 0, 0], [0, 5, 0], [0, 0, 7]], dtype=torch.float64)
    actual = ratios.flatness(matrix.expand(3, 3, 3), slopes)
    np.testing.assert_allclose(actual, [1.0, 0.5, 0.0], atol=1e-15)


def test_measuring_leaves_weights_and_gradients_alone(problem):
    model, x, loss = problem
    before = replicas.weights(model).detach().clone()
    ratios.gauss_newton_ratio(model, x)
    ratios.larger_nearby(model, loss, radius=0.1, samples=2, generator=generator())
    ratios.layer_gradient_norm(model, loss)
    assert torch.equal(replicas.weights(model), before)
    assert all(p.grad is None for p in model.parameters())
