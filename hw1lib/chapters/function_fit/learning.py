"""How a fit comes about: which frequencies, which places and how many straight pieces, when."""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib.data import functions
from hw1lib.measuring import pieces
from hw1lib.networks import builders, replicas
from hw1lib.training import loop, losses, regression
from hw1lib.training.gaps import to_length
from hw1lib.training.loop import Probe
from hw1lib.training.regression import DRAWN, Training
from hw1lib.training.run import Run

HARMONICS = (1, 3, 5, 7)  # multiples of the sign target's frequency, 5 half waves
LOBES = 5  # half waves of sin(5πx) between 0 and 1, from the middle outwards
LOOKS = 200  # at most, at a training on its way
SLOPE = 0.01  # of the leaky rectifier below zero


def watch(settings: Training, *, run: Run) -> dict[str, np.ndarray]:
    """Fit R replicas of one network to one target, and measure how the fit comes about.

    Returns:
        `updates` (K,), before each look; `by_frequency` (K, R, H), the error of the
        amplitude at each of `HARMONICS`, as a share of the target's (not a number where that is
        zero); `by_place` (K, R, L), the mean squared error in each of `LOBES`, from the middle
        outwards; `pieces` (2, R), straight pieces at the start and at the end; `diverged` (R,).
        NaN where a replica diverged.
    """
    model = builders.mlp(
        replicas.Streams(settings.seeds), *settings.widths, activation=settings.activation
    ).to(run.device)
    points = regression.task(settings.target, settings.points, device=run.device)
    optimizer = settings.optimizer(
        model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
    )
    x = functions.grid(DRAWN)[:, None].to(run.device)
    before = _pieces(model)
    probe = Probe(partial(_values, x), max(1, settings.epochs // LOOKS))
    looks = probe.epochs(settings.epochs)
    history = loop.fit(
        model,
        points.batches,
        losses.mean_squared_error,
        optimizer,
        epochs=settings.epochs,
        probes={"fit": probe},
        run=run,
    )
    learned = to_length(history.series["fit"], len(looks)).astype(float)
    learned[:, ~history.sound] = np.nan
    truth = settings.target(functions.grid(DRAWN, torch.float64)).numpy()
    after = np.where(history.sound, _pieces(model), np.nan)
    return {
        "updates": looks,
        "by_frequency": frequency_errors(learned, truth),
        "by_place": place_errors(learned, truth),
        "pieces": np.stack([before, after]),
        "diverged": ~history.sound,
    }


def _values(x: Tensor, model: nn.Module) -> Tensor:
    return model(x)[:, :, 0]


def _pieces(model: nn.Module) -> np.ndarray:
    found = [
        pieces.count(one, slope=SLOPE) if all(np.isfinite(w).all() for w, _ in one) else np.nan
        for one in pieces.layers(model)
    ]
    return np.array(found, dtype=float)


def amplitudes(values: np.ndarray) -> np.ndarray:
    """Project values on a uniform grid of [-1, 1] on sin(5 h πx), h in `HARMONICS`.

    Args:
        values: Shape (..., N), both ends included.

    Returns:
        Fourier sine coefficients, (..., H), by the trapezoidal rule.
    """
    x = functions.grid(values.shape[-1], torch.float64).numpy()
    waves = np.sin(5 * np.pi * np.outer(HARMONICS, x))
    return np.trapezoid(values[..., None, :] * waves, x, axis=-1)


def frequency_errors(learned: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Compute how far the amplitude at each harmonic is from the target's, as a share of it.

    Args:
        learned: Shape (..., N), on a uniform grid of [-1, 1].
        truth: The target there, (N,).

    Returns:
        Shape (..., H); NaN where the target has no such harmonic.

    Source:
        N. Rahaman et al., "On the spectral bias of neural networks", ICML 2019, section 3.
    """
    wanted = amplitudes(truth)
    there = np.abs(wanted) > 1e-6
    error = np.abs(amplitudes(learned) - wanted)
    return np.where(there, error / np.where(there, np.abs(wanted), 1), np.nan)


def place_errors(learned: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Compute the mean squared error in each half wave of sin(5πx), both sides together.

    Args:
        learned: Shape (..., N), on a uniform grid of [-1, 1].
        truth: The target there, (N,).

    Returns:
        Shape (..., L), from the middle outwards.
    """
    distance = np.abs(functions.grid(len(truth), torch.float64).numpy())
    lobe = np.minimum((distance * LOBES).astype(int), LOBES - 1)
    squares = np.square(learned - truth)
    return np.stack([squares[..., lobe == k].mean(axis=-1) for k in range(LOBES)], axis=-1)
