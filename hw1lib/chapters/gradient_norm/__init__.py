"""Chapter 22: what does the gradient norm do while a network learns? Homework 1-2."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.gradient_norm.trainings import (
    RERUN,
    SAME,
    TENTH,
    DigitsTraining,
    Training,
    train,
    train_digits,
)
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging import oscillation
from hw1lib.judging.oscillation import Oscillation
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import setting
from hw1lib.results.store import Entry

RMSPROP, ADAM, PLAIN = "RMSprop", "Adam", "plain gradient descent"
OPTIMIZERS = {RMSPROP: "rmsprop", ADAM: "adam", PLAIN: "sgd"}  # of report A's network
B, DIGITS = "1-500-1", "digits"

MAIN = "main"  # the training itself, beside the ways in which it goes on
LATE = "late"  # of the main part: from a quarter of its updates on
RERUN_EPOCHS = 6  # that report B's figure shows, of a network trained before

WIDE = (1, 500, 1)  # B's, 1,501 parameters
OF_DIGITS = (784, 10, 20, 10)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the gradient norm's chapter; the defaults are the full profile."""

    data: str = setting(
        "auto", "images of digits: auto, real or standin", choices=image_sets.MODES[:3]
    )
    epochs: int = setting(2_000, "full-batch updates of A's network", at_least=40)
    more: int = setting(
        1_000, "updates after those, at the same step and at a tenth of it", at_least=24
    )
    points: int = setting(200, "training points of A's network", at_least=2)
    learning_rate: float = setting(1e-3, "of RMSprop, as A, and of Adam, as B", above=0)
    plain_rate: float = setting(0.4, "of plain gradient descent in their place", above=0)
    weight_decay: float = setting(1e-4, "of A's and B's networks", at_least=0)
    epochs_b: int = setting(
        2_500, "full-batch updates of B's network, as B has at most", at_least=40
    )
    points_b: int = setting(300, "training points of B's network", at_least=2)
    epochs_digits: int = setting(5, "passes over the digits", at_least=1)
    train_examples: int = setting(60_000, "digits learned, at most", at_least=1)
    batch_size: int = setting(64, "digits per step", at_least=1)
    edge_rates: tuple[float, ...] = setting(
        (0.1, 0.2, 0.4), "steps of gradient descent whose curvature is followed", above=0
    )
    edge_epochs: int = setting(5_000, "full-batch updates of each of those", at_least=1)
    edge_every: int = setting(50, "updates between two looks at the curvature", at_least=1)
    window: int = setting(
        250,
        "updates over which the norm's course counts as straight; periods up to a third of it",
        at_least=oscillation.SHORTEST,
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        self.at_most("batch_size", "train_examples")


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        epochs=1_000,
        more=300,
        epochs_b=300,
        epochs_digits=3,
        train_examples=2_000,
        edge_rates=(0.4,),
        edge_epochs=1_000,
        edge_every=50,
    ),
    smoke=Spec(
        replicas=2,
        epochs=60,
        more=24,
        points=20,
        epochs_b=40,
        points_b=20,
        epochs_digits=1,
        train_examples=60,
        batch_size=20,
        edge_rates=(0.1, 0.4),
        edge_epochs=20,
        edge_every=10,
        window=15,
    ),
)


def decades(norm: np.ndarray) -> np.ndarray:
    """Take the decimal logarithm; NaN where there is none."""
    return np.log10(np.where(norm > 0, norm, np.nan))


@dataclass(frozen=True)
class Course:
    """Loss and gradient norm of R trainings, before each update."""

    loss: np.ndarray  # (S, R) on the step's examples: squared error, or nats for digits
    norm: np.ndarray  # (S, R) of that loss's gradient over all parameters, loss per unit of weight

    @property
    def diverged(self) -> np.ndarray:
        """Which replicas were stopped by a loss that was not finite, (R,)."""
        return ~np.isfinite(self.loss[-1])

    def fraction(self, share: float) -> int:
        """Count the updates of the first so large a part of the training, at least one."""
        return max(1, round(share * len(self.loss)))


@dataclass(frozen=True)
class Swing:
    """How the gradient norm moves in a late part of R trainings."""

    norm: np.ndarray  # (T, R) loss per unit of weight
    oscillation: Oscillation  # of its decimal logarithm, so amplitudes are in decades

    @property
    def level(self) -> np.ndarray:
        """Geometric mean, (R,), loss per unit of weight."""
        return 10 ** decades(self.norm).mean(axis=0)


@dataclass(frozen=True)
class Edge:
    """Curvature along plain gradient descent."""

    epochs: np.ndarray  # (K,) updates before each look
    sharpness: np.ndarray  # (K, R) largest eigenvalue of the loss's Hessian; NaN once diverged
    loss: np.ndarray  # (E, R) mean squared error before each update


