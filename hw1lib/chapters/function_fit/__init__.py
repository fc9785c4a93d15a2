"""Chapter 11: does depth help to fit a function at equal parameter count? Homework 1-1."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.function_fit.trainings import DENSE, Training, train
from hw1lib.data import functions
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import setting
from hw1lib.results.store import Entry

NETWORKS = {"deep": builders.DEEP, "medium": builders.MEDIUM, "shallow": builders.SHALLOW}

AS_A = "RMSprop, as A"
AS_B = "Adam, as B"
TUNED = "Adam, tuned"
B_SIGN = "as B wrote it"
ARMS = [AS_A, AS_B, TUNED]

UNSEEN = 1_000_000  # added to a seed for trainings that only choose a learning rate


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the function fit; the defaults are the full profile."""

    targets: tuple[str, ...] = setting(
        ("sinc", "sine", "sign"), "functions to fit", choices=functions.TARGETS
    )
    points: int = setting(300, "training points, a uniform grid on [-1, 1]", at_least=2)
    epochs: int = setting(20_000, "full-batch updates, as A and B have at most", at_least=1)
    learning_rate: float = setting(1e-3, "of A's RMSprop and B's Adam", above=0)
    weight_decay: float = setting(1e-4, "of A's RMSprop and of B's sign fit", at_least=0)
    grid: tuple[float, ...] = setting(
        (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), "learning rates tried for each network", above=0
    )
    tuning_replicas: int = setting(20, "trainings that choose among them", at_least=2)
    tuning_epochs: int = setting(5_000, "updates of each of those", at_least=1)
    sign_epochs: int = setting(25_000, "updates of the sign fit as B wrote it", at_least=1)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        points=100,
        epochs=400,
        grid=(1e-3, 3e-3, 1e-2),
        tuning_replicas=3,
        tuning_epochs=100,
        sign_epochs=400,
    ),
    smoke=Spec(
        replicas=2,
        points=20,
        epochs=30,
        grid=(1e-3, 1e-2),
        tuning_replicas=2,
        tuning_epochs=10,
        sign_epochs=30,
    ),
)

# learning rate of report B's sign fit, by network
B_SIGN_RATES = {"deep": 1.2e-3, "medium": 1.2e-3, "shallow": 1.1e-3}


