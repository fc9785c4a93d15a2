"""The networks have the sizes that the two reports give."""

import pytest
import torch
from torch import nn

from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams, parameter_count


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (lambda s: builders.mlp(s, *builders.DEEP), 571),
        (lambda s: builders.mlp(s, *builders.MEDIUM), 572),
        (lambda s: builders.mlp(s, *builders.SHALLOW), 571),
        (lambda s: builders.wide_cnn(s, 16), 1_196_522),
        (lambda s: builders.wide_cnn(s, 44), 1_221_050),
        (lambda s: builders.wide_cnn(s, 80), 1_252_586),
        (lambda s: builders.mlp(s, 3072, 128, 256, 10), 428_938),
        (lambda s: builders.mlp(s, 3072, 200, 256, 10), 668_626),
        (lambda s: builders.mlp(s, 3072, 260, 256, 10), 868_366),
        (builders.small_cnn, 153_962),
        (lambda s: builders.mlp(s, 784, 512, 10), 407_050),
        (builders.lenet, 61_706),
        (builders.dropout_cnn, 419_530),
    ],
)
def test_parameter_count_is_the_reports(build, parameters):
    assert parameter_count(build(Streams([0, 1]))) == parameters


@pytest.mark.parametrize("activation", [builders.relu, builders.leaky_relu, nn.Tanh])
def test_the_last_layer_is_affine(activation):
    model = builders.mlp(Streams([0]), 1, 4, 1, activation=activation)
    # far to the right every activation here is affine or constant, never clipping the output
    outputs = model(torch.tensor([[-1.0], [1.0]])).detach()
    assert outputs.shape == (1, 2, 1)
    assert isinstance(model.head[-1], type(model.head[0]))


def test_the_small_cnn_fits_images_of_any_size():
    for size in [(28, 28), (32, 32), (33, 26)]:
        model = builders.small_cnn(Streams([0, 1]), 1, *size, classes=7)
        assert model(torch.zeros(5, 1, *size)).shape == (2, 5, 7)
