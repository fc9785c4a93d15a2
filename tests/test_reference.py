"""The reference set: what the full profile asks for, what is packed, and whether it repeats."""

import dataclasses
import sys
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hw1lib import reference
from hw1lib.chapters import registry
from hw1lib.compute import asked as asked_for
from hw1lib.data import image_sets, published
from hw1lib.results import provenance
from hw1lib.results.job import Job, ResultOf
from hw1lib.results.jobs import Asked
from hw1lib.results.store import Store

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def asked():
    """All that the full profile asks for, by a checkout without data, network and results."""

    def nowhere(name, root):
        raise published.UnavailableError("no data in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "read", nowhere)
        patch.setenv("HW1_RESULTS", "/nowhere")
        return asked_for("full", {})


def test_the_full_profile_asks_for_results_of_every_chapter(asked):
    chapters = {chapter.name for chapter in registry.discover().values()}
    assert chapters <= set(asked)
    assert all(of.jobs for of in asked.values())


def test_the_packs_hold_what_the_full_profile_asks_for_and_nothing_else(asked):
    """Else a source or a setting has changed: `python -m hw1lib.refile`, or compute anew."""
    for experiment, of in asked.items():
        with zipfile.ZipFile(ROOT / "reference" / f"{experiment}.zip") as archive:
            packed = {name.split("/")[0] for name in archive.namelist()} - {"SHA256SUMS"}
        assert packed == set(of.jobs) == set(of.entries), reference.sentence(experiment, of)
    assert {pack.stem for pack in (ROOT / "reference").glob("*.zip")} == set(asked)


def test_the_packs_are_small():
    sizes = {pack.stem: pack.stat().st_size for pack in (ROOT / "reference").glob("*.zip")}
    assert sum(sizes.values()) < 25 * 2**20, sizes


def test_a_missing_set_is_known_only_where_that_will_do(monkeypatch):
    def nowhere(name, root):
        raise published.UnavailableError("not here")

    monkeypatch.setattr(published, "read", nowhere)
    assert image_sets.load("mnist", "auto", known=True).source == "real"
    with pytest.warns(image_sets.StandInWarning):
        assert image_sets.load("mnist", "auto").source == "standin"
    with pytest.raises(published.UnavailableError):
        image_sets.load("mnist", "real", known=True)


# On a small experiment


@dataclass(frozen=True)
class Settings:
    """Of a result that only counts."""

    steps: int
    seeds: tuple[int, ...] = tuple(range(6))


SHIFT = [0.0]


def count(settings: Settings, *, run):
    """Make curves of as many rows, (steps, replicas)."""
    steps = np.arange(settings.steps)[:, None] + np.linspace(0, 1, len(settings.seeds))
    return {"curve": steps + SHIFT[0]}


def of(*steps):
    jobs = [Job(f"{n} steps", partial(count, Settings(n))) for n in steps]
    return {ResultOf("toy", job).fingerprint: job for job in jobs}


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Two of three results, computed from a clean commit."""
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "reference"))
    git = {"commit": "a" * 40, "dirty": False}
    monkeypatch.setattr(provenance, "_git", lambda: git)
    provenance.environment.cache_clear()
    yield git, found()
    provenance.environment.cache_clear()


def found():
    jobs, store = of(3, 4, 5), Store()
    entries = {}
    for name, job in list(jobs.items())[:2]:
        entries[name] = store.fetch(
            "toy", job.call, lambda _, job=job: job.call(run=None), how={"device": "cpu"}
        )
    return {"toy": Asked(jobs, entries)}


def test_what_is_stored_is_packed_and_what_is_missing_is_named(stored, capsys):
    _, asked = stored
    assert reference.sentence("toy", asked["toy"]) == (
        "toy: 2 of 3 stored, 0 in the repository; missing: 5 steps"
    )
    store = Store()
    reference.write(asked, store)
    assert "toy.zip: 2 results, 0.00 MiB, 0.00 hours" in capsys.readouterr().out
    for name, job in list(asked["toy"].jobs.items())[:2]:
        (store.root / "toy").rename(store.root / "away")
        entry = store.find("toy", job.call)
        (store.root / "away").rename(store.root / "toy")
        assert entry.is_reference
        assert np.array_equal(entry.arrays["curve"], asked["toy"].entries[name].arrays["curve"])


def test_what_no_commit_holds_is_not_packed(stored):
    git, asked = stored
    for entry in asked["toy"].entries.values():
        entry.provenance["git"] = git | {"dirty": True}
    with pytest.raises(SystemExit, match="toy: 3 steps was computed with changes that no commit"):
        reference.write(asked, Store())
    assert not Store().reference.exists()


def test_packed_results_are_computed_again_and_compared(stored, capsys, monkeypatch):
    _, asked = stored
    with pytest.raises(SystemExit, match="there is no packed result"):
        reference.verify(asked, 2, seed=0)
    store = Store()
    reference.write(asked, store)
    (store.root / "toy").rename(store.root / "away")
    entries = {n: store.find("toy", job.call) for n, job in asked["toy"].jobs.items()}
    packed = {"toy": Asked(asked["toy"].jobs, {n: e for n, e in entries.items() if e})}
    capsys.readouterr()
    assert reference.verify(packed, 5, seed=0)
    said = capsys.readouterr().out.splitlines()
    assert sorted(line.split(" (")[0] for line in said) == [
        "toy: 3 steps agrees",
        "toy: 4 steps agrees",
    ]
    times = {n: dataclasses.replace(job, repeats=False) for n, job in asked["toy"].jobs.items()}
    with pytest.raises(SystemExit, match="there is no packed result"):
        reference.verify({"toy": Asked(times, packed["toy"].entries)}, 5, seed=0)
    monkeypatch.setattr(sys.modules[__name__], "SHIFT", [9.0])
    assert not reference.verify(packed, 1, seed=0)
    assert "differs in curve" in capsys.readouterr().out
