"""Full-batch training of regressors in a compiled loop, where numba is installed.

`loop.fit` asks `prepare` whether it can make many updates at once; where it cannot, torch makes
them one by one. Both do the same but for the order of sums, so a result does not say which it was;
its provenance does.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.networks.builders import Stack
from hw1lib.training import losses
from hw1lib.training.watching import gradient_norm

SLOPES: dict[type[nn.Module], Callable[[Any], float]] = {
    nn.LeakyReLU: lambda layer: layer.negative_slope,
    nn.ReLU: lambda layer: 0.0,
}


@functools.cache
def kernels() -> ModuleType | None:
    """Return the compiled updates, or None where numba cannot be used."""
    try:
        return importlib.import_module("hw1lib.training.kernels")
    except (ImportError, RuntimeError):  # not installed, or no folder to keep what it compiles
        return None


@dataclass(frozen=True)
class Rule:
    """An optimizer's settings and memory, as the compiled updates take them."""

    kind: str  # as `kernels` names it
    settings: tuple[float, float, float, float, float]
    memory: tuple[str, ...] = ()  # names in torch's state, of tensors like the parameter

    @classmethod
    def of(cls, optimizer: torch.optim.Optimizer) -> Rule | None:
        """Read an optimizer; None where it does more than the compiled updates do."""
        if len(optimizer.param_groups) != 1:
            return None
        how = optimizer.param_groups[0]
        more = ("momentum", "maximize", "amsgrad", "centered", "nesterov", "decoupled_weight_decay")
        if any(how.get(name) for name in more):
            return None
        rate, decay = how["lr"], how["weight_decay"]
        if type(optimizer) is torch.optim.SGD:
            return cls("SGD", (rate, decay, 0.0, 0.0, 0.0))
        if type(optimizer) is torch.optim.RMSprop:
            return cls("RMSPROP", (rate, decay, how["alpha"], 0.0, how["eps"]), ("square_avg",))
        if type(optimizer) is torch.optim.Adam:
            settings = (rate, decay, *how["betas"], how["eps"])
            return cls("ADAM", settings, ("exp_avg", "exp_avg_sq"))
        return None


@dataclass(frozen=True)
class Updates:
    """Updates of a stack of regressors on points that are all learned at once."""

    model: nn.Module
    widths: tuple[int, ...]
    slope: float  # of the rectifiers
    points: tuple[Tensor, Tensor]  # (N, 1) each
    optimizer: torch.optim.Optimizer
    rule: Rule

    def make(self, count: int, running: Tensor) -> tuple[Tensor, Tensor]:
        """Make updates of the running replicas, in place.

        Args:
            count: Of each replica; one whose loss is not finite makes no more.
            running: Which replicas are trained, (R,) of bool.

        Returns:
            Losses before each update and the norms of their gradients, (count, R), NaN for
            replicas that do not run or no longer.
        """
        compiled = kernels()
        assert compiled is not None  # or `prepare` had returned None
        x, y = (values[:, 0].numpy() for values in self.points)
        padded = np.zeros(-(-len(x) // compiled.LANES) * compiled.LANES, x.dtype)
        padded[: len(x)] = x
        kind, settings = x.dtype.type, np.array(self.rule.settings, x.dtype)
        weights, *memory = (
            self._rows(read) for read in (lambda p: p.detach(), *map(self._state, self.rule.memory))
        )
        first, second = [*memory, *[np.empty_like(weights)] * 2][:2]
        seen = np.full((2, len(running), count), np.nan, x.dtype)
        for r in running.nonzero()[:, 0].tolist():
            compiled.advance(
                weights[r], np.array(self.widths, np.uint64), kind(self.slope), padded, y,
                getattr(compiled, self.rule.kind), settings, first[r], second[r], self._made,
                *seen[:, r],
            )  # fmt: skip
        self._keep(lambda p: p.detach(), weights)
        for name, values in zip(self.rule.memory, memory, strict=True):
            self._keep(self._state(name), values)
        for state in self.optimizer.state.values():
            if "step" in state:
                state["step"] += count
        found, norms = torch.from_numpy(seen).transpose(1, 2)
        return found, norms

    @property
    def _made(self) -> int:
        states = self.optimizer.state.values()
        return max((int(state["step"]) for state in states if "step" in state), default=0)

    def _state(self, name: str) -> Callable[[Tensor], Tensor]:
        return lambda parameter: self.optimizer.state[parameter][name]

    def _rows(self, read: Callable[[Tensor], Tensor]) -> np.ndarray:
        """Lay what belongs to each replica's parameters end to end, (R, P)."""
        return torch.cat([read(p).flatten(1) for p in self.model.parameters()], dim=1).numpy()

    def _keep(self, read: Callable[[Tensor], Tensor], rows: np.ndarray) -> None:
        """Put back what `_rows` read."""
        sizes = [p[0].numel() for p in self.model.parameters()]
        parts = torch.from_numpy(rows).split(sizes, dim=1)
        for p, part in zip(self.model.parameters(), parts, strict=True):
            read(p).copy_(part.view_as(p))


def prepare(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    objective: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    watch: Callable[[nn.Module], Tensor] | None,
) -> Updates | None:
    """Return the updates of a training if they can be made at once, after torch made the first.

    They can for perceptrons of one input and one output with rectifiers, on the CPU, that minimize
    the squared error of all points together by plain gradient descent, RMSprop or Adam, and of
    which nothing is watched but the gradient's norm.
    """
    shape, rule = _shape(model), Rule.of(optimizer)
    if shape is None or rule is None or objective is not losses.mean_squared_error:
        return None
    if watch not in (None, gradient_norm) or not isinstance(batches, list) or len(batches) != 1:
        return None
    points = batches[0]
    kinds = {(value.dtype, value.device.type) for value in (*points, *model.parameters())}
    if kinds not in ({(torch.float32, "cpu")}, {(torch.float64, "cpu")}):
        return None
    if points[0].ndim != 2 or points[1].shape != points[0].shape:
        return None
    memories = [optimizer.state[p] for p in model.parameters()]  # which torch makes with the first
    if any(name not in memory for memory in memories for name in rule.memory):
        return None
    widths, slope = shape
    return Updates(model, widths, slope, points, optimizer, rule) if kernels() else None


def _shape(model: nn.Module) -> tuple[tuple[int, ...], float] | None:
    """Return layer sizes and slope of the rectifiers; None of any other network."""
    if not isinstance(model, Stack) or model.features or not isinstance(model.head, nn.Sequential):
        return None
    layers = [*model.head.children()]
    affine = [layer for layer in layers[::2] if isinstance(layer, replicas.Linear)]
    slopes = [SLOPES[type(layer)](layer) for layer in layers[1::2] if type(layer) in SLOPES]
    if len(affine) + len(slopes) < len(layers) or len(set(slopes)) != 1:
        return None
    widths = (affine[0].weight.shape[2], *[layer.weight.shape[1] for layer in affine])
    return (widths, slopes[0]) if widths[0] == widths[-1] == 1 else None
