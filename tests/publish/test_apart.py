"""Processes that execute notebooks: how they end, and what is left of them."""

import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from hw1lib.publish.apart import Apart, Unwanted

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while 1: pass'])"


def begun(count):
    """The processes below this one, once there are so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = psutil.Process().children(recursive=True)
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_a_command_that_fails_says_its_last_line():
    fails = "import sys; print('first'); sys.exit('the reason')"
    with Apart() as apart:
        assert apart.run([sys.executable, "-c", fails], None) == "the reason"
        assert apart.run([sys.executable, "-c", "print('fine')"], None) == ""
        assert apart.run([sys.executable, "-c", "import os; os._exit(3)"], None) == "exit status 3"


def test_a_command_that_hangs_is_ended_with_its_children():
    before = {*psutil.Process().children(recursive=True)}
    started = time.monotonic()
    with Apart() as apart:
        assert apart.run([sys.executable, "-c", CHILD], 1.0) == "not finished after 1 s"
    assert time.monotonic() - started < 12
    _, alive = psutil.wait_procs({*psutil.Process().children(recursive=True)} - before, timeout=5)
    assert not alive


def test_who_leaves_ends_what_runs_and_begins_no_more():
    said = []

    def run(apart):
        try:
            apart.run([sys.executable, "-c", CHILD], None)
        except Unwanted:
            said.append("unwanted")

    before = {*psutil.Process().children(recursive=True)}
    with Apart() as apart:
        thread = threading.Thread(target=run, args=(apart,))
        thread.start()
        family = [one for one in begun(len(before) + 2) if one not in before]
    thread.join(20)
    assert said == ["unwanted"]
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    with pytest.raises(Unwanted):
        apart.run([sys.executable, "-c", "pass"], None)


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_process_ends_with_the_one_that_asked_however_that_ends(tmp_path):
    notebook = tmp_path / "long.ipynb"
    notebook.write_text(
        '{"cells": [{"cell_type": "code", "id": "a", "source": "x = 1", "outputs": [], '
        '"execution_count": null, "metadata": {"tags": ["parameters"]}}, {"cell_type": "code", '
        '"id": "b", "source": "import time; time.sleep(99)", "outputs": [], '
        '"execution_count": null, "metadata": {}}], "metadata": {}, "nbformat": 4, '
        '"nbformat_minor": 5}'
    )
    script = (
        "import sys; from pathlib import Path; from hw1lib.publish.apart import Apart\n"
        "with Apart() as apart: apart.execute(Path(sys.argv[1]), Path(sys.argv[2]), {})"
    )
    asks = subprocess.Popen([sys.executable, "-c", script, notebook, tmp_path / "out.ipynb"])
    deadline = time.monotonic() + 30
    family = []
    while len(family) < 2 and time.monotonic() < deadline:  # the one that executes, and a kernel
        family = psutil.Process(asks.pid).children(recursive=True)
        time.sleep(0.05)
    assert len(family) == 2
    asks.kill()
    asks.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive
