"""Notebooks that run, fail, die and are interrupted: what is left in the folder, and what is said.

Every kernel here is a real one.
"""

import io
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import nbformat
import pytest

from hw1lib.publish import kernels
from hw1lib.publish.execute import execute, main
from hw1lib.publish.given import ExecutionError

PARAMETERS = 'width: int = 3  # units\nlabel: str = "a"  # name\nwidths: list = [1]  # units'


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook of named code cells after a parameters cell, and return its path."""

    def write(**cells):
        parameters = nbformat.v4.new_code_cell(
            PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}
        )
        others = [nbformat.v4.new_code_cell(source, id=name) for name, source in cells.items()]
        metadata = {"kernelspec": {"name": "nowhere", "display_name": "?", "language": "python"}}
        nbformat.write(
            nbformat.v4.new_notebook(cells=[parameters, *others], metadata=metadata),
            tmp_path / "chapter.ipynb",
        )
        return tmp_path / "chapter.ipynb"

    return write


@pytest.fixture
def target(tmp_path):
    return tmp_path / "build" / "chapter.ipynb"


def left(target):
    """Names of the files beside the target."""
    return sorted(path.name for path in target.parent.iterdir())


def printed(path):
    """What the notebook's last cell has printed."""
    return nbformat.read(path, as_version=4).cells[-1].outputs[0].text


def test_parameters_arrive_with_their_types_in_the_python_that_asks(notebook, target, capsys):
    source = notebook(
        run="import os, sys\nprint([width, label, widths], sys.executable, os.getcwd(), sep='|')"
    )
    command = [str(source), str(target)]
    command += ["-p", "width", "1e-3", "-p", "label", 'a"; b', "-p", "widths", "[1, 2.5, null]"]
    assert main(command) == 0
    values, python, folder = printed(target).strip().split("|")
    assert values == "[0.001, 'a\"; b', [1, 2.5, None]]"
    assert (python, folder) == (sys.executable, os.getcwd())
    assert left(target) == ["chapter.ipynb"]
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("chapter: running with width=0.001")
    assert said[-1].startswith("chapter: ")
    assert said[-1].endswith(" s")


def test_progress_is_repeated_and_its_last_state_is_what_the_notebook_keeps(notebook, target):
    bar = "import sys\nfor i in range(3): print(end=f'\\rstep {i}', file=sys.stderr, flush=True)"
    heard = io.StringIO()
    execute(notebook(run=bar), target, {}, progress=heard)
    assert heard.getvalue().split("\r")[1:] == ["step 0", "step 1", "step 2"]
    assert printed(target).strip() == "step 2"


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"widht": 3}, "no parameter 'widht', only width, label, widths; did you mean width?"),
        ({"x=1;open('here', 'w')#": 3}, "no parameter \"x=1;open('here', 'w')#\""),
        ({"width": (1, 2)}, "parameter width: (1, 2) is refused"),
        ({"width": [[1]]}, "parameter width: [[1]] is refused"),
        ({"width": {"a": 1}}, "parameter width: {'a': 1} is refused"),
        ({"width": float("nan")}, "parameter width: nan is refused"),
    ],
)
def test_a_bad_parameter_is_refused_before_a_kernel_starts(
    notebook, target, monkeypatch, parameters, sentence
):
    monkeypatch.setattr("papermill.execute_notebook", pytest.fail)
    with pytest.raises(ExecutionError) as refused:
        execute(notebook(run="1"), target, parameters)
    assert sentence in str(refused.value)
    assert not target.parent.exists()


def test_what_the_cell_does_not_list_goes_into_settings(notebook, target, capsys):
    source = notebook(run="print(width, settings)")
    cells = nbformat.read(source, as_version=4)
    cells.cells[0].source += "\nsettings: dict = {}  # others"
    nbformat.write(cells, source)
    words = ["-p", "width", "4", "-p", "depth", "2", "-p", "settings.rates", "[0.1, 1]"]
    assert main([str(source), str(target), *words]) == 0
    assert printed(target) == "4 {'depth': 2, 'rates': [0.1, 1]}\n"
    for given in ({"x=1;y": 3}, {"settings": 3}, {"settings.a.b": 1}):
        with pytest.raises(ExecutionError, match="chapter has no parameter"):
            execute(source, target, given)
    assert main([str(source), str(target), "-p", "depth", "2", "-p", "settings.depth", "3"]) == 1
    assert "parameter 'depth' is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("-p width 1 -p width 2", "parameter 'width' is given twice"),
        ("-p widths [1,", "parameter 'widths': '[1,' is no JSON list"),
        ("-p width inf", "parameter width: inf is refused"),
    ],
)
def test_the_command_refuses_in_one_sentence(notebook, target, capsys, words, sentence):
    assert main([str(notebook(run="1")), str(target), *words.split()]) == 1
    assert f"error: {sentence}" in capsys.readouterr().err.replace("chapter, ", "")


