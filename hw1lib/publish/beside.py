"""What lies beside the report: every figure as vectors, and the numbers of figures and tables."""

from __future__ import annotations

import base64
import copy
import gzip
from collections.abc import Iterator
from pathlib import PurePosixPath

from nbformat import NotebookNode

from hw1lib.marks import DATA, EXPLORER, FIGURE, KEY, TABLE

FOLDERS = ("data", "figures")


def files(nb: NotebookNode) -> dict[PurePosixPath, bytes]:
    """Unpack what a notebook's figures and tables carry.

    Returns:
        Contents by path in the report's folder: `data/<id>.csv` of figures and tables,
        `figures/<id>.svg`.
    """
    found = {}
    for entry, data in shown(nb):
        if DATA in data:
            found[PurePosixPath("data", f"{entry['id']}.csv")] = gzip.decompress(
                base64.b64decode(data[DATA])
            )
        if entry["kind"] == FIGURE and "image/svg+xml" in data:
            found[PurePosixPath("figures", f"{entry['id']}.svg")] = data["image/svg+xml"].encode()
    return found


def without_data(nb: NotebookNode) -> NotebookNode:
    """Copy a notebook without packed numbers: they lie beside the report or in its page."""
    nb = copy.deepcopy(nb)
    for _, data in shown(nb):
        data.pop(DATA, None)
        data.pop(EXPLORER, None)
    return nb


def shown(nb: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    """Yield the entry and the media of every figure and table that has a name."""
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            entry = output.get("metadata", {}).get(KEY, {})
            if entry.get("kind") in (FIGURE, TABLE) and entry.get("id"):
                yield entry, output.data
