"""Everything that is said to go with generalization is measured on what was trained."""

import numpy as np
import pytest
import torch

from hw1lib.data import image_sets
from hw1lib.measuring import curvature, generalization, sensitivities, sharpness
from hw1lib.measuring.generalization import MEASURES
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, loop, losses, optimizers
from hw1lib.training.run import threads

SEEDS = (3, 4, 5)
EXAMPLES = 23


@pytest.fixture(autouse=True)
def _one_thread():
    """Spare these small networks the waiting for other threads."""
    with threads(1):
        yield


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def learn(images, model, seeds=SEEDS):
    """Train for a few steps on stand-in digits."""
    task = classification.task(
        images, flat=model.features is None, train_examples=50, test_examples=30, device="cpu"
    )
    loop.fit(
        model,
        task.minibatches(20, Streams(seeds).order),
        losses.cross_entropy,
        optimizers.adam(model, learning_rate=3e-3),
        epochs=4,
    )
    return task


@pytest.fixture
def trained(images):
    model = builders.mlp(Streams(SEEDS), 784, 12, 10)
    return learn(images, model), model


def describe(task, model, seeds=SEEDS):
    return generalization.describe(task, model, examples=EXAMPLES, seeds=seeds)


def test_what_is_described_is_what_each_library_function_measures(trained):
    task, model = trained
    found = describe(task, model)
    assert list(found) == list(MEASURES)
    for values in found.values():
        assert values.shape == (3,)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()
    for split in ("train", "test"):
        images, labels = getattr(task, split)
        whole = task.measure(model, (images, labels)).numpy()
        np.testing.assert_array_equal(found[f"{split}_loss"], whole[:, 0])
        np.testing.assert_array_equal(found[f"{split}_accuracy"], whole[:, 2])
        some = images[:EXAMPLES], labels[:EXAMPLES]
        slopes = sensitivities.input_gradient_norms(model, *some, prepare=task.prepare)
        np.testing.assert_allclose(found[f"input_gradient_{split}"], slopes.mean(1), rtol=1e-5)
        norms = sensitivities.jacobian_norms(model, some[0], prepare=task.prepare)
        np.testing.assert_allclose(found[f"jacobian_{split}"], norms.mean(1), rtol=1e-5)
        ratio = found[f"probability_jacobian_{split}"] / found[f"jacobian_{split}"]
        assert (ratio < 0.5).all()  # the softmax's own Jacobian is at most one half
    x, y = task.prepare(task.train[0][:EXAMPLES]), task.train[1][:EXAMPLES]

    def loss(stack):
        outputs = stack(x)
        return losses.cross_entropy(outputs, y.expand(len(outputs), -1))

    weights = replicas.weights(model).detach()
    np.testing.assert_allclose(found["weight_norm"], weights.norm(dim=1), rtol=1e-6)
    slopes = curvature.gradients(model, loss).norm(dim=1)
    np.testing.assert_allclose(found["gradient_norm"], slopes, rtol=1e-5)
    # by another way of seeking the maximum
    for name, epsilon in {"keskar_wide": 1e-3, "keskar_narrow": 5e-4}.items():
        np.testing.assert_allclose(
            found[name], sharpness.keskar(model, loss, epsilon), rtol=0.02, err_msg=name
        )
    relative = sharpness.highest(model, loss, 0.01 * weights.abs())
    np.testing.assert_allclose(found["relative_sharpness"], relative, rtol=1e-3)
    assert (found["keskar_wide"] > found["keskar_narrow"]).all()
    # against the exact Hessian of the last layer and more steps of Lanczos
    top = curvature.top_eigenvalues(
        model, loss, steps=60, generator=torch.Generator().manual_seed(0)
    )
    np.testing.assert_allclose(found["top_eigenvalue"], top[:, 0], rtol=0.01)
    assert (found["trace"] > found["top_eigenvalue"] / 2).all()


def test_a_replica_is_described_the_same_alone_and_with_some_others(trained, monkeypatch):
    task, model = trained
    together = describe(task, model)
    monkeypatch.setattr(generalization, "AT_ONCE", 2 * replicas.parameter_count(model))
    for name, values in describe(task, model).items():  # two of them, then the third
        np.testing.assert_allclose(together[name], values, rtol=1e-4, err_msg=name)
    second = replicas.with_weights(model, replicas.weights(model).detach()[1:2])
    for name, values in describe(task, second, SEEDS[1:2]).items():
        np.testing.assert_allclose(together[name][1], values[0], rtol=1e-4, err_msg=name)


def test_describing_leaves_the_network_as_it_was(trained):
    task, model = trained
    model.train()
    before = [(p.detach().clone(), p.grad.clone()) for p in model.parameters()]
    describe(task, model)
    assert model.training
    for p, (weight, gradient) in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, weight)
        assert torch.equal(p.grad, gradient)


@pytest.mark.parametrize("broken", [float("nan"), 1e30], ids=["not a number", "too large"])
def test_a_diverged_replica_is_not_a_number_and_changes_no_other(trained, broken):
    task, model = trained
    whole = describe(task, model)
    with torch.no_grad():
        for p in model.parameters():
            p[1] = broken
    found = describe(task, model)
    for name, values in found.items():
        assert np.isnan(values[1]), name
        np.testing.assert_allclose(values[[0, 2]], whole[name][[0, 2]], rtol=1e-4, err_msg=name)


def test_a_stack_of_which_every_replica_diverged_has_no_measures(trained):
    task, model = trained
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    assert all(np.isnan(values).all() for values in describe(task, model).values())


def test_convolutional_networks_are_described_too(images):
    model = builders.lenet(Streams(SEEDS[:1]))
    task = learn(images, model, SEEDS[:1])
    found = generalization.describe(task, model, examples=3, seeds=SEEDS[:1])
    assert all(np.isfinite(values).all() for values in found.values())
