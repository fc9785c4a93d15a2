"""A chapter over a grid: what is run, what is refused, and what is left after a failure."""

import csv
import dataclasses
import json
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest

from hw1lib import batch, sweeps
from hw1lib.chapters.registry import discover
from hw1lib.publish.given import ExecutionError
from hw1lib.results.specs import SettingError

FIT = "11_function_fit"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:3", [0, 1, 2]),
        ("0:40:20", [0, 20]),
        ("-2:1", [-2, -1, 0]),
        ("1e-3,1e-2", [1e-3, 1e-2]),
        ("auto,True,None,7", ["auto", True, None, 7]),
        ("folder:a b", ["folder:a b"]),
    ],
)
def test_an_axis_is_a_list_or_a_range(text, expected):
    assert sweeps.values("x", text) == expected


@pytest.mark.parametrize("text", ["", ",", "3:3", "0:99999999", f"0:{10**30}"])
def test_an_axis_of_no_or_too_many_values_is_refused(text):
    with pytest.raises(ExecutionError, match=r"axis x: .* must have 1 to 10,000 values"):
        sweeps.values("x", text)


def test_a_grid_has_every_combination():
    found = sweeps.grid({"a": [1, 2], "b": ["x", "y"]}, {"c": 0})
    assert len(found) == 4
    assert {"a": 2, "b": "x", "c": 0} in found
    with pytest.raises(ExecutionError, match="a is on an axis and fixed"):
        sweeps.grid({"a": [1]}, {"a": 2})
    with pytest.raises(ExecutionError, match="the grid has 1,000,000 runs"):
        sweeps.grid({name: list(range(100)) for name in "abc"}, {})


def test_seeds_that_overlap_are_refused_with_a_step_that_does_not():
    chapter = discover()["function-fit"]
    runs = [{"profile": "smoke", "seed": seed} for seed in (0, 1)]
    with pytest.raises(SettingError, match=r"seeds 0 and 1 both train with seed 1.* steps of 2"):
        sweeps.check_seeds(chapter, runs)
    sweeps.check_seeds(chapter, [{"profile": "smoke", "seed": seed} for seed in (0, 2, 4)])
    apart = [{"profile": "smoke", "seed": 0, "epochs": n} for n in (5, 6)]
    sweeps.check_seeds(chapter, apart)


def test_blocks_of_seeds_become_one_stack():
    chapter = discover()["function-fit"]
    fixed = {"profile": "smoke", "replicas": 3}
    axes = {"seed": [6, 9, 12], "epochs": [4, 5]}
    found = sweeps.stacked(chapter, axes, fixed)
    assert found == ({"epochs": [4, 5]}, {"profile": "smoke", "replicas": 9, "seed": 6})
    assert sweeps.spec_of(chapter, found[1]).seeds == tuple(range(6, 15))
    for seeds, sentence in (
        ([0, 1], "each is the first of 3, so take 0:6:3"),
        ([0, 6], "so take 0:6:3"),
        ([], "over an axis of seeds"),
    ):
        with pytest.raises(ExecutionError, match=sentence):
            sweeps.stacked(chapter, {"seed": seeds}, fixed)
    with pytest.raises(ExecutionError, match="one number of replicas"):
        sweeps.stacked(chapter, {"seed": [0], "replicas": [2, 3]}, fixed)


def test_runs_have_folders_that_any_file_system_takes(tmp_path):
    values = ["1e-3", "a/b", "..", "x" * 300, 'q"*', "写"]
    runs = sweeps.runs(tmp_path, [{"x": value} for value in values], ["x"])
    assert len({run.folder for run in runs}) == len(values)
    for run in runs:
        assert run.folder.parent == tmp_path
        run.folder.mkdir()
    assert runs[0].folder.name == "x=1e-3"


def arguments(tmp_path, *words):
    return [FIT, "-p", "profile", "smoke", "-o", str(tmp_path / "runs"), "--workers", "2", *words]


def table(tmp_path):
    with (tmp_path / "runs" / "runs.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "reference"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-g", "epochs", "0,5"], "epochs of function_fit.Spec must be at least 1, got 0"),
        (["-g", "epoch", "5"], "function_fit.Spec has no setting 'epoch'"),
        (["-g", "seed", "0:2"], "both train with seed 1"),
    ],
)
def test_a_wrong_grid_starts_nothing(tmp_path, own_store, capsys, words, sentence):
    assert batch.main(arguments(tmp_path, *words)) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "results").exists()
    assert batch.main(["99_nothing", "-o", str(tmp_path)]) == 1