@dataclass(frozen=True)
class Result:
    """Everything that chapter 22 shows."""

    spec: Spec
    courses: dict[tuple[str, str], Course]  # by arm, and main part or way to go on
    swings: dict[tuple[str, str], Swing]  # by optimizer of A's network, and part
    edges: dict[float, Edge]  # by step size
    accuracy: np.ndarray  # (R,) of the digits' networks on test images
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that took the place of the digits; empty where they are real."""
        return image_sets.name_standins(self.images)


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every arm that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data)
    regressors = _regressors(spec)
    digits = _digits_job(spec, images)
    entries = carry_out(
        "gradient_norm", {**regressors, DIGITS: digits}, device=device, progress=progress
    )

    courses = {(DIGITS, MAIN): _course(entries[DIGITS], len(entries[DIGITS].arrays["loss"]))}
    for arm in (*OPTIMIZERS, B):
        settings: Training = regressors[arm].settings
        courses[arm, MAIN] = _course(entries[arm], settings.epochs)
        for name in settings.continued:
            courses[arm, name] = _course(entries[arm], settings.more, f"_{name}")
    return Result(
        spec=spec,
        courses=courses,
        swings={
            (arm, part): _swing(spec, courses, arm, part)
            for arm in OPTIMIZERS
            for part in (LATE, SAME, TENTH)
        },
        edges={rate: _edge(entries[rate], spec.edge_epochs) for rate in spec.edge_rates},
        accuracy=entries[DIGITS].arrays["accuracy"],
        images=images,
        provenance=(
            record(
                [entries[key] for key in regressors],
                learned="the target's formula",
                replicas=spec.replicas,
            ),
            record(
                [entries[DIGITS]],
                learned=images,
                replicas=spec.replicas,
            ),
        ),
    )


def _regressors(spec: Spec) -> dict[str | float, Job]:
    """List the trainings on sinc: by optimizer of A's network, B's network, and by step size."""

    def job(label: str, **settings: Any) -> Job:
        a = {"widths": builders.MEDIUM, "activation": "leaky_relu", "points": spec.points}
        how = {"continued": (SAME, TENTH), "more": spec.more, "curvature_every": 0}
        common: dict[str, Any] = {**a, **how, "weight_decay": spec.weight_decay}
        chosen = Training(**{**common, "seeds": spec.seeds, "epochs": spec.epochs, **settings})
        return Job(label, chosen, train, (train,), cost=len(spec.seeds))

    jobs: dict[str | float, Job] = {
        arm: job(
            f"{arm}, A's network",
            optimizer=name,
            learning_rate=spec.plain_rate if arm == PLAIN else spec.learning_rate,
        )
        for arm, name in OPTIMIZERS.items()
    }
    jobs[B] = job(
        "Adam, B's network",
        widths=WIDE,
        activation="relu",
        points=spec.points_b,
        optimizer="adam",
        learning_rate=spec.learning_rate,
        epochs=spec.epochs_b,
        continued=(RERUN,),
        more=RERUN_EPOCHS,
    )
    for rate in spec.edge_rates:
        jobs[rate] = job(
            f"curvature at step {rate:g}",
            optimizer="sgd",
            learning_rate=rate,
            epochs=spec.edge_epochs,
            continued=(),
            more=0,
            curvature_every=spec.edge_every,
        )
    return jobs


def _digits_job(spec: Spec, images: ImageSet) -> Job:
    settings = DigitsTraining(
        widths=OF_DIGITS,
        train_examples=min(spec.train_examples, len(images.train)),
        test_examples=len(images.test),
        batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        epochs=spec.epochs_digits,
        seeds=spec.seeds,
    )

    return Job(
        "digits",
        settings,
        partial(train_digits, images=images),
        code=(train_digits,),
        data_fingerprint=images.fingerprint,
        cost=len(spec.seeds) * settings.train_examples / settings.batch_size,
    )


def _course(entry: Entry, steps: int, suffix: str = "") -> Course:
    return Course(*(to_length(entry.arrays[f"{name}{suffix}"], steps) for name in ("loss", "norm")))


def _edge(entry: Entry, steps: int) -> Edge:
    found = entry.arrays
    return Edge(found["sharpness_epochs"], found["sharpness"], to_length(found["loss"], steps))


def _swing(spec: Spec, courses: dict[tuple[str, str], Course], arm: str, part: str) -> Swing:
    """Measure a part: of the main one from a quarter on, of those after it the second half.

    RMSprop's memory of past gradients holds some hundred updates, so that long it takes until a
    changed step has had its effect.
    """
    course = courses[arm, MAIN if part == LATE else part]
    norm = course.norm[course.fraction(1 / 4 if part == LATE else 1 / 2) :]
    stream = np.random.default_rng(np.random.SeedSequence((spec.seed, len(norm))))
    found = oscillation.measure(decades(norm), window=spec.window, generator=stream)
    return Swing(norm, found)
