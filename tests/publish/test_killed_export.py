"""A report is the old one or the new one, file by file, whenever its writing ends.

HW1_FILES says how many figures the report has; every call that changes the disk is one case.
"""

import os
from pathlib import Path

import nbformat
import pytest
from stopped import DONE_ALL_THE_SAME, KILLED, REFUSED, UNDISTURBED, disk_full, killed, stopped

from hw1lib.publish import build
from hw1lib.publish.settings import Part, Report

FIGURES = int(os.environ.get("HW1_FILES", "2"))
REPORT = Report(title="T", parts=(Part(title="", notebooks=("one",)),))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks, as POSIX does")


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Publish a report of that name, whose pages cost nothing to make."""

    def now(name, out):
        named = [f"fig-{number}" for number in range(FIGURES)] + [f"fig-{name}"]
        beside = {Path("data", f"{one}.csv"): f"{name} {one}\n".encode() * 900 for one in named}
        beside |= {Path("figures", f"{one}.svg"): f"<{name}>".encode() * 900 for one in named}
        pages = [
            (f"report.{kind}", f"{name} {kind}".encode() * 900, 0.0) for kind in ("html", "pdf")
        ]
        notebook = nbformat.v4.new_notebook(metadata={"name": name})
        monkeypatch.setattr(build, "merge", lambda *_: notebook)
        monkeypatch.setattr(build.beside, "files", lambda _: beside)
        monkeypatch.setattr(build, "_pages", lambda *_: pages)
        build.publish(REPORT, tmp_path, out)

    return now


def contents(folder):
    """Return the bytes of all files below a folder, but for temporary ones, and count those."""
    files = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    whole = {path: of for path, of in files.items() if not path.name.startswith(".tmp-")}
    return whole, len(files) - len(whole)


@pytest.mark.parametrize("stop", [killed, disk_full])
def test_no_end_of_its_writer_leaves_half_a_file(published, tmp_path, stop, record_property):
    published("old", tmp_path / "old")
    published("new", tmp_path / "new")
    old, new = contents(tmp_path / "old")[0], contents(tmp_path / "new")[0]
    assert len(new) == 3 + 2 * (FIGURES + 1)
    out, point, code = tmp_path / "out", 0, REFUSED
    published("old", out)
    while code != UNDISTURBED:
        point += 1
        code = stopped(lambda: published("new", out), point, stop)
        found, temporary = contents(out)
        for path, content in found.items():
            assert content in (old.get(path), new.get(path)), path
        assert {*found} >= {*old} & {*new}
        assert temporary <= (stop is killed)
        assert code in (UNDISTURBED, DONE_ALL_THE_SAME, KILLED if stop is killed else REFUSED)
        if code in (UNDISTURBED, DONE_ALL_THE_SAME):
            assert found == new
        elif point % 10 == 0:  # the same again ends right, whatever is there
            published("new", out)
            assert contents(out) == (new, 0)
        published("old", out)
        assert contents(out) == (old, 0)
    record_property("points", point - 1)
    print(f"{point - 1} points, {stop.__name__}")
    assert point > 40
