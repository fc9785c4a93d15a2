"""What does the gradient norm do while a network learns? Chapter 22, homework 1-2."""

from dataclasses import replace
from functools import partial
from typing import Any

from hw1lib.chapters.gradient_norm.result import (
    BatchEdge,
    Course,
    Edge,
    Result,
    late,
    measure_swing,
    swing_of,
)
from hw1lib.chapters.gradient_norm.spec import (
    B_NETWORK,
    B_WIDTHS,
    DIGITS,
    DIGITS_HIDDEN,
    LATE,
    MAIN,
    OPTIMIZERS,
    PLAIN,
    PROFILES,
    RERUN,
    RERUN_EPOCHS,
    RMSPROP,
    SAME,
    TENTH,
    USUAL,
    Spec,
)
from hw1lib.chapters.gradient_norm.trainings import (
    BatchTraining,
    Continuation,
    DigitsTraining,
    Training,
    follow_batches,
    follow_curvature,
    train,
    train_digits,
)
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training import optimizers
from hw1lib.training.gaps import to_length

SMOOTHING, BATCH = "smoothing", "batch"  # kinds of jobs, beside those named by arm and by step

__all__ = ["PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every arm that is not stored yet, and gather the chapter's numbers."""
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    regressors = _regressors(spec)
    jobs: dict[Any, Job] = {
        key: Job(
            _label(key),
            partial(follow_curvature, settings, spec.edge_every)
            if key in spec.edge_rates
            else partial(train, settings),
            cost=spec.replicas,
            threads=1,
        )
        for key, settings in regressors.items()
    }
    jobs |= _memories(spec, regressors[RMSPROP]) | _batches(spec)
    jobs[DIGITS] = _digits(spec, images)
    entries = carry_out("gradient_norm", jobs, device=device, progress=progress)

    courses = {(DIGITS, MAIN): _course(entries[DIGITS], len(entries[DIGITS].arrays["loss"]))}
    for arm in (*OPTIMIZERS, B_NETWORK):
        courses[arm, MAIN] = _course(entries[arm], regressors[arm].epochs)
        for way in regressors[arm].continued:
            courses[arm, way.name] = _course(entries[arm], way.updates, f"_{way.name}")
    swings = {
        (arm, part): measure_swing(spec, courses, arm, part)
        for arm in OPTIMIZERS
        for part in (LATE, SAME, TENTH)
    }
    memories = {USUAL: swings[RMSPROP, LATE]}
    for smoothing in spec.smoothings:
        course = _course(entries[SMOOTHING, smoothing], spec.epochs)
        memories[smoothing] = swing_of(spec, course.norm[late(course)])
    return Result(
        spec=spec,
        courses=courses,
        swings=swings,
        edges={rate: _edge(entries[rate]) for rate in spec.edge_rates},
        memories=dict(sorted(memories.items())),
        batches={size: _batch_edge(entries[BATCH, size]) for size in spec.batch_sizes},
        accuracy=entries[DIGITS].arrays["accuracy"],
        images=images,
        provenance=(
            record(
                [entry for key, entry in entries.items() if key != DIGITS],
                learned="the target's formula",
                replicas=spec.replicas,
            ),
            record([entries[DIGITS]], learned=images, replicas=spec.replicas),
        ),
    )


def _regressors(spec: Spec) -> dict[str | float, Training]:
    """List the trainings on sinc: by optimizer of A's network, B's network, and by step size."""
    common = Training(
        widths=builders.MEDIUM,
        activation=builders.leaky_relu,
        points=spec.points,
        optimizer=optimizers.rmsprop,
        learning_rate=spec.learning_rate,
        weight_decay=spec.weight_decay,
        epochs=spec.epochs,
        seeds=spec.seeds,
    )
    ways = (Continuation(SAME, spec.more), Continuation(TENTH, spec.more, factor=0.1))
    found: dict[str | float, Training] = {
        arm: replace(common, optimizer=optimizer, continued=ways)
        for arm, optimizer in OPTIMIZERS.items()
    }
    found[PLAIN] = replace(found[PLAIN], learning_rate=spec.plain_rate)
    found[B_NETWORK] = replace(
        common,
        widths=B_WIDTHS,
        activation=builders.relu,
        points=spec.points_b,
        optimizer=optimizers.adam,
        epochs=spec.epochs_b,
        continued=(Continuation(RERUN, RERUN_EPOCHS, remembers=False),),
    )
    for rate in spec.edge_rates:
        found[rate] = replace(
            common,
            optimizer=optimizers.sgd,
            learning_rate=rate,
            epochs=spec.edge_epochs,
        )
    return found


def _memories(spec: Spec, usual: Training) -> dict[tuple[str, float], Job]:
    """List the trainings of A's network by RMSprop with other memories."""
    found = {}
    for smoothing in spec.smoothings:
        optimizer = partial(optimizers.rmsprop_remembering, smoothing=smoothing)
        settings = replace(usual, optimizer=optimizer, continued=())
        label = f"RMSprop, smoothing {smoothing:g}"
        found[SMOOTHING, smoothing] = Job(
            label, partial(train, settings), cost=spec.replicas, threads=1
        )
    return found


def _batches(spec: Spec) -> dict[tuple[str, int], Job]:
    """List the trainings of A's network by gradient descent on minibatches."""
    found = {}
    for size in spec.batch_sizes:
        passes = max(1, spec.batch_updates // -(-spec.points // size))
        settings = BatchTraining(
            widths=builders.MEDIUM,
            activation=builders.leaky_relu,
            points=spec.points,
            batch_size=size,
            learning_rate=spec.batch_rate,
            epochs=passes,
            every=max(1, passes // spec.batch_looks),
            seeds=spec.seeds,
        )
        cost = 20 * spec.replicas * spec.points / size  # not compiled
        label = f"batch sharpness, {size} points per step"
        found[BATCH, size] = Job(label, partial(follow_batches, settings), cost, threads=1)
    return found


def _label(key: str | float) -> str:
    if key == B_NETWORK:
        return "Adam, B's network"
    return f"{key}, A's network" if key in OPTIMIZERS else f"curvature at step {key:g}"


def _digits(spec: Spec, images: ImageSet) -> Job:
    settings = DigitsTraining(
        widths=(images.train.images[0].numel(), *DIGITS_HIDDEN, len(images.classes)),
        train_examples=min(spec.train_examples, len(images.train)),
        test_examples=len(images.test),
        batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        epochs=spec.epochs_digits,
        seeds=spec.seeds,
    )
    steps = settings.train_examples / settings.batch_size
    return Job(
        images.subject, partial(train_digits, settings, images=images), spec.replicas * steps
    )


def _course(entry: Entry, steps: int, suffix: str = "") -> Course:
    return Course(*(to_length(entry.arrays[f"{name}{suffix}"], steps) for name in ("loss", "norm")))


def _batch_edge(entry: Entry) -> BatchEdge:
    names = ("epochs", "sharpness", "batch_sharpness", "end")
    return BatchEdge(*(entry.arrays[name] for name in names))


def _edge(entry: Entry) -> Edge:
    return Edge(*(entry.arrays[name] for name in ("epochs", "sharpness", "end")))
