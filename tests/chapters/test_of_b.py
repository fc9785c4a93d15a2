"""What report B calls minimal ratio along a training, against plain torch."""

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.chapters.minimal_ratio import of_b
from hw1lib.chapters.minimal_ratio.of_b import Watching, watch
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import fused
from hw1lib.training.run import Run

SETTINGS = Watching(
    widths=(1, 6, 1),
    activation=builders.relu,
    points=20,
    learning_rate=1e-2,
    weight_decay=1e-2,
    looks=(0, 1, 30),
    seeds=(0, 1),
)
X = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]


def sinc(x):
    return torch.from_numpy(np.sinc(5 * x.numpy()))


@pytest.fixture(scope="module")
def found():
    return watch(SETTINGS, run=Run(prepare=fused.prepare))


def trained(updates):
    """The second replica, by plain torch in single precision, then in double."""
    start = builders.mlp(Streams([1]), 1, 6, 1, activation=builders.relu)
    with torch.random.fork_rng():
        network = nn.Sequential(nn.Linear(1, 6), nn.ReLU(), nn.Linear(6, 1))
    for p, its in zip(network.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2, weight_decay=1e-2)
    for _ in range(updates):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(X.float()), sinc(X).float()).backward()
        optimizer.step()
    return network.double()


@pytest.mark.parametrize(("look", "updates"), [*enumerate(SETTINGS.looks)])
def test_a_look_measures_what_plain_torch_does(found, look, updates):
    network = trained(updates)
    loss = nn.functional.mse_loss(network(X), sinc(X))
    slopes = torch.autograd.grad(loss, [*network.parameters()])
    norm = nn.utils.parameters_to_vector(slopes).norm().item()
    with torch.no_grad():
        between = (X[1:] + X[:-1]) / 2
        unseen = nn.functional.mse_loss(network(between), sinc(between)).item()
    assert found["loss"][look, 1] == pytest.approx(loss.item(), rel=1e-3)
    assert found["validation"][look, 1] == pytest.approx(unseen, rel=1e-3)
    assert found["over_loss"][look, 1] == pytest.approx(norm / loss.item(), rel=1e-2)
    weights = [s.norm().item() for s in slopes if s.ndim == 2]
    assert found["layer_norm"][look, 1] == pytest.approx(np.mean(weights), rel=1e-2)


def test_the_eigenvalues_are_those_of_torchs_hessian(found):
    network = trained(30)
    names, here = zip(*network.named_parameters(), strict=True)
    sizes = [p.numel() for p in here]

    def loss(flat):
        parts = [v.view_as(p) for v, p in zip(flat.split(sizes), here, strict=True)]
        out = torch.func.functional_call(network, dict(zip(names, parts, strict=True)), X)
        return nn.functional.mse_loss(out, sinc(X))

    flat = nn.utils.parameters_to_vector(here).detach()
    values = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, flat))
    largest = values.abs().max().item()
    assert found["eigenvalues"][-1, 1] == pytest.approx(values.numpy(), abs=1e-3 * largest)


def test_a_training_that_diverged_is_nan_and_the_others_are_not(monkeypatch):
    real = builders.mlp

    def overflowing(*args, **how):
        model = real(*args, **how)
        next(model.parameters()).data[0] *= 1e30
        return model

    monkeypatch.setattr(of_b.builders, "mlp", overflowing)
    lost = watch(SETTINGS, run=Run())
    assert all(np.isnan(of[-1, 0]).all() for of in lost.values())
    assert all(np.isfinite(of[:, 1]).all() for of in lost.values())
