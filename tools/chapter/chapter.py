"""What this chapter states of itself."""

from hw1lib.chapters import registry
from hw1lib.chapters.example import PROFILES, run
from hw1lib.chapters.example.claims import CLAIMS
from hw1lib.chapters.example.spec import LARGE

CHAPTER = registry.Chapter(
    number="00",
    name="example",
    section="example",
    question="What is the question?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    answers=("E-00a",),
    metrics={"final loss, large steps (mean squared error)": lambda result: result.final(LARGE)},
)
