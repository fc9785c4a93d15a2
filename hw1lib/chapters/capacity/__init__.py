"""Does a larger network generalize better? Chapter 32, homework 1-3."""

from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.capacity import plan
from hw1lib.chapters.capacity.long_trainings import LongTraining, train_long
from hw1lib.chapters.capacity.result import Result
from hw1lib.chapters.capacity.spec import LONG, OF_A, OF_B, PROFILES, SETTLED, Spec
from hw1lib.chapters.capacity.sweeps import FeatureSweep, Sweep
from hw1lib.chapters.capacity.trainings import Features, Training, fit_features, train
from hw1lib.data import image_sets, own_images
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import builders
from hw1lib.results.job import Job, refuse_larger_steps
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length

__all__ = ["LONG", "OF_A", "OF_B", "PROFILES", "SETTLED", "Result", "Spec", "run"]

FEATURES = "random features"


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    arms, features = plan.trainings(spec, images), plan.features(spec, images)
    jobs: dict[tuple[str, Any], Job] = {
        (arm, training.name): _training_job(arm, training, images)
        for arm, trainings in arms.items()
        for training in trainings
    }
    different = own_images.distinct(images)
    jobs |= {(FEATURES, fit.count): _features_job(fit, different) for fit in features}
    entries = carry_out("capacity", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        sweeps={
            arm: _sweep(trainings, [entries[arm, training.name] for training in trainings])
            for arm, trainings in arms.items()
        },
        features=_feature_sweep(features, [entries[FEATURES, fit.count] for fit in features]),
        described={
            f"{training.name}, {arm}": {
                measure: entries[arm, training.name].arrays[f"described_{measure}"]
                for measure in generalization.MEASURES
            }
            for arm in (OF_A, OF_B)
            for training in arms[arm]
        },
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def _training_job(arm: str, settings: Training, images: ImageSet) -> Job:
    label, visits = f"{settings.name}, {arm}", settings.digits.train * len(settings.seeds)
    refuse_larger_steps(label, settings.batch_size, settings.digits.train, images)
    call: Any = train
    if isinstance(settings, LongTraining):  # which takes pixels as they are, of one channel
        call, images = train_long, own_images.in_one_channel(images)
    return Job(
        label,
        partial(call, settings, images=images),
        cost=builders.parameter_count(settings.widths) * visits,
    )


def _features_job(settings: Features, images: ImageSet) -> Job:
    # a QR decomposition of double precision, as so many parameters' visits to an example
    examples = settings.digits.train
    return Job(
        f"{settings.count} features",
        partial(fit_features, settings, images=images),
        cost=settings.count * min(settings.count, examples) * examples,
    )


def _sweep(trainings: list[Training], entries: list[Entry]) -> Sweep:
    """Put the networks of an arm side by side; NaN on the way once every replica was done."""
    one = trainings[0]
    epochs = one.measured_after

    def along(split: str) -> np.ndarray:
        if not one.measure_every:
            return np.empty((len(entries), 0, len(one.seeds), 2))
        parts = [entry.arrays[f"{split}_along"] for entry in entries]
        return np.stack([to_length(part, len(epochs)) for part in parts])

    names = ("train", "test", "passes", "lowest_batch", "highest_running", "diverged")
    return Sweep(
        names=tuple(training.name for training in trainings),
        parameters=np.array([builders.parameter_count(t.widths) for t in trainings]),
        **{name: np.stack([entry.arrays[name] for entry in entries]) for name in names},
        epochs=epochs,
        train_along=along("train"),
        test_along=along("test"),
    )


def _feature_sweep(fits: list[Features], entries: list[Entry]) -> FeatureSweep:
    """Put the numbers of random features side by side."""
    train, test = (
        np.stack([entry.arrays[split] for entry in entries]) for split in ("train", "test")
    )
    return FeatureSweep(np.array([fit.count for fit in fits]), train, test)
