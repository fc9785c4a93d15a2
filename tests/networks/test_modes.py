"""A network is measured in eval mode, and is afterwards in the mode it was in."""

import pytest
import torch

from hw1lib.networks import builders
from hw1lib.networks.modes import evaluating
from hw1lib.networks.replicas import Streams


@pytest.fixture
def model():
    return builders.dropout_cnn(Streams([3]))


def modes(model):
    return {module.training for module in model.modules()}


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_eval_and_afterwards_as_before(model, training):
    model.train(training)
    with evaluating(model):
        assert modes(model) == {False}
    assert modes(model) == {training}


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_after_an_error(model, training):
    model.train(training)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert modes(model) == {training}


def test_nothing_is_dropped_while_evaluating(model):
    x = torch.ones(2, 1, 28, 28)
    with torch.no_grad(), evaluating(model):
        assert torch.equal(model(x), model(x))
    with torch.no_grad():
        assert not torch.equal(model(x), model(x))


def test_a_layer_that_was_in_eval_mode_by_itself_stays_so(model):
    model.train()
    model.head.eval()
    with evaluating(model):
        assert modes(model) == {False}
    assert model.training
    assert modes(model.head) == {False}
    assert modes(model.features) == {True}
