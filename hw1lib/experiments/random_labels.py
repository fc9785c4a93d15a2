"""Chapter 31: can a network fit labels that mean nothing? Homework 1-3."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hw1lib import (
    classification,
    data,
    generalization,
    measures,
    models,
    replicas,
    runs,
    spec,
    training,
)
from hw1lib.classification import Task
from hw1lib.data import ImageSet
from hw1lib.models import Stack
from hw1lib.spec import SettingError, setting
from hw1lib.store import Entry

MEASURES = ("loss", "accuracy", "true accuracy")  # the last of the training images alone


@dataclass(frozen=True)
class Training:
    """Everything that decides the numbers of one stack of networks, besides the images."""

    network: str  # name of the builder in models
    shape: tuple[int, ...]  # its numbers
    share: float  # of the training labels that are drawn at random, by each replica's seed
    train_examples: int  # the first so many
    test_examples: int
    batch_size: int
    epochs: int  # at most; a replica rests once all of its labels are right
    evaluate_every: int  # epochs
    learning_rate: float  # of Adam
    described: int  # images of each split on which sensitivity and sharpness are measured
    described_trainings: int  # replicas on which they are, the first of the stack
    seeds: tuple[int, ...]  # one per replica


def train(
    settings: Training,
    images: ImageSet,
    build: Callable[..., Stack],
    *,
    device: str,
    checkpoint: training.Checkpoint | None = None,
    each_epoch: Callable[[Tensor], None] = lambda losses: None,
) -> dict[str, np.ndarray]:
    """Train R replicas of one network, each on random labels of its own, until they are fitted.

    Args:
        settings: What to train.
        images: Where the images and their true labels are from.
        build: Builder of the network.
        device: Where to train.
        checkpoint: Where the training keeps its state.
        each_epoch: Told the losses (R,) after each epoch.

    Returns:
        `train` (K, R, 3) and `test` (K, R, 2), the `MEASURES` over whole splits in eval mode; of
        the training images by the labels given, and the accuracy by the true ones too. A replica
        rests once all of its labels are right, and stays as it is. `objective`
        and `last` (E, R), the mean loss of each pass and that of its last minibatch, NaN where a
        replica rests. `diverged` (R,). Each of `generalization.MEASURES` under `described_` and
        its name, (D,), of the D replicas that are to be described.
    """
    streams = replicas.Streams(settings.seeds)
    model = build(streams, *settings.shape).to(device)
    task = classification.task(
        images,
        model,
        train_examples=settings.train_examples,
        test_examples=settings.test_examples,
        device=device,
    )
    pixels, truth = task.train
    given = own_labels(truth, settings, len(images.classes))
    numbered = dataclasses.replace(task, train=(pixels, torch.arange(len(truth), device=device)))
    batches = numbered.minibatches(settings.batch_size, streams.order)

    on_train = partial(
        measures.over_split,
        inputs=pixels,
        targets=numbered.train[1],
        measures=[
            looked_up(measures.cross_entropy, given),
            looked_up(measures.accuracy, given),
            looked_up(measures.accuracy, truth.expand_as(given)),
        ],
        prepare=task.prepare,
    )
    on_test = partial(
        measures.over_split,
        inputs=task.test[0],
        targets=task.test[1],
        measures=[measures.cross_entropy, measures.accuracy],
        prepare=task.prepare,
    )
    every = settings.evaluate_every
    all_right = training.Until(on_train, lambda seen: seen[:, 1] == 1, every)
    history = training.fit(
        model,
        batches,
        looked_up(measures.cross_entropy, given),
        training.optimizer("adam", model, learning_rate=settings.learning_rate),
        epochs=settings.epochs,
        probes={"train": all_right.probe, "test": training.Probe(on_test, every)},
        stop=all_right,
        streams=[*streams],
        checkpoint=checkpoint,
        each_epoch=each_epoch,
    )
    by_pass = history.losses.reshape(-1, len(batches.sizes), len(settings.seeds))
    ends = {"train": on_train(model).numpy(), "test": on_test(model).numpy()}
    planned = len(measured_after(settings.epochs, every))
    return {
        **{split: at_rest(history.series[split], end, planned) for split, end in ends.items()},
        "objective": np.average(by_pass, axis=1, weights=batches.sizes),
        "last": by_pass[:, -1],
        # the loss after the last update has not been seen in training
        "diverged": history.diverged | ~np.isfinite(ends["train"][:, 0]),
        **{f"described_{name}": v for name, v in described(settings, task, given, model).items()},
    }


def described(
    settings: Training, task: Task, given: Tensor, model: nn.Module
) -> dict[str, np.ndarray]:
    """Describe the first D replicas by `generalization.MEASURES`, on the labels they learned.

    Args:
        settings: With the seeds, and how much is to be described.
        task: The images, with their true labels.
        given: Labels of every replica, shape (R, N).
        model: The trained stack.

    Returns:
        Shape (D,) each.
    """
    chosen = settings.described_trainings
    weights = replicas.weights(model).detach()[:chosen]
    each = [
        generalization.describe(
            dataclasses.replace(task, train=(task.train[0], labels)),
            replicas.with_weights(model, row[None]),
            examples=settings.described,
            seeds=(seed,),
        )
        for row, labels, seed in zip(weights, given, settings.seeds, strict=False)
    ]
    return {
        name: np.concatenate([np.empty(0), *(one[name] for one in each)])
        for name in generalization.MEASURES
    }


def own_labels(truth: Tensor, settings: Training, classes: int) -> Tensor:
    """Draw the training labels of every replica, once and for the whole training.

    Args:
        truth: True labels, shape (N,).
        settings: With the share to draw at random, and the replicas' seeds.
        classes: How many classes there are.

    Returns:
        Shape (R, N).
    """
    draws = replicas.generators(settings.seeds, "labels")
    return torch.stack([data.randomize_labels(truth, settings.share, classes, g) for g in draws])


def looked_up(measure: training.Objective, labels: Tensor) -> training.Objective:
    """Take a measure of classes where each replica has labels of its own.

    Args:
        measure: Takes outputs (R, B, K) and classes (R, B).
        labels: Shape (R, N).

    Returns:
        The same of outputs and the images' numbers (R, B), from 0 to N - 1.
    """
    return lambda outputs, numbers: measure(outputs, labels.gather(1, numbers))


def measured_after(epochs: int, every: int) -> np.ndarray:
    """List the passes after which a training that goes all the way is measured, (K,)."""
    return np.minimum(np.arange(0, epochs + every, every), epochs)


def at_rest(seen: np.ndarray, end: np.ndarray, planned: int) -> np.ndarray:
    """Continue measurements (K', R, M) to the planned K by those of the last weights, (R, M)."""
    return np.concatenate([seen, np.repeat(end[None], planned - len(seen), axis=0)])


MLP = "MLP"
CNN = "CNN"


@dataclass(frozen=True)
class Network:
    """One of the chapter's networks."""

    build: Callable[..., Stack]
    shape: tuple[int, ...]

    def single(self) -> nn.Module:
        """Build one replica of it."""
        return self.build(replicas.Streams([0]), *self.shape)


NETWORKS = {
    MLP: Network(models.mlp, (784, 512, 10)),  # report B's, on digits
    CNN: Network(models.small_cnn, ()),  # report A's, on scenes
}
COST = {MLP: 1, CNN: 8}  # of an image's way through the network and back


@dataclass(frozen=True, kw_only=True)
class Spec(spec.Replicated):
    """Settings of the random labels; the defaults are the full profile."""

    data: str = setting("auto", "auto, real or standin", choices=data.MODES[:3])
    cnn_replicas: int = setting(6, "trainings of the CNN, one by one, at most", at_least=1)
    noise: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75), "shares of labels drawn at random, besides none and all", above=0
    )
    digits: int = setting(5_000, "training digits of the MLP, at most", at_least=1)
    scenes: int = setting(5_000, "training images of the CNN, at most", at_least=1)
    test_examples: int = setting(10_000, "test images, at most", at_least=1)
    batch_size: int = setting(100, "images per step, as A and B have it", at_least=1)
    epochs: int = setting(150, "passes over the training images, at most", at_least=1)
    evaluate_every: int = setting(1, "passes between two measurements", at_least=1)
    learning_rate: float = setting(
        1e-3, "of Adam; A and B take a tenth, and many more steps", above=0
    )
    described: int = setting(
        1_000,
        "images of each split on which sensitivity and sharpness are measured, at most",
        at_least=1,
    )
    described_trainings: int = setting(
        6, "trainings of each network on which they are, at most", at_least=1
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if max(self.noise) >= 1:
            raise SettingError(
                f"noise of random_labels.Spec must be below 1, got {max(self.noise):g}; "
                "networks with all labels random are always trained"
            )
        self.at_most("batch_size", "digits")
        self.at_most("batch_size", "scenes")

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of random labels that are trained, ascending."""
        return (0.0, *sorted(set(self.noise)), 1.0)

    def seeds_of(self, network: str) -> tuple[int, ...]:
        """One seed per training of a network."""
        return self.seeds[: self.cnn_replicas] if network == CNN else self.seeds


PROFILES = spec.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        noise=(0.5,),
        digits=200,
        scenes=80,
        test_examples=100,
        batch_size=20,
        epochs=40,
        learning_rate=2e-3,
        described=20,
        described_trainings=1,
    ),
    smoke=Spec(
        replicas=2,
        cnn_replicas=1,
        noise=(0.5,),
        digits=50,
        scenes=30,
        test_examples=40,
        batch_size=20,
        epochs=3,
        evaluate_every=2,
        described=10,
        described_trainings=1,
    ),
)


@dataclass(frozen=True)
class Fit:
    """How R replicas of one network learned one share of random labels."""

    epochs: np.ndarray  # (K,) passes before each measurement
    train: np.ndarray  # (K, R, 3) whole training split: nats, share, share by the true labels
    test: np.ndarray  # (K, R, 2) whole test split: nats, share
    objective: np.ndarray  # (E, R) mean loss of each pass, while the network changes, nats
    last: np.ndarray  # (E, R) loss of each pass's last minibatch, nats
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    def series(self, split: str, measure: str) -> np.ndarray:
        """Take one measure over time, shape (K, R), NaN where a loss was not finite.

        Args:
            split: "train" or "test".
            measure: One of `MEASURES`.
        """
        measured = {"train": self.train, "test": self.test}[split]
        # the accuracy of outputs that are no numbers would pass for chance
        sound = np.isfinite(measured).all(axis=2)
        sound[-1] &= ~self.diverged
        return np.where(sound, measured[:, :, MEASURES.index(measure)], np.nan)

    @property
    def fitted(self) -> np.ndarray:
        """Passes after which all training labels were first right, (R,); infinite where never."""
        right = self.series("train", "accuracy")[1:] == 1
        return np.where(right.any(axis=0), self.epochs[1:][right.argmax(axis=0)], np.inf)

    def final(self, split: str, measure: str) -> np.ndarray:
        """Take one measure of each replica's last weights, shape (R,); arguments as above."""
        return self.series(split, measure)[-1]


@dataclass(frozen=True)
class Result:
    """Everything that chapter 31 shows."""

    spec: Spec
    fits: dict[tuple[str, float], Fit]  # by network and share of random labels
    described: dict[str, dict[str, np.ndarray]]  # by network and share, in words; (D,)
    images: dict[str, ImageSet]  # what each network learned
    provenance: tuple[dict[str, Any], ...]

    def arm(self, network: str) -> dict[float, Fit]:
        """Take the trainings of one network, by share of random labels."""
        return {share: fit for (name, share), fit in self.fits.items() if name == network}

    def standin(self, *networks: str) -> str:
        """Name the stand-ins that networks learned, all by default; empty where all are real."""
        return data.name_standins(*(self.images[name] for name in networks or NETWORKS))


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every network that is not stored yet, and gather the chapter's numbers.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = {MLP: data.load("mnist", spec.data), CNN: data.load("cifar10", spec.data)}
    jobs = {
        (name, share, seeds): _job(spec, name, share, images[name], seeds)
        for name in NETWORKS
        for share in spec.shares
        for seeds in _stacks(spec, name)
    }
    entries = runs.carry_out("random_labels", jobs, device=device, progress=progress)
    stacks = {
        (name, share): [entries[name, share, seeds] for seeds in _stacks(spec, name)]
        for name in NETWORKS
        for share in spec.shares
    }
    return Result(
        spec=spec,
        fits={key: _fit(spec, parts) for key, parts in stacks.items()},
        described={
            _label(*key): {
                name: np.concatenate([part.arrays[f"described_{name}"] for part in parts])
                for name in generalization.MEASURES
            }
            for key, parts in stacks.items()
        },
        images=images,
        provenance=tuple(
            runs.record(
                [entry for (which, *_), entry in entries.items() if which == name],
                learned=images[name],
                replicas=len(spec.seeds_of(name)),
            )
            for name in NETWORKS
        ),
    )


def _label(name: str, share: float) -> str:
    return f"{name}, {100 * share:g} % random labels"


def _stacks(spec: Spec, network: str) -> list[tuple[int, ...]]:
    """Divide the seeds into stacks: perceptrons side by side, CNNs one by one."""
    seeds = spec.seeds_of(network)
    return [(seed,) for seed in seeds] if network == CNN else [seeds]


def _job(spec: Spec, name: str, share: float, images: ImageSet, seeds: tuple[int, ...]) -> runs.Job:
    network = NETWORKS[name]
    settings = Training(
        network=network.build.__name__,
        shape=network.shape,
        share=share,
        train_examples=min(spec.scenes if name == CNN else spec.digits, len(images.train)),
        test_examples=min(spec.test_examples, len(images.test)),
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        evaluate_every=spec.evaluate_every,
        learning_rate=spec.learning_rate,
        described=spec.described,
        described_trainings=len(set(seeds) & set(spec.seeds[: spec.described_trainings])),
        seeds=seeds,
    )
    return runs.Job(
        _label(name, share),
        settings,
        partial(train, images=images, build=network.build),
        code=(train, network.build),
        data_fingerprint=images.fingerprint,
        cost=COST[name] * settings.train_examples * len(seeds),
    )


def _fit(spec: Spec, stacks: list[Entry]) -> Fit:
    """Put the replicas of one network and share side by side."""

    def side_by_side(name: str) -> np.ndarray:
        parts = [entry.arrays[name] for entry in stacks]
        if name in ("objective", "last"):  # shorter where all replicas of a stack have ended
            parts = [runs.to_length(part, spec.epochs) for part in parts]
        return np.concatenate(parts, axis=min(1, parts[0].ndim - 1))

    names = [field.name for field in dataclasses.fields(Fit) if field.name != "epochs"]
    return Fit(
        epochs=measured_after(spec.epochs, spec.evaluate_every),
        **{name: side_by_side(name) for name in names},
    )
