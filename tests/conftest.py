"""Fixtures that several test files share."""

import pytest
import torch

from hw1lib import replicas


@pytest.fixture(autouse=True)
def _global_random_state_is_left_as_found():
    """No function of the library may draw from, or seed, torch's global stream."""
    before = torch.random.get_rng_state()
    yield
    assert torch.equal(torch.random.get_rng_state(), before), "the global random state moved"


@pytest.fixture
def streams():
    """Random streams of three replicas."""
    return replicas.Streams([3, 4, 5])
