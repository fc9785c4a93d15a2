"""What is the question? Chapter 00, homework 1-0."""

from functools import partial

from hw1lib.chapters.example.result import Result
from hw1lib.chapters.example.spec import ARMS, PROFILES, Spec
from hw1lib.data import functions
from hw1lib.networks import builders
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out, record
from hw1lib.training import optimizers
from hw1lib.training.regression import Training, train

__all__ = ["PROFILES", "Result", "Spec", "run"]


def run(spec: Spec, *, device: str = "auto", progress: bool = True) -> Result:
    """Train every arm that is not stored yet, and gather the chapter's numbers."""
    jobs = {}
    for arm, rate in zip(ARMS, spec.rates, strict=True):
        settings = Training(
            target=functions.sinc,
            widths=builders.DEEP,
            optimizer=optimizers.adam,
            learning_rate=rate,
            points=spec.points,
            epochs=spec.epochs,
            seeds=spec.seeds,
        )
        jobs[arm] = Job(arm, partial(train, settings), cost=spec.replicas, threads=1)
    entries = carry_out("example", jobs, device=device, progress=progress)
    return Result(
        spec=spec,
        updates=entries[ARMS[0]].arrays["updates"],
        losses={arm: entry.arrays["loss"] for arm, entry in entries.items()},
        provenance=(
            record([*entries.values()], learned="the target's formula", replicas=spec.replicas),
        ),
    )
