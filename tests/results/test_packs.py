"""Packs give back what was put in, and nothing that was damaged or tampered with."""

import hashlib
import json
import re
import warnings
import zipfile
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from stopped import KILLED, REFUSED, UNDISTURBED, disk_full, killed, stopped

from hw1lib.results import packs
from hw1lib.results.errors import StoreWarning
from hw1lib.results.job import Job
from hw1lib.results.jobs import carry_out
from hw1lib.results.store import FILES, MissingResultError, Store

ENTRIES = {
    name * 64: {file: f"{name} {file}".encode() * 100 for file in FILES} for name in ("a", "b")
}


@dataclass(frozen=True)
class Settings:
    """Of a result that only counts."""

    steps: int = 3
    rate: float = 0.5
    epochs: int = 1
    seeds: tuple[int, ...] = (0,)


def count(settings: Settings, *, run):
    """Make an array, and say so."""
    MADE.append(settings.steps)
    run.progress(1, torch.zeros(1))
    return {"curve": settings.rate * np.arange(settings.steps)}


MADE: list[int] = []


@pytest.fixture(autouse=True)
def _made():
    MADE.clear()


@pytest.fixture
def pack(tmp_path):
    return packs.write(tmp_path, "toy", ENTRIES)


def read(pack, digest):
    return packs.read(pack.parent, "toy", digest, FILES)


def test_what_was_put_in_is_read_back(pack):
    assert {digest: read(pack, digest) for digest in ENTRIES} == ENTRIES
    assert sorted(packs.keys(pack.parent, "toy")) == [
        ENTRIES[digest]["spec.json"] for digest in sorted(ENTRIES)
    ]


def test_the_same_entries_are_the_same_bytes(pack, tmp_path):
    again = packs.write(tmp_path / "again", "toy", dict(reversed(ENTRIES.items())))
    assert again.read_bytes() == pack.read_bytes()


def test_the_manifest_is_one_for_sha256sum(pack):
    with zipfile.ZipFile(pack) as archive:
        lines = archive.read("SHA256SUMS").decode().splitlines()
        for line in lines:
            digest, name = line.split("  ")
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert len(lines) == 6


def test_a_new_pack_takes_the_place_of_the_old_one(pack):
    packs.write(pack.parent, "toy", {"b" * 64: ENTRIES["b" * 64]})
    assert read(pack, "a" * 64) is None
    assert read(pack, "b" * 64) == ENTRIES["b" * 64]
    assert [path.name for path in pack.parent.iterdir()] == ["toy.zip"]


def test_what_is_not_there_is_none_without_a_word(pack, tmp_path):
    assert read(pack, "c" * 64) is None
    assert packs.read(tmp_path, "other", "a" * 64, FILES) is None
    assert packs.read(tmp_path / "nowhere", "toy", "a" * 64, FILES) is None
    assert packs.keys(tmp_path, "other") == []


def repacked(pack, change):
    """Write a pack anew with some members changed; None leaves one out."""
    with zipfile.ZipFile(pack) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= change(members)
    with zipfile.ZipFile(pack, "w") as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


A = "a" * 64


@pytest.mark.parametrize(
    "change",
    [
        lambda m: {f"{A}/result.npz": b"other"},
        lambda m: {f"{A}/spec.json": m[f"{A}/spec.json"] + b" "},
        lambda m: {f"{A}/provenance.json": None},
        lambda m: {"SHA256SUMS": m["SHA256SUMS"].replace(b"a/result", b"a/resolt")},
        lambda m: {"SHA256SUMS": b"0" * 64 + m["SHA256SUMS"][64:]},
    ],
    ids=["arrays", "key", "without provenance", "another name", "a sum that lies"],
)
def test_a_damaged_entry_is_passed_over_with_a_warning_and_the_others_are_not(pack, change):
    repacked(pack, change)
    with pytest.warns(StoreWarning, match=f"toy.zip is damaged at {A}, which was passed over"):
        assert read(pack, A) is None
    assert read(pack, "b" * 64) == ENTRIES["b" * 64]


@pytest.mark.parametrize("manifest", [None, b"nonsense", b"\xff\xfe"])
def test_a_pack_without_a_manifest_that_can_be_read_gives_nothing(pack, manifest):
    repacked(pack, lambda members: {"SHA256SUMS": manifest})
    with pytest.warns(StoreWarning, match=r"toy\.zip is damaged"):
        assert read(pack, A) is None


def test_no_flipped_bit_and_no_cut_gives_wrong_bytes(pack):
    whole = pack.read_bytes()
    damaged = [whole[:place] for place in range(0, len(whole), 37)]
    for place in range(0, len(whole), 11):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        damaged.append(bytes(changed))
    for content in damaged:
        pack.write_bytes(content)
        packs._manifest.cache_clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StoreWarning)
            found = [read(pack, digest) for digest in ENTRIES]
        for digest, contents in zip(ENTRIES, found, strict=True):
            assert contents in (None, ENTRIES[digest])


# As the second root of a store


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """Two empty roots that stores look at."""
    results, reference = tmp_path / "results", tmp_path / "reference"
    monkeypatch.setenv("HW1_RESULTS", str(results))
    monkeypatch.setenv("HW1_REFERENCE", str(reference))
    return results, reference


