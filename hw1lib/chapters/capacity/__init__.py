"""Chapter 32: does a network with more parameters generalize better? Homework 1-3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from hw1lib.chapters.capacity.sweeps import FeatureSweep, Sweep
from hw1lib.chapters.capacity.trainings import Features, Training, fit_features, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import SettingError, setting
from hw1lib.results.store import Entry

# A's ten networks 784-h1-h2-10, in A's order
A_HIDDEN: tuple[tuple[int, ...], ...] = (
    (50, 100),
    (5, 9),
    (25, 50),
    (60, 120),
    (280, 560),
    (150, 300),
    (200, 400),
    (100, 200),
    (350, 600),
    (250, 500),
)
LEAST_SIZES = 5  # with which a knee can be found

A = "A's networks"
B = "B's networks"
SETTLED = "A's networks, trained on"
NOISY = "noisy labels"
ARMS = [A, B, SETTLED, NOISY]
FEATURES = "random features"


def parameters(widths: Sequence[int]) -> int:
    """Count the weights and biases of a perceptron with these layer sizes, ends included."""
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the chapter on capacity; the defaults are the full profile."""

    data: str = setting("auto", "auto, real or standin", choices=image_sets.MODES[:3])
    replicas: int = setting(20, "trainings of each of A's networks, side by side", at_least=1)
    side_replicas: int = setting(
        6, "trainings of each network of the other arms, the fewest with a verdict", at_least=1
    )
    a_models: tuple[int, ...] = setting(
        tuple(range(1, len(A_HIDDEN) + 1)), "A's networks 784-h1-h2-10, by A's numbers", at_least=1
    )
    b_units: tuple[int, ...] = setting(
        (50, 100, 250, 500, 550, 750, 1000, 1050, 1500, 2000),
        "hidden units of B's networks 784-h-10",
        at_least=1,
    )
    train_examples: int = setting(60_000, "digits that A's and B's networks learn", at_least=1)
    test_examples: int = setting(10_000, "test digits, at most", at_least=1)
    epochs: int = setting(10, "passes over them", at_least=1)
    described: int = setting(
        500,
        "of them and of test digits on which sensitivity and sharpness are measured",
        at_least=1,
    )
    described_replicas: int = setting(
        6, "trainings of A's and B's networks of which they are, at most", at_least=1
    )
    a_batch_size: int = setting(100, "digits per step, A's networks", at_least=1)
    a_rate: float = setting(1e-4, "learning rate of Adam, A's networks", above=0)
    b_batch_size: int = setting(600, "digits per step, B's networks", at_least=1)
    b_rate: float = setting(1e-3, "learning rate of Adam, B's networks", above=0)
    settled_examples: int = setting(
        10_000, "digits that A's networks learn to convergence", at_least=1
    )
    settled_epochs: int = setting(60, "passes over those, at most", at_least=1)
    settled_every: int = setting(5, "passes between two measurements of those", at_least=1)
    settled_rate: float = setting(1e-3, "learning rate of Adam on those", above=0)
    settled_loss: float = setting(0.01, "mean of a pass at which they stop, in nats", above=0)
    noisy_examples: int = setting(4_000, "digits with noisy labels", at_least=2)
    noise: float = setting(0.15, "share of their labels replaced by random ones", at_least=0)
    noisy_units: tuple[int, ...] = setting(
        (3, 6, 12, 25, 38, 50, 65, 100, 200, 500),
        "hidden units of the networks 784-h-10 that learn those",
        at_least=1,
    )
    noisy_epochs: int = setting(300, "passes over those", at_least=1)
    noisy_batch_size: int = setting(100, "of those per step", at_least=1)
    noisy_rate: float = setting(3e-4, "learning rate of Adam on those", above=0)
    feature_ratios: tuple[float, ...] = setting(
        (0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0),
        "random features per digit with a noisy label",
        above=0,
    )
    bandwidth: float = setting(
        5.0, "of their kernel, in full intensities; digits lie some 10 apart", above=0
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        self.at_most("a_batch_size", "train_examples")
        self.at_most("b_batch_size", "train_examples")
        self.at_most("a_batch_size", "settled_examples")
        self.at_most("noisy_batch_size", "noisy_examples")
        if max(self.a_models) > len(A_HIDDEN):
            raise SettingError(
                f"a_models of capacity.Spec are numbers from 1 to {len(A_HIDDEN)}, "
                f"got {max(self.a_models)}"
            )
        if self.noise > 1:
            raise SettingError(f"noise of capacity.Spec must be at most 1, got {self.noise:g}")
        for name in ("a_models", "b_units", "noisy_units", "feature_ratios"):
            if len(set(getattr(self, name))) < LEAST_SIZES:
                raise SettingError(
                    f"{name} of capacity.Spec must be {LEAST_SIZES} different sizes at least, "
                    f"got {list(getattr(self, name))}"
                )

    @property
    def side_seeds(self) -> tuple[int, ...]:
        """One seed per replica of the other arms: the first ones of A's networks."""
        return tuple(range(self.seed, self.seed + self.side_replicas))


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        a_models=(2, 3, 4, 8, 10),
        b_units=(30, 50, 100, 150, 250),
        train_examples=400,
        test_examples=500,
        epochs=6,
        described=20,
        described_replicas=1,
        a_batch_size=25,
        a_rate=1e-3,
        b_batch_size=50,
        settled_examples=150,
        settled_epochs=15,
        settled_every=3,
        settled_loss=0.03,
        noisy_examples=200,
        noisy_units=(1, 2, 4, 8, 32),
        noisy_epochs=70,
        noisy_batch_size=50,
        noisy_rate=1e-3,
    ),
    smoke=Spec(
        replicas=2,
        side_replicas=2,
        a_models=(2, 3, 1, 8, 10),
        b_units=(2, 3, 4, 5, 6),
        train_examples=60,
        test_examples=40,
        epochs=2,
        described=5,
        described_replicas=1,
        a_batch_size=20,
        b_batch_size=30,
        settled_examples=40,
        settled_epochs=2,
        settled_every=1,
        noisy_examples=20,
        noisy_units=(1, 2, 3, 4, 5),
        noisy_epochs=2,
        noisy_batch_size=10,
        feature_ratios=(0.1, 0.5, 1.0, 2.0, 4.0),
    ),
)


