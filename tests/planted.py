"""Records of the chapters by hand, with what was learned planted in them; nothing is trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from hw1lib.chapters.capacity.sweeps import Sweep
from hw1lib.chapters.error_surface.directions import LENGTHS
from hw1lib.chapters.error_surface.result import Directions
from hw1lib.chapters.function_fit.result import Fit as FunctionFit
from hw1lib.chapters.function_fit.trainings import judged
from hw1lib.chapters.interpolation.result import End, Pair
from hw1lib.chapters.interpolation.trainings import Training
from hw1lib.chapters.minimal_ratio.result import Looks, PointMeasures
from hw1lib.chapters.random_labels.result import Fit
from hw1lib.chapters.weight_paths import Paths
from hw1lib.measuring import landscape, trajectories
from hw1lib.training import optimizers
from hw1lib.training.regression import DENSE, Fitted, thinned

REPLICAS = 8
EIGHT = np.linspace(0.9, 1.1, REPLICAS)
NOBODY = np.zeros(REPLICAS, dtype=bool)


@dataclass(frozen=True)
class Cases:
    """Results of one chapter that decide its claims either way."""

    right: Callable[[], Any]  # supports every claim that is not named below
    wrong: Callable[[], Any]  # contradicts every claim that is not named below
    right_of: Mapping[str, Callable[[], Any]] = field(default_factory=dict)  # by the claim's id,
    wrong_of: Mapping[str, Callable[[], Any]] = field(default_factory=dict)  # where one excludes
    # another
    untested: Mapping[str, str] = field(default_factory=dict)  # id -> why there is no test


def paths(weights: np.ndarray, walks: np.ndarray, layers: tuple[int, ...] = (600, 200)) -> Paths:
    """Paths of chapter 21 whose snapshots (R, T, P) are given."""
    ends = np.cumsum([0, *layers])
    columns = [slice(*pair) for pair in pairwise(ends)]
    runs, times, _ = weights.shape
    grams, of_walks = (
        trajectories.grams(torch.from_numpy(w.swapaxes(0, 1)), columns) for w in (weights, walks)
    )
    none = np.zeros((times, runs, 3))
    nobody = np.zeros(runs, dtype=bool)
    widths = (1,) * (len(layers) + 1)
    return Paths(widths, 1, tuple(layers), np.arange(times), none, none, grams, of_walks, nobody)


def place(loss: np.ndarray, eigenvalues: np.ndarray, **measures: np.ndarray) -> PointMeasures:
    """Points of chapter 23 with these losses (R,) and spectra (R, P), and zero in all else."""
    nothing = {f.name: np.zeros(len(loss)) for f in fields(PointMeasures)}
    return PointMeasures(**{**nothing, "loss": loss, "eigenvalues": eigenvalues, **measures})


def looks(
    positive: np.ndarray, negative: np.ndarray, *, counted: np.ndarray, residual: float
) -> Looks:
    """Looks of chapter 23 at eight trainings whose loss falls.

    Args:
        positive: Share of eigenvalues of 1 at each look, (K,).
        negative: Share of those that are a little below zero, (K,).
        counted: Share that A's code counts, (K,).
        residual: Norm of the gradient.
    """
    loss = np.geomspace(1, 1e-4, len(positive))[:, None] * EIGHT
    places = np.arange(100)
    spectra = np.zeros((len(positive), 100))
    spectra[places < np.round(100 * negative)[:, None]] = -1e-5
    spectra[places >= 100 - np.round(100 * positive)[:, None]] = 1.0
    spectra = np.repeat(spectra[:, None], REPLICAS, axis=1)
    size = np.full(loss.shape, residual)
    shares = np.repeat(counted[:, None], REPLICAS, axis=1)
    return Looks(np.arange(len(positive)), loss, size, size, spectra, shares)


def surface(rise: float, away: float) -> landscape.Surface:
    """A surface of chapter 24 by its rise on the line, of the start, and away from the solution."""
    line = np.zeros((REPLICAS, len(landscape.positions(4)), 2, 2))
    line[:] = np.array([9.0, 9, 8, 7, 6, 5, 5])[:, None, None]  # 9 at the start, 5 at the solution
    line[:, -1] += (away * EIGHT)[:, None, None]
    line[:, 3] += 9 * (rise * EIGHT + 1 / 9)[:, None, None] * (rise > 0)
    steps = 5 + away * np.ones((len(landscape.DISTANCES), 3)) * EIGHT[:, None, None]
    return landscape.surface(4, {"diverged": NOBODY, "line": line, "steps": steps})


def directions(away: float) -> Directions:
    """Steps of chapter 24 that raise the loss by so much, in any direction and at any length."""
    losses = 5 + away * np.ones((len(LENGTHS), 3)) * EIGHT[:, None, None]
    return Directions(5 + 0 * EIGHT, losses, losses[:, :, :2], away * EIGHT, EIGHT)


def fit(accuracy: np.ndarray, **changes: np.ndarray) -> Fit:
    """Trainings of chapter 31 with known training accuracies (K, R), right on nothing else."""
    accuracy = np.array(accuracy, dtype=float)
    train = np.stack([1 - accuracy / 2, accuracy, np.zeros_like(accuracy)], axis=2)
    basic = {
        "epochs": 2 * np.arange(len(accuracy)),
        "train": train,
        "test": train[:, :, :2],
        "objective": train[1:, :, 0],
        "last": train[1:, :, 0],
        "diverged": np.zeros(accuracy.shape[1], bool),
    }
    return Fit(**{**basic, **changes})


def fitted_after(passes: list[int], n: int = REPLICAS, **changes: np.ndarray) -> Fit:
    """Replicas that fit after so many of 100 passes, and are measured after every pass."""
    steps = np.arange(101)
    accuracy = (steps[:, None] >= np.resize(passes, n)).astype(float)
    return fit(accuracy, **{"epochs": steps, **changes})


def sweep(sizes: list[int], train: Any, test: Any) -> Sweep:
    """A sweep of chapter 32 with these accuracies in percent, and losses of their errors."""
    noise = np.random.default_rng(0).normal(scale=0.01, size=(2, len(sizes), REPLICAS))
    accuracies = [np.asarray(a)[:, None] + e for a, e in zip((train, test), noise, strict=True)]
    both = [np.stack([(101 - a) / 20, a / 100], axis=2) for a in accuracies]
    rest = np.zeros((len(sizes), REPLICAS))
    return Sweep(
        names=tuple(f"784-{size}-10" for size in sizes),
        parameters=np.array(sizes),
        train=both[0],
        test=both[1],
        passes=rest,
        lowest_batch=rest,
        highest_running=rest,
        diverged=rest.astype(bool),
        epochs=np.array([0]),
        train_along=both[0][:, None].copy(),
        test_along=both[1][:, None].copy(),
    )


def settings(**changes: Any) -> Training:
    """A small training of chapter 33 of two replicas, whose last batch is short."""
    small: dict[str, Any] = {
        "widths": (784, 6, 5, 10),
        "optimizer": optimizers.nesterov,
        "learning_rate": 0.01,
        "weight_decay": 0.1,
        "batch_size": 12,
        "epochs": 2,
        "train_examples": 50,
        "measured": 33,
        "described": 2,
        "described_replicas": 1,
        "seeds": (3, 4),
    }
    return Training(**{**small, **changes})


def end(loss: float = 0.0, accuracy: float = 0.0) -> End:
    """One end of a line in chapter 33, with training losses and accuracies of this size."""
    course = np.zeros((4, REPLICAS, 2, 2))
    course[..., 0] = loss * np.array([2.3, 1, 0.5, 0.3])[:, None, None] * EIGHT[:, None]
    course[..., 1] = accuracy + 1e-4 * EIGHT[:, None]
    return End(settings(), course, np.ones(REPLICAS), NOBODY, {})


Curve = Callable[[np.ndarray], np.ndarray]


def pair(
    loss: Curve,
    accuracy: Curve = np.zeros_like,
    *,
    steps: int = 20,
    n: int = REPLICAS,
    ends: tuple[End, End] | None = None,
) -> Pair:
    """A pair of chapter 33 whose losses and accuracies on both splits are functions of alpha."""
    alphas = np.arange(-steps, 2 * steps + 1) / steps
    values = np.stack([loss(alphas), accuracy(alphas)], axis=-1)
    jitter = np.linspace(0.99, 1.01, n)[None, :, None, None]
    line = np.repeat(values[:, None, None], n, axis=1).repeat(2, axis=2) * jitter
    nothing = End(settings(), np.zeros((3, n, 2, 2)), np.ones(n), np.zeros(n, bool), {})
    first, second = ends or (nothing, nothing)
    return Pair(alphas=alphas, line=line, distance=np.ones(n), first=first, second=second)


def function_fit(loss, prediction, learning_rate=1e-3):
    """A fit of chapter 11 whose replicas had these losses (E + 1, R), on a target that is zero.

    Args:
        loss: At every update.
        prediction: On the dense grid, (R, DENSE).
        learning_rate: Which it says.
    """
    fitted = Fitted(loss, prediction, np.isfinite(loss[-1]))
    arrays = {**thinned(fitted), **judged(fitted, np.zeros(DENSE))}
    return FunctionFit(learning_rate, **{k: v for k, v in arrays.items() if k != "diverged"})
