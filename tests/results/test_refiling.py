"""Results are filed under new keys where two sources make the same, and only there."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hw1lib import refile
from hw1lib.results import keys, packs, refiling
from hw1lib.results.store import Entry, Store

CURVE = np.array([1.0, 0.5, np.nan])


def computed():
    """Stand for a training."""


@dataclass
class Shelf:
    """A folder of results whose keys are made by hand."""

    root: Path
    patch: pytest.MonkeyPatch

    @property
    def store(self) -> Store:
        return Store(self.root, self.root.with_name("packs"))

    def put(
        self, source: str, rate: float, arrays: dict, name: str = "train", **arguments
    ) -> Entry:
        """File arrays as made by a source with some settings."""
        content = {
            "experiment": "toy",
            "function": {"source": source},
            "arguments": {"settings": {"rate": rate, "act": {"source": "relu"}}, **arguments},
        }
        self.patch.setattr(keys, "key_of", lambda experiment, call: keys.write(content))
        self.patch.setattr(keys, "functions", lambda call: ["toy.relu", f"toy.{name}"])
        return self.store.fetch("toy", functools.partial(computed), lambda _: arrays)


@pytest.fixture
def shelves(tmp_path, monkeypatch):
    return [Shelf(tmp_path / name, monkeypatch) for name in ("old", "new", "results")]


def digests(shelf):
    return {entry.fingerprint for entry in refiling.entries(shelf.root)}


def test_results_of_a_source_that_makes_the_same_get_its_keys(shelves):
    old, new, results = shelves
    for shelf, source in ((old, "a"), (new, "b")):
        shelf.put(source, 0.1, {"curve": CURVE})
    stored = results.put("a", 0.7, {"curve": CURVE * 3})
    (kind,) = refiling.compare(old.root, new.root)
    assert kind.agrees
    assert (kind.old, kind.new, kind.compared) == (("relu", "a"), ("relu", "b"), 1)
    moved = refiling.refile(results.store, [kind], "the reason")
    ((before, after),) = moved
    assert before == stored.fingerprint
    assert digests(results) == {before, after}
    again = results.put("b", 0.7, {"curve": CURVE * 0})  # found, not computed
    assert again.fingerprint == after
    assert np.array_equal(again.arrays["curve"], CURVE * 3, equal_nan=True)
    assert again.provenance["refiled"] == [{"from": before, "why": "the reason"}]
    assert again.provenance["seconds"] == stored.provenance["seconds"]
    assert refiling.refile(results.store, [kind], "again") == []


def test_results_that_came_with_the_repository_are_filed_anew_among_those_here(shelves):
    old, new, results = shelves
    for shelf, source in ((old, "a"), (new, "b")):
        shelf.put(source, 0.1, {"curve": CURVE})
    stored = results.put("a", 0.7, {"curve": CURVE * 3})
    packs.write(
        results.store.reference, "toy", {stored.fingerprint: results.store.contents(stored)}
    )
    shutil.rmtree(results.root)
    (packed,) = results.store.packed()
    assert packed.is_reference
    kinds = refiling.compare(old.root, new.root)
    ((before, after),) = refiling.refile(results.store, kinds, "the reason")
    assert before == packed.fingerprint == stored.fingerprint
    assert digests(results) == {after}
    again = results.put("b", 0.7, {"curve": CURVE * 0})  # found, not computed
    assert np.array_equal(again.arrays["curve"], CURVE * 3, equal_nan=True)
    assert again.provenance["seconds"] == stored.provenance["seconds"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"curve": np.nextafter(CURVE, 2)}, ("curve",)),
        ({"curve": CURVE.astype(np.float32)}, ("curve",)),
        ({"curve": CURVE[:2]}, ("curve",)),
        ({"curve": CURVE, "more": CURVE}, ("more",)),
        ({"curves": CURVE}, ("curve", "curves")),
    ],
)
def test_results_that_differ_in_a_bit_stay_where_they_are(shelves, other, named):
    old, new, results = shelves
    old.put("a", 0.1, {"curve": CURVE})
    old.put("a", 0.2, {"curve": CURVE})
    new.put("b", 0.1, {"curve": CURVE})
    new.put("b", 0.2, other)
    results.put("a", 0.7, {"curve": CURVE})
    (kind,) = refiling.compare(old.root, new.root)
    assert kind.differing == named
    assert not kind.agrees
    assert refiling.refile(results.store, [kind], "") == []
    assert len(digests(results)) == 1
    assert f"these arrays differ: {', '.join(named)}" in refile.sentence(kind)


def test_settings_that_the_new_source_does_not_know_are_not_refiled(shelves):
    old, new, results = shelves
    old.put("a", 0.1, {"curve": CURVE})
    new.put("b", 0.1, {"curve": CURVE}, seeds=[1])
    results.put("a", 0.7, {"curve": CURVE})
    (kind,) = refiling.compare(old.root, new.root)
    assert kind.compared == 0
    assert "the present source has no such settings" in refile.sentence(kind)
    assert refiling.refile(results.store, [kind], "") == []


def test_results_of_a_third_source_are_left_alone(shelves):
    old, new, results = shelves
    old.put("a", 0.1, {"curve": CURVE})
    new.put("b", 0.1, {"curve": CURVE})
    results.put("c", 0.7, {"curve": CURVE})
    assert refiling.refile(results.store, refiling.compare(old.root, new.root), "") == []


def test_a_result_made_from_others_follows_them(shelves):
    old, new, results = shelves
    filed = []
    for shelf, source, rate in ((old, "a", 0.1), (new, "b", 0.1), (results, "a", 0.7)):
        end = shelf.put(source, rate, {"weights": CURVE})
        line = shelf.put(
            f"line {source}", rate, {"line": CURVE}, first={"fingerprint": end.fingerprint}
        )
        filed.append((end, line))
    kinds = refiling.compare(old.root, new.root)
    assert [kind.agrees for kind in kinds] == [True, True]
    moved = dict(refiling.refile(results.store, kinds, ""))
    end, line = filed[2]
    assert moved.keys() == {end.fingerprint, line.fingerprint}
    there = {entry.fingerprint: entry for entry in refiling.entries(results.root)}
    first = there[moved[line.fingerprint]].key["arguments"]["first"]
    assert first == {"fingerprint": moved[end.fingerprint]}


def test_a_result_follows_another_that_is_kept_no_longer(shelves):
    old, new, results = shelves
    for shelf, source, rate in ((old, "a", 0.1), (new, "b", 0.1), (results, "a", 0.7)):
        end = shelf.put(source, rate, {"weights": CURVE})
        line = shelf.put("line", rate, {"line": CURVE}, first={"fingerprint": end.fingerprint})
    shutil.rmtree(end.path)
    kinds = refiling.compare(old.root, new.root)
    assert refiling.refile(results.store, kinds, "") == []
    lost = {end.fingerprint: "its new digest"}
    ((before, after),) = refiling.refile(results.store, kinds, "", lost=lost)
    assert before == line.fingerprint
    there = {entry.fingerprint: entry for entry in refiling.entries(results.root)}
    assert there[after].key["arguments"]["first"] == {"fingerprint": "its new digest"}


def test_a_line_stays_unless_its_own_source_agrees_too(shelves):
    old, new, results = shelves
    for shelf, source, curve in ((old, "a", CURVE), (new, "b", -CURVE), (results, "a", CURVE)):
        end = shelf.put(source, 0.1, {"weights": CURVE})
        shelf.put(f"line {source}", 0.1, {"line": curve}, first={"fingerprint": end.fingerprint})
    kinds = refiling.compare(old.root, new.root)
    assert sorted(kind.agrees for kind in kinds) == [False, True]
    assert len(refiling.refile(results.store, kinds, "")) == 1


def test_a_rehearsal_writes_nothing(shelves):
    old, new, results = shelves
    old.put("a", 0.1, {"curve": CURVE})
    new.put("b", 0.1, {"curve": CURVE})
    stored = results.put("a", 0.7, {"curve": CURVE})
    kinds = refiling.compare(old.root, new.root)
    assert len(refiling.refile(results.store, kinds, "", write=False)) == 1
    assert digests(results) == {stored.fingerprint}


def test_a_commit_that_does_not_exist_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="git rev-parse failed: fatal: "):
        refile.main(["--since", "nowhere", "--results", str(tmp_path)])


def test_functions_that_are_handed_over_are_told_apart_by_their_names(shelves):
    old, new, _ = shelves
    for shelf, sources in ((old, "ab"), (new, "xy")):
        for source, name, factor in zip(sources, ("adam", "sgd"), (1, 2), strict=True):
            shelf.put(source, 0.1, {"curve": factor * CURVE}, name=name)
    kinds = refiling.compare(old.root, new.root)
    assert [(kind.function, kind.old[-1], kind.new[-1]) for kind in kinds] == [
        ("toy.adam", "a", "x"),
        ("toy.sgd", "b", "y"),
    ]
    assert all(kind.agrees for kind in kinds)
