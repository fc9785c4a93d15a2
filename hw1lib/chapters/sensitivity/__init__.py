"""Do sensitivity and sharpness say which network generalizes? Chapter 34, homework 1-3."""

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from hw1lib.chapters.sensitivity.result import CloserLook, Described, Result
from hw1lib.chapters.sensitivity.spec import (
    ARMS,
    AS_A,
    BATCHES,
    EPOCHS,
    EQUAL_F1,
    FACTORS,
    KINDS,
    LARGE,
    LARGE_F1,
    PROFILES,
    RANDOM,
    RESCALED,
    SCALED,
    SMALL,
    SMALL_F1,
    STEPS,
    TRUE,
    Spec,
)
from hw1lib.chapters.sensitivity.timings import Timing, time_passes
from hw1lib.chapters.sensitivity.trainings import Noise, Training, noise, train, train_to
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring.generalization import MEASURES
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Entry
from hw1lib.training import optimizers

__all__ = ["PROFILES", "Result", "Spec", "run"]

NESTEROV = partial(optimizers.nesterov, momentum=0.9)  # as A has it


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train and describe every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.

    Raises:
        SettingError: If a batch is larger than what there is to learn.
    """
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    sweep, alone = _sweep(spec, images), _alone(spec, images)
    jobs: dict[Hashable, Job] = {
        key: _job(f"{key[0]}, batch {key[1]}", of, images) for key, of in sweep.items()
    }
    jobs |= {name: _job(name, of, images) for name, of in alone.items()}
    small = ResultOf("sensitivity", jobs[SMALL_F1])
    jobs[EQUAL_F1] = _job(EQUAL_F1, alone[LARGE_F1], images, other=small)
    jobs["noise"], jobs["time"] = _noise(spec, images), _time(spec, images)
    entries = carry_out("sensitivity", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        sweep={key: _described(entries[key]) for key in sweep},
        alone={name: _described(entries[name]) for name in (*alone, EQUAL_F1)},
        tensor_gradient={key: entries[key].arrays["tensor_gradient"] for key in sweep},
        closer={name: _closer(entries[name]) for both in BATCHES.values() for name in both},
        variance=entries["noise"].arrays["variance"],
        length=entries["noise"].arrays["length"],
        seconds=entries["time"].arrays["seconds"],
        timed_on=_machine(entries["time"], images),
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def _main(spec: Spec, images: ImageSet) -> Training:
    """Return the training that all others vary: A's network and smallest batch, larger rate."""
    count = min(spec.train_examples, len(images.train))
    if max(*spec.batch_sizes, spec.small_batch) > count:
        raise SettingError(
            f"batch_sizes and small_batch of sensitivity.Spec must be at most the {count:,} "
            f"training images here ({images.description}), got "
            f"{max(*spec.batch_sizes, spec.small_batch):,}"
        )
    return Training(
        widths=_widths(images, spec.hidden),
        optimizer=NESTEROV,
        learning_rate=spec.learning_rate,
        batch_size=spec.batch_sizes[0],
        epochs=spec.epochs,
        updates=0,
        train_examples=count,
        test_examples=min(spec.test_examples, len(images.test)),
        random_labels=False,
        described=spec.described,
        closer=0,
        rescaled=False,
        seeds=spec.seeds,
    )


def _sweep(spec: Spec, images: ImageSet) -> dict[tuple[str, int], Training]:
    """List the trainings of each arm with each batch size."""
    equal_epochs = _main(spec, images)
    equal_updates = replace(equal_epochs, epochs=1, updates=spec.updates)
    as_a = replace(equal_epochs, learning_rate=spec.written_rate)
    found: dict[tuple[str, int], Training] = {}
    for size in spec.batch_sizes:
        scaled = replace(as_a, learning_rate=spec.scaled_rate(size))
        ways = {AS_A: as_a, EPOCHS: equal_epochs, STEPS: equal_updates, SCALED: scaled}
        found |= {(arm, size): replace(ways[arm], batch_size=size) for arm in ARMS}
    return {(arm, size): found[arm, size] for arm in ARMS for size in spec.batch_sizes}


