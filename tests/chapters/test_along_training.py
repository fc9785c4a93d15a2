"""The Hessian along the training of A's network, against plain torch and finite differences."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.chapters.minimal_ratio import along_training
from hw1lib.chapters.minimal_ratio.along_training import Following, follow
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import fused
from hw1lib.training.run import Run

SETTINGS = Following(
    widths=(1, 4, 3, 1),
    activation=builders.leaky_relu,
    points=30,
    learning_rate=1e-2,
    weight_decay=1e-2,
    looks=(0, 1, 5, 40),
    bounds=(1e-2, 1e-4),
    steps=30,
    seeds=(0, 1),
)
X = torch.linspace(-1, 1, 30)[:, None]
Y = torch.from_numpy(np.sinc(5 * X.numpy()))


@pytest.fixture(scope="module")
def found():
    return follow(SETTINGS, run=Run(prepare=fused.prepare))


def plain(seed):
    start = builders.mlp(Streams([seed]), *SETTINGS.widths, activation=builders.leaky_relu)
    with torch.random.fork_rng():
        layers = [nn.Linear(1, 4), nn.LeakyReLU(), nn.Linear(4, 3), nn.LeakyReLU(), nn.Linear(3, 1)]
    network = nn.Sequential(*layers)
    for p, its in zip(network.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    return network


def trained(network, updates):
    optimizer = torch.optim.RMSprop(network.parameters(), lr=1e-2, weight_decay=1e-2)
    for _ in range(updates):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(X), Y).backward()
        optimizer.step()
    return network


def gradient(network, weights):
    nn.utils.vector_to_parameters(weights, network.parameters())
    loss = nn.functional.mse_loss(network(X.double()), Y.double())
    return nn.utils.parameters_to_vector(torch.autograd.grad(loss, [*network.parameters()]))


@pytest.mark.parametrize(("look", "updates"), [*enumerate(SETTINGS.looks)])
def test_a_look_sees_the_network_that_plain_torch_has_trained(found, look, updates):
    network = trained(plain(1), updates).double()
    here = nn.utils.parameters_to_vector(network.parameters()).detach()
    loss = nn.functional.mse_loss(network(X.double()), Y.double()).item()
    assert found["loss"][look, 1] == pytest.approx(loss, rel=1e-3)
    slope = gradient(network, here)
    assert found["slope"][look, 1] == pytest.approx(slope.norm().item(), rel=1e-2)
    decayed = (slope + SETTINGS.weight_decay * here).norm().item()
    assert found["residual"][look, 1] == pytest.approx(decayed, rel=1e-2)
    # the Hessian as central differences of the gradient, its float64 spectrum
    columns = [
        (gradient(network, here + 1e-5 * unit) - gradient(network, here - 1e-5 * unit)) / 2e-5
        for unit in torch.eye(len(here), dtype=torch.float64)
    ]
    values = torch.linalg.eigvalsh((torch.stack(columns) + torch.stack(columns).T) / 2).numpy()
    np.testing.assert_allclose(found["eigenvalues"][look, 1], values, rtol=1e-2, atol=1e-3)


def test_the_gradient_comes_down_and_each_search_begins_where_the_last_one_ended(found):
    residual = found["bound_residual"]
    assert residual.shape == (2, 2)
    assert (residual[0] < found["residual"][-1]).all()
    assert (residual[1] <= residual[0]).all()


def test_a_look_at_a_network_that_is_lost_finds_nothing_and_leaves_its_neighbour(monkeypatch):
    build = builders.mlp

    def overflowing(streams, *widths, **how):
        model = build(streams, *widths, **how)
        with torch.no_grad():
            model.head[0].weight[1] = 1e30
        return model

    alone = follow(dataclasses.replace(SETTINGS, seeds=(0,)), run=Run())
    monkeypatch.setattr(along_training.builders, "mlp", overflowing)
    found = follow(SETTINGS, run=Run())
    for name, values in found.items():
        assert np.isfinite(values[:, 0]).all(), name
        assert np.isnan(values[:, 1]).all(), name
    np.testing.assert_allclose(found["loss"][:, 0], alone["loss"][:, 0], rtol=1e-4)