def test_a_sweep_ends_in_a_table_and_runs_only_what_is_new(tmp_path, own_store, capsys):
    words = arguments(tmp_path, "-g", "epochs", "4,5", "-p", "settings.points", "30")
    assert batch.main([*words, "--dry-run"]) == 0
    assert "2 runs, 0 of them done" in capsys.readouterr().err
    assert batch.main(words) == 0
    rows = table(tmp_path)
    assert [row["status"] for row in rows] == ["done", "done"]
    assert [row["epochs"] for row in rows] == ["4", "5"]
    chapter = discover()["function-fit"]
    for name in chapter.metrics:
        assert float(rows[0][name]) > 0
        assert rows[0][f"{name}, n"] == "2"
    assert {claim.id for claim in chapter.claims} <= set(rows[0])
    with (tmp_path / "runs" / "trainings.csv").open(encoding="utf-8") as file:
        trained = list(csv.DictReader(file))
    assert len(trained) == 2 * 2 * len(chapter.metrics)
    assert {row["metric"] for row in trained} == set(chapter.metrics)
    assert {(row["epochs"], row["seed"], row["replicas"]) for row in trained} == {
        ("4", "0", "2"),
        ("5", "0", "2"),
    }
    pdf = tmp_path / "runs" / "comparison.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    assert nbformat.read(tmp_path / "runs" / "comparison.ipynb", as_version=4).cells
    made = pdf.stat().st_mtime_ns
    assert batch.main(words) == 0
    assert pdf.stat().st_mtime_ns == made  # nothing new
    capsys.readouterr()
    again = [tmp_path / "runs" / f"epochs={n}" / "run.json" for n in (4, 5)]
    before = [file.stat().st_mtime_ns for file in again]
    assert (
        batch.main(
            arguments(tmp_path, "-g", "epochs", "4,5,6", "-p", "points", "30", "--no-compare")
        )
        == 0
    )
    assert "3 runs, 2 of them done" in capsys.readouterr().err
    assert [file.stat().st_mtime_ns for file in again] == before
    assert pdf.stat().st_mtime_ns == made


def test_a_run_whose_training_fails_is_a_failed_row(tmp_path, own_store):
    words = ["21_weight_paths", "-p", "profile", "smoke", "-p", "data", "standin"]
    words += ["-o", str(tmp_path / "runs"), "--workers", "2"]
    assert batch.main([*words, "-g", "epochs", "4", "--no-compare"]) == 0
    assert (
        batch.main([*words, "-g", "epochs", "4,100000", "--job-timeout", "1", "--no-compare"]) == 1
    )
    done, failed = table(tmp_path)
    assert (done["status"], failed["status"]) == ("done", "failed")
    assert failed["error"].endswith("was not done after 1 s")
    assert not (tmp_path / "runs" / "epochs=100000" / "notebook.ipynb").exists()


def test_what_failed_runs_again_only_if_asked(tmp_path, monkeypatch):
    run = sweeps.Run(tmp_path / "one", {"epochs": 4})
    chapter = discover()["function-fit"]
    options = SimpleNamespace(force=False, retry_failed=False)
    assert batch._is_due(chapter, run, {}, options)
    run.note(status="failed", seconds=1, error="lost", decides="")
    assert not batch._is_due(chapter, run, {}, options)
    options.retry_failed = True
    assert batch._is_due(chapter, run, {}, options)
    run.note(status="done", seconds=1, error="", decides="of an older notebook")
    assert batch._is_due(chapter, run, {}, options)
    (tmp_path / "one" / "run.json").write_text("{", encoding="utf-8")
    assert run.outcome() == {}


def test_every_training_of_a_run_has_its_rows(tmp_path):
    chapter = discover()["function-fit"]
    some = dataclasses.replace(
        chapter, metrics={"loss": lambda result: result, "rate": lambda result: result[:2] / 2}
    )
    run = sweeps.Run(tmp_path / "one", {"profile": "smoke", "seed": 4})
    rows = list(sweeps.trainings(some, [(run, np.array([1.0, np.nan])), (run, None)]))
    assert [(row["metric"], row["training"], row["value"]) for row in rows[::2]] == [
        ("loss", 0, 1.0),
        ("rate", 0, 0.5),
    ]
    assert np.isnan([row["value"] for row in rows[1::2]]).all()
    assert {(row["run"], row["seed"], row["replicas"]) for row in rows} == {("one", 4, 2)}


def test_a_table_is_written_as_parquet_only_where_pyarrow_is(tmp_path, monkeypatch):
    rows = [
        {"n": 1, "rate": 0.5, "word": "a", "either": 1, "on": True, "widths": [1, 2]},
        {"n": 2.5, "rate": "", "word": "b", "either": "auto", "on": False, "widths": [3]},
    ]
    monkeypatch.setattr(sweeps.importlib.util, "find_spec", lambda name: None)
    assert not sweeps.write_parquet(tmp_path / "runs.parquet", rows)
    assert not any(tmp_path.iterdir())
    monkeypatch.undo()
    pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    assert sweeps.write_parquet(tmp_path / "runs.parquet", rows)
    found = pd.read_parquet(tmp_path / "runs.parquet")
    assert found["n"].tolist() == [1.0, 2.5]
    assert np.isnan(found["rate"].iloc[1])
    assert found["either"].tolist() == ["1", "auto"]
    assert found["on"].tolist() == [True, False]
    assert found["widths"].tolist() == ["[1, 2]", "[3]"]


def test_a_row_without_a_result_says_what_went_wrong(tmp_path):
    run = sweeps.Run(tmp_path / "one", {"epochs": 4})
    run.note(status="failed", seconds=2.0, error="lost", decides="")
    chapter = SimpleNamespace(metrics={"loss": lambda result: np.ones(3)}, claims=())
    (row,) = sweeps.rows(chapter, [(run, None)])
    assert (row["status"], row["error"], row["epochs"]) == ("failed", "lost", 4)
    assert json.loads((tmp_path / "one" / "run.json").read_text())["parameters"] == {"epochs": 4}
