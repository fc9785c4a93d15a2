"""The networks of the report, each built from the few numbers that the experiments vary.

Every builder takes the replicas' random streams, then numbers, and returns a stacked network that
maps inputs (R, B, ...), or (B, ...) shared by all replicas, to outputs (R, B, n_out).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.networks.replicas import Streams

Activation = Callable[[], nn.Module]

# in place: a narrow network is bound by memory traffic, and no layer here needs its own output


def relu() -> nn.Module:
    """Make a rectifier."""
    return nn.ReLU(inplace=True)


def leaky_relu() -> nn.Module:
    """Make a leaky rectifier, of slope 0.01 below zero."""
    return nn.LeakyReLU(inplace=True)


# the homework slides' three regressors, of 571, 572 and 571 parameters
DEEP = (1, 5, 10, 10, 10, 10, 10, 5, 1)
MEDIUM = (1, 10, 18, 15, 4, 1)
SHALLOW = (1, 190, 1)


def layer_sizes(widths: Sequence[int]) -> tuple[int, ...]:
    """Count the weights and biases of each layer of a perceptron.

    Args:
        widths: Its layer sizes, ends included.

    >>> layer_sizes(SHALLOW)
    (380, 191)
    """
    return tuple((n_in + 1) * n_out for n_in, n_out in pairwise(widths))


def parameter_count(widths: Sequence[int]) -> int:
    """Count the weights and biases of a perceptron with these layer sizes, ends included.

    >>> parameter_count(MEDIUM)
    572
    """
    return sum(layer_sizes(widths))


class Stack(nn.Module):
    """Convolutional layers, if any, followed by fully connected ones, in R replicas.

    Args:
        features: Maps (R, B, C, H, W) to maps of any size; None for a network without them.
        head: Layers on features first, (R, n, B).
    """

    def __init__(self, features: nn.Module | None, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Map (R, B, ...), or (B, ...) shared by all replicas, to (R, B, n_out)."""
        return self.head(self._features_first(x)).transpose(1, 2)

    def _features_first(self, x: Tensor) -> Tensor:
        """Turn (R, B, ...) or (B, ...) into (R, n, B)."""
        if self.features is None:
            x = x.transpose(-1, -2)
            # rows laid out once for all replicas: a stride of 1 along both axes is slow
            return x if x.ndim == 3 else x.contiguous().expand(replicas.count(self), *x.shape)
        maps = self.features(x if x.ndim == 5 else x.expand(replicas.count(self), *x.shape))
        return maps.flatten(2).transpose(1, 2)


