"""Chapter 23: what the loss looks like where its gradient vanishes. Homework 1-2-3."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib import (
    critical_points,
    curvature,
    data,
    measures,
    models,
    ratios,
    replicas,
    runs,
    spec,
    training,
)
from hw1lib.spec import setting

RECIPE = "the recipe"  # the loss is left early, then the gradient's norm goes down
BOTTOM = "to the bottom"  # the objective goes down by Newton steps before
EMBEDDED = "embedded"  # smaller networks at the bottom, with silent units added
ALONE = "loss alone"  # the recipe without weight decay
SPLIT = "embedded, loss alone"  # smaller networks without weight decay, with units split
LEAKY = "leaky ReLU"  # the recipe without weight decay and with kinks
ARMS = (RECIPE, BOTTOM, EMBEDDED, ALONE, SPLIT, LEAKY)
MADE = (EMBEDDED, SPLIT)  # critical by construction
FURTHEST = 1e6  # weights beyond that count as diverged
LEAST_LEVEL = 1e-3  # loss: the lowest at which the recipe leaves phase 1


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of searches."""

    widths: tuple[int, ...]
    activation: str
    weight_decay: float
    points: int  # of the uniform training grid on [-1, 1]
    learning_rate: float
    epochs: int  # full-batch Adam updates of phase 1, at most
    levels: tuple[float, ...]  # loss at which each replica leaves phase 1; 0: at its end
    newton: int  # Newton steps on the objective after that, at most
    steps: int  # steps on the norm of its gradient, at most
    embedded: tuple[int, ...]  # widths of the network that the result is written into
    samples: int  # of the sampled ratio
    radius: float  # of the sampled ratio, in units of weights
    seeds: tuple[int, ...]  # one per replica


@dataclass(frozen=True)
class Place:
    """What was measured at one point of weight space per replica."""

    loss: np.ndarray  # (R,) mean squared error
    residual: np.ndarray  # (R,) norm of the objective's gradient
    flatness: np.ndarray  # (R,) |H g| / (max |lambda| |g|)
    eigenvalues: np.ndarray  # (R, P) of the objective's Hessian, ascending
    sampled: np.ndarray  # (R,) share of nearby weights where the objective is larger
    gauss_newton: np.ndarray  # (R,) share of positive eigenvalues, as A's code counts
    over_loss: np.ndarray  # (R,) gradient norm by loss, as B's text has it
    layer_norm: np.ndarray  # (R,) mean norm of the layers' weight gradients, as B's code has it


