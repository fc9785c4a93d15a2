"""Copies of the notebooks to play with, which git ignores, and the way back for a change.

    python tools/play.py                     copy what is not in play/ yet, as make lab does
    python tools/play.py 11_function_fit     take play's notebook over into notebooks/

JupyterLab saves parameters and outputs into the file that is open. In a copy they change no report.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = "parameters"  # tag of the cell that a notebook keeps as it is


def copy(root: Path = ROOT) -> list[str]:
    """Copy the notebooks that play/ lacks, and say which of the others are older than theirs."""
    play = root / "play"
    play.mkdir(exist_ok=True)
    sentences = []
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        mine = play / notebook.name
        if not mine.exists():
            shutil.copyfile(notebook, mine)
        elif mine.stat().st_mtime < notebook.stat().st_mtime:
            sentences.append(
                f"play/{mine.name} is older than notebooks/{mine.name}; remove it for a new copy"
            )
    return sentences


def give_back(name: str, root: Path = ROOT) -> str:
    """Take a copy over, without its outputs and with the parameters that the notebook had.

    Returns:
        What was done, as a sentence.

    Raises:
        FileNotFoundError: If there is no such copy, or no such notebook.
    """
    mine, notebook = (root / folder / f"{name}.ipynb" for folder in ("play", "notebooks"))
    for path in (mine, notebook):
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path.relative_to(root)}")
    changed, kept = (nbformat.read(path, as_version=4) for path in (mine, notebook))
    parameters = next((cell for cell in kept.cells if _holds_parameters(cell)), None)
    for cell in changed.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if parameters is not None and _holds_parameters(cell):
            cell.source = parameters.source
        for entry in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(entry, None)
    changed.metadata = kept.metadata
    text = nbformat.writes(changed)
    notebook.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    return f"notebooks/{name}.ipynb is now as play/{name}.ipynb, but for parameters and outputs"


def _holds_parameters(cell: NotebookNode) -> bool:
    return PARAMETERS in cell.metadata.get("tags", ())


def main(words: Sequence[str] | None = None) -> int:
    """Copy, or take one copy over.

    Returns:
        The exit status: 0, or 1 after a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="python tools/play.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", help="a notebook to take over, such as 11_function_fit")
    name = parser.parse_args(words).name
    try:
        for sentence in [give_back(name)] if name else copy():
            print(sentence)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
