"""What this chapter states of itself."""

from operator import methodcaller

from hw1lib.chapters import registry
from hw1lib.chapters.example import PROFILES, run
from hw1lib.chapters.example.claims import CLAIMS
from hw1lib.chapters.example.spec import ARMS

CHAPTER = registry.Chapter(
    number="00",
    name="example",
    section="example",
    question="What is the question?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    answers=("E-00a",),
    metrics={f"final loss, {arm} (mean squared error)": methodcaller("final", arm) for arm in ARMS},
)
