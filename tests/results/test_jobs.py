"""Trainings are carried out once, on a device that is there, under a bar that reaches its end."""

import dataclasses
import io
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import tqdm.std

from hw1lib.data import image_sets
from hw1lib.results import jobs
from hw1lib.results.jobs import Job, carry_out, find_device, record
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Entry


@dataclass(frozen=True)
class Settings:
    """Of a training that only counts."""

    name: str
    epochs: int


def counting():
    """Stand for the code of a training."""


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    # the bar for a person, unless a test says otherwise
    monkeypatch.setenv("JPY_SESSION_NAME", "notebook.ipynb")
    return tmp_path


class Trainer:
    """Counts its trainings, each of which ends after so many epochs."""

    def __init__(self, stop_after=1000, losses=(0.5, 0.25, np.nan)):
        self.stop_after, self.trained, self.devices = stop_after, [], set()
        self.losses = torch.tensor(losses)

    def __call__(self, settings, *, device, checkpoint, each_epoch):
        self.trained.append(settings.name)
        self.devices.add(device)
        for _ in range(min(settings.epochs, self.stop_after)):
            each_epoch(self.losses)
        return {"epochs": np.array([settings.epochs])}

    def jobs(self, **epochs):
        costs = {"b": 2.5}
        return {
            name: Job(f"job {name}", Settings(name, n), self, (counting,), cost=costs.get(name, 1))
            for name, n in epochs.items()
        }


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


def test_a_bad_device_is_refused_before_anything_is_trained():
    trainer = Trainer()
    with pytest.raises(SettingError, match="device 'gpu'"):
        carry_out("counting", trainer.jobs(a=1), device="gpu", progress=False)
    assert not trainer.trained


# The store


def test_what_is_stored_is_not_trained_again():
    trainer = Trainer()
    first = run(trainer.jobs(a=2, b=3))
    assert trainer.trained == ["a", "b"]
    assert trainer.devices == {"cpu"}
    again = run(trainer.jobs(b=3, c=4, a=2))
    assert trainer.trained == ["a", "b", "c"]
    assert list(again) == ["b", "c", "a"]
    for key in first:
        assert again[key].path == first[key].path
        assert again[key].arrays["epochs"].tolist() == first[key].arrays["epochs"].tolist()
    assert again["c"].arrays["epochs"].tolist() == [4]


def test_other_data_is_another_training():
    trainer = Trainer()
    for fingerprint in ("mnist", "standin", "mnist"):
        run({"a": Job("a", Settings("a", 1), trainer, (counting,), fingerprint)})
    assert len(trainer.trained) == 2


def test_what_was_trained_before_a_failure_is_kept():
    trainer = Trainer()

    def fails(settings, **how):
        raise FloatingPointError("on purpose")

    jobs = trainer.jobs(a=1)
    broken = {"b": Job("b", Settings("b", 1), fails, (counting,))}
    with pytest.raises(FloatingPointError, match="on purpose"):
        run(jobs | broken)
    run(jobs)
    assert trainer.trained == ["a"]


# The bar


def test_the_bar_counts_epochs_by_their_cost_and_ends_full(bars):
    run(Trainer().jobs(a=2, b=3), progress=True)
    (bar,) = bars
    assert bar.total == 2 + 2.5 * 3
    assert bar.n == bar.total
    assert [n for n in bar.told if n] == [1, 1, 2.5, 2.5, 2.5]
    said = bar.fp.getvalue()
    assert "counting 2/2 job b" in said
    assert "loss 0.25" in said  # a median that passes over the replica that diverged
    assert "100%" in said


def test_the_bar_says_so_where_every_replica_has_ended(bars):
    run(Trainer(losses=(np.nan, np.nan)).jobs(a=2), progress=True)
    said = bars[0].fp.getvalue()
    assert "ended" in said
    assert "nan" not in said


def test_what_is_found_in_the_store_counts_as_done(bars):
    run(Trainer().jobs(a=2))
    run(Trainer().jobs(a=2, b=3), progress=True)
    bar = bars[-1]
    assert bar.n == bar.total == 2 + 2.5 * 3
    assert bar.told[0] == 2


