"""Predictions: hidden answers, scores against a band, and the file that keeps them."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.exploring import packing, pictures, predictions
from hw1lib.exploring.predictions import HIDDEN, SHOWN, VERDICTS, Asking, Question
from hw1lib.exploring.views import numbers

RESULT = SimpleNamespace(spec=SimpleNamespace(digest="abc123", seeds=(4, 5)))


def question(**changes):
    fields = {"text": "How many?", "quantity": "number", "low": 0, "high": 60}
    return Question(**{**fields, "values": np.array([10.0, 20, 30, np.nan]), **changes})


@pytest.mark.parametrize(
    ("predicted", "verdict"),
    [(12, 1), (20, 1), (28, 1), (11, 2), (0, 2), (29, 3), (60, 3)],  # the band is 12 to 28
)
def test_a_prediction_is_placed_by_the_band_of_the_trainings(predicted, verdict):
    assert question().band == (12, 20, 28)
    assert question().verdict(predicted) == verdict


def test_on_a_logarithmic_scale_half_a_step_beside_the_band_is_inside():
    one = question(low=1, high=1000, log=True, values=np.array([10.0, 10.0]))
    step = 1000 ** (1 / 60)
    assert one.verdict(10 * step**0.4) == one.verdict(10 / step**0.4) == 1
    assert one.verdict(10 * step**0.6) == 3
    assert one.verdict(10 / step**0.6) == 2
    assert one.options[[0, 20, -1]].tolist() == [1, 10, 1000]


def test_no_number_of_the_answer_is_shown_before_it_is_asked_for():
    view = predictions.view(question())
    assert view.start["look"] == HIDDEN
    measured = [
        part for layer in view.layers for part in layer.parts.values() if layer.colour != "#CC79A7"
    ]
    hidden = [view.at(part, view.start) for part in measured if "look" in getattr(part, "by", ())]
    assert len(hidden) == 3
    assert all(np.isnan(values).all() for values in hidden)
    words = [r.words[int(view.at(r.value, view.start))] for r in view.readings if r.words]
    assert words == [VERDICTS[0]]
    shown = {**view.start, "look": SHOWN}
    (points,) = [layer for layer in view.layers if layer.kind == "points"]
    assert view.at(points.parts["x"], shown).tolist() == [10, 20, 30]
    assert [r.words[int(view.at(r.value, shown))] for r in view.readings if r.words] == [
        VERDICTS[3]
    ]


def test_a_prediction_is_kept_with_time_and_settings_and_then_the_answer_is_shown(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    asking = Asking(question(), "fig-guess", RESULT)
    asking.explorer.state = {**asking.explorer.state, "guess": 21}
    asking.pressed("keep")
    (kept,) = json.loads((tmp_path / "results" / predictions.FILE).read_text())
    when = datetime.fromisoformat(kept.pop("when"))
    assert timedelta(0) <= datetime.now(UTC) - when < timedelta(seconds=60)
    assert kept == {
        "figure": "fig-guess",
        "question": "How many?",
        "quantity": "number",
        "predicted": 21,
        "looked_before": False,
        "settings": "abc123",
        "seeds": [4, 5],
        "measured": {"trainings": 3, "median": 20, "low": 12, "high": 28},
        "verdict": "inside the band",
    }
    assert asking.explorer.state["look"] == SHOWN
    said = asking.explorer.header["status"]
    assert "you predict 21. It lies inside the band of 3 trainings, 12 to 28" in said
    asking.pressed("keep")
    second = json.loads((tmp_path / "results" / predictions.FILE).read_text())[1]
    assert second["looked_before"] is True


def test_a_question_without_a_measured_value_is_not_scored(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    asking = Asking(question(values=np.full(2, np.nan)), "fig-guess", RESULT)
    asking.pressed("keep")
    (kept,) = json.loads((tmp_path / predictions.FILE).read_text())
    assert kept["verdict"] == "not tested"
    assert kept["measured"] == {"trainings": 0, "median": None, "low": None, "high": None}
    assert asking.explorer.header["status"].endswith("No training has a value to compare it with.")
    assert set(numbers(asking.view.readings[1].value).ravel()) == {0}


def test_a_file_of_somebody_elses_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    (tmp_path / predictions.FILE).write_text("{}")
    asking = Asking(question(), "fig-guess", RESULT)
    asking.pressed("keep")
    assert (tmp_path / predictions.FILE).read_text() == "{}"
    assert "could not be kept" in asking.explorer.header["status"]
    assert "holds no list of predictions; move it away" in asking.explorer.header["status"]


def test_print_has_the_answer_and_no_prediction():
    figure = pictures.picture(predictions.answered(predictions.view(question())))
    (ax,) = figure.axes
    (points,) = ax.collections
    assert points.get_offsets()[:, 0].tolist() == [10, 20, 30]
    assert [line.get_xdata()[0] for line in ax.lines] == [12, 28]
    assert figure.get_suptitle() == ""


def test_a_question_packs_into_little():
    assert len(str(packing.offline(predictions.view(question())))) < 8_000
