"""The last chapter: which data, how many trainings, on which machine, with which versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from hw1lib.marks import KEY, PROVENANCE
from hw1lib.publish.fences import fence

Row = Mapping[str, Any]

MISSING = "–"
INTRODUCTION = (
    "What stands behind the numbers: the data and the trainings of each chapter "
    "(@tbl-provenance), and the machine and software that computed them (@tbl-software). "
    "The time is that of the computation itself, not of reading its results from the store."
)


def provenance_rows(cells: Iterable[NotebookNode]) -> list[Row]:
    """Gather the rows that the cells of the chapters have left, in order, each with its number."""
    rows: list[Row] = []
    numbers: dict[str, str] = {}
    for cell in cells:
        place = cell.metadata[KEY]
        if "number" in place:
            numbers[place["chapter"]] = place["number"]
        for output in cell.get("outputs", ()):
            entry = output.get("metadata", {}).get(KEY, {})
            if entry.get("kind") == PROVENANCE:
                number = numbers.get(place["chapter"])
                rows += [{**row, "number": number} for row in entry["rows"]]
    return rows


def provenance_chapter(rows: list[Row]) -> str:
    """Write the chapter as fences; the empty string if there is nothing to tell.

    Args:
        rows: One per result; any of the keys `chapter`, `number`, `data`, `standin`, `replicas`,
            `trainings`, `seconds`, `written`, `commits`, `refiled` and `environments` may be
            missing, which prints an en dash. An environment has a `machine`, a `device` with its
            threads, `versions`, and its `origin`: whether it was this machine.
    """
    if not rows:
        return ""
    results = _pipe_table(
        ["Chapter", "Data", "Replicas", "Trainings", "Time", "Written", "Commits"],
        [_result(row) for row in rows],
        numeric={2, 3, 4},
    )
    software, origin = _software(rows)
    source = "the provenance"
    anew = sorted({why for row in rows for why in row.get("refiled", ())})
    text = INTRODUCTION
    if anew:
        text += " Some results were filed anew after a change of source: " + "; ".join(anew) + "."
    return "".join(
        [
            fence("text", f"# Provenance {{#sec-provenance}}\n\n{text}", source=source),
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
                caption=f"Where it was computed, and with which versions.{origin}",
            ),
        ]
    )


def _software(rows: list[Row]) -> tuple[str, str]:
    r"""Write the table of environments, and what its caption says in place of a constant column.

    >>> both = [{"machine": name, "origin": "computed here"} for name in ("a", "b")]
    >>> table, origin = _software([{"chapter": "One", "environments": both}])
    >>> origin
    ' Results in every row: computed here.'
    >>> print(table.splitlines()[0])
    | Chapters | Machine | Device | Versions |
    >>> _software([{"environments": [{"machine": name} for name in ("a", "b")]}])[1]
    ''
    """
    header, environments = ["Chapters", "Machine", "Device", "Versions"], _environments(rows)
    origins = {origin for *_, origin in environments}
    if len(environments) == 1 or len(origins) > 1:
        return _pipe_table([*header, "Results"], environments), ""
    (origin,) = origins
    said = "" if origin == MISSING else f" Results in every row: {origin}."
    return _pipe_table(header, [row[:-1] for row in environments]), said


def _result(row: Row) -> list[str]:
    return [
        _text(" ".join(filter(None, [row.get("number"), row.get("chapter")]))),
        _data(row),
        _text(row.get("replicas")),
        _text(row.get("trainings")),
        _duration(row.get("seconds")),
        _text(row.get("written")),
        _text(row.get("commits")),
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
    """List each machine, device and set of versions once, with the chapters computed there.

    >>> where = {"machine": "a", "device": "cpu, 1 thread"}
    >>> _environments([{"chapter": name, "environments": [where]} for name in ("One?", "Two")])
    [['all', 'a', 'cpu, 1 thread', '–', '–']]
    >>> both = [where, {"machine": "b"}]
    >>> _environments([{"chapter": "One?", "number": "1.1", "environments": [where]},
    ...                {"chapter": "Two", "environments": both}])
    [['1.1, Two', 'a', 'cpu, 1 thread', '–', '–'], ['Two', 'b', '–', '–', '–']]
    """
    seen: dict[str, tuple[Mapping[str, Any], list[object]]] = {}
    for row in rows:
        for where in row.get("environments") or [{}]:
            name = json.dumps(where, sort_keys=True, default=str)
            chapters = seen.setdefault(name, (where, []))[1]
            chapter = row.get("number") or row.get("chapter")
            if chapter not in chapters:
                chapters.append(chapter)
    return [
        [
            _text(chapters if len(seen) > 1 else "all"),
            _text(where.get("machine")),
            _text(where.get("device")),
            _versions(where.get("versions")),
            _text(where.get("origin")),
        ]
        for where, chapters in seen.values()
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
