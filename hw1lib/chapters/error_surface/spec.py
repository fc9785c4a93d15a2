"""Settings of chapter 24, and the names of its networks and arms."""

from dataclasses import dataclass

from hw1lib.data import image_sets
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.specs import setting

REGRESSORS = {"deep": builders.DEEP, "shallow": builders.SHALLOW}
HIDDEN = (10, 20)  # of the classifier

SGD = "SGD"
ADAM = "Adam"
LARGE = "Adam, large steps"
ARMS = [SGD, ADAM, LARGE]


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the error surface; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    points: int = setting(300, "training points of the sinc function, a uniform grid", at_least=2)
    updates: int = setting(5_000, "of the regressors, full batch", at_least=1)
    fit_rate: float = setting(1e-3, "learning rate of the regressors' Adam", above=0)
    train_examples: int = setting(60_000, "digits to learn, at most", at_least=1)
    batch_size: int = setting(64, "digits per step", at_least=1, within=("train_examples",))
    epochs: int = setting(10, "epochs over the digits", at_least=1)
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
    eigenvalues: int = setting(
        5, "largest eigenvalues of each Hessian", at_least=1, within=("lanczos_steps",)
    )
    lanczos_steps: int = setting(60, "products with the Hessian to find them", at_least=1)


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