@dataclass(frozen=True)
class Result:
    """Everything that chapter 32 shows."""

    spec: Spec
    sweeps: dict[str, Sweep]  # by arm
    features: FeatureSweep
    described: dict[
        str, dict[str, np.ndarray]
    ]  # "network, arm" -> generalization.MEASURES, (R,); NaN if not taken
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the digits are real."""
        return image_sets.name_standins(self.images)

    @property
    def early(self) -> int:
        """Passes after which A's networks, trained on, are measured nearest before A's number."""
        epochs = self.sweeps[SETTLED].epochs
        return int(epochs[epochs <= self.spec.epochs][-1])

    @property
    def threshold(self) -> int:
        """Count the equations of the arm with noisy labels: one per digit and class."""
        return self.learned * len(self.images.classes)

    @property
    def learned(self) -> int:
        """Count the digits with noisy labels."""
        return min(self.spec.noisy_examples, len(self.images.train))


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data)
    plan = {arm: networks(spec, arm, images) for arm in ARMS}
    jobs: dict[tuple[str, Any], Job] = {
        (arm, name): _job(spec, arm, name, widths, images)
        for arm, chosen in plan.items()
        for name, widths in chosen.items()
    }
    counts = feature_counts(spec, images)
    jobs |= {(FEATURES, count): _features_job(spec, count, images) for count in counts}
    entries = carry_out("capacity", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        sweeps={
            arm: _sweep(spec, arm, chosen, [entries[arm, name] for name in chosen])
            for arm, chosen in plan.items()
        },
        features=FeatureSweep(
            np.array(counts),
            *(
                np.stack([entries[FEATURES, count].arrays[split] for count in counts])
                for split in ("train", "test")
            ),
        ),
        described={
            f"{name}, {arm}": {
                measure: entries[arm, name].arrays[f"described_{measure}"]
                for measure in generalization.MEASURES
            }
            for arm in (A, B)
            for name in plan[arm]
        },
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def networks(spec: Spec, arm: str, images: ImageSet) -> dict[str, tuple[int, ...]]:
    """List the layer sizes of an arm's networks by name, the smallest network first."""
    ends = images.train.images[0].numel(), len(images.classes)
    of_a = [A_HIDDEN[number - 1] for number in spec.a_models]
    hidden: dict[str, list[tuple[int, ...]]] = {
        A: of_a,
        B: [(units,) for units in spec.b_units],
        SETTLED: of_a,
        NOISY: [(units,) for units in spec.noisy_units],
    }
    widths = sorted({(ends[0], *units, ends[1]) for units in hidden[arm]}, key=parameters)
    return {"-".join(map(str, sizes)): sizes for sizes in widths}


