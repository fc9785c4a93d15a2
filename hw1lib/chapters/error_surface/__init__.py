"""Chapter 24: what does the loss look like between and around the weights? Homework 1-2."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from hw1lib.chapters.error_surface.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import landscape
from hw1lib.measuring.landscape import Look, Surface
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record
from hw1lib.results.specs import setting

REGRESSORS = {"deep": builders.DEEP, "shallow": builders.SHALLOW}
DIGITS = (784, 10, 20, 10)
DENSE = 3001  # points of the grid on which a fit is tested

SGD = "SGD"
ADAM = "Adam"
LARGE = "Adam, large steps"
ARMS = [SGD, ADAM, LARGE]


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the error surface; the defaults are the full profile."""

    data: str = setting("auto", "auto, real or standin", choices=image_sets.MODES[:3])
    points: int = setting(300, "training points of the sinc function, a uniform grid", at_least=2)
    updates: int = setting(5_000, "of the regressors, full batch", at_least=1)
    fit_rate: float = setting(1e-3, "learning rate of the regressors' Adam", above=0)
    train_examples: int = setting(60_000, "digits to learn, at most", at_least=1)
    batch_size: int = setting(64, "digits per step", at_least=1)
    epochs: int = setting(10, "passes over the digits", at_least=1)
    sgd_rate: float = setting(0.1, "learning rate of SGD on the digits", above=0)
    adam_rate: float = setting(1e-3, "learning rate of Adam on the digits", above=0)
    large_rate: float = setting(1e-2, "learning rate of Adam with large steps", above=0)
    measured: int = setting(
        10_000, "digits of either split on which the surface is measured, at most", at_least=1
    )
    line_steps: int = setting(40, "steps from the initial weights to the last", at_least=4)
    directions: int = setting(10, "random directions around every solution", at_least=2)
    planes: int = setting(6, "trainings around which planes are drawn", at_least=1)
    side: int = setting(41, "points along each side of a plane", at_least=3)
    snapshots: int = setting(100, "times the regressors' weights are kept for a path", at_least=1)
    eigenvalues: int = setting(5, "largest eigenvalues of each Hessian", at_least=1)
    lanczos_steps: int = setting(60, "products with the Hessian to find them", at_least=1)

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        self.at_most("batch_size", "train_examples")
        self.at_most("eigenvalues", "lanczos_steps")


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        points=100,
        updates=1_200,
        train_examples=1_000,
        batch_size=20,
        epochs=6,
        measured=500,
        line_steps=20,
        directions=5,
        planes=2,
        side=17,
        snapshots=35,
        eigenvalues=3,
        lanczos_steps=20,
    ),
    smoke=Spec(
        replicas=2,
        points=20,
        updates=20,
        train_examples=60,
        batch_size=20,
        epochs=2,
        measured=40,
        line_steps=4,
        directions=2,
        planes=1,
        side=5,
        snapshots=5,
        eigenvalues=2,
        lanczos_steps=4,
    ),
)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 24 shows."""

    spec: Spec
    surfaces: dict[str, Surface]  # by regressor and arm
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the digits are real."""
        return image_sets.name_standins(self.images)


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train and survey every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data)
    jobs = {name: _fit(spec, name) for name in REGRESSORS}
    jobs |= {arm: _learn(spec, arm, images) for arm in ARMS}
    entries = carry_out("error_surface", jobs, device=device, progress=progress)
    learned = (("the sinc function's formula", REGRESSORS), (images, ARMS))
    return Result(
        spec=spec,
        surfaces={
            name: landscape.surface(spec.line_steps, entry.arrays)
            for name, entry in entries.items()
        },
        images=images,
        provenance=tuple(
            record([entries[name] for name in names], learned=what, replicas=spec.replicas)
            for what, names in learned
        ),
    )


def _look(spec: Spec, planes: int) -> Look:
    return Look(
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
        activation="leaky_relu",
        optimizer="adam",
        learning_rate=spec.fit_rate,
        examples=spec.points,
        batch_size=spec.points,
        measured=DENSE,
        epochs=spec.updates,
        every=max(1, spec.updates // spec.snapshots),
        seeds=spec.seeds,
        look=_look(spec, spec.planes),
    )
    return Job(f"{name}, sinc", settings, train, (train,), cost=spec.points * len(spec.seeds))


def _learn(spec: Spec, arm: str, images: ImageSet) -> Job:
    optimizer, rate = {
        SGD: ("sgd", spec.sgd_rate),
        ADAM: ("adam", spec.adam_rate),
        LARGE: ("adam", spec.large_rate),
    }[arm]
    settings = Training(
        widths=DIGITS,
        activation="relu",
        optimizer=optimizer,
        learning_rate=rate,
        examples=min(spec.train_examples, len(images.train)),
        batch_size=spec.batch_size,
        measured=min(spec.measured, spec.train_examples, len(images.train), len(images.test)),
        epochs=spec.epochs,
        every=1,
        seeds=spec.seeds,
        # one way of training is enough to show what planes look like
        look=_look(spec, spec.planes if arm == SGD else 0),
    )

    return Job(
        f"{arm}, digits",
        settings,
        partial(train, images=images),
        (train,),
        images.fingerprint,
        cost=5 * settings.examples * len(spec.seeds),  # a digit takes as long as five points
    )
