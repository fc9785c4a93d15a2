"""Under which keys the trainings of a chapter are filed; nothing is trained."""

import dataclasses

import pytest

from hw1lib.data import image_sets
from hw1lib.results.keys import key_of


class _Listed(Exception):
    """The jobs are known, and none is to be carried out."""


def jobs_of(chapter, spec, *, images=None, device="cpu"):
    """List the jobs of a chapter, by the names of their results.

    Args:
        chapter: Module with a `run` that hands its jobs to its `carry_out`.
        spec: What to compute.
        images: What every image set shall be, where the chapter loads one.
        device: Where to train.
    """
    listed = {}

    def carry_out(experiment, jobs, **how):
        listed.update(jobs)
        raise _Listed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapter, "carry_out", carry_out)
        patch.setattr(image_sets, "load", lambda *_, **__: images)
        with pytest.raises(_Listed):
            chapter.run(spec, device=device, progress=False)
    return listed


def filed_under(job, **changes):
    """Return the key of a job, some of its settings changed."""
    call = job.call
    settings = dataclasses.replace(job.settings, **changes)
    return key_of("chapter", type(call)(call.func, settings, *call.args[1:], **call.keywords))


def keys(jobs):
    """Return the keys of jobs, by their names."""
    return {name: filed_under(job) for name, job in jobs.items()}


def changed(jobs, others):
    """Name the jobs whose keys are others than those of the same name."""
    before, after = keys(jobs), keys(others)
    return {name for name in before if before[name] != after[name]}
