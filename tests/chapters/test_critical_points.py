"""Searches end where the gradient vanishes, and embedded points are critical and the same."""

import numpy as np
import pytest
import torch

from hw1lib.chapters.minimal_ratio import critical_points
from hw1lib.measuring import curvature
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses

SEEDS = (0, 1, 2)


@pytest.fixture
def target():
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
    return x, torch.sinc(3 * x)


def network(*widths):
    return builders.mlp(Streams(SEEDS), *widths, activation=torch.nn.Tanh).double()


def penalized(target, decay):
    x, y = target

    def objective(model):
        squares = replicas.weights(model).square().sum(dim=1)
        return losses.mean_squared_error(model(x), y) + decay / 2 * squares

    return objective


def quadratic(model):
    """Eigenvalues -2, 3 and 0.5, with its only critical point at 1."""
    scale = torch.tensor([-2.0, 3.0, 0.5], dtype=torch.float64)
    return (scale * (replicas.weights(model) - 1).square()).sum(dim=1) / 2


def test_a_saddle_is_found_by_the_gradients_norm_and_left_by_minimizing():
    model = network(2, 1)  # three weights
    found = critical_points.flatten_gradient(model, quadratic, steps=60)
    np.testing.assert_allclose(found.weights, 1, atol=1e-11)
    assert (found.residuals <= 1e-12).all()
    left = critical_points.minimize(model, quadratic, steps=10)
    assert (quadratic(replicas.with_weights(model, left.weights)) < quadratic(model)).all()
    assert (left.residuals > 1).all()


def test_linear_regression_is_solved(target):
    x, y = target
    model = network(1, 1)
    found = critical_points.minimize(model, penalized(target, 0.0), steps=60, residual=1e-10)
    slope, intercept = np.polyfit(x[:, 0], y[:, 0], 1)
    np.testing.assert_allclose(found.weights, [[slope, intercept]] * 3, atol=1e-9)


def test_the_first_step_is_newtons_but_for_its_damping(target):
    """On a quadratic a whole step of Newton ends at the minimum; half or twice of one does not."""
    model = network(1, 1)
    start = replicas.weights(model).detach()
    best = critical_points.minimize(model, penalized(target, 0.1), steps=60).weights
    first = critical_points.minimize(model, penalized(target, 0.1), steps=1).weights
    assert ((first - best).norm(dim=1) < 0.05 * (start - best).norm(dim=1)).all()


def test_the_residual_is_the_norm_of_the_gradient_there_and_has_fallen(target):
    model, objective = network(1, 3, 3, 1), penalized(target, 1e-3)
    found = critical_points.flatten_gradient(model, objective, steps=8)
    there = curvature.gradients(replicas.with_weights(model, found.weights), objective)
    np.testing.assert_allclose(found.residuals, there.norm(dim=1), rtol=1e-9)
    assert (found.residuals < curvature.gradients(model, objective).norm(dim=1)).all()
    assert ((found.steps > 0) & (found.steps <= 8)).all()


