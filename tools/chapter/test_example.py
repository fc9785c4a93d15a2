"""The chapter trains what it says, judges it either way, and shows whatever happened."""

import numpy as np
from filed import changed, jobs_of
from planted import Cases

from hw1lib.chapters import example as chapter
from hw1lib.chapters.example import findings, views
from hw1lib.chapters.example.spec import ARMS, LARGE, SMALL

SPEC = chapter.PROFILES["smoke"]


def planted(small, large):
    """A result of six pairs of trainings that end at these losses."""
    spread = np.linspace(0.99, 1.01, 6) * np.ones((2, 1))
    losses = {SMALL: small * spread, LARGE: large * spread}
    return chapter.Result(SPEC.replace(replicas=6), np.arange(2), losses, ())


CASES = Cases(lambda: planted(1e-2, 1e-4), lambda: planted(1e-4, 1e-2))
MARGINS = {"E-00a": 1.25}  # as fixed before the full run


def test_the_arms_differ_as_they_say():
    small, large = (job.settings for job in jobs_of(chapter, SPEC).values())
    assert (small.learning_rate, large.learning_rate) == SPEC.rates
    assert changed(jobs_of(chapter, SPEC), jobs_of(chapter, SPEC.replace(seed=1))) == {*ARMS}


def test_the_chapter_runs_and_can_be_shown(fresh):
    result = fresh(chapter, SPEC)
    assert {losses.shape for losses in result.losses.values()} == {(SPEC.epochs + 1, 2)}
    views.losses(result).draw_without_rendering()
    assert list(views.final_table(result)["arm"]) == list(ARMS)
    assert findings.loss_sentence(result).endswith(".")
