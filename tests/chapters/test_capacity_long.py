"""Chapter 32's long trainings descend as those that were published, whatever interrupts them."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.chapters.capacity import long_trainings, plan
from hw1lib.chapters.capacity.long_trainings import LongTraining, train_long
from hw1lib.chapters.capacity.spec import LONG, Spec
from hw1lib.chapters.capacity.trainings import Digits
from hw1lib.data import image_sets
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import optimizers
from hw1lib.training.run import Run


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def settings(**changes):
    basic = LongTraining(
        widths=(784, 5, 10),
        digits=Digits(30, 20, noise=0.5, noise_seed=1),
        batch_size=12,
        learning_rate=0.05,
        epochs=7,
        measure_every=3,
        seeds=(3, 4),
        same_rate=2,
        spread=0.1,
    )
    return dataclasses.replace(basic, **changes)


def plainly(images, how, seed):
    """Train one network by torch's own parts, and measure it after every epoch."""
    [draws] = replicas.generators([seed], "normal weights")
    start = [*builders.mlp(Streams([seed]), *how.widths).parameters()]
    with torch.random.fork_rng():
        network = nn.Sequential(nn.Linear(784, 5), nn.ReLU(), nn.Linear(5, 10))
    for p, its in zip(network.parameters(), start, strict=True):
        normal = torch.empty(p.shape).normal_(0, 0.1, generator=draws) if p.ndim == 2 else None
        p.data = its.data[0].clone() if normal is None else normal
    x, x_test = (
        part.images[:n].flatten(1) / 255
        for part, n in ((images.train, how.digits.train), (images.test, how.digits.test))
    )
    labels, answers = how.digits.labels(images), images.test.labels[: how.digits.test]
    order, seen = Streams([seed]).order[0], []
    for epoch in range(how.epochs + 1):
        with torch.no_grad():
            outputs = network(x_test)
        loss = nn.functional.cross_entropy(outputs, answers).item()
        seen.append([loss, (outputs.argmax(1) == answers).double().mean().item()])
        for chosen in torch.randperm(len(labels), generator=order).split(how.batch_size):
            network.zero_grad()
            nn.functional.cross_entropy(network(x[chosen]), labels[chosen]).backward()
            with torch.no_grad():
                for p in network.parameters():
                    p -= 0.05 / (1 + epoch // 2) ** 0.5 * p.grad
    return np.array(seen)


def test_a_long_training_is_that_of_plain_torch(images):
    found = train_long(settings(), images, run=Run())
    assert found["epochs"].tolist() == [0, 3, 6, 7]
    for r, seed in enumerate((3, 4)):
        plain = plainly(images, settings(), seed)
        np.testing.assert_allclose(found["test_along"][:, r], plain[[0, 3, 6, 7]], rtol=1e-4)
        np.testing.assert_allclose(found["test"][r], plain[-1], rtol=1e-4)
    assert found["passes"].tolist() == [7, 7]
    assert not found["diverged"].any()
    assert (settings().digits.labels(images) != images.train.labels[:30]).any()


def test_the_rate_falls_as_the_published_one_and_goes_on_after_a_checkpoint():
    model = builders.mlp(Streams([0]), 2, 3, 2)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)

    def descent():
        return long_trainings.falling(optimizers.sgd(model, learning_rate=0.05), steps=3 * 50)

    optimizer, rates = descent(), []
    for update in range(3 * 120):
        if update == 170:
            saved, optimizer = optimizer.state_dict(), descent()
            optimizer.load_state_dict(saved)
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
    expected = [0.05 / (1 + epoch // 50) ** 0.5 for epoch in range(120)]
    np.testing.assert_allclose(rates, np.repeat(expected, 3), rtol=1e-12)


def test_the_settings_are_those_that_were_published(images):
    for training in plan.trainings(Spec(), images)[LONG]:
        assert (training.batch_size, training.learning_rate) == (128, 0.05)
        assert (training.same_rate, training.spread) == (50, 0.1)
        assert training.digits.noise == 0.2


def test_first_weights_are_as_spread_as_asked_and_each_replica_has_its_own():
    how = settings(widths=(784, 50, 10), seeds=(3, 4, 5))
    model = builders.mlp(Streams(how.seeds), *how.widths)
    biases = [p.clone() for name, p in model.named_parameters() if "bias" in name]
    long_trainings.draw_weights(model, how)
    first, second = (p for name, p in model.named_parameters() if name.endswith("weight"))
    assert first.std(dim=(1, 2)).tolist() == pytest.approx([0.1] * 3, rel=0.02)
    assert second.std(dim=(1, 2)).tolist() == pytest.approx([0.1] * 3, rel=0.15)
    assert not torch.equal(first[0], first[1])
    kept = [p for name, p in model.named_parameters() if "bias" in name]
    assert all(torch.equal(*pair) for pair in zip(biases, kept, strict=True))