def test_a_search_stalls_where_the_gradient_does_not_vanish_but_its_product_does():
    model = network(2, 1)

    def cubic(m):  # its slope is 1 + t^2, lowest at t = 0, where the second derivative is 0
        t = replicas.weights(m)
        return (t + t.pow(3) / 3).sum(dim=1)

    found = critical_points.flatten_gradient(model, cubic, steps=200)
    np.testing.assert_allclose(found.residuals, np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(found.weights, 0, atol=1e-2)


def test_a_replica_that_is_not_finite_stays_and_disturbs_no_other():
    model = network(2, 1)
    with torch.no_grad():
        model.head[0].bias[1] = torch.nan
    found = critical_points.flatten_gradient(model, quadratic, steps=60)
    np.testing.assert_allclose(found.weights[[0, 2]], 1, atol=1e-11)
    assert found.residuals[1].isnan()


@pytest.mark.parametrize(
    ("decay", "split"), [(0.0, True), (0.0, False), (1e-3, False)], ids=["split", "silent", "decay"]
)
def test_an_embedded_critical_point_is_critical_and_computes_the_same(target, decay, split):
    x, _ = target
    objective = penalized(target, decay)
    small = network(1, 2, 2, 1)
    if decay:
        found = critical_points.minimize(small, objective, steps=300)
        found = critical_points.flatten_gradient(
            replicas.with_weights(small, found.weights), objective, steps=50
        )
        small = replicas.with_weights(small, found.weights)
    else:
        teacher = small(x).detach() + residue(small, x)  # critical, and not a fit

        def objective(model):
            return losses.mean_squared_error(model(x), teacher)

    assert (curvature.gradients(small, objective).norm(dim=1) < 1e-10).all()
    assert (objective(small) > 1e-4).all()
    large = network(1, 5, 4, 1)
    shares = torch.tensor([0.2, 0.5, 1.7], dtype=torch.float64) if split else None
    critical_points.embed(small, large, shares)
    np.testing.assert_allclose(large(x).detach(), small(x).detach(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(objective(large).detach(), objective(small).detach(), rtol=1e-12)
    assert (curvature.gradients(large, objective).norm(dim=1) < 1e-10).all()
    if split:
        assert (replicas.weights(large)[:, :4] != 0).all()


def residue(model, x):
    """Make residuals that no weight of the network can change to first order.

    They are orthogonal to every derivative of the outputs, so that the weights are critical for
    the targets `model(x) + residue(model, x)` although the loss there is not zero.
    """
    rows = []
    for n in range(len(x)):
        rows.append(curvature.gradients(model, lambda m, n=n: m(x)[:, n, 0]))
    jacobian = torch.stack(rows, dim=1)  # (R, N, P)
    assert jacobian.shape[1] > jacobian.shape[2]  # else there is nothing orthogonal
    left, _, _ = torch.linalg.svd(jacobian, full_matrices=True)
    return 0.5 * left[:, :, -1:]


def test_units_that_share_unequally_are_not_critical_under_weight_decay(target):
    small, objective = network(1, 2, 2, 1), penalized(target, 1e-2)
    found = critical_points.minimize(small, objective, steps=200, residual=1e-10)
    small = replicas.with_weights(small, found.weights)
    large = network(1, 4, 4, 1)
    critical_points.embed(small, large, torch.full((3,), 0.3, dtype=torch.float64))
    moved = found.weights[:, :2].abs().amax(dim=1) > 1e-3  # the others ended silent
    assert moved.any()
    assert (curvature.gradients(large, objective).norm(dim=1)[moved] > 1e-4).all()


def tanh(count, *widths):
    return builders.mlp(Streams(range(count)), *widths, activation=torch.nn.Tanh).double()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_embedded_point_loses_no_eigenvalue_of_either_sign(target, seed):
    """Embedding is linear, so the narrow Hessian is the wide one seen on a subspace.

    Sylvester's law of inertia then forbids that the wide one has fewer eigenvalues of a sign.
    """
    x, _ = target
    small = builders.mlp(Streams([seed]), 1, 2, 2, 1, activation=torch.nn.Tanh).double()
    teacher = (small(x).detach() + 20 * residue(small, x))[0]  # critical, and far from a fit

    def objective(model):
        return losses.mean_squared_error(model(x), teacher)

    large, share = tanh(1, 1, 4, 3, 1), torch.tensor([0.3], dtype=torch.float64)
    critical_points.embed(small, large, share)
    (narrow,), (wide,) = curvature.hessians(small, objective), curvature.hessians(large, objective)

    size = replicas.parameter_count(small)
    basis = replicas.with_weights(tanh(size, 1, 2, 2, 1), torch.eye(size, dtype=torch.float64))
    images = tanh(size, 1, 4, 3, 1)
    critical_points.embed(basis, images, share.repeat(size))
    embedding = replicas.weights(images).detach()  # (P, P'), rows are images of unit vectors
    torch.testing.assert_close(embedding @ wide @ embedding.T, narrow, rtol=1e-9, atol=1e-11)

    few, many = torch.linalg.eigvalsh(narrow), torch.linalg.eigvalsh(wide)
    for sign in (-1, 1):
        before, after = ((sign * values > 1e-10).sum() for values in (few, many))
        assert 0 < before <= after
