"""Trainings of chapter 11 that are watched while they run, and stored nowhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from torch import nn

from hw1lib.chapters.function_fit.result import Fit, loss_text
from hw1lib.data import functions
from hw1lib.marks import typographic
from hw1lib.networks import builders, replicas
from hw1lib.training import fused, loop, losses, optimizers, regression
from hw1lib.training.optimizers import Optimizer
from hw1lib.training.regression import Function
from hw1lib.training.run import Run, threads

PIECE = 0.08  # seconds of training of all networks between two looks
SHOWN = 151  # points of [-1, 1] on which a fit is drawn
OTHER_SEEDS = 2_000_000  # added to the seeds, so that a run is none of those that are stored
MOST = 1.15  # times as many updates in a piece as in the one before


@dataclass(frozen=True)
class Trial:
    """What to train: every network R times, on one target in one way."""

    target: Function
    about: str  # the target, by name or as it was typed
    networks: dict[str, tuple[int, ...]]
    optimizer: Optimizer
    rates: dict[str, float]  # learning rate of each network
    weight_decay: float
    points: int
    updates: int
    seeds: tuple[int, ...]


@dataclass
class Seen:
    """How far a trial has come."""

    trial: Trial
    updates: list[int] = field(default_factory=list)  # made before each look
    loss: dict[str, list[np.ndarray]] = field(default_factory=dict)  # (R,) at each look
    fit: dict[str, np.ndarray] = field(default_factory=dict)  # (SHOWN, R) at the last

    def losses(self, network: str) -> np.ndarray:
        """Return the losses of a network's replicas at all looks, (K, R)."""
        return np.stack(self.loss[network])


def watch(trial: Trial) -> Iterator[Seen]:
    """Train all networks side by side; yield what is seen at the start and after each piece."""
    points = regression.task(trial.target, trial.points, device="cpu")
    shown = functions.grid(SHOWN)[:, None]
    models = {name: _model(trial, name) for name in trial.networks}
    steppers: dict[str, torch.optim.Optimizer] = {}
    seen, made, piece = Seen(trial), 0, 1.0
    while True:
        seen.updates.append(made)
        for name, model in models.items():
            with torch.no_grad():
                seen.loss.setdefault(name, []).append(points.loss(model).numpy())
                seen.fit[name] = model(shown)[:, :, 0].numpy().T
        yield seen
        if made == trial.updates:
            return
        # after the first look, which need not wait for them
        quick = _compiled()
        steppers = steppers or {n: _optimizer(trial, n, m) for n, m in models.items()}
        count = min(max(1, int(piece)), trial.updates - made)
        began = time.monotonic()
        for name, model in models.items():
            with threads(1):
                loop.fit(
                    model,
                    points.batches,
                    losses.mean_squared_error,
                    steppers[name],
                    epochs=count,
                    run=Run(prepare=fused.prepare if quick.is_set() else None),
                )
        made += count
        took = max(time.monotonic() - began, 1e-6)
        piece = min(max(MOST * piece, piece + 1), max(1.0, count * PIECE / took))


def progress(run: Seen, *, over: bool) -> str:
    """Say how far a run has come."""
    trial, made = run.trial, run.updates[-1]
    many = f"{len(trial.seeds)} training{'s' * (len(trial.seeds) > 1)} of each network"
    if over and made < trial.updates:
        return f"Stopped after {made:,} of {trial.updates:,} updates; {many}."
    state = "Trained" if over else "Training"
    return f"{state}: {made:,} of {trial.updates:,} updates; {many}."


def compared(run: Seen, fits: dict[str, Fit]) -> list[str]:
    """Compare a run with the stored trainings after as many updates.

    Returns:
        For each network whether its median lies inside their band; and whether the same network
        is the best.
    """
    made, said, ours, theirs = run.updates[-1], [], {}, {}
    for name, fit in fits.items():
        place = int(np.searchsorted(fit.updates, made, side="right")) - 1
        if made > fit.updates[-1]:
            return [f"The stored trainings end after {fit.updates[-1]:,} updates."]
        low, theirs[name], high = np.nanquantile(_finite(fit.loss[place]), [0.1, 0.5, 0.9])
        ours[name] = float(np.median(_finite(run.losses(name)[-1])))
        where = "inside" if low <= ours[name] <= high else "below" if ours[name] < low else "above"
        said.append(
            f"{name}: your median {loss_text(ours[name])} lies {where} the stored band, "
            f"{loss_text(low)} to {loss_text(high)}."
        )
    best, stored = (min(of, key=of.__getitem__) for of in (ours, theirs))
    agrees = "the same as" if best == stored else f"not {stored}, as"
    said.append(f"Your lowest median has {best}: {agrees} over the stored trainings.")
    return [typographic(sentence) for sentence in said]


def _finite(losses: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(losses), losses, np.inf)


def _model(trial: Trial, name: str) -> nn.Module:
    streams = replicas.Streams(trial.seeds)
    return builders.mlp(streams, *trial.networks[name], activation=builders.leaky_relu)


def _optimizer(trial: Trial, name: str, model: nn.Module) -> torch.optim.Optimizer:
    return trial.optimizer(model, learning_rate=trial.rates[name], weight_decay=trial.weight_decay)


@cache
def _compiled() -> threading.Event:
    """Have the quick updates compiled, which takes seconds once; return what says that they are."""
    ready = threading.Event()

    def compile_() -> None:
        trial = Trial(
            target=functions.sine,
            about="nothing that is shown",
            networks={"small": (1, 2, 1)},
            optimizer=optimizers.sgd,
            rates={"small": 1e-3},
            weight_decay=0.0,
            points=8,
            updates=2,
            seeds=(0,),
        )
        model = _model(trial, "small")
        optimizer = _optimizer(trial, "small", model)
        points = regression.task(trial.target, trial.points, device="cpu")
        loop.fit(
            model,
            points.batches,
            losses.mean_squared_error,
            optimizer,
            epochs=trial.updates,
            run=Run(prepare=fused.prepare),
        )
        ready.set()

    threading.Thread(target=compile_, daemon=True).start()
    return ready
