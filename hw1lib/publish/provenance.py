"""The last chapter: which data, how many trainings, on which machine, with which versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from hw1lib.publish.fences import KEY, fence

Row = Mapping[str, Any]

MISSING = "–"
INTRODUCTION = (
    "What stands behind the numbers: the data and the trainings of each chapter "
    "(@tbl-provenance), and the machine and software that computed them (@tbl-software). "
    "The time is that of the computation itself, not of reading its results from the store."
)


def provenance_rows(cells: Iterable[NotebookNode]) -> list[Row]:
    """Gather the rows that the cells of the chapters have left, in order."""
    entries = (
        output.metadata.get(KEY, {})
        for cell in cells
        for output in cell.get("outputs", ())
        if output.output_type in ("display_data", "execute_result")
    )
    return [row for entry in entries if entry.get("kind") == "provenance" for row in entry["rows"]]


def provenance_chapter(rows: list[Row]) -> str:
    """Write the chapter as fences; the empty string if there is nothing to tell.

    Args:
        rows: One per result; any of the keys `chapter`, `data`, `standin`, `replicas`,
            `trainings`, `seconds`, `commit`, `machine`, `versions` may be missing, which
            prints an en dash.
    """
    if not rows:
        return ""
    results = _pipe_table(
        ["Chapter", "Data", "Replicas", "Trainings", "Time", "Commit"],
        [_result(row) for row in rows],
        numeric={2, 3, 4},
    )
    software = _pipe_table(["Chapters", "Machine", "Versions"], _environments(rows))
    source = "the provenance"
    return "".join(
        [
            fence("text", f"# Provenance {{#sec-provenance}}\n\n{INTRODUCTION}", source=source),
            fence(
                "table",
                results,
                source=source,
                id="tbl-provenance",
                caption="What each chapter computed, and on which data.",
            ),
            fence(
                "table",
                software,
                source=source,
                id="tbl-software",
                caption="Where it was computed, and with which versions.",
            ),
        ]
    )


def _result(row: Row) -> list[str]:
    return [
        _text(row.get("chapter")),
        _data(row),
        _text(row.get("replicas")),
        _text(row.get("trainings")),
        _duration(row.get("seconds")),
        _text(row.get("commit"))[:10],
    ]


def _data(row: Row) -> str:
    """Name the data and say whether they are the real set."""
    name = _text(row.get("data"))
    match row.get("standin"):
        case True:
            return f"{name} (stand-in)"
        case False:
            return f"{name} (real)"
    return name


def _environments(rows: list[Row]) -> list[list[str]]:
    """List each machine with its versions once, with the chapters computed there.

    >>> _environments([{"chapter": "One?", "machine": "a"}, {"chapter": "Two", "machine": "a"}])
    [['all', 'a', '–']]
    >>> _environments([{"chapter": "One?", "machine": "a"}, {"chapter": "Two", "machine": "b"}])
    [['One?', 'a', '–'], ['Two', 'b', '–']]
    """
    seen: dict[str, list[Row]] = {}
    for row in rows:
        where = json.dumps([row.get("machine"), row.get("versions")], sort_keys=True, default=str)
        seen.setdefault(where, []).append(row)
    return [
        [
            _text(
                [*dict.fromkeys(row.get("chapter") for row in group)] if len(seen) > 1 else "all"
            ),
            _text(group[0].get("machine")),
            _versions(group[0].get("versions")),
        ]
        for group in seen.values()
    ]


def _versions(versions: object) -> str:
    if isinstance(versions, Mapping):
        return ", ".join(f"{name} {version}" for name, version in versions.items()) or MISSING
    return _text(versions)


def _duration(seconds: object) -> str:
    """Print a time the way people say it.

    >>> [_duration(s) for s in (0.04, 7.25, 200, 7320, None)]
    ['0.04 s', '7.2 s', '3 min 20 s', '2 h 2 min', '–']
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return _text(seconds)
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def _text(value: object) -> str:
    """Print a value, or the en dash of a missing one."""
    if value is None or value == "" or value == []:
        return MISSING
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _pipe_table(
    header: list[str], rows: list[list[str]], numeric: set[int] | frozenset[int] = frozenset()
) -> str:
    r"""Write a pipe table whose cells are plain text.

    >>> print(_pipe_table(["a", "b"], [["x|y", "1"]], numeric={1}))
    | a | b |
    |:--|--:|
    | x\|y | 1 |
    """
    rule = "|".join("--:" if column in numeric else ":--" for column in range(len(header)))
    lines = [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(header)} |", f"|{rule}|", *lines])


def _escaped(text: str) -> str:
    """Escape everything that Markdown could take for markup."""
    return re.sub(r"""([\\`*_{}\[\]()<>#+\-.!|$~^@"'&=])""", r"\\\1", " ".join(text.split()))