def feature_counts(spec: Spec, images: ImageSet) -> list[int]:
    """List the numbers of random features, the smallest first."""
    examples = min(spec.noisy_examples, len(images.train))
    return sorted({max(1, round(ratio * examples)) for ratio in spec.feature_ratios})


def _job(spec: Spec, arm: str, name: str, widths: tuple[int, ...], images: ImageSet) -> Job:
    how: dict[str, Any] = {
        A: {
            "train_examples": spec.train_examples,
            "batch_size": spec.a_batch_size,
            "learning_rate": spec.a_rate,
            "epochs": spec.epochs,
            "described": spec.described,
            "described_replicas": min(spec.described_replicas, spec.replicas),
            "seeds": spec.seeds,
        },
        B: {
            "train_examples": spec.train_examples,
            "batch_size": spec.b_batch_size,
            "learning_rate": spec.b_rate,
            "epochs": spec.epochs,
            "described": spec.described,
            "described_replicas": min(spec.described_replicas, spec.side_replicas),
            "seeds": spec.side_seeds,
        },
        SETTLED: {
            "train_examples": spec.settled_examples,
            "batch_size": spec.a_batch_size,
            "learning_rate": spec.settled_rate,
            "epochs": spec.settled_epochs,
            "settled": spec.settled_loss,
            "measure_every": spec.settled_every,
            "seeds": spec.side_seeds,
        },
        NOISY: {
            "train_examples": spec.noisy_examples,
            "batch_size": spec.noisy_batch_size,
            "learning_rate": spec.noisy_rate,
            "epochs": spec.noisy_epochs,
            "objective": "squared error",
            "noise": spec.noise,
            "seeds": spec.side_seeds,
        },
    }[arm]
    how["train_examples"] = min(how["train_examples"], len(images.train))
    common = {"objective": "cross-entropy", "noise": 0.0, "settled": 0.0}
    common |= {"measure_every": 0, "described": 0, "described_replicas": 0}
    settings = Training(
        widths=widths,
        test_examples=min(spec.test_examples, len(images.test)),
        noise_seed=spec.seed,
        **{**common, **how},
    )
    return _of(f"{name}, {arm}", settings, train, images, parameters(widths))


def _features_job(spec: Spec, count: int, images: ImageSet) -> Job:
    examples = min(spec.noisy_examples, len(images.train))
    settings = Features(
        count=count,
        train_examples=examples,
        test_examples=min(spec.test_examples, len(images.test)),
        noise=spec.noise,
        noise_seed=spec.seed,
        bandwidth=spec.bandwidth,
        seeds=spec.side_seeds,
    )
    # a QR decomposition of double precision, as so many parameters' visits to an example
    cost = count * min(count, examples) / len(settings.seeds)
    return _of(f"{count} features", settings, fit_features, images, cost)


def _of(
    label: str,
    settings: Training | Features,
    compute: Callable[..., dict[str, np.ndarray]],
    images: ImageSet,
    cost: float,
) -> Job:
    return Job(
        label,
        settings,
        partial(compute, images=images),
        (compute,),
        images.fingerprint,
        cost=cost * settings.train_examples * len(settings.seeds),
    )


def _sweep(spec: Spec, arm: str, chosen: dict[str, tuple[int, ...]], entries: list[Entry]) -> Sweep:
    """Put the networks of an arm side by side; NaN on the way once every replica was done."""
    every = spec.settled_every if arm == SETTLED else 0
    epochs = (
        np.array([*range(0, spec.settled_epochs, every), spec.settled_epochs])
        if every
        else np.empty(0, dtype=int)
    )

    def along(split: str) -> np.ndarray:
        if not every:
            return np.empty((len(entries), 0, len(spec.seeds), 2))
        parts = [entry.arrays[f"{split}_along"] for entry in entries]
        return np.stack([to_length(part, len(epochs)) for part in parts])

    def stacked(name: str) -> np.ndarray:
        return np.stack([entry.arrays[name] for entry in entries])

    return Sweep(
        names=tuple(chosen),
        parameters=np.array([parameters(widths) for widths in chosen.values()]),
        **{
            name: stacked(name)
            for name in (
                "train",
                "test",
                "passes",
                "lowest_batch",
                "highest_running",
                "diverged",
            )
        },
        epochs=epochs,
        train_along=along("train"),
        test_along=along("test"),
    )
