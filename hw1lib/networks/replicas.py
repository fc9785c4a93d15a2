"""Stacked layers: R networks of one shape as a single module.

Every parameter has a leading axis R and every activation a leading axis R, so one call computes
R networks that never touch: the gradient of the sum of their losses is the gradient of each.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def generators(seeds: Sequence[int], purpose: str) -> list[torch.Generator]:
    """Make one random stream per replica, set apart from those of other purposes.

    Args:
        seeds: One seed per replica, each at least 0.
        purpose: What is drawn, such as "weights".

    Returns:
        R generators on the CPU, whatever the device of the network, so that every device
        draws the same numbers.
    """
    salt = crc32(purpose.encode())
    states = [np.random.SeedSequence((seed, salt)).generate_state(1, np.uint64) for seed in seeds]
    # manual_seed takes a signed 64-bit number
    return [torch.Generator().manual_seed(int(state[0] >> np.uint64(1))) for state in states]


class Streams:
    """The random streams of R replicas, one of each kind per seed.

    Networks of different shape that share a seed see the same data in the same order, because
    the stream of the order is not the one that drew their weights.

    Args:
        seeds: One seed per replica, each at least 0.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.weights = generators(seeds, "weights")
        self.order = generators(seeds, "order")
        self.dropout = generators(seeds, "dropout")

    def __iter__(self) -> Iterator[torch.Generator]:
        """Go through every stream, to save or restore its position."""
        return iter([*self.weights, *self.order, *self.dropout])


def _initialize(parameter: nn.Parameter, fan_in: int, streams: Sequence[torch.Generator]) -> None:
    """Draw each replica's part from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), torch's own default."""
    bound = 1 / math.sqrt(fan_in)
    with torch.no_grad():
        for part, stream in zip(parameter, streams, strict=True):
            part.uniform_(-bound, bound, generator=stream)


class Linear(nn.Module):
    """R affine maps, features first: (R, n_in, B) to (R, n_out, B).

    Examples lie along the last axis because a narrow layer then still runs over long contiguous
    rows; a network turns its input over once at the door.

    Args:
        n_in: Inputs of each map.
        n_out: Outputs of each map.
        streams: The replicas' random streams; weights are drawn in the order weight, bias.
    """

    def __init__(self, n_in: int, n_out: int, streams: Streams) -> None:
        super().__init__()
        replicas = len(streams.weights)
        self.weight = nn.Parameter(torch.empty(replicas, n_out, n_in))
        self.bias = nn.Parameter(torch.empty(replicas, n_out))
        _initialize(self.weight, n_in, streams.weights)
        _initialize(self.bias, n_in, streams.weights)

    def forward(self, x: Tensor) -> Tensor:
        """Map (R, n_in, B) to (R, n_out, B)."""
        return torch.baddbmm(self.bias[:, :, None], self.weight, x)


class Conv2d(nn.Module):
    """R convolutions with square kernels: (R, B, C_in, H, W) to (R, B, C_out, H', W').

    The replicas are computed one after another, since one convolution already fills the
    machine; channels-last memory is what the CPU's kernels are fastest in.

    Args:
        channels_in: Input channels.
        channels_out: Output channels.
        kernel: Side of the kernel in pixels.
        streams: The replicas' random streams; weights are drawn in the order weight, bias.
        stride: Step of the kernel in pixels.
        padding: Zeros added on every side, in pixels.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        streams: Streams,
        *,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        replicas = len(streams.weights)
        self.weight = nn.Parameter(torch.empty(replicas, channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(replicas, channels_out))
        _initialize(self.weight, channels_in * kernel**2, streams.weights)
        _initialize(self.bias, channels_in * kernel**2, streams.weights)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (R, B, C_in, H, W)."""
        # a single network's maps stay views: unbind's gradient would copy them out of order
        stacks = x.unbind() if len(x) > 1 else [x.flatten(0, 1)]
        maps = [
            F.conv2d(
                images.contiguous(memory_format=torch.channels_last),
                weight.contiguous(memory_format=torch.channels_last),
                bias,
                stride=self.stride,
                padding=self.padding,
            )
            for images, weight, bias in zip(stacks, self.weight, self.bias, strict=True)
        ]
        return torch.stack(maps) if len(maps) > 1 else maps[0].unflatten(0, x.shape[:2])


class PerImage(nn.Module):
    """Any torch module without parameters that works on (N, C, H, W), on (R, B, C, H, W)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module to all R * B images at once."""
        return self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class Dropout(nn.Module):
    """Inverted dropout with a random stream of its own per replica.

    torch's own layer draws one mask for the whole stack from the global stream, so a replica
    would depend on its neighbours.

    Args:
        p: Share of activations set to zero while training.
        streams: The replicas' random streams.

    Source:
        N. Srivastava et al., "Dropout", JMLR 15, 1929-1958, 2014.
    """

    def __init__(self, p: float, streams: Streams) -> None:
        super().__init__()
        self.p, self.streams = p, streams.dropout

    def forward(self, x: Tensor) -> Tensor:
        """Drop activations of (R, ...) in training mode; pass them on in eval mode."""
        if not self.training:
            return x
        kept = [torch.rand(x.shape[1:], generator=stream) >= self.p for stream in self.streams]
        return x * torch.stack(kept).to(x.device) / (1 - self.p)


def count(model: nn.Module) -> int:
    """Count the replicas of a stacked network."""
    return len(next(model.parameters()))


def parameter_count(model: nn.Module) -> int:
    """Count the parameters of one replica."""
    return sum(p[0].numel() for p in model.parameters())


def weights(model: nn.Module) -> Tensor:
    """Lay each replica's parameters end to end, shape (R, P), in the order of `parameters()`."""
    return torch.cat([p.flatten(1) for p in model.parameters()], dim=1)


def with_weights(model: nn.Module, weights: Tensor) -> nn.Module:
    """Copy a stacked network with other weights, as many replicas as there are rows.

    Points of weight space are replicas of a stack: a whole line or plane is evaluated at once,
    and the network it starts from is left alone.

    Args:
        model: Stacked network of any number of replicas; in eval mode where it drops out.
        weights: Shape (K, P), in the order of `weights`, on any device and of any float type.

    Returns:
        A network of K replicas, in the model's mode.

    Raises:
        ValueError: If P is not the model's parameter count.
    """
    if weights.ndim != 2 or weights.shape[1] != parameter_count(model):
        raise ValueError(
            f"weights of shape {tuple(weights.shape)} do not fit a network of "
            f"{parameter_count(model)} parameters"
        )
    twin = copy.deepcopy(model)
    sizes = [p[0].numel() for p in model.parameters()]
    with torch.no_grad():
        for p, part in zip(twin.parameters(), weights.split(sizes, dim=1), strict=True):
            p.grad = None
            p.data = part.reshape(len(weights), *p.shape[1:]).clone()
    return twin
