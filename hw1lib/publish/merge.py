"""Executed chapters to one notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from hw1lib.marks import KEY
from hw1lib.publish.fences import is_abstract
from hw1lib.publish.settings import PublishError, Report

MAX_ID = 64  # characters of a cell id, by the notebook format


def merge(report: Report, folder: Path) -> NotebookNode:
    """Put the executed chapters of a report into one notebook.

    The abstract of the title page is what `report.yml` says, or one cell tagged `abstract`.

    Args:
        report: Names and order of the chapters, and the title page.
        folder: Where they lie, as `<name>.ipynb`.

    Returns:
        A notebook with unique cell ids, a heading cell before each part, the front matter in its
        metadata, and no widget state.

    Raises:
        PublishError: If chapters are missing, unreadable, not executed to the end, failed, or
            without a title, or if there is more than one abstract.
    """
    missing = [name for name in report.notebooks if not (folder / f"{name}.ipynb").is_file()]
    if missing:
        raise PublishError(
            f"no executed notebook for {', '.join(missing)}: expected "
            + ", ".join(f"{name}.ipynb" for name in missing)
            + f" in {folder}."
        )

    cells: list[NotebookNode] = []
    metadata: dict[str, object] = {}
    for part in report.parts:
        if part.title:
            cells.append(_part_cell(part.title, len(cells)))
        for name in part.notebooks:
            chapter = read_chapter(folder / f"{name}.ipynb")
            metadata = metadata or _kernel(chapter)
            cells.extend(_with_unique_ids(chapter.cells, report.notebooks.index(name) + 1))
    _check_abstract(cells, report)
    metadata[KEY] = report.front_matter
    merged = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    merged.nbformat_minor = 5
    nbformat.validate(merged)
    return merged


def read_chapter(path: Path) -> NotebookNode:
    """Read an executed notebook, label its cells with their places and check them.

    Raises:
        PublishError: If it is no notebook, was not executed to the end, failed, or lacks a title.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises whatever the broken file provokes
        raise PublishError(f"{path} is not a notebook: {' '.join(str(error).split())}.") from None
    label(notebook, path.stem)
    check_executed(notebook)
    if not any(_is_title(cell) for cell in notebook.cells):
        raise PublishError(f"{path.stem}: no cell begins with a title, '# ...'.")
    return notebook


def label(notebook: NotebookNode, name: str) -> None:
    """Write into each cell which chapter it is from and how complaints and readers call it.

    The title says by which id other chapters refer to it, and by the homework's numbers which
    chapter it is: `sec-image-task` and 1.2 in `12_image_task`. The summary is chapter S.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if KEY not in cell.metadata:
            id_ = cell.get("id", "")
            where = f"{name}, cell {number} ({id_ or 'no id'})"
            shown = f"{name}, cell {id_ or number}"
            cell.metadata[KEY] = {"chapter": name, "place": where, "shown": shown}
    if title := next(filter(_is_title, notebook.cells), None):
        plain = re.sub(r"\W|_", "-", name.lstrip("0123456789_"))
        title.metadata[KEY].setdefault("title_of", f"sec-{plain}")
        if digits := re.match(r"(\d)(\d)_", name):
            homework = ".".join(digits.groups()) if digits[0] != "00_" else "S"
            title.metadata[KEY].setdefault("number", homework)


def check_executed(notebook: NotebookNode) -> None:
    """Refuse a labelled notebook with a failed cell, or one cell run and another not.

    Raises:
        PublishError: With the place and the error.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        where = cell.metadata[KEY]["place"]
        for output in cell.outputs:
            if output.output_type == "error":
                raise PublishError(f"{where}: failed with {output.ename}: {output.evalue}.")
        if cell.source.strip() and cell.execution_count is None:
            raise PublishError(f"{where}: was not executed.")


def _check_abstract(cells: list[NotebookNode], report: Report) -> None:
    """Refuse a second abstract.

    Raises:
        PublishError: With the place of each.
    """
    places = [str(cell.metadata[KEY]["place"]) for cell in cells if is_abstract(cell)]
    places += ["report.yml"] if report.abstract else []
    if len(places) > 1:
        raise PublishError(
            f"a report has one abstract, here are {len(places)}: {'; '.join(places)}."
        )


def _is_title(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and bool(re.search(r"^# \S", cell.source, re.MULTILINE))


def _part_cell(title: str, number: int) -> NotebookNode:
    entry = {"chapter": title, "place": f"the part {title}", "kind": "part"}
    return nbformat.v4.new_markdown_cell(f"# {title}", id=f"part-{number}", metadata={KEY: entry})


def _with_unique_ids(cells: list[NotebookNode], number: int) -> list[NotebookNode]:
    """Prefix the ids, which are unique in one notebook only, with a number."""
    for position, cell in enumerate(cells):
        named = f"{number}-{cell.get('id', position)}"
        cell["id"] = named if len(named) <= MAX_ID else f"{number}-cell-{position}"
    return cells


def _kernel(notebook: NotebookNode) -> dict[str, object]:
    """Keep what the notebook says about its language; drop widget state and papermill's notes."""
    kept = ("kernelspec", "language_info")
    return {name: notebook.metadata[name] for name in kept if name in notebook.metadata}
