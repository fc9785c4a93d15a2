"""The first figure, as a newcomer draws it: from what comes with the repository."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hw1lib.first import main

CHECKOUT = Path(__file__).parents[1]
PROMISED = 30  # seconds, on a machine that does nothing else


def test_the_first_figure_needs_neither_data_nor_a_training(tmp_path):
    """From the start of Python to the picture, with an empty store and no images."""
    out = tmp_path / "first.svg"
    env = {**os.environ, "HW1_RESULTS": str(tmp_path / "results"), "HW1_DATA": str(tmp_path)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "hw1lib.first", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, env=env)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)  # whatever else this machine does
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert computed < PROMISED
    assert out.read_text(encoding="utf-8").count("<svg") == 1
    question, *sentences, last = done.stdout.splitlines()
    assert question.endswith("?")
    assert len(sentences) >= 3
    assert all(line.startswith("- ") and "*" not in line for line in sentences)
    assert last.startswith(f"{out}: how the loss falls; ")
    assert not list((tmp_path / "results").rglob("*.npz"))


def test_the_first_figure_loads_nothing_that_notebooks_need():
    """Of which the schema of notebooks alone took half of the time."""
    said = "import sys, hw1lib.first; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "torch" in loaded
    assert not {"nbformat", "nbconvert", "papermill", "anywidget", "ipywidgets"} & loaded


def test_a_missing_result_is_said_in_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "none"))
    monkeypatch.setenv("HW1_COMPUTE", "no")
    assert main(["--out", str(tmp_path / "first.svg")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert not (tmp_path / "first.svg").exists()


def test_an_unknown_profile_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    assert main(["--profile", "huge", "--out", str(tmp_path / "first.svg")]) == 1
    assert "there is no profile 'huge'" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["first", "lab", "report", "doctor"])
def test_make_knows_what_the_tour_names(target):
    rules = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert f"\n{target}:" in rules