def test_a_missing_or_broken_notebook_is_one_sentence(notebook, target, capsys):
    source = notebook(run="1")
    assert main([str(source), str(source)]) == 1
    assert "is the notebook itself" in capsys.readouterr().err
    source.write_text("{")
    assert main([str(source), str(target)]) == 1
    assert "is not a notebook that can be run" in capsys.readouterr().err
    source.unlink()
    assert main([str(source), str(target)]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_failed_cell_is_named_and_shown_and_the_older_copy_stays(notebook, target, capsys):
    target.parent.mkdir()
    target.write_text("older")
    source = notebook(
        run="class SettingError(ValueError): ...\nraise SettingError('a\\n b')", end="1"
    )
    assert main([str(source), str(target)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: chapter, cell 'run': SettingError: a b"
    )
    assert target.read_text() == "older"
    assert left(target) == ["chapter.failed.ipynb", "chapter.ipynb"]
    execute(notebook(run="print(1)"), target, {})
    assert left(target) == ["chapter.ipynb"]
    assert printed(target) == "1\n"


def test_leaving_early_is_not_success(notebook, target):
    with pytest.raises(ExecutionError, match="cell 'run': SystemExit"):
        execute(notebook(run="raise SystemExit(0)", end="1"), target, {})
    assert left(target) == ["chapter.failed.ipynb"]


def test_a_killed_kernel_is_not_success(notebook, target, capsys):
    source = notebook(ready="1", run="import os\nos.kill(os.getpid(), 9)", end="1")
    assert main([str(source), str(target)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: chapter, cell 'run': the kernel died")
    assert left(target) == []


ENDLESS = {
    "an endless loop": "while True: pass",
    "a stopped kernel": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "blocked signals": (
        "import signal, time\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
        "while True: time.sleep(1)"
    ),
    "children": "import subprocess\nsubprocess.run(['sleep', '600'])",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_ended_in_time(notebook, target, capsys, source):
    began = time.monotonic()
    note = "import os, pathlib\npathlib.Path('pid.txt').write_text(str(os.getpid()))"
    note = note.replace("pid.txt", str(target.parent.parent / "pid"))
    words = [str(notebook(ready=note, run=source)), str(target), "--timeout", "5"]
    assert main(words) == 1
    assert time.monotonic() - began < 5 + 15
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == ["error: chapter, cell 'run': not finished after 5 s"]
    assert left(target) == []
    assert not running(int((target.parent.parent / "pid").read_text()))


def running(group):
    """Processes of a group that have not ended, those left out whom nobody has buried yet."""
    lines = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    fields = [line.split(maxsplit=2) for line in lines]
    return [of for of in fields if of[0] == str(group) and not of[1].startswith("Z")]


@pytest.mark.parametrize("word", ["0", "-1", "inf", "nan", "soon"])
def test_a_limit_that_is_none_is_refused(notebook, target, capsys, word):
    with pytest.raises(SystemExit):
        main([str(notebook(run="1")), str(target), "--timeout", word])
    assert f"invalid seconds value: '{word}'" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_ends_the_kernel_and_leaves_nothing(notebook, target, tmp_path):
    busy = (
        "import os, pathlib, time\npathlib.Path({!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    )
    note = tmp_path / "pid"
    command = [
        sys.executable,
        "-m",
        "hw1lib.publish.execute",
        notebook(run=busy.format(str(note))),
        target,
    ]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where the tests run as `&`
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as process:
        deadline = time.monotonic() + 30
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[1:] == [
        "interrupted: finished trainings are kept, and the same command continues"
    ]
    assert left(target) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_every_kernel_has_sockets_of_its_own_and_removes_them(
    notebook, target, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    show = "from ipykernel.connect import get_connection_file\nprint(get_connection_file())"
    execute(notebook(run=show), target, {})
    assert printed(target).startswith(str(tmp_path / "t"))
    assert not any((tmp_path / "t").iterdir())


def test_what_a_killed_process_left_is_removed_and_what_another_uses_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with kernels.connection_folder() as own:
        with kernels.connection_folder():
            assert Path(own).exists()
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        left = Path(f"{own.rpartition('-')[0]}-x".replace(f"-{os.getpid()}-", f"-{dead.pid}-"))
        left.mkdir()
        elsewhere = tmp_path / f"hw1-kernel-other-{dead.pid}-x"  # of a machine with this folder
        elsewhere.mkdir()
        with kernels.connection_folder():
            assert not left.exists()
    assert [*tmp_path.iterdir()] == [elsewhere]


def test_a_notebook_is_executed_without_a_grammar_that_it_does_not_need():
    """Loading it took twice as long as all the rest."""
    script = "import sys, hw1lib.publish.execute; print(sorted({'lark', 'nbconvert.filters'} & "
    done = subprocess.run(
        [sys.executable, "-c", f"{script}{{*sys.modules}}))"], capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr
