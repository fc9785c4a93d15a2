"""A new chapter is written whole or not at all, and runs at once."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hw1lib import new
from hw1lib.chapters.registry import discover

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "Does the activation matter?"
COPIED = ("hw1lib", "tests", "tools", "notebooks", "report", "docs", "README.md", "Makefile")
COPIED += ("pyproject.toml", "CITATION.cff")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout with a new chapter in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        unwanted = shutil.ignore_patterns("build", "*.pdf")
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=unwanted)
        else:
            shutil.copy(source, folder / name)
    done = inside(folder, "-m", "hw1lib.new", "19_rehearsed", "--question", QUESTION)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout.splitlines()


def inside(folder, *words):
    """Run Python in the copy, on the library in it."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "HW1_RESULTS": str(folder / "results")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_a_chapter_is_a_package_and_four_paths(copy):
    _, (*places, advice) = copy
    outside = {place for place in places if not place.startswith("hw1lib/chapters/rehearsed/")}
    assert outside == {
        "notebooks/19_rehearsed.ipynb",
        "tests/chapters/test_rehearsed.py",
        "report/report.yml",
        "README.md",
    }
    assert advice == "now: make chapter NAME=19_rehearsed PROFILE=smoke"


def test_its_own_tests_and_those_of_all_chapters_pass(copy):
    folder, _ = copy
    tests = ["rehearsed", "claims", "margins", "slips", "handing_in"]
    done = inside(
        folder,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_layers.py"),
        *(f"tests/chapters/test_{name}.py" for name in tests),
        # the published results are those of the checkout itself, whose tests look at them
        *("tests/test_readme.py", "-k", "not papermill and not linked and not published"),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"[1-9]\d* passed", done.stdout)


def test_its_notebook_runs(copy):
    folder, _ = copy
    words = ["notebooks/19_rehearsed.ipynb", "done.ipynb", "-p", "profile", "smoke"]
    done = inside(folder, "-m", "hw1lib.publish.execute", *words)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fig-rehearsed-losses" in (folder / "done.ipynb").read_text()


def test_it_is_written_in_the_style_of_the_library(copy):
    folder, places = copy
    for command in (["check"], ["format", "--check"]):
        written = [p for p in places[:-1] if p.endswith((".py", ".ipynb"))]
        done = inside(folder, "-m", "ruff", *command, *written)
        assert done.returncode == 0, done.stdout


def test_nothing_of_the_example_is_left_in_it(copy):
    folder, places = copy
    for place in places[:-1]:
        if place not in ("README.md", "report/report.yml"):
            assert not re.search(r"example|E-00|What is the question", (folder / place).read_text())


@pytest.mark.parametrize(
    ("chapter", "question", "sentence"),
    [
        ("19_Rehearsed", QUESTION, "a word in lower case, such as 13_activation; got"),
        ("rehearsed", QUESTION, "a chapter is named by two digits, the first its part"),
        ("41_rehearsed", QUESTION, r"the first its part \(1, 2, 3\)"),
        ("19_../up", QUESTION, "a chapter is named by two digits"),
        ("11_rehearsed", QUESTION, "there is a chapter 11_function_fit already"),
        ("19_capacity", QUESTION, "there is a chapter 32_capacity already"),
        ("19_registry", QUESTION, "hw1lib/chapters/registry is a module of all chapters"),
        ("19_rehearsed", "It does.", "the question must be one line that ends with \\?"),
        ("19_rehearsed", "a | b?", "the question must be one line"),
        ("19_rehearsed", 'Does it "matter"?', "holds no quotes, bars or backslashes"),
        ("19_rehearsed", "a\\b?", "holds no quotes, bars or backslashes"),
    ],
)
def test_what_cannot_be_a_chapter_is_refused_in_a_sentence(chapter, question, sentence):
    with pytest.raises(ValueError, match=sentence):
        new.written(ROOT, chapter, question)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no checkout of the project"):
        new.written(tmp_path, "19_rehearsed", QUESTION)


def test_nothing_is_written_over(tmp_path):
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "19_rehearsed.ipynb").touch()
    with pytest.raises(ValueError, match=r"notebooks/19_rehearsed\.ipynb is there already"):
        new.written(tmp_path, "19_rehearsed", QUESTION)


@pytest.mark.parametrize("chapter", ["10_early", "19_late", "20_early", "25_late", "39_last"])
def test_a_chapter_takes_its_place_in_its_part_by_its_number(chapter):
    files = new.written(ROOT, chapter, QUESTION)
    before = [one.notebook for one in discover().values()]
    listed = re.findall(r"^\|.*\[(\d\d_\w+)\]\(", files[Path("README.md")], flags=re.M)
    assert listed == sorted(["00_summary", chapter, *before])
    parts = yaml.safe_load(files[Path("report/report.yml")])["chapters"]
    (part,) = (one["part"] for one in parts if chapter in one["notebooks"])
    assert part.startswith(f"1-{chapter[0]} ")
    names = [name for one in parts for name in one["notebooks"]]
    assert names == sorted(["00_summary", chapter, *before])


def test_the_command_fails_with_that_sentence(capsys):
    with pytest.raises(SystemExit, match="nothing written: there is a chapter 11_function_fit"):
        new.main(["11_other", "--question", QUESTION])
