"""What print leaves to the page: what is to be tried by hand, and tables behind a figure."""

from __future__ import annotations

import re
from itertools import groupby

from nbformat import NotebookNode

from hw1lib import marks
from hw1lib.marks import KEY


def leave_out(nb: NotebookNode) -> None:
    """Take out of a labelled notebook what a printed report has no use for.

    Of sections whose figures all answer to a hand on the page, a sentence stays; of tables that a
    tag leaves beside the report, the caption. Both keep their numbers, which are those of the page.
    """
    kept: list[NotebookNode] = []
    for tried, cells in groupby(_sections(nb.cells), key=_to_be_tried):
        whole = [cell for section in cells for cell in section]
        kept += [_sentence(whole)] if tried else whole
    nb.cells = kept
    for cell in nb.cells:
        if marks.BESIDE in cell.metadata.get("tags", ()):
            for output in cell.outputs:
                entry = output.get("metadata", {}).get(KEY, {})
                if entry.get("kind") == marks.TABLE:
                    name = f"data/{entry['id']}.csv"
                    output.data["text/markdown"] = f"| |\n|:--|\n| `{name}` |"


def _sections(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Divide cells where a Markdown cell begins with a heading."""
    found: list[list[NotebookNode]] = []
    for cell in cells:
        begins = cell.cell_type == "markdown" and re.match(r"\s*#", cell.source)
        if begins or not found:
            found.append([])
        found[-1].append(cell)
    return found


def _figures(cells: list[NotebookNode]) -> list[NotebookNode]:
    return [
        output
        for cell in cells
        for output in cell.get("outputs", ())
        if output.get("metadata", {}).get(KEY, {}).get("kind") == marks.FIGURE
    ]


def _to_be_tried(section: list[NotebookNode]) -> bool:
    """Tell whether a section below a title holds figures that answer to controls, and no other."""
    figures = _figures(section)
    below = not re.match(r"\s*# ", section[0].source)
    return below and bool(figures) and all(marks.EXPLORER in one.data for one in figures)


def _sentence(cells: list[NotebookNode]) -> NotebookNode:
    """Stand for figures that are left out."""
    cell = cells[0]
    cell.source = str(len(_figures(cells)))
    cell.metadata[KEY] = {**cell.metadata[KEY], "kind": marks.TRIED}
    return cell
