"""Chapter 34: what goes with the batch size, and with generalization? Homework 1-3."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from hw1lib.chapters.sensitivity import trainings
from hw1lib.chapters.sensitivity.trainings import ADAM, NESTEROV, Noise, Training
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring.generalization import MEASURES
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record
from hw1lib.results.specs import SettingError, setting
from hw1lib.results.store import Entry

AS_A = "as A wrote it"  # A's learning rate for every batch size, and equal epochs
EPOCHS = "equal epochs"
STEPS = "equal updates"
SCALED = "rate scaled"  # in proportion to the batch size, and equal epochs
ARMS = (AS_A, EPOCHS, STEPS, SCALED)

SMALL, LARGE = "small batch", "large batch"  # Keskar's setting
TRUE, RANDOM = "true labels", "random labels"
ALONE = (SMALL, LARGE, TRUE, RANDOM)
SMALL_F1, LARGE_F1 = "small batch, F1", "large batch, F1"  # the same with the widths of their F1
BATCHES = {"perceptron": (SMALL, LARGE), "F1": (SMALL_F1, LARGE_F1)}  # by network

Described = dict[str, np.ndarray]  # measure -> (R,)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of sensitivity and sharpness; the defaults are the full profile.

    A's network and epochs are cut, to one hidden layer and from 30 to 20, and there are 10
    trainings of each instead of 20, so that the chapter takes an hour on two cores.
    """

    data: str = setting("auto", "auto, real or standin", choices=image_sets.MODES[:3])
    replicas: int = setting(10, "trainings of each network, side by side", at_least=1)
    units: int = setting(100, "of the one hidden layer", at_least=1)
    train_examples: int = setting(60_000, "digits to learn, at most", at_least=1)
    test_examples: int = setting(10_000, "digits to be tested on, at most", at_least=1)
    batch_sizes: tuple[int, ...] = setting(
        (10, 200, 1_000, 10_000, 20_000), "images per update, as A has them", at_least=1
    )
    epochs: int = setting(20, "passes over the digits, where they are equal", at_least=1)
    updates: int = setting(300, "where they are equal", at_least=1)
    learning_rate: float = setting(0.01, "of SGD, where it is the same for all", above=0)
    written_rate: float = setting(
        1e-4, "A's, of SGD; where rates are scaled, that of the smallest batch", above=0
    )
    described: int = setting(
        1_000, "images of each split on which sensitivity and sharpness are measured", at_least=1
    )
    noise_batches: int = setting(20, "minibatches of each size, for their noise", at_least=1)
    adam_rate: float = setting(1e-3, "learning rate of Adam, as Keskar et al. have it", above=0)
    small_batch: int = setting(256, "images per update, as Keskar et al. have it", at_least=1)
    large_share: float = setting(0.1, "of the training images in a large batch, likewise", above=0)
    small_epochs: int = setting(20, "passes with small batches", at_least=1)
    large_epochs: int = setting(150, "passes with large batches", at_least=1)
    f1_units: tuple[int, ...] = setting(
        (512, 512, 512, 512, 512),
        "of the hidden layers of F1, as Keskar et al. have them",
        at_least=1,
    )
    f1_replicas: int = setting(6, "trainings of F1, at most", at_least=1)
    f1_small_epochs: int = setting(10, "passes of F1 with small batches", at_least=1)
    f1_large_epochs: int = setting(60, "passes of F1 with large batches", at_least=1)
    closer: int = setting(10_000, "images on which those are compared, at most", at_least=1)
    twin_examples: int = setting(2_000, "digits to learn with random labels", at_least=1)
    twin_epochs: int = setting(300, "passes over those", at_least=1)

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if len(self.batch_sizes) < 3 or list(self.batch_sizes) != sorted({*self.batch_sizes}):
            raise SettingError(
                "batch_sizes of sensitivity.Spec must be at least 3, each above the one before, "
                f"got {list(self.batch_sizes)}"
            )
        if self.large_share > 1:
            raise SettingError(
                f"large_share of sensitivity.Spec must be at most 1, got {self.large_share:g}"
            )
        for name in ("small_batch", "twin_examples"):
            self.at_most(name, "train_examples")
        self.at_most("small_batch", "twin_examples")


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        units=12,
        train_examples=600,
        test_examples=500,
        batch_sizes=(4, 20, 100, 400),
        epochs=5,
        updates=40,
        described=50,
        noise_batches=6,
        small_batch=20,
        small_epochs=20,
        large_epochs=80,
        f1_units=(12, 12),
        f1_small_epochs=10,
        f1_large_epochs=40,
        closer=200,
        twin_examples=100,
        twin_epochs=40,
    ),
    smoke=Spec(
        replicas=2,
        units=5,
        train_examples=60,
        test_examples=40,
        batch_sizes=(5, 20, 50),
        epochs=1,
        updates=3,
        described=9,
        noise_batches=2,
        small_batch=10,
        small_epochs=2,
        large_epochs=2,
        f1_units=(6, 5),
        f1_small_epochs=2,
        f1_large_epochs=2,
        closer=20,
        twin_examples=20,
        twin_epochs=2,
    ),
)


