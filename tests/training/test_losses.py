"""Losses and accuracy are those of torch, scikit-learn and NumPy, replica by replica."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from torch import nn
from torch.nn import functional as F

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses

SEEDS = [3, 4, 5]
CLASSES = 4
CLASSIFICATION = [losses.cross_entropy, losses.softmax_squared_error, losses.accuracy]


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def outputs():
    """Outputs of three replicas on eleven examples, far from uniform."""
    return 3 * random(3, 11, CLASSES)


@pytest.fixture
def classes():
    """Classes that differ between replicas, as after shuffling; each class occurs."""
    g = torch.Generator().manual_seed(1)
    return torch.stack([(torch.randperm(11, generator=g)) % CLASSES for _ in SEEDS])


def test_mean_squared_error_is_torchs_for_each_replica():
    outputs, targets = random(3, 11, 2), random(3, 11, 2, seed=1)
    actual = losses.mean_squared_error(outputs, targets)
    expected = [F.mse_loss(o, t) for o, t in zip(outputs, targets, strict=True)]
    torch.testing.assert_close(actual, torch.stack(expected), rtol=1e-14, atol=0)


def test_mean_squared_error_takes_targets_that_all_replicas_share():
    outputs, targets = random(3, 11, 2), random(11, 2, seed=1)
    actual = losses.mean_squared_error(outputs, targets)
    expected = ((outputs.numpy() - targets.numpy()) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(actual, expected, rtol=1e-14)


def test_mean_squared_error_by_hand():
    outputs = torch.tensor([[[1.0], [3.0]], [[0.0], [0.0]]])
    # (1 + 9) / 2, and (0 + 0) / 2
    assert losses.mean_squared_error(outputs, torch.zeros(2, 1)).tolist() == [5.0, 0.0]


def test_one_hot_squared_error_is_numpys_without_a_softmax(outputs, classes):
    actual = losses.one_hot_squared_error(outputs, classes)
    for r in range(len(SEEDS)):
        expected = ((outputs[r].numpy() - np.eye(CLASSES)[classes[r]]) ** 2).mean()
        assert actual[r].item() == pytest.approx(expected, rel=1e-12)


def test_cross_entropy_is_scikit_learns_log_loss_and_torchs(outputs, classes):
    actual = losses.cross_entropy(outputs, classes)
    for r in range(len(SEEDS)):
        probabilities = outputs[r].softmax(dim=-1).numpy()
        expected = log_loss(classes[r].numpy(), probabilities, labels=range(CLASSES))
        assert actual[r].item() == pytest.approx(expected, rel=1e-12)
        assert actual[r].item() == pytest.approx(
            F.cross_entropy(outputs[r], classes[r]).item(), rel=1e-12
        )


def test_cross_entropy_of_equal_outputs_is_the_logarithm_of_the_number_of_classes(classes):
    actual = losses.cross_entropy(torch.zeros(3, 11, CLASSES, dtype=torch.float64), classes)
    np.testing.assert_allclose(actual, np.log(CLASSES), rtol=1e-15)


def test_cross_entropy_does_not_overflow(classes):
    outputs = torch.full((3, 11, CLASSES), -1e4, dtype=torch.float64)
    outputs.scatter_(2, classes[:, :, None], 1e4)
    assert losses.cross_entropy(outputs, classes).tolist() == [0.0] * 3
    # the true class a distance of 2e4 below the others, of which there are three
    np.testing.assert_allclose(
        losses.cross_entropy(-outputs, classes), 2e4 + np.log(CLASSES - 1), rtol=1e-14
    )


def test_softmax_squared_error_is_the_brier_score_by_the_number_of_classes(outputs, classes):
    actual = losses.softmax_squared_error(outputs, classes)
    for r in range(len(SEEDS)):
        brier = brier_score_loss(
            classes[r].numpy(),
            outputs[r].softmax(dim=-1).numpy(),
            labels=range(CLASSES),
            scale_by_half=False,
        )
        assert CLASSES * actual[r].item() == pytest.approx(brier, rel=1e-12)


def test_softmax_squared_error_lies_between_0_and_2_over_k(classes):
    sure = 1e4 * F.one_hot(classes, CLASSES).double()
    assert losses.softmax_squared_error(sure, classes).tolist() == [0.0] * 3
    wrong = sure.roll(1, dims=2)
    np.testing.assert_allclose(losses.softmax_squared_error(wrong, classes), 2 / CLASSES)


def test_accuracy_is_scikit_learns(outputs, classes):
    actual = losses.accuracy(outputs, classes)
    assert actual.dtype == outputs.dtype
    for r in range(len(SEEDS)):
        expected = accuracy_score(classes[r], outputs[r].argmax(dim=1))
        assert actual[r].item() == pytest.approx(expected, rel=1e-15)
    assert 0 < actual.mean() < 1  # so that the comparison could fail


# Over a whole split


@pytest.fixture
def split():
    """Ten examples, which neither 7 nor 4 divides."""
    inputs = random(10, 6, seed=2)
    return inputs, torch.arange(10) % CLASSES


@pytest.fixture
def network():
    """Three replicas with dropout, in training mode, with gradients from somewhere else."""
    streams = Streams(SEEDS)
    layers = [
        replicas.Linear(6, 8, streams),
        nn.Tanh(),
        replicas.Dropout(0.5, streams),
        replicas.Linear(8, CLASSES, streams),
    ]
    model = builders.Stack(None, nn.Sequential(*layers)).double()
    for number, p in enumerate(model.parameters()):
        p.grad = random(*p.shape, seed=number)
    return model.train()


def by_numpy(model, inputs):
    """What the network says in eval mode, (R, N, K), from its weights alone."""
    first, second = model.head[0], model.head[3]
    hidden = np.tanh(
        np.einsum("roi,ni->rno", first.weight.detach().numpy(), inputs.numpy())
        + first.bias.detach().numpy()[:, None]
    )
    return (
        np.einsum("roi,rni->rno", second.weight.detach().numpy(), hidden)
        + second.bias.detach().numpy()[:, None]
    )


@pytest.mark.parametrize("chunk", [10, 7, 4, 1, 1000], ids="chunk={}".format)
def test_measures_of_a_split_do_not_depend_on_how_it_is_cut(network, split, chunk):
    inputs, targets = split
    actual = losses.over_split(network, inputs, targets, CLASSIFICATION, chunk=chunk)
    assert actual.shape == (3, 3)
    assert actual.dtype == torch.float64
    outputs = by_numpy(network, inputs)
    probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=2, keepdims=True)
    one_hot = np.eye(CLASSES)[targets]
    expected = [
        -np.log((probabilities * one_hot).sum(axis=2)).mean(axis=1),
        ((probabilities - one_hot) ** 2).mean(axis=(1, 2)),
        (outputs.argmax(axis=2) == targets.numpy()).mean(axis=1),
    ]
    np.testing.assert_allclose(actual, np.stack(expected, axis=1), rtol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_the_network_as_it_was(network, split, training):
    network.train(training)
    weights = [p.detach().clone() for p in network.parameters()]
    gradients = [p.grad.clone() for p in network.parameters()]
    stream = network.head[2].streams[0]
    position = stream.get_state()
    losses.over_split(network, *split, CLASSIFICATION, chunk=4)
    assert all(module.training is training for module in network.modules())
    for p, weight, gradient in zip(network.parameters(), weights, gradients, strict=True):
        assert torch.equal(p, weight)
        assert torch.equal(p.grad, gradient)
        assert p.requires_grad
    # dropout is off, so its stream does not move either
    assert torch.equal(stream.get_state(), position)


def test_chunks_are_prepared_one_at_a_time(network, split):
    inputs, targets = split
    sizes = []

    def prepare(chunk):
        sizes.append(len(chunk))
        return chunk / 2

    actual = losses.over_split(
        network, 2 * inputs, targets, CLASSIFICATION, prepare=prepare, chunk=4
    )
    assert sizes == [4, 4, 2]
    expected = losses.over_split(network, inputs, targets, CLASSIFICATION)
    torch.testing.assert_close(actual, expected, rtol=1e-13, atol=0)
