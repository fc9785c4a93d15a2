"""Does training end in a minimum? Chapter 23, homework 1-2-3."""

from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from hw1lib.chapters.minimal_ratio.along_training import Following, follow
from hw1lib.chapters.minimal_ratio.of_b import Watching, watch
from hw1lib.chapters.minimal_ratio.result import Looks, PointMeasures, Points, Result, Watched
from hw1lib.chapters.minimal_ratio.spec import (
    A_WIDTHS,
    ALONE,
    ARMS,
    B_NETWORKS,
    BOTTOM,
    EMBEDDED,
    LEAKY,
    LEAST_LEVEL,
    PROFILES,
    RECIPE,
    SPLIT,
    Spec,
)
from hw1lib.chapters.minimal_ratio.trainings import Training, train
from hw1lib.networks import builders
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length

OF_A = ("A's network",)  # the job beside the searches, which are named by arm and size

__all__ = ["PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Carry out every search that is not stored yet, and gather the chapter's numbers."""
    jobs: dict[Any, Job] = {
        (arm, size): Job(
            f"{size} units, {arm}" if size else arm,
            partial(train, settings),
            cost=len(settings.seeds),
            threads=1,
        )
        for (arm, size), settings in _searches(spec).items()
    }
    jobs[OF_A] = _of_a(spec)
    jobs |= {(name,): job for name, job in _of_b(spec).items()}
    entries = carry_out("minimal_ratio", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        arms={
            arm: _points([entry for key, entry in entries.items() if key[0] == arm]) for arm in ARMS
        },
        along=_looks(entries[OF_A], np.array(spec.looks)),
        lowered=_looks(entries[OF_A], np.array(spec.bounds), "bound_"),
        of_b={
            name: Watched(np.array(spec.looks_at_b), **entries[name,].arrays) for name in B_NETWORKS
        },
        provenance=(
            record([*entries.values()], learned="the target's formula", replicas=spec.replicas),
        ),
    )


def _searches(spec: Spec) -> dict[tuple[str, int], Training]:
    """List the searches by arm and, where smaller networks are embedded, their size; else 0."""
    recipe = Training(
        widths=spec.widths,
        activation=nn.Tanh,
        weight_decay=spec.weight_decay,
        points=spec.points,
        learning_rate=spec.learning_rate,
        epochs=spec.epochs,
        levels=tuple(np.geomspace(spec.constant, LEAST_LEVEL, spec.replicas).tolist()),
        newton=0,
        steps=spec.steps,
        embedded=(),
        samples=spec.samples,
        radius=spec.radius,
        seeds=spec.seeds,
    )
    bottom = replace(recipe, levels=(0.0,) * spec.replicas, newton=spec.newton)
    alone = replace(recipe, weight_decay=0.0)
    found = {
        (RECIPE, 0): recipe,
        (BOTTOM, 0): bottom,
        (ALONE, 0): alone,
        (LEAKY, 0): replace(alone, activation=builders.leaky_relu),
    }
    seeds = tuple(range(spec.seed, spec.seed + spec.small_replicas))
    for size in spec.sizes:
        made = replace(
            bottom,
            widths=(1, size, size, 1),
            embedded=spec.widths,
            levels=(0.0,) * len(seeds),
            seeds=seeds,
        )
        found[EMBEDDED, size] = made
        found[SPLIT, size] = replace(made, weight_decay=0.0)
    return found


def _of_a(spec: Spec) -> Job:
    settings = Following(
        widths=A_WIDTHS,
        activation=builders.leaky_relu,
        points=spec.a_points,
        learning_rate=spec.a_rate,
        weight_decay=spec.weight_decay,
        looks=spec.looks,
        bounds=spec.bounds,
        steps=spec.a_steps,
        seeds=spec.a_seeds,
    )
    return Job("A's network", partial(follow, settings), cost=spec.a_replicas, threads=1)


def _of_b(spec: Spec) -> dict[str, Job]:
    found = {}
    for name, hidden, rate, count in zip(
        B_NETWORKS, spec.b_hidden, spec.b_rates, spec.b_replicas, strict=True
    ):
        settings = Watching(
            widths=(1, hidden, 1),
            activation=builders.relu,
            points=spec.b_points,
            learning_rate=rate,
            weight_decay=spec.weight_decay,
            looks=spec.looks_at_b,
            seeds=tuple(range(spec.seed, spec.seed + count)),
        )
        cost = len(settings.seeds) * hidden / max(spec.b_hidden)
        found[name] = Job(name, partial(watch, settings), cost=cost, threads=1)
    return found


def _looks(entry: Entry, at: np.ndarray, prefix: str = "") -> Looks:
    return Looks(at, *(entry.arrays[prefix + f.name] for f in fields(Looks)[1:]))


def _points(entries: list[Entry]) -> Points:
    stacks = [entry.arrays for entry in entries]

    def gathered(name: str) -> np.ndarray:
        # stacks of different size have spectra of different length before they are embedded
        longest = max(stack[name].shape[-1] for stack in stacks)
        padded = [to_length(stack[name], longest, 1) for stack in stacks]
        return np.concatenate(padded)

    def measures(prefix: str) -> PointMeasures:
        return PointMeasures(**{f.name: gathered(prefix + f.name) for f in fields(PointMeasures)})

    return Points(measures("trained_"), measures(""), gathered("weights"), gathered("diverged"))
