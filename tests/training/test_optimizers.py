"""Optimizers are torch's, with the settings that they are asked for."""

import sys

import pytest
import torch
from torch import nn

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import optimizers


def small(seeds):
    return builders.mlp(Streams(seeds), 1, 5, 1, activation=nn.Tanh).double()


MAKERS = {  # each with its momentum where none is asked for; None where it takes none
    optimizers.sgd: 0.0,
    optimizers.nesterov: 0.9,
    optimizers.adam: None,
    optimizers.rmsprop: 0.0,
}


@pytest.mark.parametrize("make", MAKERS)
def test_rate_and_decay_are_those_asked_for(make):
    made = make(small([0]), learning_rate=0.25, weight_decay=0.125)
    assert made.defaults["lr"] == 0.25
    assert made.defaults["weight_decay"] == 0.125
    assert make(small([0]), learning_rate=0.25).defaults["weight_decay"] == 0


@pytest.mark.parametrize("make", MAKERS)
def test_making_one_does_not_load_torchs_compiler(monkeypatch, make):
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # importing it would fail
    made = make(small([0]), learning_rate=0.1)
    made.zero_grad()
    made.load_state_dict(made.state_dict())


@pytest.mark.parametrize(("make", "momentum"), MAKERS.items())
def test_momentum_is_that_of_torch(make, momentum):
    assert make(small([0]), learning_rate=0.1).defaults.get("momentum") == momentum
    if momentum is None:
        with pytest.raises(TypeError):
            make(small([0]), learning_rate=0.1, momentum=0.9)
    else:
        assert make(small([0]), learning_rate=0.1, momentum=0.5).defaults["momentum"] == 0.5


def test_only_nesterovs_is_nesterovs():
    made = {make: make(small([0]), learning_rate=0.1).defaults for make in MAKERS}
    assert [make for make, of in made.items() if of.get("nesterov")] == [optimizers.nesterov]


def test_each_makes_one_pass_over_the_weights_where_torch_can():
    made = [make(small([0]), learning_rate=0.1).defaults for make in MAKERS]
    assert all(of.get("fused") or of["foreach"] for of in made)


def test_nesterov_steps_by_its_formula():
    model = small([3])
    before = replicas.weights(model)[0].detach().clone()
    optimizer = optimizers.nesterov(model, learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    weights, velocity = before.clone(), torch.zeros_like(before)
    for slope in (2.0, -0.5, 1.0):  # the loss is the sum of the weights, times the slope
        optimizer.zero_grad()
        (slope * replicas.weights(model).sum()).backward()
        optimizer.step()
        gradient = slope + 0.01 * weights
        velocity = 0.9 * velocity + gradient
        weights = weights - 0.1 * (gradient + 0.9 * velocity)
    torch.testing.assert_close(replicas.weights(model)[0].detach(), weights)


def test_a_memory_is_that_of_torch():
    made = optimizers.rmsprop_remembering(
        small([0]), learning_rate=0.25, smoothing=0.9, weight_decay=0.125
    )
    assert isinstance(made, torch.optim.RMSprop)
    assert [made.defaults[name] for name in ("lr", "alpha", "weight_decay")] == [0.25, 0.9, 0.125]
