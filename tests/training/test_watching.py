"""What is watched at every update."""

import numpy as np
import pytest
import torch

from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses, watching

SEEDS = [0, 1, 2]


def stack():
    return builders.mlp(Streams(SEEDS), 2, 4, 1).double()


def test_the_norm_is_over_all_parameters_of_a_replica():
    model = stack()
    x = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(5, 2)
    losses.mean_squared_error(model(x), x[:, :1]).sum().backward()
    flat = np.concatenate([p.grad.numpy().reshape(len(SEEDS), -1) for p in model.parameters()], 1)
    np.testing.assert_allclose(
        watching.gradient_norm(model), np.sqrt(np.square(flat).sum(axis=1)), rtol=1e-12
    )


def test_the_norm_needs_gradients():
    with pytest.raises(ValueError, match="call backward first"):
        watching.gradient_norm(stack())
