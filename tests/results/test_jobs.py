"""Trainings are carried out once, on a device that is there, under a bar that reaches its end."""

import dataclasses
import functools
import io
import re
import shutil
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import tqdm.std

from hw1lib.data import image_sets
from hw1lib.results import bars as progress_bars
from hw1lib.results import jobs as carrying_out
from hw1lib.results import keys
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import Stopped, carry_out, find_device, record
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Checkpoint, Entry


@dataclass(frozen=True)
class Settings:
    """Of a training that only counts."""

    name: str
    epochs: int
    seeds: tuple[int, ...] = (0,)
    stop_after: int = 1000
    losses: tuple[float, ...] = (0.5, 0.25, float("nan"))


class Trained:
    """What was trained by this process: names, how each was carried out, and threads."""

    def __init__(self):
        self.names, self.runs, self.threads = [], [], []


TRAINED = Trained()


def counting(settings: Settings, *, data=None, run):
    """Stand for a training: count it, and tell its losses so many epochs long."""
    TRAINED.names.append(settings.name)
    TRAINED.runs.append(run)
    TRAINED.threads.append(torch.get_num_threads())
    for epoch in range(min(settings.epochs, settings.stop_after)):
        run.progress(epoch + 1, torch.tensor(settings.losses))
    return {"epochs": np.array([settings.epochs])}


def failing(settings: Settings, *, run):
    """Fail as a training may."""
    raise FloatingPointError("on purpose")


def job(name, epochs, train=counting, data=None, threads=None, **settings):
    """Make a job; b's epochs cost more."""
    arguments = {} if data is None else {"data": data}
    made = functools.partial(train, Settings(name, epochs, **settings), **arguments)
    return Job(f"job {name}", made, {"b": 2.5}.get(name, 1.0), threads)


def jobs_of(**epochs):
    return {name: job(name, count) for name, count in epochs.items()}


@pytest.fixture(autouse=True)
def trained(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "TRAINED", Trained())
    return TRAINED


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    # the bar for a person, unless a test says otherwise
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")
    return tmp_path


@pytest.fixture
def bars(monkeypatch):
    """Every progress bar that is made, with what it was told."""
    made = []

    class Bar(tqdm.std.tqdm):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings, file=io.StringIO(), mininterval=0)
            self.told = []
            made.append(self)

        def update(self, n=1):
            self.told.append(n)
            return super().update(n)

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    return made


def run(jobs, progress=False):
    return carry_out("counting", jobs, device="cpu", progress=progress)


# Devices


def test_a_device_is_found():
    assert find_device("cpu") == "cpu"
    assert find_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


def test_auto_takes_a_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto") == "cuda"


@pytest.mark.parametrize("name", ["gpu", "", "CPU", "cuda:99", "cpu cuda", "meta", None, 1.5])
def test_a_device_that_is_not_there_is_refused_in_one_sentence(name):
    with pytest.raises(SettingError) as refused:
        find_device(name)
    said = str(refused.value)
    assert said.startswith(f"device {name!r} cannot be used here: ")
    assert said.endswith("use auto, cpu or a cuda device that this machine has")
    assert "\n" not in said


def test_a_graphics_card_is_recorded_with_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"a card at {device}")
    assert carrying_out._how("cuda:0", []) == {"device": "cuda:0 (a card at cuda:0)"}
    assert carrying_out._how("cpu", []) == {"device": "cpu"}


def test_a_bad_device_is_refused_before_anything_is_trained():
    with pytest.raises(SettingError, match="device 'gpu'"):
        carry_out("counting", jobs_of(a=1), device="gpu", progress=False)
    assert not TRAINED.names


# The store


def test_what_is_stored_is_not_trained_again():
    first = run(jobs_of(a=2, b=3))
    assert TRAINED.names == ["a", "b"]
    assert {how.device for how in TRAINED.runs} == {"cpu"}
    again = run(jobs_of(b=3, c=4, a=2))
    assert TRAINED.names == ["a", "b", "c"]
    assert list(again) == ["b", "c", "a"]
    for key in first:
        assert again[key].path == first[key].path
        assert again[key].arrays["epochs"].tolist() == first[key].arrays["epochs"].tolist()
    assert again["c"].arrays["epochs"].tolist() == [4]


