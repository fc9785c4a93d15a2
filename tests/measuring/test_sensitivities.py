"""Norms by the input are those of formulas and finite differences, however the data are cut."""

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.measuring import sensitivities
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses

SEEDS = (3, 4, 5)
EXAMPLES, INPUTS, CLASSES = 10, 6, 4  # which neither 7 nor 4 divides


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def split():
    return draw(EXAMPLES, INPUTS), torch.arange(EXAMPLES) % CLASSES


@pytest.fixture
def linear():
    """Three affine classifiers."""
    return builders.mlp(Streams(SEEDS), INPUTS, CLASSES).double()


@pytest.fixture
def network():
    """Three networks with dropout, in training mode, with gradients from somewhere else."""
    streams = Streams(SEEDS)
    layers = [
        replicas.Linear(INPUTS, 8, streams),
        nn.Tanh(),
        replicas.Dropout(0.5, streams),
        replicas.Linear(8, CLASSES, streams),
    ]
    model = builders.Stack(None, nn.Sequential(*layers)).double()
    for number, p in enumerate(model.parameters()):
        p.grad = draw(*p.shape, seed=number)
    return model.train()


def both(model, split, **settings):
    """Gradient norms, and Jacobian norms of outputs and of probabilities, each (R, N)."""
    inputs, targets = split
    return (
        sensitivities.input_gradient_norms(model, inputs, targets, **settings),
        sensitivities.jacobian_norms(model, inputs, **settings),
        sensitivities.jacobian_norms(model, inputs, of=softmax, **settings),
    )


def softmax(outputs):
    return outputs.softmax(dim=-1)


def test_norms_of_an_affine_classifier_are_those_of_the_formulas(linear, split):
    inputs, targets = split
    gradients, jacobians, of_probabilities = both(linear, split)
    one_hot = np.eye(CLASSES)[targets]
    for r in range(len(SEEDS)):
        weight = linear.head[0].weight[r].detach().numpy()
        outputs = inputs.numpy() @ weight.T + linear.head[0].bias[r].detach().numpy()
        p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(
            gradients[r], np.linalg.norm((p - one_hot) @ weight, axis=1), rtol=1e-12
        )
        np.testing.assert_allclose(jacobians[r], np.linalg.norm(weight), rtol=1e-12)
        slope = np.einsum("nk,kj->nkj", p, np.eye(CLASSES)) - p[:, :, None] * p[:, None]
        np.testing.assert_allclose(
            of_probabilities[r], np.linalg.norm(slope @ weight, axis=(1, 2)), rtol=1e-12
        )


def test_norms_are_those_of_finite_differences(network, split):
    inputs, targets = split
    gradients, jacobians, of_probabilities = both(network, split)
    network.eval()
    step = 1e-5
    rows = []  # per input, what changes: (R, N, ...)
    with torch.no_grad():
        for i in range(INPUTS):
            moved = torch.zeros_like(inputs)
            moved[:, i] = step
            above, below = network(inputs + moved), network(inputs - moved)
            log = [outputs.log_softmax(dim=-1) for outputs in (above, below)]
            losses = [-of[:, torch.arange(EXAMPLES), targets] for of in log]
            rows.append(
                [
                    (losses[0] - losses[1])[:, :, None],
                    above - below,
                    softmax(above) - softmax(below),
                ]
            )
    for found, parts in zip(
        (gradients, jacobians, of_probabilities), zip(*rows, strict=True), strict=True
    ):
        expected = (torch.stack(parts) / (2 * step)).square().sum(dim=(0, 3)).sqrt()
        torch.testing.assert_close(found, expected, rtol=1e-7, atol=0)


def test_norms_through_convolutions_are_those_of_finite_differences():
    streams = Streams(SEEDS)
    features = nn.Sequential(replicas.Conv2d(2, 3, 3, streams), nn.Tanh())
    model = builders.Stack(features, replicas.Linear(3 * 2 * 2, CLASSES, streams)).double()
    images, labels = draw(5, 2, 4, 4), torch.arange(5) % CLASSES
    found = sensitivities.input_gradient_norms(model, images, labels, chunk=2)
    squares = torch.zeros(len(SEEDS), 5, dtype=torch.float64)
    with torch.no_grad():
        for place in np.ndindex(2, 4, 4):
            moved = torch.zeros_like(images)
            moved[(slice(None), *place)] = 1e-5
            log = [model(images + sign * moved).log_softmax(dim=-1) for sign in (1, -1)]
            above, below = (-of[:, torch.arange(5), labels] for of in log)
            squares += ((above - below) / 2e-5).square()
    torch.testing.assert_close(found, squares.sqrt(), rtol=1e-7, atol=0)


@pytest.mark.parametrize("chunk", [10, 7, 4, 1, 1000], ids="chunk={}".format)
def test_norms_do_not_depend_on_how_many_examples_are_evaluated_together(network, split, chunk):
    for cut, whole in zip(
        both(network, split, chunk=chunk), both(network, split, chunk=EXAMPLES), strict=True
    ):
        assert cut.shape == (len(SEEDS), EXAMPLES)
        torch.testing.assert_close(cut, whole, rtol=1e-12, atol=0)


def test_of_the_mean_loss_of_a_batch_they_would_be_smaller_by_its_size(network, split):
    inputs, targets = split
    expected, *_ = both(network, split)
    network.eval()
    for size in (2, 5):
        x = inputs[:size].expand(len(SEEDS), -1, -1).clone().requires_grad_()
        loss = losses.cross_entropy(network(x), targets[:size].expand(len(SEEDS), -1))
        (slope,) = torch.autograd.grad(loss.sum(), x)
        torch.testing.assert_close(size * slope.norm(dim=2), expected[:, :size], rtol=1e-12, atol=0)


def test_inputs_are_prepared_in_chunks_and_differentiated_afterwards(network, split):
    inputs, targets = split
    prepared = (2 * inputs, targets)
    for halved, plain in zip(
        both(network, prepared, prepare=lambda x: x / 2), both(network, split), strict=True
    ):
        torch.testing.assert_close(halved, plain, rtol=1e-12, atol=0)


@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_the_network_as_it_was(network, split, training):
    network.train(training)
    before = [(p.detach().clone(), p.grad.clone()) for p in network.parameters()]
    position = network.head[2].streams[0].get_state()
    both(network, split)
    assert all(module.training is training for module in network.modules())
    for p, (weight, gradient) in zip(network.parameters(), before, strict=True):
        assert torch.equal(p, weight)
        assert torch.equal(p.grad, gradient)
    assert torch.equal(network.head[2].streams[0].get_state(), position)