def test_a_training_that_stops_early_counts_as_done(bars):
    run(Trainer(stop_after=1).jobs(a=2, b=3), progress=True)
    (bar,) = bars
    assert bar.n == bar.total
    assert [n for n in bar.told if n] == [1, 1, 2.5, 5]


def test_no_bar_is_shown_unless_it_is_asked_for(bars, capsys):
    run(Trainer().jobs(a=2))
    assert all(bar.disable for bar in bars)
    assert capsys.readouterr() == ("", "")


def test_a_kernel_without_a_front_end_writes_plain_lines(monkeypatch, bars, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.delenv("JPY_SESSION_NAME")
    run(Trainer().jobs(a=2, b=3), progress=True)
    assert not bars  # the one for people, which would be a widget here
    said = capsys.readouterr().err
    assert said.isascii()
    last = said.replace("\n", "\r").rstrip("\r").split("\r")[-1]
    assert re.match(r"counting 2/2 job b:? +100%\|#+\|", last)
    assert len(last.rstrip()) <= 110


# The record


def entry(seconds, written, commit="a" * 40, dirty=False, torch_version="2.11.0"):
    provenance = {
        "seconds": seconds,
        "written": written,
        "git": {"commit": commit, "dirty": dirty} if commit else None,
        "machine": {"cpu": "a processor", "platform": f"a system of {written[:4]}"},
        "versions": {"torch": torch_version},
    }
    return Entry({}, provenance, Path("nowhere"))


def test_the_record_adds_the_seconds_and_takes_the_rest_from_the_latest_training():
    entries = [
        entry(1.26, "2025-01-01T00:00:00+00:00", torch_version="2.10.0"),
        entry(2.0, "2026-03-01T00:00:00+00:00", commit="b" * 40),
        entry(3.0, "2026-02-01T00:00:00+00:00", torch_version="2.9.0"),
    ]
    assert record(entries, learned="a formula", replicas=20) == {
        "data": "a formula",
        "standin": None,
        "replicas": 20,
        "trainings": 3,
        "seconds": 6.26,
        "commit": "b" * 10,
        "machine": "a processor, a system of 2026",
        "versions": {"torch": "2.11.0"},
    }


@pytest.mark.parametrize(
    ("source", "standin"), [("real", False), ("standin", True), ("folder", None)]
)
def test_the_record_says_whether_the_images_are_real(source, standin):
    images = image_sets.load("mnist", "standin", sizes=(60, 40))
    images = dataclasses.replace(images, source=source)
    summary = record([entry(1.0, "2026-01-01T00:00:00+00:00")], learned=images, replicas=1)
    assert summary["standin"] is standin
    assert summary["data"] == images.description


def test_what_diverged_early_is_filled_up_with_nan():
    values = np.arange(6.0).reshape(2, 3)
    longer = jobs.to_length(values, 4)
    assert np.array_equal(longer[:2], values)
    assert longer.shape == (4, 3)
    assert np.isnan(longer[2:]).all()
    square = jobs.to_length(values, 3, 0, 1)
    assert np.array_equal(np.isnan(square), [[False] * 3] * 2 + [[True] * 3])
    assert jobs.to_length(values[0], 3, 1).tolist() == [0.0, 1.0, 2.0]


def test_the_record_says_whether_the_checkout_had_changes_or_was_none():
    def commit(**settings):
        one = entry(1.0, "2026-01-01T00:00:00+00:00", **settings)
        return record([one], learned="", replicas=1)["commit"]

    assert commit(dirty=True) == "a" * 10 + " with changes"
    assert commit(commit=None) is None


def test_the_record_of_real_trainings_can_be_read():
    entries = run(Trainer().jobs(a=2, b=3))
    summary = record([*entries.values()], learned="", replicas=1)
    assert summary["trainings"] == 2
    assert summary["versions"]["torch"] == str(torch.__version__)
    assert 0 <= summary["seconds"] < 60


def test_the_bar_is_plain_only_there(monkeypatch, bars):
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    with jobs._bar(3.0, True):
        pass
    assert len(bars) == 1