def test_other_data_is_another_training():
    for data in (np.zeros(3), np.ones(3), np.zeros(3)):
        run({"a": job("a", 1, data=data)})
    assert len(TRAINED.names) == 2


def test_other_images_are_another_training():
    for count in (60, 50, 60):
        images = image_sets.load("mnist", "standin", sizes=(count, 40))
        run({"a": job("a", 1, data=images)})
    assert len(TRAINED.names) == 2


def test_label_cost_and_threads_are_no_part_of_the_key():
    run({"a": job("a", 1)})
    run({"other": dataclasses.replace(job("a", 1, threads=1), label="another", cost=9.0)})
    assert TRAINED.names == ["a"]


def test_what_was_trained_before_a_failure_is_kept():
    jobs = jobs_of(a=1)
    with pytest.raises(FloatingPointError, match="on purpose"):
        run(jobs | {"b": job("b", 1, failing)})
    run(jobs)
    assert TRAINED.names == ["a"]


def test_a_training_is_given_a_checkpoint_of_its_own():
    run(jobs_of(a=1, b=1))
    checkpoints = [how.checkpoint for how in TRAINED.runs]
    assert all(isinstance(one, Checkpoint) and not one.due for one in checkpoints)
    assert checkpoints[0].folder != checkpoints[1].folder


# Threads


def test_a_job_computes_with_its_threads_and_others_as_before():
    before = torch.get_num_threads()
    wanted = before + 1
    entries = run({"a": job("a", 1, threads=wanted), "b": job("b", 1)})
    assert TRAINED.threads == [wanted, before]
    assert torch.get_num_threads() == before
    recorded = [entry.provenance["threads"] for entry in entries.values()]
    assert recorded == [wanted, before]


def test_threads_are_put_back_after_a_failure():
    before = torch.get_num_threads()
    with pytest.raises(FloatingPointError, match="on purpose"):
        run({"a": job("a", 1, failing, threads=before + 1)})
    assert torch.get_num_threads() == before


# The bar


def test_the_bar_counts_epochs_by_their_cost_and_ends_full(bars):
    run(jobs_of(a=2, b=3), progress=True)
    (bar,) = bars
    assert bar.total == 2 + 2.5 * 3
    assert bar.n == bar.total
    assert [n for n in bar.told if n] == [1, 1, 2.5, 2.5, 2.5]
    said = bar.fp.getvalue()
    assert "counting 2/2 job b" in said
    assert "loss 0.25" in said  # a median that passes over the replica that diverged
    assert "100%" in said


def test_the_bar_says_so_where_every_replica_has_ended(bars):
    run({"a": job("a", 2, losses=(np.nan, np.nan))}, progress=True)
    said = bars[0].fp.getvalue()
    assert "ended" in said
    assert "nan" not in said


def test_what_is_found_in_the_store_counts_as_done(bars):
    run(jobs_of(a=2))
    run(jobs_of(a=2, b=3), progress=True)
    bar = bars[-1]
    assert bar.n == bar.total == 2 + 2.5 * 3
    assert bar.told[0] == 2


def test_a_training_that_stops_early_counts_as_done(bars):
    run({name: job(name, n, stop_after=1) for name, n in {"a": 2, "b": 3}.items()}, progress=True)
    (bar,) = bars
    assert bar.n == bar.total
    assert [n for n in bar.told if n] == [1, 1, 2.5, 5]


def test_no_bar_is_shown_unless_it_is_asked_for(bars, capsys):
    run(jobs_of(a=2))
    assert all(bar.disable for bar in bars)
    assert capsys.readouterr() == ("", "")


