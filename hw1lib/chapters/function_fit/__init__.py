"""Does depth help to fit a function, at equal parameter count? Chapter 11, homework 1-1."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from hw1lib.chapters.function_fit.learning import watch
from hw1lib.chapters.function_fit.result import LOOKED_AT, Fit, Learning, Result, choose
from hw1lib.chapters.function_fit.spec import (
    AS_A,
    AS_B,
    B_SIGN,
    B_SIGN_RATES,
    NETWORKS,
    PROFILES,
    TUNED,
    WATCHED,
    Spec,
)
from hw1lib.chapters.function_fit.trainings import train
from hw1lib.data import functions
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training import optimizers
from hw1lib.training.regression import DENSE, Training

__all__ = ["AS_B", "DENSE", "LOOKED_AT", "PROFILES", "TUNED", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every arm that is not stored yet, and gather the chapter's numbers."""
    trials = tuning_jobs(spec)
    tried = carry_out("function_fit", trials, device=device, progress=progress)
    finals = {key: _fit(trials[key], entry).final for key, entry in tried.items()}
    tuning = {pair: np.stack([finals[*pair, rate] for rate in spec.grid]) for pair in _pairs(spec)}

    rates = {pair: spec.grid[int(choose(losses))] for pair, losses in tuning.items()}
    jobs = arm_jobs(spec, rates)
    entries = carry_out("function_fit", jobs, device=device, progress=progress)
    watched = carry_out("function_fit", watched_jobs(spec), device=device, progress=progress)
    return Result(
        spec=spec,
        fits={key: _fit(jobs[key], entry) for key, entry in entries.items()},
        tuning=tuning,
        learning={key: _learning(entry) for key, entry in watched.items()},
        provenance=(
            record(
                [*tried.values(), *entries.values(), *watched.values()],
                learned="the targets' formulas",
                replicas=spec.replicas,
            ),
        ),
    )


def tuning_jobs(spec: Spec) -> dict[tuple[str, str, float], Job]:
    """List the trainings that choose a learning rate for Adam, by target, network and rate."""
    return {
        (target, network, rate): _job(
            f"tuning {rate:g}, {target}, {network}",
            replace(
                _as_b(spec, target, network),
                learning_rate=rate,
                epochs=spec.tuning_epochs,
                seeds=spec.tuning_seeds,
            ),
        )
        for target, network in _pairs(spec)
        for rate in spec.grid
    }


def arm_jobs(spec: Spec, rates: Mapping[tuple[str, str], float]) -> dict[tuple[str, str, str], Job]:
    """List the trainings that are compared, by arm, target and network.

    Args:
        spec: The chapter's settings.
        rates: The tuned learning rate by target and network.
    """
    trainings: dict[tuple[str, str, str], Training] = {}
    for pair in _pairs(spec):
        as_b = _as_b(spec, *pair)
        trainings[AS_A, *pair] = replace(
            as_b, optimizer=optimizers.rmsprop, weight_decay=spec.weight_decay
        )
        trainings[AS_B, *pair] = as_b
        trainings[TUNED, *pair] = replace(as_b, learning_rate=rates[pair])
    if "sign" in spec.targets:
        for network, rate in B_SIGN_RATES.items():
            trainings[B_SIGN, "sign", network] = replace(
                _as_b(spec, "sign", network),
                learning_rate=rate,
                weight_decay=spec.weight_decay,
                epochs=spec.sign_epochs,
            )
    return {key: _job(", ".join(key), training) for key, training in trainings.items()}


def watched_jobs(spec: Spec) -> dict[tuple[str, str], Job]:
    """List the trainings that are looked at on their way, by target and network."""
    return {
        (target, network): Job(
            f"{WATCHED}, {target}, {network}",
            partial(watch, _as_b(spec, target, network)),
            cost=len(spec.seeds),
            threads=1,
        )
        for target, network in _pairs(spec)
        if target in LOOKED_AT
    }


def _pairs(spec: Spec) -> list[tuple[str, str]]:
    """List the targets with each network."""
    return list(product(spec.targets, NETWORKS))


def _as_b(spec: Spec, target: str, network: str) -> Training:
    """Return how B trains by the text; all other trainings are stated by how they differ."""
    return Training(
        target=functions.TARGETS[target].function,
        widths=NETWORKS[network],
        optimizer=optimizers.adam,
        learning_rate=spec.learning_rate,
        weight_decay=0.0,
        points=spec.points,
        epochs=spec.epochs,
        seeds=spec.seeds,
    )


def _job(label: str, training: Training) -> Job:
    return Job(label, partial(train, training), cost=len(training.seeds), threads=1)


def _fit(job: Job, entry: Entry) -> Fit:
    settings: Training = job.settings
    kept = {name: values for name, values in entry.arrays.items() if name != "diverged"}
    return Fit(settings.learning_rate, **kept)


def _learning(entry: Entry) -> Learning:
    return Learning(**{name: v for name, v in entry.arrays.items() if name != "diverged"})
