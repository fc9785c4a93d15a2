"""Recorded passes make the updates that plain ones make; where they cannot, plain ones are made."""

import numpy as np
import pytest
import torch
from torch import nn

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import captured, losses, optimizers
from hw1lib.training.classification import WithAccuracy
from hw1lib.training.loop import fit
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.run import Run

SEEDS = [3, 4]
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
DEVICES = ["cpu", pytest.param("cuda", marks=on_gpu)]


def small(seeds):
    return builders.mlp(Streams(seeds), 6, 5, 3)


def digits(device="cpu", count=22):
    draw = torch.Generator().manual_seed(1)
    inputs, targets = (
        torch.randn(count, 6, generator=draw),
        torch.randint(3, (count,), generator=draw),
    )
    return inputs.to(device), targets.to(device)


def trained(run, device="cpu", build=small, objective=losses.cross_entropy, make=optimizers.adam):
    """Train for five passes of five whole batches and a short one."""
    streams, model = Streams(SEEDS), build(SEEDS).to(device)
    batches = Minibatches(*digits(device), 4, streams.order)
    history = fit(model, batches, objective, make(model, learning_rate=0.01), epochs=5, run=run)
    return replicas.weights(model).detach().cpu().numpy(), history


@on_gpu
@pytest.mark.parametrize("make", [optimizers.adam, optimizers.nesterov, optimizers.sgd])
def test_replayed_passes_train_as_plain_ones_do(make):
    theirs, plain = trained(Run(device="cuda"), "cuda", make=make)
    ours, replayed = trained(Run(device="cuda", capture=captured.capture), "cuda", make=make)
    np.testing.assert_allclose(replayed.losses, plain.losses, rtol=1e-5)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@on_gpu
def test_a_gpu_trains_as_a_cpu_does():
    ours, _ = trained(Run(device="cuda", capture=captured.capture), "cuda")
    theirs, _ = trained(Run())
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@on_gpu
def test_a_short_batch_between_replays_gets_gradients_of_its_own():
    model = small(SEEDS).to("cuda")

    def passes(inputs, targets):
        found = losses.cross_entropy(model(inputs), targets)
        model.zero_grad()
        found.sum().backward()
        return found.detach()

    inputs, targets = (each.expand(2, *each.shape).clone() for each in digits("cuda"))
    replay = captured.capture(passes, model, losses.cross_entropy)
    assert isinstance(replay, captured.Replay)
    for start, end in ((0, 4), (4, 8), (8, 10), (10, 14), (14, 16)):
        found = replay(inputs[:, start:end], targets[:, start:end]).clone()
        seen = [p.grad.clone() for p in model.parameters()]
        torch.testing.assert_close(found, passes(inputs[:, start:end], targets[:, start:end]))
        for ours, p in zip(seen, model.parameters(), strict=True):
            torch.testing.assert_close(ours, p.grad)


def dropping(seeds):
    streams = Streams(seeds)
    head = nn.Sequential(
        replicas.Linear(6, 5, streams),
        replicas.Dropout(0.5, streams),
        replicas.Linear(5, 3, streams),
    )
    return builders.Stack(None, head)


def counting(seeds):
    model = small(seeds)
    model.register_buffer("seen", torch.zeros(len(seeds)))
    return model


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("build", "objective"),
    [
        (dropping, losses.cross_entropy),
        (counting, losses.cross_entropy),
        (small, WithAccuracy(losses.cross_entropy)),
    ],
)
def test_what_does_not_repeat_itself_is_not_recorded(build, objective, device):
    model = build(SEEDS).to(device)
    assert captured.capture(str, model, objective) is str


def test_nothing_is_recorded_on_a_cpu():
    assert captured.capture(str, small(SEEDS), losses.cross_entropy) is str


def test_training_goes_by_what_capture_returns():
    calls = []

    def capture(backpropagate, model, objective):
        assert objective is losses.cross_entropy
        assert replicas.count(model) == len(SEEDS)

        def counted(inputs, targets):
            calls.append(inputs.shape[1])
            return backpropagate(inputs, targets)

        return counted

    theirs, _ = trained(Run())
    ours, _ = trained(Run(capture=capture))
    assert calls == 5 * [4, 4, 4, 4, 4, 2]
    np.testing.assert_array_equal(ours, theirs)