def run(**settings):
    job = Job("some steps", partial(count, Settings(**settings)))
    return carry_out("toy", {"it": job}, device="cpu", progress=False)["it"]


def packed(**settings):
    """Compute a result, and let it be in the pack alone."""
    entry, store = run(**settings), Store()
    packs.write(store.reference, "toy", {entry.fingerprint: store.contents(entry)})
    for path in [*entry.path.iterdir()]:
        path.unlink()
    entry.path.rmdir()
    MADE.clear()
    return entry


def test_a_packed_result_is_not_computed_and_not_written(roots):
    before = packed()
    found = run()
    assert MADE == []
    assert found.is_reference
    assert not before.is_reference
    assert np.array_equal(found.arrays["curve"], before.arrays["curve"])
    assert (found.fingerprint, found.key) == (before.fingerprint, before.key)
    assert not [*roots[0].rglob("result.npz")]


def test_a_result_of_ones_own_comes_before_the_packed_one(roots):
    packed()
    (roots[1] / "toy.zip").rename(roots[1] / "away.zip")
    own = run()
    (roots[1] / "away.zip").rename(roots[1] / "toy.zip")
    assert run().path == own.path


def test_a_packed_result_under_another_name_is_none(roots):
    """Sums and manifest agree, but the entry is that of other settings."""
    packed(steps=4)
    store = Store()
    with zipfile.ZipFile(store.reference / "toy.zip") as archive:
        members = {name.split("/")[-1]: archive.read(name) for name in archive.namelist()}
    wanted = run(steps=3)
    contents = {name: members[name] for name in FILES}
    packs.write(store.reference, "toy", {wanted.fingerprint: contents})
    MADE.clear()
    for path in [*wanted.path.iterdir()]:
        path.unlink()
    wanted.path.rmdir()
    assert len(run(steps=3).arrays["curve"]) == 3
    assert MADE == [3]


def test_a_damaged_packed_result_is_computed(roots):
    entry = packed()
    repacked(roots[1] / "toy.zip", lambda m: {f"{entry.fingerprint}/result.npz": b""})
    with pytest.warns(StoreWarning, match="passed over"):
        assert not run().is_reference
    assert MADE == [3]


def test_where_nothing_may_be_computed_it_is_said_what_is_missing(roots, monkeypatch):
    monkeypatch.setenv("HW1_COMPUTE", "no")
    with pytest.raises(MissingResultError, match="there is no result of toy at all"):
        run()
    monkeypatch.delenv("HW1_COMPUTE")
    packed(steps=4, rate=0.25)
    run(steps=9, rate=9.0)
    monkeypatch.setenv("HW1_COMPUTE", "no")
    assert run(steps=4, rate=0.25).is_reference
    sentence = (
        "toy: some steps is not stored, and HW1_COMPUTE=no forbids to compute it; the nearest "
        "that is stored differs in settings.rate (0.25 for 0.5)"
    )
    with pytest.raises(MissingResultError, match=re.escape(sentence)):
        run(steps=4)
    jobs = {k: Job(f"job {k}", partial(count, Settings(steps=20 + k))) for k in range(8)}
    with pytest.raises(MissingResultError) as missing:
        carry_out("toy", jobs, device="cpu", progress=False)
    lines = str(missing.value).splitlines()
    assert [line.partition(" is")[0] for line in lines[:5]] == [f"toy: job {k}" for k in range(5)]
    assert lines[5:] == ["and 3 more"]
    assert MADE == [9]


def test_another_source_is_named_as_what_differs(roots, monkeypatch):
    entry = packed()
    key = {**entry.key, "function": {"source": "0" * 64}}
    content = json.dumps(key, indent=1, sort_keys=True).encode()
    contents = {**Store().contents(entry), "spec.json": content}
    packs.write(roots[1], "toy", {hashlib.sha256(content).hexdigest(): contents})
    monkeypatch.setenv("HW1_COMPUTE", "no")
    with pytest.raises(MissingResultError, match=r"differs in the function\.source$"):
        run()


# While a pack is written


@pytest.mark.parametrize("stop", [killed, disk_full])
def test_a_pack_is_the_old_one_or_the_new_one_whenever_its_writer_ends(pack, stop):
    new = {"c" * 64: ENTRIES[A]}
    point, code = 0, REFUSED
    while code != UNDISTURBED:
        point += 1
        packs.write(pack.parent, "toy", ENTRIES)
        code = stopped(lambda: packs.write(pack.parent, "toy", new), point, stop)
        packs._manifest.cache_clear()
        old_one = {digest: read(pack, digest) for digest in ENTRIES} == ENTRIES
        new_one = read(pack, "c" * 64) == new["c" * 64]
        assert old_one != new_one
        assert new_one or code in (KILLED, REFUSED)
        assert code == KILLED or not [*pack.parent.glob(".tmp-*")]
    packs.write(pack.parent, "toy", new)
    assert not [*pack.parent.glob(".tmp-*")]  # what the killed left is swept
    assert point > 5
