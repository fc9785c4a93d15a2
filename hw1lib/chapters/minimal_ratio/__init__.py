"""Chapter 23: what the loss looks like where its gradient vanishes. Homework 1-2-3."""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from hw1lib.chapters.minimal_ratio import ratios
from hw1lib.chapters.minimal_ratio.trainings import Place, Training, train
from hw1lib.data import functions
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import setting

RECIPE = "the recipe"  # the loss is left early, then the gradient's norm goes down
BOTTOM = "to the bottom"  # the objective goes down by Newton steps before
EMBEDDED = "embedded"  # smaller networks at the bottom, with silent units added
ALONE = "loss alone"  # the recipe without weight decay
SPLIT = "embedded, loss alone"  # smaller networks without weight decay, with units split
LEAKY = "leaky ReLU"  # the recipe without weight decay and with kinks
ARMS = (RECIPE, BOTTOM, EMBEDDED, ALONE, SPLIT, LEAKY)
MADE = (EMBEDDED, SPLIT)  # critical by construction
LEAST_LEVEL = 1e-3  # loss: the lowest at which the recipe leaves phase 1


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the search for critical points; the defaults are the full profile."""

    replicas: int = setting(100, "networks of each of the main arms", at_least=1)
    hidden: int = setting(10, "units in each of the two hidden layers", at_least=2)
    sizes: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5, 6), "units per layer of the networks that are embedded", at_least=1
    )
    small_replicas: int = setting(12, "networks of each of those sizes", at_least=1)
    points: int = setting(64, "training points, a uniform grid on [-1, 1]", at_least=2)
    weight_decay: float = setting(1e-4, "of the main arms, as A's", above=0)
    learning_rate: float = setting(1e-2, "of Adam in phase 1", above=0)
    epochs: int = setting(1_000, "full-batch updates of phase 1, at most", at_least=1)
    newton: int = setting(200, "Newton steps on the objective to its bottom", at_least=1)
    steps: int = setting(200, "steps on the norm of the gradient", at_least=1)
    residual: float = setting(1e-9, "gradient norm up to which a point counts as critical", above=0)
    flat: float = setting(
        0.01, "|Hg| / (max|λ||g|) below which a rejected point is gradient-flat", above=0
    )
    tolerance: float = setting(
        1e4, "eigenvalues count as zero within so many round-offs of the largest", above=0
    )
    samples: int = setting(200, "nearby weights of the sampled ratio", at_least=1)
    radius: float = setting(1e-3, "how far each of their weights is moved, at most", above=0)

    def __post_init__(self) -> None:
        """Check that what is embedded is smaller."""
        super().__post_init__()
        if max(self.sizes) >= self.hidden:
            raise specs.SettingError(
                f"sizes of minimal_ratio.Spec must be below hidden = {self.hidden}, "
                f"got {max(self.sizes)}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer sizes of the network that is studied, ends included."""
        return (1, self.hidden, self.hidden, 1)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=20, sizes=(1, 3), small_replicas=4, points=32, epochs=200, newton=100,
        steps=15, samples=50,
    ),
    smoke=Spec(
        replicas=3, hidden=3, sizes=(1,), small_replicas=2, points=10, epochs=20, newton=10,
        steps=5, samples=5,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Points:
    """The networks of one arm: where phase 1 ended, and where the search did."""

    start: Place
    end: Place
    weights: np.ndarray  # (R, P)
    diverged: np.ndarray  # (R,) bool: phase 1 lost itself, and the measures are NaN


@dataclass(frozen=True)
class Result:
    """Everything that chapter 23 shows."""

    spec: Spec
    arms: dict[str, Points]
    provenance: tuple[dict[str, Any], ...]

    @property
    def constant(self) -> float:
        """Mean squared error of the best constant on the training points."""
        return float(functions.TARGETS["sinc"](functions.grid(self.spec.points)).var(correction=0))

    @property
    def ceiling(self) -> float:
        """Largest possible share of positive eigenvalues with kinked, rescalable units: 1 - H/P."""
        count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.spec.widths))
        return 1 - 2 * self.spec.hidden / count

    def certified(self, arm: str) -> np.ndarray:
        """Which searches ended where the gradient vanishes, (R,) of bool."""
        return self.arms[arm].end.residual <= self.spec.residual

    def gradient_flat(self, arm: str) -> np.ndarray:
        """Which stalled where the gradient does not vanish but H g nearly does, (R,) of bool."""
        return ~self.certified(arm) & (self.arms[arm].end.flatness <= self.spec.flat)

    def shares(self, arm: str) -> ratios.Shares:
        """Shares of positive, zero and negative eigenvalues at the end, at the main tolerance."""
        return ratios.shares(self.arms[arm].end.eigenvalues, self.spec.tolerance)

    def distinct(self, arm: str) -> np.ndarray:
        """Number the certified points of an arm that differ, (D,): indices of the first of each.

        Networks that exchange or mirror units are one point, with one loss and one spectrum; so
        points whose loss agrees to seven digits count once.
        """
        chosen = self.certified(arm).nonzero()[0]
        names = [f"{value:.6e}" for value in self.arms[arm].end.loss[chosen]]
        return chosen[np.sort(np.unique(names, return_index=True)[1])] if names else chosen


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Carry out every search that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    small_seeds = tuple(range(spec.seed, spec.seed + spec.small_replicas))
    variance = float(functions.TARGETS["sinc"](functions.grid(spec.points)).var(correction=0))
    levels = tuple(np.geomspace(variance, LEAST_LEVEL, spec.replicas).tolist())

    def job(arm: str, **changes: Any) -> Job:
        common: dict[str, Any] = {
            "widths": spec.widths,
            "activation": "tanh",
            "weight_decay": spec.weight_decay,
            "points": spec.points,
            "learning_rate": spec.learning_rate,
            "epochs": spec.epochs,
            "levels": levels,
            "newton": 0,
            "steps": spec.steps,
            "embedded": (),
            "samples": spec.samples,
            "radius": spec.radius,
            "seeds": spec.seeds,
        }
        chosen = Training(**{**common, **changes})
        return Job(arm, chosen, train, (train,), cost=len(chosen.seeds))

    low = {"newton": spec.newton, "levels": (0.0,) * spec.replicas}
    jobs = {
        (RECIPE, 0): job(RECIPE),
        (BOTTOM, 0): job(BOTTOM, **low),
        (ALONE, 0): job(ALONE, weight_decay=0.0),
        (LEAKY, 0): job(LEAKY, weight_decay=0.0, activation="leaky_relu"),
    }
    for size in spec.sizes:
        made = {
            "widths": (1, size, size, 1),
            "embedded": spec.widths,
            "newton": spec.newton,
            "levels": (0.0,) * len(small_seeds),
            "seeds": small_seeds,
        }
        jobs[EMBEDDED, size] = job(f"{size} units, {EMBEDDED}", **made)
        jobs[SPLIT, size] = job(f"{size} units, {SPLIT}", **made, weight_decay=0.0)
    entries = carry_out("minimal_ratio", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        arms={
            arm: _points([entry.arrays for (its, _), entry in entries.items() if its == arm])
            for arm in ARMS
        },
        provenance=(
            record(
                list(entries.values()),
                learned="the target's formula",
                replicas=spec.replicas,
            ),
        ),
    )


def _points(stacks: list[Any]) -> Points:
    names = [field.name for field in fields(Place)]

    def place(prefix: str) -> Place:
        # stacks of different size have spectra of different length before they are embedded
        longest = max(stack[f"{prefix}eigenvalues"].shape[1] for stack in stacks)
        return Place(
            **{
                name: np.concatenate(
                    [to_length(stack[prefix + name], longest, 1) for stack in stacks]
                )
                for name in names
            }
        )

    return Points(
        place("trained_"),
        place(""),
        np.concatenate([stack["weights"] for stack in stacks]),
        np.concatenate([stack["diverged"] for stack in stacks]),
    )
