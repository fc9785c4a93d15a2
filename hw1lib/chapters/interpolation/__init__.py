"""Is the loss flat between two trained networks? Chapter 33, homework 1-3."""

from functools import partial
from typing import Any

import numpy as np

from hw1lib.chapters.interpolation.plan import branches, lines
from hw1lib.chapters.interpolation.result import End, Pair, Result, Segment, way_of_training
from hw1lib.chapters.interpolation.spec import (
    ALIGNED,
    B_PAIR,
    B_RATE,
    MAIN_ADAM,
    MAIN_SGD,
    OF_B,
    OTHER,
    PROFILES,
    SIDE,
    Spec,
)
from hw1lib.chapters.interpolation.trainings import (
    Branch,
    Line,
    Training,
    branch,
    describe,
    measure,
    train,
)
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.measuring import generalization
from hw1lib.networks import builders
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import carry_out, record
from hw1lib.results.store import Entry
from hw1lib.training.gaps import to_length

__all__ = [
    "ALIGNED",
    "B_PAIR",
    "B_RATE",
    "MAIN_ADAM",
    "MAIN_SGD",
    "OF_B",
    "OTHER",
    "PROFILES",
    "SIDE",
    "Result",
    "Spec",
    "run",
]


Trained = dict[Training, Any]  # by settings: what stands for the stored result in a job's call


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every end and measure every line that is not stored yet.

    Args:
        spec: What to compute.
        device: Where to train: auto, cpu or cuda.
        progress: Whether to show a bar.
    """
    images = image_sets.load("mnist", spec.data, known=spec == PROFILES["full"])
    plan, parting = lines(spec, images), branches(spec, images)
    trained: Trained = {
        settings: ResultOf("interpolation", _training_job(settings, images))
        for line in (*plan.values(), *parting.values())
        for settings in (line.first, line.second)
    }
    described = {settings for line in plan.values() for settings in (line.first, line.second)}
    jobs: dict[Any, Job] = {
        settings: _description_job(settings, images, of)
        for settings, of in trained.items()
        if settings in described
    }
    jobs |= {name: _line_job(name, line, trained, images) for name, line in plan.items()}
    jobs |= {
        key: _line_job(f"{key[0]}, parting after {key[1]}", line, trained, images)
        for key, line in parting.items()
    }
    entries = carry_out("interpolation", jobs, device=device, progress=progress)
    ends = {settings: _end(settings, entries[settings]) for settings in trained if settings in jobs}
    return Result(
        spec=spec,
        pairs={
            name: Pair(
                **_measured(line, entries[name]), first=ends[line.first], second=ends[line.second]
            )
            for name, line in plan.items()
        },
        parting={key: Segment(**_measured(line, entries[key])) for key, line in parting.items()},
        images=images,
        provenance=(record([*entries.values()], learned=images, replicas=spec.replicas),),
    )


def _measured(line: Line, entry: Entry) -> dict[str, np.ndarray]:
    return {
        "alphas": np.array(line.alphas),
        "line": _where_finite(entry.arrays["line"]).transpose(1, 0, 2, 3),
        "distance": entry.arrays["distance"],
    }


def _training_job(settings: Training, images: ImageSet) -> Job:
    visits = settings.steps * settings.batch_size * len(settings.seeds)
    # there, back, and the gradient of the weights
    cost = 3.0 * builders.parameter_count(settings.widths) * visits
    if isinstance(settings, Branch):
        label = f"{way_of_training(settings)}, parting after {settings.common}"
        return Job(label, partial(branch, settings, images=images), cost)
    return Job(way_of_training(settings), partial(train, settings, images=images), cost)


def _description_job(settings: Training, images: ImageSet, trained: Any) -> Job:
    cost = 100.0 * builders.parameter_count(settings.widths) * settings.described
    return Job(
        f"described: {way_of_training(settings)}",
        partial(describe, settings, images=images, trained=trained),
        cost=cost * settings.described_replicas / settings.epochs,
    )


def _line_job(name: str, line: Line, trained: Trained, images: ImageSet) -> Job:
    first, second = trained[line.first], trained[line.second]
    visits = line.first.measured + 10 * line.passes * line.first.train_examples
    return Job(
        name,
        partial(measure, line, images=images, first=first, second=second),
        cost=len(line.alphas) * visits,
    )


def _end(settings: Training, entry: Entry) -> End:
    course = to_length(entry.arrays["course"], settings.epochs + 1)
    return End(
        settings=settings,
        course=_where_finite(course),
        norm=entry.arrays["norm"],
        diverged=entry.arrays["diverged"],
        described={name: entry.arrays[f"described_{name}"] for name in generalization.MEASURES},
    )


def _where_finite(measured: np.ndarray) -> np.ndarray:
    """Put NaN where a loss is not finite: outputs that are no numbers would pass for a class."""
    return np.where(np.isfinite(measured[..., :1]), measured, np.nan)
