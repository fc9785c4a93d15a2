"""Where the report measures what reports A and B say or show, and at whose settings."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary import report_a, report_b
from hw1lib.chapters.summary.said import NO, PARTLY, YES

REPORTS = {"A": report_a.ROWS, "B": report_b.ROWS}

CHAPTERS = {  # by the second word of a figure's id
    "fit": "function_fit",
    "image": "image_task",
    "paths": "weight_paths",
    "norm": "gradient_norm",
    "ratio": "minimal_ratio",
    "random": "random_labels",
    "capacity": "capacity",
    "interpolation": "interpolation",
    "sensitivity": "sensitivity",
}


def table() -> pd.DataFrame:
    """List all rows: what is said, where it is answered, and whether at the report's settings."""
    return pd.DataFrame(
        {
            "report": report,
            "part": said.part,
            "says or shows": said.what,
            "judged or shown in": ", ".join([*said.claims, *map(_link, said.shown)]) or "–",
            "at its settings": ": ".join(filter(None, [said.measured, said.lacking or said.taken])),
        }
        for report, rows in REPORTS.items()
        for said in rows
    )


def notebook_of(id_: str) -> str:
    """Name the notebook that shows a figure or table, without its ending."""
    name = CHAPTERS[id_.split("-")[1]]
    return next(chapter.notebook for chapter in discover().values() if chapter.name == name)


def _link(id_: str) -> str:
    kind, name = id_.split("-", 1)
    word = {"fig": "Figure", "tbl": "Table"}[kind]
    return f"[{word} {name}]({notebook_of(id_)}.ipynb#{id_})"


def sentence() -> str:
    """Count the rows by how far they are measured."""
    counts = Counter(said.measured for rows in REPORTS.values() for said in rows)
    total = sum(counts.values())
    return (
        f"Of the {total} things that the two reports say or show, {counts[YES]} are measured at "
        f"the report's own settings, {counts[PARTLY]} in part, and {counts[NO]} not."
    )
