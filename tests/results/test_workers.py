"""Results made by several processes are those that one makes, and a lost worker loses no other."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from hw1lib import compute
from hw1lib.networks import builders
from hw1lib.results import jobs, process, workers
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import Asked
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Store
from hw1lib.training import optimizers, regression
from hw1lib.training.regression import Training

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Of a job that ends as it is told."""

    what: str
    epochs: int = 1


def end(settings, *, run, before=None):
    if settings.what == "fail":
        raise ValueError("as it was told")
    if settings.what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if settings.what == "slay" and not (slain := Path(os.environ["SLAIN"])).exists():
        slain.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
    if settings.what == "sleep":
        Path(os.environ.get("BEGAN", os.devnull)).touch()
        time.sleep(600)
    run.progress(1, torch.tensor([0.5]))
    return {"threads": np.array(torch.get_num_threads()), "process": np.array(os.getpid())}


def ending(*what):
    return [("ends", Job(word, partial(end, Settings(word)))) for word in what]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "reference"))
    return Store()


def fits(epochs=40):
    return {
        rate: Job(
            f"{rate}",
            partial(
                regression.train,
                Training(
                    target=torch.sin,
                    widths=(1, 5, 1),
                    optimizer=optimizers.adam,
                    learning_rate=rate,
                    points=20,
                    epochs=epochs,
                    seeds=(0, 1),
                    activation=builders.leaky_relu,
                ),
            ),
            threads=1,
        )
        for rate in (1e-3, 1e-2, 1e-1)
    }


def make(todo, count=2, limit=None):
    with workers.Local(count, limit) as crew:
        failed = workers.attempt(todo, device="cpu", crew=crew, progress=False)
    for error in failed.values():
        raise error


def test_workers_make_what_one_process_makes(store, tmp_path, monkeypatch):
    make([("fit", job) for job in fits().values()])
    together = {rate: store.find("fit", job.call).arrays for rate, job in fits().items()}
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "others"))
    alone = jobs.carry_out("fit", fits(), device="cpu", progress=False)
    for rate, entry in alone.items():
        for name, values in entry.arrays.items():
            np.testing.assert_array_equal(values, together[rate][name])


def test_a_worker_has_one_thread_and_is_another_process(store):
    make(ending("fine", "well"))
    found = [store.find(*pair[:1], pair[1].call).arrays for pair in ending("fine", "well")]
    assert {int(arrays["threads"]) for arrays in found} == {1}
    assert os.getpid() not in {int(arrays["process"]) for arrays in found}


def test_an_error_in_a_worker_is_told_and_loses_nothing_that_was_finished(store):
    with pytest.raises(ValueError, match="as it was told"):
        make(ending("fine", "fail"), count=1)
    assert store.find("ends", ending("fine")[0][1].call)


def test_a_worker_that_the_system_ends_is_told_in_a_sentence(store):
    with pytest.raises(process.WorkerError, match="ended the process of die 2 times"):
        make(ending("die"))


def test_what_fails_loses_no_other(store):
    todo = ending("fail", "die", "sleep", "fine", "well")
    with workers.Local(2, limit=1.0) as crew:
        failed = workers.attempt(todo, device="cpu", crew=crew, progress=False)
    assert [type(failed[number]) for number in sorted(failed)] == [
        ValueError,
        process.WorkerError,
        process.TimeLimitError,
    ]
    assert "sleep was not done after 1 s" in str(failed[2])
    assert all(store.find("ends", job.call) for _, job in todo[3:])


def test_a_process_ends_with_what_began_it(tmp_path):
    script = tmp_path / "begin.py"
    script.write_text(
        "import os, sys\nsys.path.insert(0, sys.argv[1])\n"
        "from test_workers import ending\nfrom hw1lib.results.process import Process\n"
        "if __name__ == '__main__':\n"
        "    Process().make(*ending('sleep')[0], device='cpu', tell=print, wanted=lambda: True)\n"
    )
    began = tmp_path / "began"
    parent = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent)],
        env={
            **os.environ,
            "HW1_RESULTS": str(tmp_path / "results"),
            "PYTHONPATH": str(ROOT),
            "BEGAN": str(began),
        },
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not began.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    assert ended(parent.pid)


def test_what_is_asked_next_is_first_what_others_begin_with(store):
    first = Job("first", partial(end, Settings("first")))
    second = Job("second", partial(end, Settings("second"), before=ResultOf("ends", first)))
    asked = {"ends": Asked({ResultOf("ends", second).fingerprint: second})}
    assert [job.label for _, job in compute.missing(asked)] == ["first"]
    jobs.carry_out("ends", {0: first}, device="cpu", progress=False)
    assert [job.label for _, job in compute.missing(asked)] == ["second"]


def test_a_chapter_that_there_is_not_is_refused():
    with pytest.raises(SettingError, match="there is no chapter 99; known: 11, 12"):
        compute.asked("smoke", {}, ("99",))


def test_the_command_computes_a_chapter_once(store, capsys):
    words = ["--profile", "smoke", "--only", "11", "--workers", "2", "-p", "seed", "3"]
    assert compute.main(words) == 0
    assert re.match("[1-9][0-9]* results computed", capsys.readouterr().out)
    assert compute.main(words) == 0
    assert capsys.readouterr().out.startswith("0 results computed")
    assert compute.main(["-p", "seed", "-1"]) == 1
    assert "seed of" in capsys.readouterr().err


def test_a_training_over_its_time_fails_and_the_others_go_on(store, capsys):
    words = [
        "--profile",
        "smoke",
        "--only",
        "21",
        "-p",
        "data",
        "standin",
        "-p",
        "epochs",
        "100000",
    ]
    assert compute.main([*words, "--workers", "2", "--job-timeout", "1"]) == 1
    said = capsys.readouterr()
    assert said.out == "0 results computed, 2 failed\n"
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert all(line.endswith("was not done after 1 s") for line in errors)


def test_an_order_to_end_leaves_no_worker_behind(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        "import sys\nfrom hw1lib import compute\n"
        "if __name__ == '__main__':\n    sys.exit(compute.main(sys.argv[1:]))\n"
    )
    words = ["--profile", "smoke", "--only", "11", "--workers", "2", "-p", "epochs", "3000000"]
    process = subprocess.Popen(
        [sys.executable, str(script), *words],
        env={**os.environ, "HW1_RESULTS": str(tmp_path / "results"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/*/*/*")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.terminate()
    assert process.wait(60) == 130
    assert ended(process.pid)


def ended(group):
    """Whether nobody is left in a group of processes within a while."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.2)
    return False