def train(
    settings: Training,
    *,
    device: str,
    checkpoint: training.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Minimize the loss, then the norm of the objective's gradient, and measure both ends.

    The objective is the loss with half the weight decay times the squared norm of the weights.

    Returns:
        The fields of `Place` at the end of the search, and with `trained_` before them those at
        the end of phase 1; `weights` (R, P); `epochs` (R,) updates of phase 1; `taken` (R,) steps
        on the gradient's norm; `diverged` (R,), where phase 1 lost itself and all measures are NaN.
    """
    model = _network(settings, settings.widths).to(device)
    x = data.grid(settings.points)[:, None].double().to(device)
    y = data.TARGETS["sinc"](x)
    levels = torch.tensor(settings.levels, dtype=torch.float64)

    def loss(network: nn.Module) -> Tensor:
        return measures.mean_squared_error(network(x), y)

    def objective(network: nn.Module) -> Tensor:
        squares = replicas.weights(network).square().sum(dim=1)
        return loss(network) + settings.weight_decay / 2 * squares

    def at(weights: Tensor) -> nn.Module:
        return replicas.with_weights(model, weights)

    with training.threads(1):  # each operation is too small to be worth sharing
        history = training.fit(
            model,
            [(x, y)],
            measures.mean_squared_error,
            training.optimizer(
                "adam",
                model,
                learning_rate=settings.learning_rate,
                weight_decay=settings.weight_decay,
            ),
            epochs=settings.epochs,
            stop=lambda losses: losses[-1] <= levels,
            checkpoint=checkpoint,
            each_epoch=each_epoch,
        )
        weights = replicas.weights(model).detach()
        lost = ~(weights.abs() < FURTHEST).all(dim=1)
        model = at(weights.masked_fill(lost[:, None], 0.0))  # LAPACK refuses what is not finite
        trained = _measure(model, loss, objective, x, settings)
        lower = critical_points.minimize(model, objective, steps=settings.newton)
        found = critical_points.flatten_gradient(at(lower.weights), objective, steps=settings.steps)
        end = at(found.weights)
        if settings.embedded:
            model = _network(settings, settings.embedded).to(device)
            shares = None if settings.weight_decay else _shares(settings.seeds).to(device)
            critical_points.embed(end, model, shares)
            end = model
        there = _measure(end, loss, objective, x, settings)
    for measured in (there, trained):
        for values in measured.values():
            values[lost.cpu().numpy()] = np.nan
    return {
        **there,
        **{f"trained_{name}": values for name, values in trained.items()},
        "weights": replicas.weights(end).detach().cpu().numpy(),
        "epochs": history.steps,
        "taken": found.steps.cpu().numpy(),
        "diverged": lost.cpu().numpy(),
    }


def _network(settings: Training, widths: tuple[int, ...]) -> nn.Module:
    streams = replicas.Streams(settings.seeds)
    return models.mlp(streams, *widths, activation=settings.activation).double()


def _shares(seeds: tuple[int, ...]) -> Tensor:
    drawn = [torch.rand(1, generator=g) for g in replicas.generators(seeds, "shares of a split")]
    return torch.cat(drawn).double()


def _measure(
    model: nn.Module,
    loss: curvature.Loss,
    objective: curvature.Loss,
    x: Tensor,
    settings: Training,
) -> dict[str, np.ndarray]:
    matrices = curvature.hessians(model, objective)
    slopes = curvature.gradients(model, objective)
    (generator,) = replicas.generators([settings.seeds[0]], "nearby weights")
    with torch.no_grad():
        height = loss(model)
    measured = {
        "loss": height,
        "residual": slopes.norm(dim=1),
        "flatness": ratios.flatness(matrices, slopes),
        "eigenvalues": torch.linalg.eigvalsh(matrices),
        "sampled": ratios.larger_nearby(
            model,
            objective,
            radius=settings.radius,
            samples=settings.samples,
            generator=generator,
        ),
        "gauss_newton": ratios.gauss_newton_ratio(model, x),
        "over_loss": ratios.gradient_over_loss(model, loss),
        "layer_norm": ratios.layer_gradient_norm(model, loss),
    }
    return {name: values.detach().cpu().numpy() for name, values in measured.items()}


@dataclass(frozen=True, kw_only=True)
class Spec(spec.Replicated):
    """Settings of the search for critical points; the defaults are the full profile."""

    replicas: int = setting(100, "networks of each of the main arms", at_least=1)
    hidden: int = setting(10, "units in each of the two hidden layers", at_least=2)
    sizes: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5, 6), "units per layer of the networks that are embedded", at_least=1
    )
    small_replicas: int = setting(12, "networks of each of those sizes", at_least=1)
    points: int = setting(64, "training points, a uniform grid on [-1, 1]", at_least=2)
    weight_decay: float = setting(1e-4, "of the main arms, as A's", above=0)
    learning_rate: float = setting(1e-2, "of Adam in phase 1", above=0)
    epochs: int = setting(1_000, "full-batch updates of phase 1, at most", at_least=1)
    newton: int = setting(200, "Newton steps on the objective to its bottom", at_least=1)
    steps: int = setting(200, "steps on the norm of the gradient", at_least=1)
    residual: float = setting(1e-9, "gradient norm up to which a point counts as critical", above=0)
    flat: float = setting(
        0.01, "|Hg| / (max|λ||g|) below which a rejected point is gradient-flat", above=0
    )
    tolerance: float = setting(
        1e4, "eigenvalues count as zero within so many round-offs of the largest", above=0
    )
    samples: int = setting(200, "nearby weights of the sampled ratio", at_least=1)
    radius: float = setting(1e-3, "how far each of their weights is moved, at most", above=0)

    def __post_init__(self) -> None:
        """Check that what is embedded is smaller."""
        super().__post_init__()
        if max(self.sizes) >= self.hidden:
            raise spec.SettingError(
                f"sizes of minimal_ratio.Spec must be below hidden = {self.hidden}, "
                f"got {max(self.sizes)}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer sizes of the network that is studied, ends included."""
        return (1, self.hidden, self.hidden, 1)


PROFILES = spec.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=20, sizes=(1, 3), small_replicas=4, points=32, epochs=200, newton=100,
        steps=15, samples=50,
    ),
    smoke=Spec(
        replicas=3, hidden=3, sizes=(1,), small_replicas=2, points=10, epochs=20, newton=10,
        steps=5, samples=5,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Points:
    """The networks of one arm: where phase 1 ended, and where the search did."""

    start: Place
    end: Place
    weights: np.ndarray  # (R, P)
    diverged: np.ndarray  # (R,) bool: phase 1 lost itself, and the measures are NaN


@dataclass(frozen=True)
class Result:
    """Everything that chapter 23 shows."""

    spec: Spec
    arms: dict[str, Points]
    provenance: tuple[dict[str, Any], ...]

    @property
    def constant(self) -> float:
        """Mean squared error of the best constant on the training points."""
        return float(data.TARGETS["sinc"](data.grid(self.spec.points)).var(correction=0))

    @property
    def ceiling(self) -> float:
        """Largest possible share of positive eigenvalues with kinked, rescalable units: 1 - H/P."""
        count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.spec.widths))
        return 1 - 2 * self.spec.hidden / count

    def certified(self, arm: str) -> np.ndarray:
        """Which searches ended where the gradient vanishes, (R,) of bool."""
        return self.arms[arm].end.residual <= self.spec.residual

    def gradient_flat(self, arm: str) -> np.ndarray:
        """Which stalled where the gradient does not vanish but H g nearly does, (R,) of bool."""
        return ~self.certified(arm) & (self.arms[arm].end.flatness <= self.spec.flat)

    def shares(self, arm: str) -> ratios.Shares:
        """Shares of positive, zero and negative eigenvalues at the end, at the main tolerance."""
        return ratios.shares(self.arms[arm].end.eigenvalues, self.spec.tolerance)

    def distinct(self, arm: str) -> np.ndarray:
        """Number the certified points of an arm that differ, (D,): indices of the first of each.

        Networks that exchange or mirror units are one point, with one loss and one spectrum; so
        points whose loss agrees to seven digits count once.
        """
        chosen = self.certified(arm).nonzero()[0]
        names = [f"{value:.6e}" for value in self.arms[arm].end.loss[chosen]]
        return chosen[np.sort(np.unique(names, return_index=True)[1])] if names else chosen


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Carry out every search that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    small_seeds = tuple(range(spec.seed, spec.seed + spec.small_replicas))
    variance = float(data.TARGETS["sinc"](data.grid(spec.points)).var(correction=0))
    levels = tuple(np.geomspace(variance, LEAST_LEVEL, spec.replicas).tolist())

    def job(arm: str, **changes: Any) -> runs.Job:
        common: dict[str, Any] = {
            "widths": spec.widths,
            "activation": "tanh",
            "weight_decay": spec.weight_decay,
            "points": spec.points,
            "learning_rate": spec.learning_rate,
            "epochs": spec.epochs,
            "levels": levels,
            "newton": 0,
            "steps": spec.steps,
            "embedded": (),
            "samples": spec.samples,
            "radius": spec.radius,
            "seeds": spec.seeds,
        }
        chosen = Training(**{**common, **changes})
        return runs.Job(arm, chosen, train, (train,), cost=len(chosen.seeds))

    low = {"newton": spec.newton, "levels": (0.0,) * spec.replicas}
    jobs = {
        (RECIPE, 0): job(RECIPE),
        (BOTTOM, 0): job(BOTTOM, **low),
        (ALONE, 0): job(ALONE, weight_decay=0.0),
        (LEAKY, 0): job(LEAKY, weight_decay=0.0, activation="leaky_relu"),
    }
    for size in spec.sizes:
        made = {
            "widths": (1, size, size, 1),
            "embedded": spec.widths,
            "newton": spec.newton,
            "levels": (0.0,) * len(small_seeds),
            "seeds": small_seeds,
        }
        jobs[EMBEDDED, size] = job(f"{size} units, {EMBEDDED}", **made)
        jobs[SPLIT, size] = job(f"{size} units, {SPLIT}", **made, weight_decay=0.0)
    entries = runs.carry_out("minimal_ratio", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        arms={
            arm: _points([entry.arrays for (its, _), entry in entries.items() if its == arm])
            for arm in ARMS
        },
        provenance=(
            runs.record(
                list(entries.values()),
                learned="the target's formula",
                replicas=spec.replicas,
            ),
        ),
    )


def _points(stacks: list[Any]) -> Points:
    names = [field.name for field in fields(Place)]

    def place(prefix: str) -> Place:
        # stacks of different size have spectra of different length before they are embedded
        longest = max(stack[f"{prefix}eigenvalues"].shape[1] for stack in stacks)
        return Place(
            **{
                name: np.concatenate(
                    [runs.to_length(stack[prefix + name], longest, 1) for stack in stacks]
                )
                for name in names
            }
        )

    return Points(
        place("trained_"),
        place(""),
        np.concatenate([stack["weights"] for stack in stacks]),
        np.concatenate([stack["diverged"] for stack in stacks]),
    )
