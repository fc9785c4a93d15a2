"""What does the error surface look like? Chapter 24, homework 1-2."""

from dataclasses import fields
from functools import partial
from typing import Any

from hw1lib.chapters.error_surface.directions import Around, look_around
from hw1lib.chapters.error_surface.result import Directions, Result
from hw1lib.chapters.error_surface.spec import (
    ADAM,
    ARMS,
    HIDDEN,
    LARGE,
    PROFILES,
    REGRESSORS,
    SGD,
    Spec,
)
from hw1lib.chapters.error_surface.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import landscape
from hw1lib.measuring.landscape import Extent
from hw1lib.networks import builders
from hw1lib.results.job import Job, refuse_larger_steps
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training import optimizers
from hw1lib.training.regression import DENSE

AROUND = "around"  # jobs beside those that are named by regressor and by arm

__all__ = ["ARMS", "PROFILES", "REGRESSORS", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train and survey every network that is not stored yet, and gather the chapter's numbers."""
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    jobs: dict[Any, Job] = {name: _fit(spec, name) for name in REGRESSORS}
    jobs |= {(name, AROUND): _around(spec, name) for name in REGRESSORS}
    jobs |= {arm: _learn(spec, arm, images) for arm in ARMS}
    entries = carry_out("error_surface", jobs, device=device, progress=progress)
    on_sinc = [key for key in entries if key not in ARMS]
    learned = (("the sinc function's formula", on_sinc), (images, ARMS))
    return Result(
        spec=spec,
        surfaces={
            name: landscape.surface(spec.line_steps, entries[name].arrays)
            for name in (*REGRESSORS, *ARMS)
        },
        around={name: _directions(entries[name, AROUND]) for name in REGRESSORS},
        images=images,
        provenance=tuple(
            record([entries[name] for name in names], learned=what, replicas=spec.replicas)
            for what, names in learned
        ),
    )


def _extent(spec: Spec, planes: int) -> Extent:
    return Extent(
        line_steps=spec.line_steps,
        directions=spec.directions,
        planes=min(planes, spec.replicas),
        side=spec.side,
        eigenvalues=spec.eigenvalues,
        lanczos_steps=spec.lanczos_steps,
    )


def _fit(spec: Spec, name: str) -> Job:
    settings = Training(
        widths=REGRESSORS[name],
        activation=builders.leaky_relu,
        optimizer=optimizers.adam,
        learning_rate=spec.fit_rate,
        examples=spec.points,
        batch_size=spec.points,
        measured=DENSE,
        epochs=spec.updates,
        every=max(1, spec.updates // spec.snapshots),
        seeds=spec.seeds,
        extent=_extent(spec, spec.planes),
    )
    cost = spec.points * spec.replicas
    return Job(f"{name}, sinc", partial(train, settings), cost, threads=1)


def _around(spec: Spec, name: str) -> Job:
    settings = Around(
        widths=REGRESSORS[name],
        activation=builders.leaky_relu,
        optimizer=optimizers.adam,
        learning_rate=spec.fit_rate,
        points=spec.points,
        epochs=spec.updates,
        directions=spec.directions,
        seeds=spec.seeds,
    )
    cost = spec.points * spec.replicas
    return Job(f"{name}, all directions", partial(look_around, settings), cost, threads=1)


def _directions(entry: Entry) -> Directions:
    return Directions(*(entry.arrays[f.name] for f in fields(Directions)))


def _learn(spec: Spec, arm: str, images: ImageSet) -> Job:
    optimizer, rate = {
        SGD: (optimizers.sgd, spec.sgd_rate),
        ADAM: (optimizers.adam, spec.adam_rate),
        LARGE: (optimizers.adam, spec.large_rate),
    }[arm]
    settings = Training(
        widths=(images.train.images[0].numel(), *HIDDEN, len(images.classes)),
        activation=builders.relu,
        optimizer=optimizer,
        learning_rate=rate,
        examples=min(spec.train_examples, len(images.train)),
        batch_size=spec.batch_size,
        measured=min(spec.measured, spec.train_examples, len(images.train), len(images.test)),
        epochs=spec.epochs,
        every=1,
        seeds=spec.seeds,
        # one way of training is enough to show what planes look like
        extent=_extent(spec, spec.planes if arm == SGD else 0),
    )
    label, cost = f"{arm}, {images.subject}", 5 * settings.examples * spec.replicas  # as 5 points
    refuse_larger_steps(label, settings.batch_size, settings.examples, images)
    return Job(label, partial(train, settings, images=images), cost)