@dataclass(frozen=True)
class Closer:
    """What a closer look at one network found; NaN where a replica diverged."""

    keskar_wide: np.ndarray  # (R,) % of 1 + loss, by L-BFGS-B in a box of 1e-3
    keskar_narrow: np.ndarray  # (R,) likewise in a box of 5e-4
    jacobian: np.ndarray  # (2, 2, R) of outputs, probabilities; classified correctly, wrongly
    rescaled: np.ndarray  # (5, F, R) each of RESCALED after rescaling by each of FACTORS
    difference: np.ndarray  # (F, R) largest change of an output by it


@dataclass(frozen=True)
class Result:
    """Everything that chapter 34 shows."""

    spec: Spec
    sweep: dict[tuple[str, int], Described]  # by arm and batch size
    alone: dict[str, Described]  # of the networks outside the sweep, F1 included
    tensor_gradient: dict[tuple[str, int], np.ndarray]  # (R,) A's own "sensitivity"
    closer: dict[str, Closer]  # of the networks of BATCHES
    variance: np.ndarray  # (2, S, R) of minibatch gradients: at first, after an epoch
    length: np.ndarray  # (2, R) squared norm of the gradient over all images there
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def described(self) -> dict[str, Described]:
        """Everything measured on every network but F1, by its name."""
        sweep = {f"{arm}, batch {size:,}": of for (arm, size), of in self.sweep.items()}
        # with the smallest batch, rates as A has them and scaled are the same training
        del sweep[f"{SCALED}, batch {self.spec.batch_sizes[0]:,}"]
        return sweep | {name: self.alone[name] for name in ALONE}

    @property
    def train_examples(self) -> int:
        """How many images were learned."""
        return min(self.spec.train_examples, len(self.images.train))

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the digits are real."""
        return image_sets.name_standins(self.images)


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train and describe every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.

    Raises:
        SettingError: If a batch is larger than what there is to learn.
    """
    images = image_sets.load("mnist", spec.data)
    count = min(spec.train_examples, len(images.train))
    if max(*spec.batch_sizes, spec.small_batch) > count:
        raise SettingError(
            f"batch_sizes and small_batch of sensitivity.Spec must be at most the {count:,} "
            f"training images of {images.description}, got "
            f"{max(*spec.batch_sizes, spec.small_batch):,}"
        )
    sweep = {
        (arm, size): _training(spec, images, **_arm(spec, arm, size))
        for arm in ARMS
        for size in spec.batch_sizes
    }
    alone = {
        name: _training(spec, images, **_alone(spec, name, count))
        for name in (*ALONE, *BATCHES["F1"])
    }
    jobs: dict[Hashable, Job] = {
        key: _job(f"{key[0]}, batch {key[1]}", of, images) for key, of in sweep.items()
    }
    jobs |= {name: _job(name, of, images) for name, of in alone.items()}
    jobs["noise"] = _noise(spec, images)
    entries = carry_out("sensitivity", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        sweep={key: _described(entries[key]) for key in sweep},
        alone={name: _described(entries[name]) for name in alone},
        tensor_gradient={key: entries[key].arrays["tensor_gradient"] for key in sweep},
        closer={name: _closer(entries[name]) for both in BATCHES.values() for name in both},
        variance=entries["noise"].arrays["variance"],
        length=entries["noise"].arrays["length"],
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def _arm(spec: Spec, arm: str, size: int) -> dict[str, Any]:
    """Choose how one arm trains with one batch size."""
    rate = {
        AS_A: spec.written_rate,
        EPOCHS: spec.learning_rate,
        STEPS: spec.learning_rate,
        SCALED: spec.written_rate * (size / spec.batch_sizes[0]),
    }[arm]
    equal = arm == STEPS
    return {
        "learning_rate": rate,
        "batch_size": size,
        "epochs": 1 if equal else spec.epochs,
        "updates": spec.updates if equal else 0,
    }


def _alone(spec: Spec, name: str, count: int) -> dict[str, Any]:
    """Choose how one of the networks outside the sweep is trained."""
    how = {"optimizer": ADAM, "learning_rate": spec.adam_rate, "batch_size": spec.small_batch}
    if name in (TRUE, RANDOM):
        twin = {"train_examples": min(spec.twin_examples, count), "random_labels": name == RANDOM}
        return how | twin | {"epochs": spec.twin_epochs}
    how["closer"] = min(spec.closer, count)
    if name in BATCHES["F1"]:
        how |= {"units": spec.f1_units, "seeds": spec.seeds[: spec.f1_replicas]}
    if name in (LARGE, LARGE_F1):
        how["batch_size"] = max(1, round(spec.large_share * count))
    epochs = {
        SMALL: spec.small_epochs,
        LARGE: spec.large_epochs,
        SMALL_F1: spec.f1_small_epochs,
        LARGE_F1: spec.f1_large_epochs,
    }
    return how | {"epochs": epochs[name], "rescaled": name == SMALL}


def _training(spec: Spec, images: ImageSet, *, units: tuple[int, ...] = (), **how: Any) -> Training:
    """Complete the settings of one stack, from those that differ."""
    common = {
        "widths": _widths(images, units or (spec.units,)),
        "optimizer": NESTEROV,
        "updates": 0,
        "train_examples": min(spec.train_examples, len(images.train)),
        "test_examples": min(spec.test_examples, len(images.test)),
        "random_labels": False,
        "described": spec.described,
        "closer": 0,
        "rescaled": False,
        "seeds": spec.seeds,
    }
    return Training(**{**common, **how})


def _job(label: str, settings: Training, images: ImageSet) -> Job:
    shown = settings.updates * settings.batch_size or settings.train_examples
    # an update of ten images takes as long as one of fifty
    updates = settings.updates or -(-settings.train_examples // settings.batch_size)
    return Job(
        label,
        settings,
        partial(trainings.train, images=images),
        (trainings.train,),
        images.fingerprint,
        cost=(shown + 40 * updates) * _weights(settings),
    )


def _noise(spec: Spec, images: ImageSet) -> Job:
    count = min(spec.train_examples, len(images.train))
    settings = Noise(
        widths=_widths(images, (spec.units,)),
        batch_sizes=spec.batch_sizes,
        draws=spec.noise_batches,
        learning_rate=spec.learning_rate,
        batch_size=spec.batch_sizes[1],  # of A's, the one that is most in use
        epochs=1,
        train_examples=count,
        seeds=spec.seeds,
    )
    return Job(
        "gradient noise",
        settings,
        partial(trainings.noise, images=images),
        (trainings.noise,),
        images.fingerprint,
        cost=2 * spec.noise_batches * sum(spec.batch_sizes) * _weights(settings),
    )


def _weights(settings: Training | Noise) -> int:
    """Count the weights of a whole stack."""
    of_one = sum(n_in * n_out for n_in, n_out in pairwise(settings.widths))
    return of_one * len(settings.seeds)


def _widths(images: ImageSet, units: tuple[int, ...]) -> tuple[int, ...]:
    return (images.train.images[0].numel(), *units, len(images.classes))


def _described(entry: Entry) -> Described:
    return {name: entry.arrays[f"described_{name}"] for name in MEASURES}


def _closer(entry: Entry) -> Closer:
    """Read a closer look; NaN where every replica diverged, so that there was none."""
    count = len(entry.arrays["diverged"])
    kinds, factors = len(trainings.KINDS), len(trainings.FACTORS)
    shapes = {
        "keskar_wide": (count,),
        "keskar_narrow": (count,),
        "jacobian": (kinds, 2, count),
        "rescaled": (len(trainings.RESCALED), factors, count),
        "difference": (factors, count),
    }
    missing = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
    return Closer(**{name: entry.arrays.get(name, of) for name, of in missing.items()})