@dataclass(frozen=True)
class Fit:
    """What R replicas of one network did on one target in one arm."""

    loss: np.ndarray  # (E + 1, R) mean squared error on the training points before each update
    prediction: np.ndarray  # (R, DENSE) value at each point of the dense grid at the end
    error: np.ndarray  # (R, DENSE) prediction minus truth
    learning_rate: float

    @property
    def final(self) -> np.ndarray:
        """Loss after the last update, (R,), mean squared error; infinite where it diverged."""
        # nan_to_num would turn an infinite loss into a large finite one
        return np.where(np.isfinite(self.loss[-1]), self.loss[-1], np.inf)

    @property
    def diverged(self) -> np.ndarray:
        """Which replicas were stopped by a loss that was not finite, (R,)."""
        return ~np.isfinite(self.final)

    @property
    def dense(self) -> np.ndarray:
        """Mean squared error on the dense grid, (R,), so between the training points too.

        Infinite where a replica diverged.
        """
        error = np.where(self.diverged[:, None], np.inf, self.error.astype(np.float64))
        return np.square(error).mean(axis=1)

    def first_below(self, threshold: float) -> np.ndarray:
        """Count the updates until the loss was first below a threshold, (R,); inf if never."""
        below = self.loss < threshold
        return np.where(below.any(axis=0), below.argmax(axis=0), np.inf)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 11 shows."""

    spec: Spec
    fits: dict[tuple[str, str, str], Fit]  # by arm, target and network
    tuning: dict[tuple[str, str], np.ndarray]  # by target and network: (G, T) final losses, where
    # G learning rates were tried with T replicas each
    provenance: tuple[dict[str, Any], ...]

    def constant(self, target: str) -> float:
        """Mean squared error of the best constant on the training points: the target's variance."""
        return float(functions.TARGETS[target](functions.grid(self.spec.points)).var(correction=0))

    def stuck(self, arm: str, target: str, network: str) -> np.ndarray:
        """Which replicas ended within a tenth of the best constant's loss, or diverged, (R,)."""
        return self.fits[arm, target, network].final > 0.9 * self.constant(target)


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every arm that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    pairs = [(target, network) for target in spec.targets for network in NETWORKS]
    a: dict[str, Any] = {"optimizer": "rmsprop", "weight_decay": spec.weight_decay}
    b: dict[str, Any] = {"optimizer": "adam", "weight_decay": 0.0}

    def job(label: str, target: str, network: str, **settings: Any) -> Job:
        common = {"epochs": spec.epochs, "points": spec.points, "seeds": spec.seeds}
        chosen = Training(
            target=target,
            widths=NETWORKS[network],
            **{**common, "learning_rate": spec.learning_rate, **settings},
        )
        return Job(f"{label}, {target}, {network}", chosen, train, (train,), cost=len(chosen.seeds))

    tried = {
        (target, network, rate): job(
            f"tuning {rate:g}",
            target,
            network,
            **b,
            learning_rate=rate,
            epochs=spec.tuning_epochs,
            # other seeds than those of the comparison, or the choice would favour itself
            seeds=tuple(UNSEEN + spec.seed + r for r in range(spec.tuning_replicas)),
        )
        for target, network in pairs
        for rate in spec.grid
    }
    tuning = carry_out("function_fit", tried, device=device, progress=progress)
    outcome = {
        (target, network): np.stack(
            [
                _fit(tuning[target, network, rate], tried[target, network, rate]).final
                for rate in spec.grid
            ]
        )
        for target, network in pairs
    }

    jobs = {(AS_A, *pair): job(AS_A, *pair, **a) for pair in pairs}
    jobs |= {(AS_B, *pair): job(AS_B, *pair, **b) for pair in pairs}
    for pair in pairs:
        rate = spec.grid[int(choose(outcome[pair]))]
        jobs[TUNED, *pair] = job(TUNED, *pair, **b, learning_rate=rate)
    if "sign" in spec.targets:
        for network, rate in B_SIGN_RATES.items():
            settings = {"weight_decay": spec.weight_decay, "epochs": spec.sign_epochs}
            jobs[B_SIGN, "sign", network] = job(
                B_SIGN, "sign", network, optimizer="adam", learning_rate=rate, **settings
            )
    entries = carry_out("function_fit", jobs, device=device, progress=progress)

    return Result(
        spec=spec,
        fits={key: _fit(entry, jobs[key]) for key, entry in entries.items()},
        tuning=outcome,
        provenance=(
            record(
                [*tuning.values(), *entries.values()],
                learned="the targets' formulas",
                replicas=spec.replicas,
            ),
        ),
    )


def choose(losses: np.ndarray) -> np.ndarray:
    """Choose the learning rate with the lowest median loss.

    Args:
        losses: Final losses, (G, ..., T), of T trainings at each of G learning rates.

    Returns:
        The index of the chosen rate, (...).
    """
    return np.median(losses, axis=-1).argmin(axis=0)


def chosen_again(losses: np.ndarray, *, resamples: int = 10_000) -> float:
    """Estimate how often other trainings would choose the same learning rate, 0 to 1.

    The T trainings are drawn anew with replacement (Efron 1979, Annals of Statistics 7, 1-26), a
    seed with its losses at all rates.

    Args:
        losses: Final losses, (G, T), of T trainings at each of G learning rates.
        resamples: How many times the trainings are drawn.
    """
    trainings = losses.shape[1]
    drawn = np.random.default_rng(0).integers(trainings, size=(resamples, trainings))
    return float((choose(losses[:, drawn]) == choose(losses)).mean())


def _fit(entry: Entry, job: Job) -> Fit:
    settings: Training = job.settings
    loss = to_length(entry.arrays["loss"], settings.epochs + 1)
    prediction = entry.arrays["prediction"]
    truth = functions.TARGETS[settings.target](functions.grid(DENSE)).numpy()
    return Fit(loss, prediction, prediction - truth, settings.learning_rate)
