"""A stack of R networks is R separate networks: same weights, outputs, gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams

SEEDS = [3, 4, 5]

NETWORKS = {
    "deep": (lambda s: builders.mlp(s, *builders.DEEP, activation=builders.leaky_relu), (7, 1)),
    "tanh": (lambda s: builders.mlp(s, 4, 6, 2, activation=nn.Tanh), (7, 4)),
    "wide_cnn": (lambda s: builders.wide_cnn(s, 2, 3, 12, 14), (5, 3, 12, 14)),
    "deep_cnn": (lambda s: builders.deep_cnn(s, 4, 3), (5, 3, 32, 32)),
    "residual_cnn": (lambda s: builders.residual_cnn(s, 4, 3), (5, 3, 32, 32)),
    "residual_mlp": (lambda s: builders.residual_mlp(s, 7, 4, 4, 4, 2), (5, 7)),
    "lenet": (builders.lenet, (5, 1, 28, 28)),
    "dropout_cnn": (builders.dropout_cnn, (3, 1, 28, 28)),
}


@pytest.fixture(params=NETWORKS, ids=str)
def problem(request):
    """A builder and inputs (R, B, ...) that differ between replicas, in float64."""
    build, shape = NETWORKS[request.param]
    g = torch.Generator().manual_seed(0)
    inputs = torch.randn(len(SEEDS), *shape, generator=g, dtype=torch.float64)
    return build, inputs


class Plus(nn.Sequential):
    """Layers whose input is added to their output."""

    def forward(self, x):
        return x + super().forward(x)


def plain_twin(model: nn.Module, replica: int) -> nn.Sequential:
    """Rebuild one replica from torch's own layers."""
    layers: list[nn.Module] = []

    def add(module: nn.Module) -> None:
        if isinstance(module, replicas.Linear):
            if not any(isinstance(layer, nn.Flatten | nn.Linear) for layer in layers):
                layers.append(nn.Flatten())
            layer = nn.Linear(module.weight.shape[2], module.weight.shape[1])
        elif isinstance(module, replicas.Conv2d):
            _, channels_out, channels_in, kernel, _ = module.weight.shape
            layer = nn.Conv2d(
                channels_in, channels_out, kernel, stride=module.stride, padding=module.padding
            )
        elif isinstance(module, replicas.PerImage):
            layers.append(module.module)
            return
        elif isinstance(module, replicas.Dropout):
            return  # the twins are compared in eval mode
        elif isinstance(module, builders.Residual):
            before = len(layers)
            for child in module.body:
                add(child)
            inner = layers[before:]
            layers[before:] = [Plus(*inner)]
            return
        elif list(module.children()):
            for child in module.children():
                add(child)
            return
        else:
            layers.append(module)
            return
        layer.double()
        layer.weight.data = module.weight.data[replica].clone()
        layer.bias.data = module.bias.data[replica].clone()
        layers.append(layer)

    with torch.random.fork_rng():  # torch's layers draw their initial weights globally
        add(model)
    return nn.Sequential(*layers)


def test_outputs_and_gradients_equal_those_of_separate_torch_networks(problem):
    build, inputs = problem
    stack = build(Streams(SEEDS)).double().eval()
    outputs = stack(inputs)
    outputs.square().mean(dim=(1, 2)).sum().backward()
    for r in range(len(SEEDS)):
        twin = plain_twin(stack, r)
        expected = twin(inputs[r])
        torch.testing.assert_close(outputs[r], expected, rtol=1e-12, atol=1e-13)
        expected.square().mean().backward()
        for mine, its in zip(stack.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(mine.grad[r], its.grad, rtol=1e-10, atol=1e-13)


def test_a_replica_has_the_weights_it_would_have_alone(problem):
    build, _ = problem
    stack = replicas.weights(build(Streams(SEEDS)))
    for r, seed in enumerate(SEEDS):
        assert torch.equal(stack[r], replicas.weights(build(Streams([seed])))[0])


def test_shared_inputs_reach_every_replica(problem):
    build, inputs = problem
    stack = build(Streams(SEEDS)).double().eval()
    repeated = inputs[0].expand(len(SEEDS), *inputs.shape[1:])
    torch.testing.assert_close(stack(inputs[0]), stack(repeated), rtol=1e-13, atol=1e-14)


def test_initial_weights_have_torchs_default_distribution():
    layer = replicas.Linear(400, 300, Streams([0]))
    bound = 1 / 400**0.5
    assert layer.weight.abs().max() <= bound
    # of U(-b, b): standard deviation b / sqrt(3)
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)


def test_dropout_masks_of_a_replica_do_not_depend_on_its_neighbours():
    x = torch.ones(3, 50, 40)
    together = replicas.Dropout(0.5, Streams(SEEDS))(x)
    for r, seed in enumerate(SEEDS):
        alone = replicas.Dropout(0.5, Streams([seed]))(x[:1])
        assert torch.equal(together[r], alone[0])
    assert together.mean().item() == pytest.approx(1, abs=0.05)
    assert set(together.unique().tolist()) == {0.0, 2.0}


def test_dropout_passes_everything_in_eval_mode():
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(replicas.Dropout(0.5, Streams(SEEDS)).eval()(x), x)


def test_streams_of_one_seed_are_independent_of_each_other():
    streams = Streams([0])
    first, second, third = (torch.rand(1000, generator=g) for g in streams)
    for a, b in [(first, second), (second, third), (first, third)]:
        assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 0.1


def test_weights_are_laid_out_as_torch_lays_them():
    stack = builders.mlp(Streams(SEEDS), 2, 3, 1)
    twin = plain_twin(stack.double(), 1)
    expected = nn.utils.parameters_to_vector(twin.parameters())
    assert torch.equal(replicas.weights(stack)[1], expected)


def test_convolution_is_that_of_torch_with_stride_and_padding():
    streams = Streams(SEEDS)
    layer = replicas.Conv2d(2, 3, 3, streams, stride=2, padding=1).double()
    x = torch.randn(3, 4, 2, 7, 9, generator=torch.Generator().manual_seed(0)).double()
    expected = F.conv2d(x[2], layer.weight[2], layer.bias[2], stride=2, padding=1)
    torch.testing.assert_close(layer(x)[2], expected)


def test_a_network_with_other_weights_computes_what_plain_torch_does_with_them():
    streams = Streams([1])
    model = builders.mlp(streams, 3, 4, 2, activation=nn.Tanh).double()
    start = replicas.weights(model).detach().clone()
    points = torch.randn(5, start.shape[1], generator=torch.Generator().manual_seed(0)).double()
    x = torch.randn(7, 3, generator=torch.Generator().manual_seed(1)).double()
    outputs = replicas.with_weights(model, points)(x)
    with torch.random.fork_rng():
        plain = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    for k, point in enumerate(points):
        nn.utils.vector_to_parameters(point, plain.double().parameters())
        torch.testing.assert_close(outputs[k], plain(x))
    assert torch.equal(replicas.weights(model), start)


def test_weights_that_do_not_fit_are_refused():
    model = builders.mlp(Streams([1]), 3, 4, 2)
    with pytest.raises(ValueError, match=r"weights of shape \(5, 25\) do not fit .* 26 param"):
        replicas.with_weights(model, torch.zeros(5, 25))
