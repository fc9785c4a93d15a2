"""Tasks from a seed, their bands, and what a grader is told."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from hw1lib import grading
from hw1lib.chapters.function_fit import variants
from hw1lib.chapters.function_fit.variants import variant
from hw1lib.exploring import formulas
from hw1lib.networks import builders


def test_a_seed_gives_one_task_and_others_give_others():
    assert variant(7) == variant(7)
    assert len({(one.formula, str(one.networks)) for one in map(variant, range(20))}) > 15
    with pytest.raises(ValueError, match="a seed is 0 or more, got -1"):
        variant(-1)


@pytest.mark.parametrize("seed", range(12))
def test_every_task_can_be_done(seed):
    asked = variant(seed)
    sizes = [builders.parameter_count(widths) for widths in asked.networks.values()]
    assert abs(sizes[0] - sizes[1]) <= 2  # a depth is compared at equal size
    assert 200 < min(sizes) < 800
    assert len(asked.networks["deep"]) > len(asked.networks["shallow"]) == 3
    points = asked.task
    clean = formulas.parse(asked.formula)(points.x, library=torch)
    noise = (points.y - clean).numpy()
    assert noise.std() == pytest.approx(asked.noise, rel=0.2, abs=1e-6)
    assert torch.equal(points.y, asked.task.y)  # the same noise each time
    assert 0.1 < clean.std() < 3


@pytest.fixture
def quick(monkeypatch):
    """Bands of a task without its training."""
    losses = {"deep": np.linspace(1, 11, 11), "shallow": np.array([20.0, 30, 40, np.nan])}
    monkeypatch.setattr(grading, "expected", lambda asked: losses)


def test_an_answer_is_scored_by_its_place_and_apart_from_that_by_its_order(quick):
    said = grading.scored({"seed": 3, "losses": {"deep": 6.0, "shallow": 50.0}})
    assert said["losses"]["deep"]["lies"] == "inside"
    assert (said["losses"]["deep"]["low"], said["losses"]["deep"]["high"]) == (2, 10)
    assert said["losses"]["shallow"]["lies"] == "above"
    assert said["losses"]["shallow"]["trainings"] == 3
    assert said["best"] == {"yours": "deep", "expected": "deep", "same": True}
    other = grading.scored({"seed": 3, "losses": {"deep": 1.5, "shallow": 0}})
    assert [one["lies"] for one in other["losses"].values()] == ["below", "below"]
    assert not other["best"]["same"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "an answer is like"),
        ({"seed": "7", "losses": {}}, "an answer is like"),
        ({"seed": 7, "losses": {"deep": 1}}, "lacks a loss of shallow, a number from 0 on"),
        ({"seed": 7, "losses": {"deep": float("nan"), "shallow": 1}}, "lacks a loss of deep"),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence(quick, answer, sentence):
    with pytest.raises(ValueError, match=sentence):
        grading.scored(answer)


def test_the_bands_are_those_of_trainings(monkeypatch):
    asked = variant(7)
    short = variants.Variant(**{**vars(asked), "updates": 30, "points": 20})
    found = variants.expected(short, trainings=3)
    assert {name: losses.shape for name, losses in found.items()} == {"deep": (3,), "shallow": (3,)}
    spread = short.task.y.var().item()
    assert all((losses > 0).all() and (losses < 10 * spread).all() for losses in found.values())
    np.testing.assert_array_equal(found["deep"], variants.expected(short, trainings=3)["deep"])


def test_a_task_is_written_for_any_framework(tmp_path):
    assert grading.main(["task", "--seed", "7", "--out", str(tmp_path / "task7")]) == 0
    told = json.loads((tmp_path / "task7" / "task.json").read_text("utf-8"))
    assert told["seed"] == 7
    assert "expected" not in told
    rows = pd.read_csv(tmp_path / "task7" / "points.csv")
    np.testing.assert_allclose(rows["y"], variant(7).task.y[:, 0].numpy(), rtol=1e-6)


def test_a_sheet_holds_numbers_verdicts_predictions_and_the_rubric(tmp_path, monkeypatch, quick):
    store = tmp_path / "results"
    monkeypatch.setenv("HW1_RESULTS", str(store))
    monkeypatch.delenv("HW1_COMPUTE", raising=False)
    (tmp_path / "answer.json").write_text('{"seed": 3, "losses": {"deep": 6, "shallow": 9}}')
    words = ["sheet", "--only", "11", "-p", "profile", "smoke", "-p", "epochs", "8"]
    words += ["--answer", str(tmp_path / "answer.json"), "--out", str(tmp_path / "sheet.json")]
    assert grading.main(words) == 0
    first = json.loads((tmp_path / "sheet.json").read_text("utf-8"))
    of = first["chapters"]["11_function_fit"]
    guess = {"settings": of["settings"]["name"], "predicted": 40, "looked_before": False}
    (store / "predictions.json").write_text(json.dumps([guess, {"settings": "another"}]))
    assert grading.main(words) == 0
    told = json.loads((tmp_path / "sheet.json").read_text("utf-8"))
    of = told["chapters"]["11_function_fit"]
    assert told["answer to the task"]["losses"]["shallow"]["lies"] == "below"
    assert of["predictions"] == [guess]
    assert of["settings"]["epochs"] == 8
    assert of["rubric"]["part"] == "1-1 Simulate a function"
    assert all(one["trainings"] == 2 and one["median"] > 0 for one in of["numbers"].values())
    assert {one["verdict"] for one in of["verdicts"]} == {"not tested"}
    assert all(one["ours"] for one in of["verdicts"])  # the full profile is stored
    assert "No claim can be tested in both runs" in of["against the stored full profile"]


def test_a_sheet_says_where_there_is_nothing_to_compare_with(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path / "none"))
    monkeypatch.delenv("HW1_COMPUTE", raising=False)
    found = grading.sheet(["11"], {"profile": "smoke", "epochs": 8})["11_function_fit"]
    assert found["against the stored full profile"].startswith("nothing to compare with: ")
    assert "ours" not in found["verdicts"][0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sheet", "--only", "99"], "there is no chapter 99; known: 11"),
        (["task", "--seed", "-4"], "a seed is 0 or more, got -4"),
        (["sheet", "--answer", "none.json"], "none.json"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, capsys, words, sentence):
    assert grading.main([*words, "--out", str(tmp_path / "x.json")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert sentence in error
