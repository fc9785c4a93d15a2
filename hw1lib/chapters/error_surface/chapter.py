"""What chapter 24 states of itself."""

from hw1lib.chapters import registry
from hw1lib.chapters.error_surface import PROFILES, run, views
from hw1lib.chapters.error_surface.claims import CLAIMS
from hw1lib.chapters.error_surface.findings import panel_caption
from hw1lib.chapters.error_surface.slips import SLIPS
from hw1lib.chapters.error_surface.spec import ADAM, LARGE, SGD

CHAPTER = registry.Chapter(
    number="24",
    name="error_surface",
    section="error-surface",
    question="What does the error surface look like?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "E-24i",
        "E-24c",
        "E-24e",
        "E-24f",
    ),
    metrics={
        "largest rise on the line, SGD (% of the loss at the start)": (
            lambda result: 100 * result.surfaces[SGD].rise
        ),
        "largest rise on the line, Adam (% of the loss at the start)": (
            lambda result: 100 * result.surfaces[ADAM].rise
        ),
        "largest rise on the line, Adam with large steps (% of the loss at the start)": (
            lambda result: 100 * result.surfaces[LARGE].rise
        ),
        "rise at distance 1, deep (mean squared error)": (
            lambda result: result.surfaces["deep"].away(1.0)
        ),
        "rise at distance 1, shallow (mean squared error)": (
            lambda result: result.surfaces["shallow"].away(1.0)
        ),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
