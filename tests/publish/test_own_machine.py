"""Machines as people have them: a notebook runs there, or one sentence says what is wrong.

Each kind was reported against another project: Jupyter, papermill, Matplotlib or Python itself.
"""

import os

import nbformat
import pytest

from hw1lib.publish import execute, given
from hw1lib.publish.execute import ExecutionError
from hw1lib.results import workers

CODE = """
import os, tempfile
from hw1lib.showing import figures
figures.panels(1, 1, 2)[0].savefig(os.path.join(tempfile.gettempdir(), "figure.svg"))
print(word, "here" if "planted" in globals() else "clean")
"""


@pytest.fixture
def notebook(tmp_path):
    """A notebook that draws; runs it, and returns what it printed."""
    source, target = tmp_path / "draws.ipynb", tmp_path / "drawn.ipynb"
    parameters = nbformat.v4.new_code_cell('word = ""', metadata={"tags": ["parameters"]})
    cells = [parameters, nbformat.v4.new_code_cell(CODE)]
    language = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": language})
    nbformat.write(made, source)

    def run(word):
        execute.execute(source, target, {"word": word})
        done = nbformat.read(target, as_version=4).cells[-1].outputs
        return "".join(output.text for output in done if output.get("name") == "stdout").strip()

    return run


@pytest.mark.parametrize(
    "setting",
    [
        {"HOME": "/proc/1/nowhere"},  # as for a container's user without a home
        {"HOME": None},
        {"MPLBACKEND": "module://nowhere"},
        {"MPLBACKEND": "TkAgg"},  # and no screen
        {"TMPDIR": "a b'c"},
        {"TMPDIR": "/nowhere/at/all"},
        {"PYTHONWARNINGS": "error"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_a_notebook_runs_on_a_machine_with(setting, notebook, monkeypatch, tmp_path):
    for name, value in setting.items():
        if value is None:
            monkeypatch.delenv(name)
        elif name == "TMPDIR" and not value.startswith("/"):
            (tmp_path / value).mkdir()
            monkeypatch.setenv(name, str(tmp_path / value))
        else:
            monkeypatch.setenv(name, value)
    assert notebook("café 写真") == "café 写真 clean"


def test_start_up_files_of_the_user_are_not_run(notebook, monkeypatch, tmp_path):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("planted = 1\nraise SystemExit('this kernel is mine')\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    assert notebook("is") == "is clean"


def test_letters_that_the_locale_does_not_know_are_refused_in_one_sentence():
    strange = os.fsencode("folder:/写真").decode("ascii", "surrogateescape")  # as sys.argv has it
    with pytest.raises(
        ExecutionError, match="has letters unknown to the locale; set PYTHONUTF8=1"
    ) as refused:
        given.parse([("data", strange)])
    str(refused.value).encode()
    assert given.parse([("data", "folder:/写真\n")]) == {"data": "folder:/写真\n"}


@pytest.mark.parametrize(
    ("granted", "count"), [("150000 100000", 2), ("1000 100000", 1), ("max 100000", 8), (None, 8)]
)
def test_as_many_workers_as_cores_are_granted(granted, count, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(workers, "GRANTED", tmp_path / "cpu.max")
    if granted:
        (tmp_path / "cpu.max").write_text(f"{granted}\n")
    assert workers.cores() == count


def test_cores_that_this_process_may_not_use_are_not_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "GRANTED", tmp_path / "none")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert workers.cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert workers.cores() == 64
