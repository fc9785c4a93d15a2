"""What chapter 23 states of itself."""

from hw1lib.chapters import registry
from hw1lib.chapters.minimal_ratio import PROFILES, run, views
from hw1lib.chapters.minimal_ratio.claims import CLAIMS
from hw1lib.chapters.minimal_ratio.findings import (
    panel_caption,
)
from hw1lib.chapters.minimal_ratio.slips import SLIPS
from hw1lib.chapters.minimal_ratio.spec import BOTTOM, RECIPE

CHAPTER = registry.Chapter(
    number="23",
    name="minimal_ratio",
    section="minimal-ratio",
    question="Does training end in a minimum?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C18a",
        "A-C19a",
        "A-C19b",
        "B-C11a",
    ),
    metrics={
        "loss, to the bottom (mean squared error)": lambda result: result.arms[BOTTOM].end.loss,
        "gradient norm, to the bottom (objective per unit of weight)": (
            lambda result: result.arms[BOTTOM].end.residual
        ),
        "minimal ratio at the end, A's network": lambda result: result.along_shares().positive[-1],
        "gradient norm at the end, A's network (objective per unit of weight)": (
            lambda result: result.along.residual[-1]
        ),
        "minimal ratio, to the bottom": lambda result: result.shares(BOTTOM).positive,
        "index, to the bottom": lambda result: result.shares(BOTTOM).negative,
        "gradient norm, the recipe (objective per unit of weight)": (
            lambda result: result.arms[RECIPE].end.residual
        ),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
