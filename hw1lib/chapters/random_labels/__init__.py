"""Can a network fit random labels? Chapter 31, homework 1-3."""

import dataclasses
from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.random_labels.result import Fit, Result, label
from hw1lib.chapters.random_labels.spec import (
    CNN,
    MLP,
    NETWORKS,
    PROFILES,
    RANDOM,
    TRUE,
    Spec,
    network,
)
from hw1lib.chapters.random_labels.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import replicas
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length
from hw1lib.training.loop import Probe

__all__ = ["CNN", "MLP", "PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    known = spec == PROFILES["full"]
    names = {MLP: "mnist", CNN: "cifar10"}
    images = {name: image_sets.load(of, spec.data, known=known) for name, of in names.items()}
    jobs: dict[tuple[Any, ...], Job] = {
        (name, share, seeds): _job(
            label(name, share),
            name,
            _settings(spec, name, share, images[name], seeds),
            images[name],
        )
        for name in NETWORKS
        for share in spec.shares
        for seeds in _stacks(name, spec.seeds_of(name))
    }
    larger = {
        (name, share): _at_scale(spec, name, share, images[name])
        for name in NETWORKS
        for share in (TRUE, RANDOM)
    }
    jobs |= {
        (*key, "at scale", of.settings.seeds): of for key, some in larger.items() for of in some
    }
    entries = carry_out("random_labels", jobs, device=device, progress=progress)
    stacks = {
        (name, share): [entries[name, share, seeds] for seeds in _stacks(name, spec.seeds_of(name))]
        for name in NETWORKS
        for share in spec.shares
    }
    return Result(
        spec=spec,
        fits={key: _fit(parts, spec.epochs, spec.evaluate_every) for key, parts in stacks.items()},
        at_scale={
            key: _fit(
                [entries[*key, "at scale", of.settings.seeds] for of in some],
                some[0].settings.epochs,
                spec.scale_every,
            )
            for key, some in larger.items()
        },
        described={
            label(*key): {
                name: np.concatenate([part.arrays[f"described_{name}"] for part in parts])
                for name in generalization.MEASURES
            }
            for key, parts in stacks.items()
        },
        images=images,
        provenance=tuple(
            record(
                [entry for (which, *_), entry in entries.items() if which == name],
                learned=images[name],
                replicas=len(spec.seeds_of(name)),
            )
            for name in NETWORKS
        ),
    )


def _stacks(name: str, seeds: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Divide seeds into stacks: perceptrons side by side, CNNs one by one."""
    return [(seed,) for seed in seeds] if name == CNN else [seeds]


def _settings(
    spec: Spec, name: str, share: float, images: ImageSet, seeds: tuple[int, ...]
) -> Training:
    taken = network(name, images)
    return Training(
        build=taken.build,
        shape=taken.shape,
        flat=taken.flat,
        share=share,
        train_examples=min(spec.examples_of(name), len(images.train)),
        test_examples=min(spec.test_examples, len(images.test)),
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=spec.learning_rate,
        described=spec.described,
        described_trainings=len(set(seeds) & set(spec.seeds[: spec.described_trainings])),
        seeds=seeds,
    )


def _at_scale(spec: Spec, name: str, share: float, images: ImageSet) -> list[Job]:
    """List the jobs of one network and share at the reports' scale."""
    return [
        _job(
            f"{label(name, share)}, at the report's scale",
            name,
            dataclasses.replace(
                _settings(spec, name, share, images, seeds),
                train_examples=min(spec.examples_at_scale(name), len(images.train)),
                epochs=spec.epochs_at_scale(name, share),
                evaluate_every=spec.scale_every,
                learning_rate=spec.scale_rate,
                described_trainings=0,
            ),
            images,
        )
        for seeds in _stacks(name, spec.seeds[: spec.scale_replicas])
    ]


def _job(called: str, name: str, settings: Training, images: ImageSet) -> Job:
    cost = network(name, images).cost * settings.train_examples * len(settings.seeds)
    return Job(called, partial(train, settings, images=images), cost)


def _fit(stacks: list[Entry], epochs: int, every: int) -> Fit:
    """Put the replicas of one network and share side by side."""

    def side_by_side(name: str) -> np.ndarray:
        parts = [entry.arrays[name] for entry in stacks]
        if name in ("objective", "last"):  # shorter where all replicas of a stack have ended
            parts = [to_length(part, epochs) for part in parts]
        return np.concatenate(parts, axis=min(1, parts[0].ndim - 1))

    names = [field.name for field in dataclasses.fields(Fit) if field.name != "epochs"]
    return Fit(
        epochs=Probe(replicas.weights, every).epochs(epochs),
        **{name: side_by_side(name) for name in names},
    )
