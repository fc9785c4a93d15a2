"""What the README tells people to type works."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from hw1lib import readme
from hw1lib.chapters.registry import PARTS, discover
from hw1lib.data import published
from hw1lib.results.store import MissingResultError

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.S)
COMMANDS = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)


def test_every_make_target_named_exists():
    named = re.findall(r"make ([a-z]+)", README)
    assert {"report", "test", "lab"} <= set(named)
    assert set(named) <= set(TARGETS)


def test_every_linked_file_exists():
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_the_table_has_the_questions_of_the_chapters_in_their_order():
    rows = re.findall(r"^\| (.+?) \| .+ \| \[(\d\d_\w+)\]\(notebooks/\2\.ipynb\) \|$", README, re.M)
    chapters = discover().values()
    expected = [(f"1-{c.part} {c.question}", c.notebook) for c in chapters]
    assert rows[0][1] == "00_summary"
    assert rows[1:] == expected


@pytest.mark.parametrize("chapter", discover().values(), ids=lambda chapter: chapter.notebook)
def test_a_finding_is_that_of_the_published_results(chapter, monkeypatch, tmp_path):
    def nowhere(name, root):
        raise published.UnavailableError("no data in this test")

    monkeypatch.setenv("HW1_COMPUTE", "no")
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    monkeypatch.setattr(published, "read", nowhere)
    try:
        found = readme.finding(chapter)
    except MissingResultError:
        pytest.skip("the full profile of this chapter is not in reference/ as a whole")
    assert readme.rows(README)[chapter.notebook] == found


def test_a_row_is_replaced_and_the_others_stay(monkeypatch, tmp_path, capsys):
    def chapter(name, run):
        return SimpleNamespace(
            notebook=name,
            run=run,
            profiles={"full": 7},
            in_brief=lambda result: f"Found -{result}.",
        )

    def missing(spec, **how):
        raise MissingResultError("not stored: a training")

    file = tmp_path / "README.md"
    row = "| why? | old | [{0}](notebooks/{0}.ipynb) |\n"
    file.write_text("before\n" + row.format("11_one") + row.format("12_two"), encoding="utf-8")
    chapters = {
        "one": chapter("11_one", lambda spec, **how: spec),
        "two": chapter("12_two", missing),
    }
    monkeypatch.setattr(readme, "discover", lambda: chapters)
    monkeypatch.setattr(readme, "README", file)
    monkeypatch.setenv("HW1_COMPUTE", "")
    readme.main([])
    assert readme.rows(file.read_text()) == {
        "11_one": "Found −7.",
        "12_two": "old",
    }
    assert "12_two: kept, since not stored: a training" in capsys.readouterr().out


def test_the_report_has_the_parts_of_the_chapters_in_their_order():
    text = (ROOT / "report" / "report.yml").read_text(encoding="utf-8")
    chapters = discover().values()
    expected = [
        {
            "part": f"1-{part} {title}",
            "notebooks": [c.notebook for c in chapters if c.part == part],
        }
        for part, title in PARTS.items()
    ]
    assert yaml.safe_load(text)["chapters"] == [{"notebooks": ["00_summary"]}, *expected]


@pytest.mark.parametrize("command", [c for c in COMMANDS if "papermill" in c])
def test_the_papermill_commands_run(command, tmp_path):
    words = command.replace(".venv/bin/papermill", f"{sys.executable} -m papermill").split()
    words = [str(tmp_path / word) if word == "out.ipynb" else word for word in words]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "HW1_RESULTS": str(tmp_path / "results")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
