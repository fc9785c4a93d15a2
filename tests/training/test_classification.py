"""Labelled images as a task: which, as what, and their loss in closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.data import image_sets, randomized
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, losses, optimizers
from hw1lib.training.classification import WithAccuracy
from hw1lib.training.loop import fit

SEEDS = [3, 4, 5]


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def task_of(images, flat=True, train=47, test=30, **settings):
    return classification.task(
        images, flat=flat, train_examples=train, test_examples=test, device="cpu", **settings
    )


@pytest.fixture
def task(images):
    return task_of(images)


@pytest.fixture
def model():
    return builders.mlp(Streams(SEEDS), 784, 6, 10)


def closed_form(model, images, examples):
    """Cross-entropy and accuracy (R,) by NumPy in float64, from pixels and weights alone."""
    pixels, labels = (part.numpy() for part in examples)
    mean, std = (np.array(part)[:, None, None] for part in (images.mean, images.std))
    x = ((pixels / 255 - mean) / std).reshape(len(pixels), -1)
    first, second = model.head[0], model.head[2]
    losses_of, right = [], []
    for r in range(len(SEEDS)):
        w, b, v, c = (
            p[r].detach().double().numpy()
            for p in (first.weight, first.bias, second.weight, second.bias)
        )
        outputs = np.maximum(x @ w.T + b, 0) @ v.T + c
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        losses_of.append(-log_probabilities[np.arange(len(labels)), labels].mean())
        right.append((outputs.argmax(axis=1) == labels).mean())
    return np.array(losses_of), np.array(right)


# Which images


def test_the_first_images_of_both_splits_are_taken(images, task):
    for part, whole, count in ((task.train, images.train, 47), (task.test, images.test, 30)):
        assert torch.equal(part[0], whole.images[:count])
        assert torch.equal(part[1], whole.labels[:count])
    everything = task_of(images, train=1000, test=1000)
    assert (len(everything.train[0]), len(everything.test[0])) == (60, 40)


def test_all_images_are_seen_through_the_same_permutation_of_pixels(images, task):
    permuted = task_of(images, permuted=True)
    for part, plain in ((permuted.train, task.train), (permuted.test, task.test)):
        assert torch.equal(part[0], randomized.permute_pixels(plain[0], seed=0))
        assert not torch.equal(part[0], plain[0])
        assert torch.equal(part[1], plain[1])


@pytest.mark.parametrize(("flat", "shape"), [(True, (784,)), (False, (1, 28, 28))])
@pytest.mark.parametrize("batch", [(5,), (3, 5)])
def test_images_are_normalized_and_flat_where_perceptrons_take_them(images, flat, shape, batch):
    task = task_of(images, flat=flat)
    chosen = task.train[0][: np.prod(batch)].reshape(*batch, 1, 28, 28)
    prepared = task.prepare(chosen)
    assert prepared.shape == (*batch, *shape)
    torch.testing.assert_close(prepared.flatten(), images.normalized(chosen).flatten())


def test_minibatches_are_of_the_training_images_in_an_order_of_each_replica(task):
    found = list(task.minibatches(20, Streams(SEEDS).order))
    assert [x.shape for x, _ in found] == [(3, 20, 784), (3, 20, 784), (3, 7, 784)]
    orders = [torch.randperm(47, generator=order) for order in Streams(SEEDS).order]
    for r, order in enumerate(orders):
        assert torch.equal(torch.cat([y[r] for _, y in found]), task.train[1][order])
        x = torch.cat([x[r] for x, _ in found])
        assert torch.equal(x, task.prepare(task.train[0][order]))


def test_a_pass_may_have_other_steps(task):
    assert len(list(task.minibatches(20, Streams(SEEDS).order, steps=5))) == 5
    assert task.minibatches(20, Streams(SEEDS).order, steps=2).sizes.tolist() == [20, 20]


# Measures


def test_measures_of_a_split_are_their_closed_form(images, task, model):
    for examples in (task.train, task.test):
        loss, right = closed_form(model, images, examples)
        found = task.measure(model, examples)
        assert found.dtype == torch.float64
        np.testing.assert_allclose(found[:, 0], loss, rtol=1e-5)
        np.testing.assert_allclose(found[:, 2], right, rtol=1e-6)
    assert torch.equal(task.measure(model, task.test, [losses.accuracy])[:, 0], found[:, 2])


def test_probes_measure_both_splits(task, model):
    probes = task.probes(every=5, measures=(losses.accuracy, losses.cross_entropy))
    assert list(probes) == ["train", "test"]
    for name, probe in probes.items():
        assert probe.every == 5
        expected = task.measure(model, getattr(task, name))[:, [2, 0]]
        assert torch.equal(probe.measure(model), expected)


# The loss


@pytest.mark.parametrize("chunk", [None, 47, 100, 20, 7, 1], ids="chunk={}".format)
def test_the_loss_is_its_closed_form_however_it_is_cut(images, task, model, chunk):
    double = model.double()
    expected, _ = closed_form(double, images, task.train)
    found = task.loss(task.train, chunk)(double)
    assert found.dtype == torch.float64
    # the pixels are normalized in float32
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-6)
    whole = task.loss(task.train)(double)
    torch.testing.assert_close(found, whole, rtol=1e-13, atol=0)


@pytest.mark.parametrize("chunk", [None, 20])
def test_the_loss_can_be_differentiated_and_is_as_precise_as_the_network(task, model, chunk):
    assert task.loss(task.train, chunk)(model).dtype == torch.float32
    double = model.double()
    start = replicas.weights(double).detach()
    direction = torch.randn(start.shape, generator=torch.Generator().manual_seed(0)).double()
    loss = task.loss(task.train, chunk)
    slopes = torch.autograd.grad(loss(double).sum(), list(double.parameters()))
    slope = (torch.cat([s.flatten(1) for s in slopes], dim=1) * direction).sum(dim=1)
    up, down = (
        loss(replicas.with_weights(double, start + sign * 1e-6 * direction)) for sign in (1, -1)
    )
    torch.testing.assert_close(slope, ((up - down) / 2e-6).detach(), rtol=1e-5, atol=1e-8)


def test_the_loss_works_for_any_number_of_replicas(task, model):
    weights = replicas.weights(model).detach()
    more = replicas.with_weights(model, weights[[0, 1, 2, 2, 0]])
    found = task.loss(task.test, 7)(more)
    expected = task.loss(task.test, 7)(model)[[0, 1, 2, 2, 0]]
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


def test_the_loss_of_images_is_that_of_their_rows_where_the_network_takes_images(images):
    task = task_of(images, flat=False, train=7)
    model = builders.lenet(Streams(SEEDS[:1]))
    x, y = task.train
    outputs = model(task.prepare(x))
    expected = nn.functional.cross_entropy(outputs[0], y)
    torch.testing.assert_close(task.loss(task.train)(model)[0], expected)
    torch.testing.assert_close(task.loss(task.train, 3)(model)[0], expected)


# Accuracy of the minibatches


def test_the_accuracy_of_each_minibatch_is_watched(task, model):
    objective = WithAccuracy(losses.cross_entropy)
    batches = [
        (task.prepare(task.train[0][k : k + 10]).expand(3, 10, -1), task.train[1][k : k + 10])
        for k in (0, 10)
    ]
    batches = [(x, y.expand(3, -1)) for x, y in batches]
    expected = []

    def watch(network):
        with torch.no_grad():
            x, y = batches[len(expected) % 2]
            expected.append(losses.accuracy(network(x), y).numpy())
        return objective.read(network)

    twin = replicas.with_weights(model, replicas.weights(model).detach())
    adam = optimizers.adam(model, learning_rate=1e-2)
    history = fit(model, batches, objective, adam, epochs=3, watch=watch)
    np.testing.assert_array_equal(history.watched, expected)
    assert len(np.unique(history.watched)) > 2
    again = optimizers.adam(twin, learning_rate=1e-2)
    plain = fit(twin, batches, losses.cross_entropy, again, epochs=3)
    np.testing.assert_array_equal(plain.losses, history.losses)  # watching changes nothing
