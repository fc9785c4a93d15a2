"""Trainings of perceptrons in compiled loops, where numba is installed.

`loop.fit` asks `prepare` whether it can make many updates at once; where it cannot, torch makes
them one by one. Both do the same but for the order of sums, so a result does not say which it was;
its provenance does.
"""

from __future__ import annotations

import functools
import importlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.networks import replicas
from hw1lib.networks.builders import Stack
from hw1lib.training import losses
from hw1lib.training.classification import WithAccuracy
from hw1lib.training.minibatches import Minibatches
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

    def begin(self, optimizer: torch.optim.Optimizer) -> None:
        """Give an optimizer that has made no update its memory, as torch does with the first."""
        for group in optimizer.param_groups if self.memory else ():
            for parameter in group["params"]:
                if not optimizer.state[parameter]:
                    empty = {name: torch.zeros_like(parameter) for name in self.memory}
                    optimizer.state[parameter] = {"step": torch.zeros(()), **empty}


class State(NamedTuple):
    """What updates change: rows of the parameters of each replica, laid end to end."""

    weights: np.ndarray  # (R, P)
    first: np.ndarray  # the rule's memory, (R, P)
    second: np.ndarray  # likewise
    made: int  # updates before


@dataclass(frozen=True)
class Updates(ABC):
    """Updates of a stack of perceptrons, of one network after another."""

    passes: ClassVar[int]  # over the data that are made between two looks at the clock

    model: nn.Module
    widths: tuple[int, ...]
    slope: float  # of the rectifiers
    optimizer: torch.optim.Optimizer
    rule: Rule

    def make(self, passes: int, running: Tensor) -> tuple[Tensor, Tensor]:
        """Make updates of the running replicas, in place.

        Args:
            passes: Over the data; a replica whose loss is not finite makes no more.
            running: Which replicas are trained, (R,) of bool.

        Returns:
            Losses before each update and what is watched there, (S, R), NaN for replicas that do
            not run or no longer.
        """
        self.rule.begin(self.optimizer)
        weights, *memory = (
            self._rows(read) for read in (lambda p: p.detach(), *map(self._state, self.rule.memory))
        )
        states = [state for state in self.optimizer.state.values() if "step" in state]
        made = max((int(state["step"]) for state in states), default=0)
        first, second = [*memory, *[np.empty_like(weights)] * 2][:2]
        state = State(weights, first, second, made)
        seen = self._train(passes, running.nonzero()[:, 0].tolist(), state)
        self._keep(lambda p: p.detach(), weights)
        for name, values in zip(self.rule.memory, memory, strict=True):
            self._keep(self._state(name), values)
        for its in states:
            its["step"] += seen.shape[2]
        found, watched = torch.from_numpy(seen).transpose(1, 2)
        return found, watched

    @abstractmethod
    def _train(self, passes: int, which: list[int], state: State) -> np.ndarray:
        """Change the state of some replicas.

        Returns:
            Losses and what is watched, (2, R, S), NaN for the others and where no update is made.
        """

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


