"""Chapter 21: which ways do trainings take through weight space? Homework 1-2."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.weight_paths.trainings import Training, train
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import trajectories
from hw1lib.results import specs
from hw1lib.results.jobs import Job, carry_out, record, to_length
from hw1lib.results.specs import SettingError, setting
from hw1lib.results.store import Entry

A, B = "A", "B"  # whose network it is


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the weight paths; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(8, "trainings of each network, as the homework asks", at_least=1)
    epochs: int = setting(45, "passes over the training images", at_least=1)
    every: int = setting(3, "epochs between two snapshots of the weights", at_least=1)
    train_examples: int = setting(60_000, "training images used, at most", at_least=1)
    test_examples: int = setting(10_000, "test images used, at most", at_least=1)
    learning_rate: float = setting(4e-4, "of Adam, as A and B have it", above=0)
    weight_decay: float = setting(1e-4, "L2 penalty, as A and B have it", at_least=0)
    a_hidden: tuple[int, ...] = setting((10, 20), "hidden layers of A's network", at_least=1)
    a_batch: int = setting(64, "images per step of A's network", at_least=1)
    b_hidden: tuple[int, ...] = setting((500, 50), "hidden layers of B's network", at_least=1)
    b_batch: int = setting(1000, "images per step of B's network", at_least=1)

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if self.every >= self.epochs:
            raise SettingError(
                f"every of weight_paths.Spec must be less than epochs ({self.epochs}), or a path "
                f"has fewer than the three snapshots that its components need, got {self.every}"
            )
        for batch in ("a_batch", "b_batch"):
            self.at_most(batch, "train_examples")

    @property
    def snapshots(self) -> np.ndarray:
        """Passes before each snapshot, (T,)."""
        return np.minimum(np.arange(0, self.epochs + self.every, self.every), self.epochs)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(epochs=15, every=1, train_examples=1500, test_examples=1000, b_batch=250),
    smoke=Spec(
        replicas=3,
        epochs=2,
        every=1,
        train_examples=60,
        test_examples=40,
        a_batch=20,
        b_hidden=(30, 20),
        b_batch=25,
    ),
)


@dataclass(frozen=True)
class Paths:
    """The ways of R trainings of one network; diverged ones are counted, and drawn nowhere."""

    widths: tuple[int, ...]
    batch_size: int
    parameters: tuple[int, ...]  # of each layer, biases included
    epochs: np.ndarray  # (T,) passes before each snapshot
    train: np.ndarray  # (T, R, 3) classification.MEASURES there: nats, squared error, share
    test: np.ndarray  # (T, R, 3)
    grams: np.ndarray  # (L, R, T, R, T) inner products of snapshots, in squared weights
    walks: np.ndarray  # (L, R, T, R, T) of random walks with the same starts and step lengths
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    @property
    def name(self) -> str:
        """Write the network by its widths."""
        return "-".join(map(str, self.widths))

    @property
    def arrived(self) -> np.ndarray:
        """Which trainings did not diverge, as indices (R',)."""
        return np.flatnonzero(~self.diverged)

    def gram(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Take the inner products of all runs that did not diverge, (R', T, R', T).

        Args:
            layer: Which one, from 0; None for the whole network.
            walk: Those of the random walks instead.
        """
        parts = self.walks if walk else self.grams
        chosen = parts.sum(axis=0) if layer is None else parts[layer]
        return chosen[self.arrived][:, :, self.arrived]

    def size(self, layer: int | None) -> int:
        """Count the parameters of a layer, or of the whole network."""
        return sum(self.parameters) if layer is None else self.parameters[layer]

    def spread(self, layer: int | None) -> np.ndarray:
        """Measure how far each run's snapshots lie from the centre of all, per parameter, (R',)."""
        return trajectories.spread(self.gram(layer), self.size(layer))


@dataclass(frozen=True)
class Result:
    """Everything that chapter 21 shows."""

    spec: Spec
    paths: dict[str, Paths]  # by A and B
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name the stand-in that was learned; empty where the images are real."""
        return image_sets.name_standins(self.images)


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train both networks where they are not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data)
    jobs = {
        A: _job(spec, images, spec.a_hidden, spec.a_batch),
        B: _job(spec, images, spec.b_hidden, spec.b_batch),
    }
    entries = carry_out("weight_paths", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        paths={name: _paths(spec, jobs[name], entry) for name, entry in entries.items()},
        images=images,
        provenance=(
            record(
                list(entries.values()),
                learned=images,
                replicas=spec.replicas,
            ),
        ),
    )


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
        settings,
        partial(train, images=images),
        code=(train,),
        data_fingerprint=images.fingerprint,
        cost=_parameters(settings.widths).sum(),
    )


def _parameters(widths: tuple[int, ...]) -> np.ndarray:
    """Count the weights and biases of each layer, (L,)."""
    sizes = np.array(widths)
    return (sizes[:-1] + 1) * sizes[1:]


def _paths(spec: Spec, job: Job, entry: Entry) -> Paths:
    """Take the planned number of snapshots; NaN where every replica diverged before them."""
    settings: Training = job.settings

    def padded(name: str, *axes: int) -> np.ndarray:
        return to_length(entry.arrays[name], len(spec.snapshots), *axes)

    return Paths(
        widths=settings.widths,
        batch_size=settings.batch_size,
        parameters=tuple(_parameters(settings.widths).tolist()),
        epochs=spec.snapshots,
        train=padded("train", 0),
        test=padded("test", 0),
        grams=padded("grams", 2, 4),
        walks=padded("walks", 2, 4),
        diverged=entry.arrays["diverged"],
    )