def _fully_connected(
    widths: Sequence[int], streams: Streams, activation: Activation = relu
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [
            replicas.Linear(n_in, n_out, streams),
            activation(),
        ]
    return layers[:-1]  # the last layer is affine


def mlp(streams: Streams, *widths: int, activation: Activation = relu) -> Stack:
    """Build a multilayer perceptron; `widths` are its layer sizes, ends included.

    Images must be flattened: a perceptron has no use for their shape.

    >>> model = mlp(Streams([0]), *DEEP)
    >>> replicas.parameter_count(model)
    571
    """
    return Stack(None, nn.Sequential(*_fully_connected(widths, streams, activation)))


def wide_cnn(
    streams: Streams,
    channels: int,
    colours: int = 3,
    height: int = 32,
    width: int = 32,
    classes: int = 10,
) -> Stack:
    """Build report A's CIFAR-10 network, whose first layer has 16, 44 or 80 channels.

    Two 5x5 convolutions (to `channels`, then to 32), one 2x2 maximum, 256 units, the classes.
    """
    features = nn.Sequential(
        replicas.Conv2d(colours, channels, 5, streams),
        nn.ReLU(),
        replicas.Conv2d(channels, 32, 5, streams),
        nn.ReLU(),
        replicas.PerImage(nn.MaxPool2d(2)),
    )
    flat = 32 * ((height - 8) // 2) * ((width - 8) // 2)
    return Stack(features, nn.Sequential(*_fully_connected((flat, 256, classes), streams)))


def small_cnn(
    streams: Streams, colours: int = 3, height: int = 32, width: int = 32, classes: int = 10
) -> Stack:
    """Build report A's CIFAR-10 network for random labels (153,962 parameters).

    Two 3x3 convolutions with 16 and 32 channels, each followed by a 2x2 maximum, 128 units, the
    classes.
    """
    features = nn.Sequential(
        replicas.Conv2d(colours, 16, 3, streams),
        nn.ReLU(),
        replicas.PerImage(nn.MaxPool2d(2)),
        replicas.Conv2d(16, 32, 3, streams),
        nn.ReLU(),
        replicas.PerImage(nn.MaxPool2d(2)),
    )
    rows, columns = (((side - 2) // 2 - 2) // 2 for side in (height, width))
    flat = 32 * rows * columns
    return Stack(features, nn.Sequential(*_fully_connected((flat, 128, classes), streams)))


def lenet(streams: Streams) -> Stack:
    """Build report B's simple MNIST network, of LeNet-5's shape (61,706 parameters).

    The 28x28 digits get two pixels of their own border on every side, where B enlarged them to
    32x32 by interpolation.

    Source:
        Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE
        86(11), 1998; here with ReLU and maxima, as B has it.
    """
    features = nn.Sequential(
        replicas.PerImage(nn.ReplicationPad2d(2)),
        replicas.Conv2d(1, 6, 5, streams),
        nn.ReLU(),
        replicas.PerImage(nn.MaxPool2d(2)),
        replicas.Conv2d(6, 16, 5, streams),
        nn.ReLU(),
        replicas.PerImage(nn.MaxPool2d(2)),
    )
    head = nn.Sequential(*_fully_connected((400, 120, 84, 10), streams))
    return Stack(features, head)


def dropout_cnn(streams: Streams) -> Stack:
    """Build report B's advanced MNIST network (419,530 parameters).

    Three 5x5 convolutions with 32, 64 and 64 channels, each followed by a 2x2 maximum, 256 units
    with half of them dropped while training, ten classes. The count fixes the kernels: with
    4x4 maps at the end no other odd sizes up to 11 give it.
    """
    features: list[nn.Module] = [replicas.PerImage(nn.ReplicationPad2d(2))]
    for channels_in, channels_out in pairwise((1, 32, 64, 64)):
        features += [
            replicas.Conv2d(channels_in, channels_out, 5, streams, padding=2),
            nn.ReLU(),
            replicas.PerImage(nn.MaxPool2d(2)),
        ]
    head = nn.Sequential(
        replicas.Linear(64 * 4 * 4, 256, streams),
        nn.ReLU(),
        replicas.Dropout(0.5, streams),
        replicas.Linear(256, 10, streams),
    )
    return Stack(nn.Sequential(*features), head)


class Residual(nn.Module):
    """Adds its input to what some layers make of it, so that they learn the difference.

    Source:
        K. He et al., "Deep residual learning for image recognition", CVPR 2016, equation 1.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the input plus the layers' output, both (R, ...) of one shape."""
        return x + self.body(x)


def residual_mlp(streams: Streams, *widths: int) -> Stack:
    """Build a perceptron in which every hidden layer but the first adds its input to its output.

    It has the parameters of `mlp` with the same widths, of which the hidden ones are equal.
    """
    first, *between, last = (replicas.Linear(*pair, streams) for pair in pairwise(widths))
    # not in place, since what comes in is added again
    residual = [Residual(layer, nn.ReLU()) for layer in between]
    return Stack(None, nn.Sequential(first, nn.ReLU(), *residual, last))


def deep_cnn(
    streams: Streams, layers: int, channels: int, colours: int = 3, classes: int = 10
) -> Stack:
    """Build a plain network of 3x3 convolutions, to compare depths at equal parameter count.

    The first convolution halves the resolution; a 2x2 maximum halves it again after the first
    half of the layers. The mean over all positions goes to the classes, so that nearly all
    parameters are in the convolutions, whatever their number.

    Args:
        streams: The replicas' random streams.
        layers: Convolutions, at least 2.
        channels: Channels of each.
        colours: Channels of the input.
        classes: Outputs.
    """
    return _deep(streams, layers, channels, colours, classes, nn.Sequential)


def residual_cnn(
    streams: Streams, layers: int, channels: int, colours: int = 3, classes: int = 10
) -> Stack:
    """Build `deep_cnn` with every convolution but the first adding its input to its output."""
    return _deep(streams, layers, channels, colours, classes, Residual)


def _deep(
    streams: Streams,
    layers: int,
    channels: int,
    colours: int,
    classes: int,
    join: Callable[..., nn.Module],
) -> Stack:
    """Build `deep_cnn`, of which `join` puts each convolution but the first together."""
    features: list[nn.Module] = []
    for layer in range(layers):
        if layer:
            convolution = replicas.Conv2d(channels, channels, 3, streams, padding=1)
            features.append(join(convolution, nn.ReLU()))
        else:
            first = replicas.Conv2d(colours, channels, 3, streams, stride=2, padding=1)
            features += [first, nn.ReLU()]
        if layer + 1 == layers // 2:
            features.append(replicas.PerImage(nn.MaxPool2d(2)))
    features.append(replicas.PerImage(nn.AdaptiveAvgPool2d(1)))
    return Stack(nn.Sequential(*features), replicas.Linear(channels, classes, streams))
