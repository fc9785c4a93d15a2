"""Steps away from the regressors of chapter 24, against closed forms."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.chapters.error_surface.directions import LENGTHS, Around, look_around
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import optimizers
from hw1lib.training.run import Run

SETTINGS = Around(
    widths=(1, 1),
    activation=builders.leaky_relu,
    optimizer=optimizers.adam,
    learning_rate=1e-2,
    points=20,
    epochs=30,
    directions=200,
    seeds=(0, 1),
)
X = np.linspace(-1, 1, 20)
# of a line through the points: the loss is a quadratic form of slope and constant
HESSIAN = 2 * np.array([[np.mean(X**2), np.mean(X)], [np.mean(X), 1.0]])


def trained(seed):
    """Slope and constant of the line of one seed after training, by plain torch."""
    start = builders.mlp(Streams([seed]), 1, 1)
    with torch.random.fork_rng():
        line = nn.Linear(1, 1)
    for p, its in zip(line.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    optimizer = torch.optim.Adam(line.parameters(), lr=1e-2)
    x = torch.linspace(-1, 1, 20)[:, None]
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.mse_loss(line(x), torch.from_numpy(np.sinc(5 * x.numpy()))).backward()
        optimizer.step()
    return np.array([line.weight.item(), line.bias.item()])


@pytest.fixture(scope="module")
def found():
    return look_around(SETTINGS, run=Run())


def test_the_solution_is_that_of_plain_torch(found):
    for r, seed in enumerate(SETTINGS.seeds):
        slope, constant = trained(seed)
        loss = np.square(slope * X + constant - np.sinc(5 * X)).mean()
        assert found["loss"][r] == pytest.approx(loss, rel=1e-4)


def test_the_steepest_way_rises_by_half_the_largest_eigenvalue(found):
    largest = np.linalg.eigvalsh(HESSIAN)[-1]
    assert found["eigenvalue"] == pytest.approx(np.full(2, largest))
    assert found["trace"] == pytest.approx(np.full(2, np.trace(HESSIAN)))
    steps = np.array([np.linalg.norm(trained(seed)) for seed in SETTINGS.seeds])[:, None] * LENGTHS
    rise = found["steepest"].mean(axis=2) - found["loss"][:, None]  # the slope cancels
    np.testing.assert_allclose(rise, largest / 2 * steps**2, rtol=1e-3, atol=1e-9)


def test_random_directions_rise_by_half_the_trace_over_the_parameters_on_average(found):
    # over a circle, the slope and the difference of the eigenvalues cancel
    steps = np.array([np.linalg.norm(trained(seed)) for seed in SETTINGS.seeds])[:, None] * LENGTHS
    rise = found["random"] - found["loss"][:, None, None]
    expected = np.trace(HESSIAN) / 2 / 2 * steps**2
    spread = rise.std(axis=2) / SETTINGS.directions**0.5
    assert (np.abs(rise.mean(axis=2) - expected) < 4 * spread + 1e-9).all()
    largest = np.linalg.eigvalsh(HESSIAN)[-1]
    slopes = np.abs(rise[:, 0] / steps[:, :1]).max()  # no way is steeper than the gradient
    assert (rise[:, -1] <= (largest / 2 * steps[:, -1:] ** 2 + 2 * slopes * steps[:, -1:])).all()


def test_a_regressor_that_diverged_has_no_losses():
    lost = look_around(dataclasses.replace(SETTINGS, learning_rate=1e30), run=Run())
    assert all(np.isnan(values).all() for values in lost.values())
    assert lost["random"].shape == (2, len(LENGTHS), 200)