def test_a_kernel_without_a_front_end_writes_plain_lines(monkeypatch, bars, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.delenv("JPY_SESSION_NAME")
    run(jobs_of(a=2, b=3), progress=True)
    assert not bars  # the one for people, which would be a widget here
    said = capsys.readouterr().err
    assert said.isascii()
    last = said.replace("\n", "\r").rstrip("\r").split("\r")[-1]
    assert re.match(r"counting 2/2 job b:? +100%\|#+\|", last)
    assert len(last.rstrip()) <= 110


# Results of others


def adding(settings: Settings, *, one, other, run):
    """Make a result from two others."""
    TRAINED.names.append(settings.name)
    run.progress(settings.epochs, torch.zeros(1))
    return {"sum": one.arrays["epochs"] + other.arrays["epochs"]}


def added(name="sum"):
    of = {which: ResultOf("counting", job(which, count)) for which, count in (("a", 2), ("b", 3))}
    return Job(name, functools.partial(adding, Settings(name, 1), one=of["a"], other=of["b"]))


def test_results_of_others_are_made_only_where_they_are_missed(trained, results):
    found = run({"sum": added()})["sum"]
    assert found.arrays["sum"].tolist() == [5]
    assert trained.names == ["a", "b", "sum"]
    for path in [*results.rglob("spec.json")]:
        if path.parent.name != found.fingerprint:
            shutil.rmtree(path.parent)
    assert run({"sum": added()})["sum"].arrays["sum"].tolist() == [5]
    assert trained.names == ["a", "b", "sum"]  # and so nothing again
    run({"sum": added(), "more": added("more")})
    assert trained.names[3:] == ["a", "b", "more"]


def test_a_key_takes_a_result_of_another_job_for_what_it_will_be():
    ends = run(jobs_of(a=2, b=3))
    call = functools.partial(adding, Settings("sum", 1), one=ends["a"], other=ends["b"])
    assert keys.digest("counting", call) == keys.digest("counting", added().call)


def test_the_seconds_of_results_that_others_began_with_count_once():
    before = {"aa": 10.0, "bb": 5.0}
    entries = [entry(1.0, began_with=before), entry(2.0, began_with={"aa": 10.0}), entry(3.0)]
    assert recorded(*entries)["seconds"] == 21.0


# The record


def entry(seconds=1.0, commit="a" * 40, dirty=False, seeds=(0,), **changes):
    provenance = {
        "seconds": seconds,
        "written": "2026-01-01T00:00:00+00:00",
        "git": {"commit": commit, "dirty": dirty} if commit else None,
        "machine": {"cpu": "a processor", "platform": "a system"},
        "versions": {"torch": "2.11.0"},
        "device": "cpu",
        "threads": 1,
        **changes,
    }
    key = {"arguments": {"settings": {"seeds": list(seeds)}}}
    return Entry({}, key, provenance, Path("nowhere"))


def recorded(*entries):
    return record([*entries], learned="a formula", replicas=20)


ENVIRONMENT = {
    "machine": "a processor, a system",
    "device": "cpu, 1 thread",
    "versions": {"torch": "2.11.0"},
    "origin": "computed here",
}


def test_the_record_says_which_results_came_with_the_repository_and_from_when():
    came = dataclasses.replace(entry(written="2026-02-03T00:00:00"), path=Path("toy.zip/ab"))
    found = recorded(entry(), came, entry(refiled=[{"from": "ab", "why": "moved"}]))
    came_from = ENVIRONMENT | {"origin": "came with the repository"}
    assert found["environments"] == [came_from, ENVIRONMENT]
    assert found["written"] == "2026-01-01 to 2026-02-03"
    assert found["refiled"] == ["moved"]


def test_the_record_adds_the_seconds_and_counts_a_training_for_each_seed():
    assert recorded(entry(1.26, seeds=range(8)), entry(2.0, seeds=(3,)), entry(3.0)) == {
        "data": "a formula",
        "standin": None,
        "replicas": 20,
        "trainings": 10,
        "seconds": 6.26,
        "commits": ["a" * 10],
        "written": "2026-01-01",
        "refiled": [],
        "environments": [ENVIRONMENT],
    }


def test_a_result_without_settings_of_seeds_is_no_training():
    for key in ({"arguments": {}}, {"arguments": {"settings": {"rate": 0.1}}}):
        assert recorded(dataclasses.replace(entry(), key=key))["trainings"] == 0


def test_the_record_lists_every_commit_once():
    entries = [entry(commit=letter * 40) for letter in "bab"]
    entries += [entry(commit="a" * 40, dirty=True), entry(commit=None)]
    assert recorded(*entries)["commits"] == ["a" * 10, "a" * 10 + " with changes", "b" * 10]


def test_the_record_lists_every_machine_device_number_of_threads_and_version_once():
    others = [
        {"machine": {"cpu": "another", "platform": "a system", "cores": 8}},
        {"device": "cuda"},
        {"threads": 2},
        {"compiled": "numba 0.68"},
        {"versions": {"torch": "2.12.0"}},
    ]
    found = recorded(*(entry(**change) for change in [{}, *others, *others, {}]))["environments"]
    expected = [
        ENVIRONMENT,
        ENVIRONMENT | {"machine": "another, 8 cores, a system"},
        ENVIRONMENT | {"device": "cuda, 1 thread"},
        ENVIRONMENT | {"device": "cpu, 2 threads"},
        ENVIRONMENT | {"device": "cpu, 1 thread, updates compiled by numba 0.68"},
        ENVIRONMENT | {"versions": {"torch": "2.12.0"}},
    ]
    assert len(found) == len(expected)
    assert all(one in found for one in expected)


def test_the_record_does_not_depend_on_the_order_of_the_results():
    entries = [entry(commit="b" * 40), entry(device="cuda"), entry(threads=2)]
    assert recorded(*entries) == recorded(*entries[::-1])


@pytest.mark.parametrize(
    ("source", "standin"), [("real", False), ("standin", True), ("folder", None)]
)
def test_the_record_says_whether_the_images_are_real(source, standin):
    images = image_sets.load("mnist", "standin", sizes=(60, 40))
    images = dataclasses.replace(images, source=source)
    summary = record([entry()], learned=images, replicas=1)
    assert summary["standin"] is standin
    assert summary["data"] == images.description


def test_the_record_says_whether_the_checkout_had_changes_or_was_none():
    assert recorded(entry(dirty=True))["commits"] == ["a" * 10 + " with changes"]
    assert recorded(entry(commit=None))["commits"] == []


def test_the_record_of_real_trainings_can_be_read():
    entries = run({"a": job("a", 2, seeds=(1, 2, 3)), "b": job("b", 3)})
    summary = record([*entries.values()], learned="", replicas=1)
    assert summary["trainings"] == 4
    (environment,) = summary["environments"]
    assert environment["versions"]["torch"] == str(torch.__version__)
    assert environment["device"].startswith("cpu, ")
    assert 0 <= summary["seconds"] < 60


def test_the_bar_is_plain_only_there(monkeypatch, bars):
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    with progress_bars.bar(3.0, True):
        pass
    assert len(bars) == 1


def stopped(settings, *, run):
    """Be stopped, as by the button of a notebook."""
    raise KeyboardInterrupt


def test_a_stopped_chapter_says_in_one_line_how_much_is_stored():
    jobs = {**jobs_of(a=1), "s": job("s", 1, stopped), **jobs_of(c=1, d=1)}
    run(jobs_of(d=1))
    with pytest.raises(Stopped) as end:
        run(jobs)
    assert str(end.value) == "counting: 2 of 4 results stored"  # a, and d from before
    assert end.value._render_traceback_() == [
        "Stopped: counting: 2 of 4 results stored; run the cell again to go on"
    ]


def test_what_is_stored_needs_no_bar(bars):
    run(jobs_of(a=2), progress=True)
    assert len(bars) == 1
    run(jobs_of(a=2), progress=True)
    assert all(bar.disable for bar in bars[1:])
