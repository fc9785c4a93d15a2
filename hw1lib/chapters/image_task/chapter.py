"""What chapter 12 states of itself."""

from hw1lib.chapters import registry
from hw1lib.chapters.image_task import PROFILES, run, views
from hw1lib.chapters.image_task.claims import CLAIMS
from hw1lib.chapters.image_task.findings import panel_caption
from hw1lib.chapters.image_task.result import cnns, mlps
from hw1lib.chapters.image_task.slips import SLIPS

CHAPTER = registry.Chapter(
    number="12",
    name="image_task",
    section="image-task",
    question="Does depth, width or convolution help on images?",
    profiles=PROFILES,
    run=run,
    claims=CLAIMS,
    slips=SLIPS,
    answers=(
        "A-C10b",
        "A-C11a",
        "E-12b",
        "E-12c",
    ),
    metrics={
        "test accuracy, narrowest CNN (%)": lambda result: cnns(result)[0].percent("test"),
        "test accuracy, widest CNN (%)": lambda result: cnns(result)[-1].percent("test"),
        "test accuracy, narrowest MLP (%)": lambda result: mlps(result)[0].percent("test"),
        "test accuracy, widest MLP (%)": lambda result: mlps(result)[-1].percent("test"),
        "training loss, widest CNN (nats)": lambda result: cnns(result)[-1].final("train", "loss"),
        "training loss, widest MLP (nats)": lambda result: mlps(result)[-1].final("train", "loss"),
    },
    panel=registry.Panel(views.panel, panel_caption),
)
