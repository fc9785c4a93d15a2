"""Sharpness of losses whose highest value, trace and mean are known, and of rescaled networks."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.measuring import curvature, geometry, sharpness
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses
from hw1lib.training.run import threads

SEEDS = (3, 4)
SIZE = 6


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Points(nn.Module):
    """Two points in space, of which any function may be the loss."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(3 * draw(len(SEEDS), SIZE))


SLOPE = 1.0 + torch.arange(SIZE) * torch.tensor([1.0, -1.0] * (SIZE // 2))
CURVED = draw(SIZE, SIZE, seed=1)
CURVED = CURVED @ CURVED.T + torch.eye(SIZE, dtype=torch.float64)
LEVEL = 5.0


def tilted(model):
    """A linear function."""
    return LEVEL + 0.1 * model.place @ SLOPE.double()


def bowl(model):
    """A convex quadratic function, which is highest at a corner of any box."""
    return (model.place @ CURVED * model.place).sum(dim=1) / 2


def corners(reach):
    """All corners of a box, (64, 6)."""
    return torch.tensor([*product((-1.0, 1.0), repeat=len(reach))], dtype=torch.float64) * reach


def at(points, of):
    model = Points()
    model.place.data = points
    return of(model).detach()


def in_percent(highest, base):
    return (100 * (highest - base) / (1 + base)).numpy()


@pytest.fixture
def points():
    return Points()


def generators():
    return replicas.generators(SEEDS, "test")


@pytest.mark.parametrize("epsilon", [1e-1, 1e-3, 5e-4])
def test_keskars_maximum_of_a_linear_function_is_its_slopes_length_in_the_box(points, epsilon):
    place = points.place.detach()
    rise = (0.1 * SLOPE.abs() * epsilon * (place.abs() + 1)).sum(dim=1)
    base = tilted(points).detach()
    found = sharpness.keskar(points, tilted, epsilon)
    np.testing.assert_allclose(found, in_percent(base + rise, base), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [1e-1, 1e-3])
def test_keskars_maximum_of_a_bowl_is_its_highest_corner(points, epsilon):
    base = bowl(points).detach()
    highest = [at(p + corners(epsilon * (p.abs() + 1)), bowl).max() for p in points.place.detach()]
    found = sharpness.keskar(points, bowl, epsilon)
    np.testing.assert_allclose(found, in_percent(torch.stack(highest), base), rtol=1e-6)


def test_a_point_without_a_slope_is_left_where_it_is(points):
    assert sharpness.keskar(points, lambda model: 0 * tilted(model), 1e-3).tolist() == [0, 0]


def test_the_maximum_in_a_subspace_is_that_of_its_own_box(points):
    epsilon = 0.01
    found = sharpness.keskar_in_subspace(points, bowl, epsilon, generators(), dimensions=3)
    for p, g, phi in zip(points.place.detach(), generators(), found, strict=True):
        spanning = torch.randn(SIZE, 3, generator=g).double()
        reach = epsilon * (torch.linalg.pinv(spanning) @ p).abs() + epsilon
        highest = at(p + corners(reach) @ spanning.T, bowl).max()
        expected = in_percent(highest, at(p[None], bowl)[0])
        assert phi == pytest.approx(expected, rel=1e-6)
        assert phi > 0


def test_a_subspace_has_no_more_dimensions_than_the_space(points):
    found = sharpness.keskar_in_subspace(points, bowl, 1e-3, generators())
    assert np.isfinite(found).all()


@pytest.mark.parametrize("of", [tilted, bowl])
def test_the_relative_maximum_is_at_a_corner_of_a_box_as_wide_as_the_weights(points, of):
    base = of(points).detach()
    highest = [at(p + corners(0.01 * p.abs()), of).max() for p in points.place.detach()]
    found = sharpness.highest(points, of, sharpness.relative_box(points, 0.01))
    np.testing.assert_allclose(found, in_percent(torch.stack(highest), base), rtol=1e-6)


def test_noise_raises_a_bowl_by_half_its_trace_at_its_lowest_point(points):
    points.place.data.zero_()
    found = sharpness.perturbed_rise(points, bowl, 0.3, generators(), draws=4_000)
    np.testing.assert_allclose(found, 0.3**2 * CURVED.trace() / 2, rtol=0.1)


def test_noise_raises_a_linear_function_by_its_own_mean(points):
    found = sharpness.perturbed_rise(points, tilted, 0.3, generators(), draws=5)
    for g, rise in zip(generators(), found, strict=True):
        noise = torch.randn(5, SIZE, generator=g).mean(dim=0)
        assert rise == pytest.approx(0.03 * (noise @ SLOPE).item(), rel=1e-6)


def test_the_trace_of_a_diagonal_hessian_is_exact(points):
    def diagonal(model):
        return (model.place.square() @ torch.arange(SIZE).double()) / 2

    found = sharpness.trace(points, diagonal, generators(), probes=1)
    np.testing.assert_allclose(found, sum(range(SIZE)), rtol=1e-12)


def test_the_trace_of_any_hessian_is_found_on_average(points):
    found = sharpness.trace(points, bowl, generators(), probes=1_000)
    np.testing.assert_allclose(found, CURVED.trace(), rtol=0.05)


# Of networks


@pytest.fixture(autouse=True)
def _one_thread():
    """Spare these small networks the waiting for other threads."""
    with threads(1):
        yield


@pytest.fixture
def trained():
    """Two small networks in float64 after some training, their loss, and their outputs."""
    model = builders.mlp(Streams(SEEDS), 5, 8, 7, 3).double()
    x, y = draw(30, 5, seed=2), torch.arange(30) % 3

    def loss(stack):
        outputs = stack(x)
        return losses.cross_entropy(outputs, y.expand(len(outputs), -1))

    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(80):
        optimizer.zero_grad()
        loss(model).sum().backward()
        optimizer.step()
    return model, loss, lambda stack: stack(x).detach()


def everything(model, loss, seeds=SEEDS):
    def streams():
        return replicas.generators(seeds, "test")

    return {
        "keskar": sharpness.keskar(model, loss, 1e-3),
        "subspace": sharpness.keskar_in_subspace(model, loss, 1e-3, streams(), dimensions=5),
        "relative": relative(model, loss),
        "perturbed": sharpness.perturbed_rise(model, loss, 0.01, streams(), draws=4),
        "trace": sharpness.trace(model, loss, streams(), probes=3),
    }


def relative(model, loss):
    return sharpness.highest(model, loss, sharpness.relative_box(model, 0.01))


def test_measuring_leaves_the_network_as_it_was(trained):
    model, loss, _ = trained
    before = [(p.detach().clone(), p.grad.clone()) for p in model.parameters()]
    everything(model, loss)
    for p, (weight, gradient) in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, weight)
        assert torch.equal(p.grad, gradient)


def test_replicas_are_measured_each_by_itself(trained):
    model, loss, _ = trained
    together = everything(model, loss)
    second = replicas.with_weights(model, replicas.weights(model).detach()[1:])
    expected = everything(second, loss, SEEDS[1:])
    for name, values in expected.items():
        assert together[name].shape == (2,)
        np.testing.assert_allclose(together[name][1:], values, rtol=1e-6, err_msg=name)


def test_no_random_point_of_the_box_is_higher(trained):
    model, loss, _ = trained
    here = replicas.weights(model).detach()
    base = loss(model).detach()
    for found, reach in (
        (sharpness.keskar(model, loss, 1e-3), 1e-3 * (here.abs() + 1)),
        (relative(model, loss), 0.01 * here.abs()),
    ):
        assert (found > 0).all()
        for seed in range(20):
            signs = draw(*here.shape, seed=seed).sign()
            other = loss(replicas.with_weights(model, here + reach * signs)).detach()
            assert (in_percent(other, base) < found).all()


@pytest.mark.parametrize("epsilon", [1e-2, 1e-3, 5e-4])
def test_steps_along_signs_climb_as_high_as_scipys_iterations(trained, epsilon):
    model, loss, _ = trained
    by_signs = sharpness.highest(model, loss, sharpness.keskars_box(model, epsilon))
    np.testing.assert_allclose(by_signs, sharpness.keskar(model, loss, epsilon), rtol=0.02)


@pytest.mark.parametrize("factor", [0.01, 0.3, 30.0])
def test_rescaling_changes_no_prediction_and_not_the_relative_sharpness(trained, factor):
    model, loss, outputs = trained
    twin = geometry.rescaled(model, factor)
    assert (outputs(twin) - outputs(model)).abs().max() < 1e-10
    weights = [replicas.weights(stack).detach() for stack in (model, twin)]
    assert not torch.allclose(*weights)
    np.testing.assert_allclose(relative(twin, loss), relative(model, loss), rtol=1e-6)


def test_rescaling_makes_any_other_sharpness_a_thousand_times_larger(trained):
    model, loss, _ = trained
    twin = geometry.rescaled(model, 1e-3)
    before, after = everything(model, loss), everything(twin, loss)
    for name in ("keskar", "subspace", "perturbed", "trace"):
        assert (np.abs(after[name]) > 1e3 * np.abs(before[name])).all(), name
    tops = [
        curvature.top_eigenvalues(stack, loss, steps=30, generator=torch.Generator().manual_seed(0))
        for stack in (model, twin)
    ]
    assert (tops[1] > 1e3 * tops[0]).all()


@pytest.mark.parametrize("widths", [(5, 3), (5, 8, 3)], ids=["one layer", "other units"])
def test_only_rectified_units_can_be_rescaled(widths):
    model = builders.mlp(Streams(SEEDS), *widths, activation=nn.Tanh)
    with pytest.raises(ValueError, match=r"^only a network that begins with two fully connected"):
        geometry.rescaled(model, 2.0)


@pytest.mark.parametrize("factor", [0, -1.0])
def test_a_factor_is_above_zero(trained, factor):
    with pytest.raises(ValueError, match=f"a factor above 0, got {factor}"):
        geometry.rescaled(trained[0], factor)


@pytest.mark.parametrize("search", ["keskar", "highest"])
def test_a_loss_of_exactly_zero_is_climbed_from_elsewhere(search):
    inputs = torch.randn(200, 10, generator=torch.Generator().manual_seed(0))
    labels = (inputs[:, 0] > 0).long()
    model = builders.mlp(replicas.Streams([0]), 10, 2)
    with torch.no_grad():
        first, last = model.parameters()
        first.zero_()
        first[0, :, 0] = torch.tensor([-1e6, 1e6])
        last.zero_()

    def loss(stack):
        outputs = stack(inputs)
        return losses.cross_entropy(outputs, labels.expand(len(outputs), -1))

    assert loss(model).item() == 0
    box = sharpness.keskars_box(model, 1.5)
    found = (
        sharpness.keskar(model, loss, 1.5)
        if search == "keskar"
        else sharpness.highest(model, loss, box)
    )
    # with both weights turned every answer is wrong by some millions
    assert found[0] > 1e6