def _alone(spec: Spec, images: ImageSet) -> dict[str, Training]:
    """List the trainings outside the sweep: Keskar's setting, and label twins.

    All have one hidden layer, but for the networks with the widths of F1.
    """
    main = _main(spec, images)
    adam = replace(
        main,
        widths=_widths(images, (spec.units,)),
        optimizer=optimizers.adam,
        learning_rate=spec.adam_rate,
        batch_size=spec.small_batch,
    )
    large = max(1, round(spec.large_share * main.train_examples))
    keskar = replace(adam, closer=min(spec.closer, main.train_examples))
    f1 = replace(
        keskar, widths=_widths(images, spec.f1_units), seeds=spec.seeds[: spec.f1_replicas]
    )
    twin = replace(
        adam,
        train_examples=min(spec.twin_examples, main.train_examples),
        epochs=spec.twin_epochs,
    )
    return {
        SMALL: replace(keskar, epochs=spec.small_epochs, rescaled=True),
        LARGE: replace(keskar, epochs=spec.large_epochs, batch_size=large),
        TRUE: twin,
        RANDOM: replace(twin, random_labels=True),
        SMALL_F1: replace(f1, epochs=spec.f1_small_epochs),
        LARGE_F1: replace(f1, epochs=spec.f1_large_epochs, batch_size=large),
    }


def _job(label: str, settings: Training, images: ImageSet, *, other: Any = None) -> Job:
    """Make the job of a training; it ends at the loss of another if there is one."""
    shown = settings.updates * settings.batch_size or settings.train_examples
    # an update of ten images takes as long as one of fifty
    updates = settings.updates or -(-settings.train_examples // settings.batch_size)
    return Job(
        label,
        partial(train_to, settings, images=images, other=other)
        if other
        else partial(train, settings, images=images),
        cost=(shown + 40 * updates) * _weights(settings),
    )


def _noise(spec: Spec, images: ImageSet) -> Job:
    settings = Noise(
        widths=_widths(images, (spec.units,)),
        batch_sizes=spec.batch_sizes,
        draws=spec.noise_batches,
        optimizer=NESTEROV,
        learning_rate=spec.learning_rate,
        batch_size=spec.batch_sizes[1],  # of A's, the one that is most in use
        epochs=1,
        train_examples=min(spec.train_examples, len(images.train)),
        seeds=spec.seeds,
    )
    return Job(
        "gradient noise",
        partial(noise, settings, images=images),
        cost=2 * spec.noise_batches * sum(spec.batch_sizes) * _weights(settings),
    )


def _time(spec: Spec, images: ImageSet) -> Job:
    count = min(spec.train_examples, len(images.train))
    settings = Timing(
        widths=_widths(images, spec.hidden),
        batch_sizes=spec.batch_sizes,
        updates=spec.timed_updates,
        rounds=spec.timed_rounds,
        optimizer=NESTEROV,
        learning_rate=spec.written_rate,
        train_examples=count,
        seed=spec.seeds[0],
    )
    shown = sum(min(count, size * spec.timed_updates) for size in spec.batch_sizes)
    return Job(
        "time of a pass",
        partial(time_passes, settings, images=images),
        cost=shown / len(spec.batch_sizes) * _weights_of_one(settings.widths),
        threads=1,
        repeats=False,
    )


def _machine(entry: Entry, images: ImageSet) -> str:
    """Say on what an entry was computed."""
    (one,) = record([entry], learned=images, replicas=1)["environments"]
    return f"{one['machine']}; {one['device']}"


def _weights(settings: Training | Noise) -> int:
    """Count the weights of a whole stack."""
    return _weights_of_one(settings.widths) * len(settings.seeds)


def _weights_of_one(widths: tuple[int, ...]) -> int:
    return sum(n_in * n_out for n_in, n_out in pairwise(widths))


def _widths(images: ImageSet, units: tuple[int, ...]) -> tuple[int, ...]:
    return (images.train.images[0].numel(), *units, len(images.classes))


def _described(entry: Entry) -> Described:
    return {name: entry.arrays[f"described_{name}"] for name in MEASURES}


def _closer(entry: Entry) -> CloserLook:
    """Read a closer look; NaN where every replica diverged, so that there was none."""
    count = len(entry.arrays["diverged"])
    kinds, factors = len(KINDS), len(FACTORS)
    shapes = {
        "keskar_wide": (count,),
        "keskar_narrow": (count,),
        "jacobian": (kinds, 2, count),
        "rescaled": (len(RESCALED), factors, count),
        "difference": (factors, count),
    }
    missing = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
    return CloserLook(**{name: entry.arrays.get(name, of) for name, of in missing.items()})
