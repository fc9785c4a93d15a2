"""What chapter 22 states of itself."""

from hw1lib.chapters import registry
from hw1lib.chapters.gradient_norm import PROFILES, run
from hw1lib.chapters.gradient_norm.claims import CLAIMS
from hw1lib.chapters.gradient_norm.slips import SLIPS
from hw1lib.chapters.gradient_norm.spec import LATE, MAIN, RMSPROP

CHAPTER = registry.Chapter(
    number="22",
    name="gradient_norm",
    section="gradient-norm",
    question="What does the gradient norm do while a network learns?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C16a",
        "A-C17b",
        "A-C17g",
        "A-C17i",
    ),
    metrics={
        "final loss, A's network (mean squared error)": (
            lambda result: result.courses[RMSPROP, MAIN].loss[-1]
        ),
        "late norm, A's network (loss per unit of weight)": (
            lambda result: result.swings[RMSPROP, LATE].level
        ),
        "late amplitude, A's network (decades)": (
            lambda result: result.swings[RMSPROP, LATE].oscillation.amplitude
        ),
        "late period, A's network (updates)": lambda result: result.swings[RMSPROP, LATE].period,
        "test accuracy, digits (%)": lambda result: 100 * result.accuracy,
    },
)
