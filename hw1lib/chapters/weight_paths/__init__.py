"""What path does training take? Chapter 21, homework 1-2."""

from functools import partial

import numpy as np

from hw1lib.chapters.weight_paths.result import Paths, Result
from hw1lib.chapters.weight_paths.spec import OF_A, OF_B, PROFILES, Spec
from hw1lib.chapters.weight_paths.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length

__all__ = ["PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train both networks where they are not stored yet, and gather the chapter's numbers."""
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    trainings = jobs(spec, images)
    entries = carry_out("weight_paths", trainings, device=device, progress=progress)
    return Result(
        spec=spec,
        paths={name: _paths(spec, trainings[name], entry) for name, entry in entries.items()},
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def jobs(spec: Spec, images: ImageSet) -> dict[str, Job]:
    """List the trainings, by whose network it is."""
    return {
        OF_A: _job(spec, images, spec.a_hidden, spec.a_batch),
        OF_B: _job(spec, images, spec.b_hidden, spec.b_batch),
    }


def _job(spec: Spec, images: ImageSet, hidden: tuple[int, ...], batch_size: int) -> Job:
    settings = Training(
        widths=(images.train.images[0].numel(), *hidden, len(images.classes)),
        train_examples=min(spec.train_examples, len(images.train)),
        test_examples=min(spec.test_examples, len(images.test)),
        batch_size=batch_size,
        epochs=spec.epochs,
        every=spec.every,
        learning_rate=spec.learning_rate,
        weight_decay=spec.weight_decay,
        seeds=spec.seeds,
    )
    return Job(
        "-".join(map(str, settings.widths)),
        partial(train, settings, images=images),
        cost=builders.parameter_count(settings.widths),
    )


def _paths(spec: Spec, job: Job, entry: Entry) -> Paths:
    """Gather the planned number of snapshots; NaN where every replica diverged before them."""
    settings: Training = job.settings

    def padded(name: str, *axes: int) -> np.ndarray:
        return to_length(entry.arrays[name], len(spec.snapshots), *axes)

    return Paths(
        widths=settings.widths,
        batch_size=settings.batch_size,
        parameters=builders.layer_sizes(settings.widths),
        epochs=spec.snapshots,
        train=padded("train", 0),
        test=padded("test", 0),
        grams=padded("grams", 2, 4),
        walks=padded("walks", 2, 4),
        diverged=entry.arrays["diverged"],
    )