@dataclass(frozen=True)
class OnAllPoints(Updates):
    """Of regressors, on points that are all learned at once."""

    passes = 100

    points: tuple[Tensor, Tensor]  # (N, 1) each

    def _train(self, passes: int, which: list[int], state: State) -> np.ndarray:
        compiled = kernels()
        assert compiled is not None  # or `prepare` had returned None
        x, y = (values[:, 0].numpy() for values in self.points)
        padded = np.zeros(-(-len(x) // compiled.LANES) * compiled.LANES, x.dtype)
        padded[: len(x)] = x
        kind, settings = x.dtype.type, np.array(self.rule.settings)
        seen = np.full((2, len(state.weights), passes), np.nan, x.dtype)
        for r in which:
            compiled.advance(
                state.weights[r], np.array(self.widths, np.uint64), kind(self.slope), padded, y,
                getattr(compiled, self.rule.kind), settings, state.first[r], state.second[r],
                state.made, *seen[:, r],
            )  # fmt: skip
        return seen


@dataclass(frozen=True)
class OnMinibatches(Updates):
    """Of classifiers, each in an order of its own."""

    passes = 1

    batches: Minibatches
    watch: Callable[[nn.Module], Tensor] | None  # the gradient's norm, the accuracy, or nothing

    def _train(self, passes: int, which: list[int], state: State) -> np.ndarray:
        compiled = kernels()
        assert compiled is not None  # or `prepare` had returned None
        minibatch = importlib.import_module("hw1lib.training.backpropagation")
        examples, labels = self.batches.inputs.numpy(), self.batches.targets.numpy()
        chosen = [step.numpy() for _ in range(passes) for step in self.batches.numbers()]
        slope, settings = examples.dtype.type(self.slope), np.array(self.rule.settings)
        widths, rule = np.array(self.widths), getattr(compiled, self.rule.kind)
        size = self.batches.batch_size * (sum(self.widths) + 2 * max(self.widths))
        seen = np.full((2, len(state.weights), len(chosen)), np.nan, examples.dtype)

        def train(r: int) -> None:
            weights, first, second = state.weights[r], state.first[r], state.second[r]
            room, slopes = np.empty(size, examples.dtype), np.empty_like(weights)
            found, watched = seen[:, r]
            for step, numbers in enumerate(chosen):
                found[step], right = minibatch.backpropagate(
                    weights, widths, slope, examples, labels, numbers[r], room, slopes
                )
                watched[step] = right
                if not math.isfinite(found[step]):
                    break
                number = state.made + step + 1
                compiled.update(weights, slopes, rule, settings, first, second, number)
                if self.watch is gradient_norm:
                    watched[step] = compiled.norm(slopes)

        threads = torch.get_num_threads()
        each = max(1, threads // len(which))
        with (
            minibatch.PRODUCTS.limit(limits=each, user_api="blas"),
            ThreadPoolExecutor(threads) as pool,
        ):
            list(pool.map(train, which))
        return seen


def prepare(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    objective: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    watch: Callable[[nn.Module], Tensor] | None,
) -> Updates | None:
    """Return the updates of a training if they can be made at once.

    They can for perceptrons with rectifiers, on the CPU, by plain gradient descent, RMSprop or
    Adam: of one input and one output that minimize the squared error of all points together, or
    that minimize the cross-entropy of minibatches of rows. Of them nothing may be watched but the
    gradient's norm, or the accuracy on a minibatch.
    """
    shape, rule = _shape(model), Rule.of(optimizer)
    if shape is None or rule is None or not kernels():
        return None
    widths, slope = shape
    read = isinstance(objective, WithAccuracy)
    if isinstance(objective, WithAccuracy) and watch == objective.read:
        objective = objective.objective
    elif watch not in (None, gradient_norm):
        return None
    if isinstance(batches, list) and len(batches) == 1 and not read:
        x, y = batches[0]
        alike = x.ndim == 2 and x.shape == y.shape and widths[0] == widths[-1] == 1
        if objective is losses.mean_squared_error and alike and _on_cpu(model, x, y):
            return OnAllPoints(model, widths, slope, optimizer, rule, (x, y))
    if isinstance(batches, Minibatches) and objective is losses.cross_entropy:
        x, y = batches.inputs, batches.targets
        rows = x.ndim == 2 and x.shape[1] == widths[0] and x.is_contiguous() and _on_cpu(model, x)
        if rows and y.dtype == torch.int64 and y.min() >= 0 and y.max() < widths[-1]:
            return OnMinibatches(model, widths, slope, optimizer, rule, batches, watch)
    return None


def _on_cpu(model: nn.Module, *values: Tensor) -> bool:
    """Tell whether values and weights lie there, all in single or all in double precision."""
    kinds = {(value.dtype, value.device.type) for value in (*values, *model.parameters())}
    return kinds in ({(torch.float32, "cpu")}, {(torch.float64, "cpu")})


def _shape(model: nn.Module) -> tuple[tuple[int, ...], float] | None:
    """Return layer sizes and slope of the rectifiers; None of any other network."""
    if not isinstance(model, Stack) or model.features or not isinstance(model.head, nn.Sequential):
        return None
    layers = [*model.head.children()]
    affine = [layer for layer in layers[::2] if isinstance(layer, replicas.Linear)]
    slopes = [SLOPES[type(layer)](layer) for layer in layers[1::2] if type(layer) in SLOPES]
    if len(affine) + len(slopes) < len(layers) or len(set(slopes)) != 1:
        return None
    return (affine[0].weight.shape[2], *[layer.weight.shape[1] for layer in affine]), slopes[0]
