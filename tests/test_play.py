"""Playing with a notebook changes no report, and a change can be given back on purpose."""

import os
import runpy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from hw1lib import parameters
from hw1lib.publish.given import ExecutionError

ROOT = Path(__file__).resolve().parents[1]
play = runpy.run_path(str(ROOT / "tools" / "play.py"))


def notebook(text="# A title", seed="0", outputs=()):
    cell = new_code_cell(f"seed: int = {seed}  # first", metadata={"tags": ["parameters"]}, id="p")
    told = new_code_cell("seed", outputs=list(outputs), id="c")
    told.execution_count = 3 if outputs else None
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=[new_markdown_cell(text, id="t"), cell, told], metadata=kernel)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook(), tmp_path / "notebooks" / "11_first.ipynb")
    return tmp_path


def test_a_copy_is_made_once_and_then_left_as_it_is(root):
    assert play["copy"](root) == []
    mine = root / "play" / "11_first.ipynb"
    assert mine.read_bytes() == (root / "notebooks" / "11_first.ipynb").read_bytes()
    mine.write_text("mine")
    play["copy"](root)
    assert mine.read_text() == "mine"


def test_a_copy_that_is_older_than_its_notebook_is_named(root):
    play["copy"](root)
    later = (root / "play" / "11_first.ipynb").stat().st_mtime + 10
    os.utime(root / "notebooks" / "11_first.ipynb", (later, later))
    assert play["copy"](root) == [
        "play/11_first.ipynb is older than notebooks/11_first.ipynb; remove it for a new copy"
    ]


def test_a_change_given_back_leaves_parameters_and_outputs_behind(root):
    (root / "play").mkdir()
    shown = new_output("stream", name="stdout", text="77")
    nbformat.write(notebook("# Better", "77", [shown]), root / "play" / "11_first.ipynb")
    play["give_back"]("11_first", root)
    found = nbformat.read(root / "notebooks" / "11_first.ipynb", as_version=4)
    assert [cell.source for cell in found.cells] == ["# Better", "seed: int = 0  # first", "seed"]
    assert found.cells[2].outputs == []
    assert found.cells[2].execution_count is None


def test_what_is_not_there_cannot_be_given_back(root):
    with pytest.raises(FileNotFoundError, match=r"there is no play/12_second\.ipynb"):
        play["give_back"]("12_second", root)


@pytest.mark.parametrize(
    ("seed", "given", "refused"), [("77", {}, True), ("77", {"seed": 3}, False), ("0", {}, False)]
)
def test_a_value_saved_in_a_notebook_is_refused_unless_the_report_is_given_one(
    tmp_path, seed, given, refused
):
    path = tmp_path / "91_saved.ipynb"
    nbformat.write(notebook(seed=seed), path)
    if not refused:
        assert parameters.check([path], given) == {"91_saved": list(given)}
        return
    with pytest.raises(ExecutionError) as error:
        parameters.check([path], given)
    assert str(error.value) == (
        f"{path} has seed = 77 saved in its parameters, where a report begins with 0; set it back, "
        'or ask for it by PARAMS="-p seed ..."'
    )


def test_no_notebook_has_another_value_than_the_default_saved():
    parameters.check(sorted((ROOT / "notebooks").glob("*.ipynb")), {})
