"""Predictions: hidden answers, scores against a band, and the file that keeps them."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from hw1lib.exploring import packing, pictures, predictions
from hw1lib.exploring.orders import Order
from hw1lib.exploring.predictions import Asking
from hw1lib.exploring.questions import HIDDEN, SHOWN, UNSEEN, Number
from hw1lib.exploring.sketches import Curve
from hw1lib.exploring.views import Axis

RESULT = SimpleNamespace(spec=SimpleNamespace(digest="abc123", seeds=(4, 5)))


def question(**changes):
    fields = {"text": "How many?", "quantity": "number", "low": 0, "high": 60}
    return Number(**{**fields, "values": np.array([10.0, 20, 30, np.nan]), **changes})


def verdict(one, predicted):
    """The verdict on the option that is nearest to a number."""
    return one.verdict({"guess": int(np.abs(one.options - predicted).argmin())})


def read(view, state):
    """What the readings in words say at a state."""
    return [r.words[int(view.at(r.value, state))] for r in view.readings if r.words]


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        *((n, "inside the band") for n in (12, 20, 28)),  # the band is 12 to 28
        *((n, "below the band") for n in (0, 11)),
        *((n, "above the band") for n in (29, 60)),
    ],
)
def test_a_prediction_is_placed_by_the_band_of_the_trainings(predicted, expected):
    assert question().band == (12, 20, 28)
    assert verdict(question(), predicted) == expected


def test_on_a_logarithmic_scale_half_a_step_beside_the_band_is_inside():
    step = 1000 ** (1 / 60)
    said = []
    for beside in (step**0.4, step**-0.4, step**0.6, step**-0.6):
        measured = np.full(2, 10 / beside)  # while 10 is predicted
        said.append(verdict(question(low=1, high=1000, log=True, values=measured), 10))
    assert said == ["inside the band"] * 2 + ["above the band", "below the band"]
    options = question(low=1, high=1000, log=True).options
    assert options[[0, 20, -1]].tolist() == [1, 10, 1000]


def test_no_number_of_the_answer_is_shown_before_it_is_asked_for():
    view = question().view()
    assert view.start["look"] == HIDDEN
    measured = [
        part for layer in view.layers for part in layer.parts.values() if layer.colour != "#CC79A7"
    ]
    hidden = [view.at(part, view.start) for part in measured if "look" in getattr(part, "by", ())]
    assert len(hidden) == 3
    assert all(np.isnan(values).all() for values in hidden)
    assert read(view, view.start) == [UNSEEN]
    shown = {**view.start, "look": SHOWN}
    (points,) = [layer for layer in view.layers if layer.kind == "points"]
    assert view.at(points.parts["x"], shown).tolist() == [10, 20, 30]
    assert read(view, shown) == ["above the band"]


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
    assert read(asking.view, {**asking.view.start, "look": SHOWN}) == ["not tested"]


def test_a_file_of_somebody_elses_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    (tmp_path / predictions.FILE).write_text("{}")
    asking = Asking(question(), "fig-guess", RESULT)
    asking.pressed("keep")
    assert (tmp_path / predictions.FILE).read_text() == "{}"
    assert "could not be kept" in asking.explorer.header["status"]
    assert "holds no list of predictions; move it away" in asking.explorer.header["status"]


def test_print_has_the_answer_and_no_prediction():
    figure = pictures.picture(predictions.answered(question().view()))
    (ax,) = figure.axes
    (points,) = ax.collections
    assert points.get_offsets()[:, 0].tolist() == [10, 20, 30]
    assert [line.get_xdata()[0] for line in ax.lines] == [12, 28]
    assert figure.get_suptitle() == ""


def test_a_question_packs_into_little():
    assert len(str(packing.offline(question().view()))) < 8_000


LOSSES = np.array([[1.0, 2, 3], [1, 3, 2], [2, 4, 6], [1, np.inf, 2], [1, np.nan, 2]])


def order(values=LOSSES):
    return Order(text="Which is best?", quantity="loss", names=("a", "b", "c"), values=values)


def test_an_order_is_counted_over_the_trainings_that_all_have_a_value():
    measured = order().measured()
    assert measured["trainings"] == 3
    assert {text: n for text, n in measured["orders"].items() if n} == {
        "a < b < c": 2,
        "a < c < b": 1,
    }


@pytest.mark.parametrize(
    ("chosen", "verdict", "said"),
    [
        ("a < b < c", "the most frequent order", "2 of 3; a < b < c has 2."),
        ("a < c < b", "an order of some trainings", "1 of 3; a < b < c has 2."),
        ("c < b < a", "an order of no training", "0 of 3; a < b < c has 2."),
    ],
)
def test_an_order_is_scored_by_how_many_trainings_have_it(chosen, verdict, said):
    state = {"guess": order().texts.index(chosen), "look": HIDDEN}
    assert order().predicted(state) == chosen
    assert order().verdict(state) == verdict
    assert order().score(state) == f"you predict {chosen}. It is {verdict}: {said}"
    assert read(order().view(), state) == [UNSEEN]
    assert read(order().view(), {**state, "look": SHOWN}) == [f"{said[0]} of 3 trainings"]


def test_bars_of_orders_are_hidden_and_then_as_long_as_their_counts():
    view = order().view()
    bars = [layer.parts["x"] for layer in view.layers if layer.kind == "line"]
    assert all(np.isnan(view.at(bar, view.start)).all() for bar in bars)
    shown = [view.at(bar, {**view.start, "look": SHOWN})[1] for bar in bars]
    assert shown == order().counts.tolist()


# 11 trainings that rise by 1 from one place to the next: the band is 1 to 9, 2 to 10, 3 to 11
RISING = np.arange(11.0)[:, None] + np.arange(3.0)


def curve(values=RISING, **changes):
    fields = {"text": "How?", "quantity": "height", "along": Axis(label="place"), "low": 0}
    return Curve(**{**fields, "at": np.array([1.0, 10, 100]), "high": 60, **changes}, values=values)


@pytest.mark.parametrize(
    ("heights", "inside"), [((5, 6, 7), 3), ((1, 10, 3), 3), ((0, 11, 12), 0), ((9, 30, 2), 1)]
)
def test_a_curve_is_scored_at_each_of_its_places(heights, inside):
    state = {f"at{n}": height for n, height in enumerate(heights)} | {"look": HIDDEN}
    assert curve().predicted(state) == list(heights)
    assert curve().verdict(state) == f"inside the band at {inside} of 3 places"
    assert curve().score(state).endswith("places, over 11 trainings.")
    assert curve().measured() == {
        "trainings": 11,
        "at": [1, 10, 100],
        "median": [5, 6, 7],
        "low": [1, 2, 3],
        "high": [9, 10, 11],
    }


def test_a_curve_goes_through_the_heights_of_its_sliders():
    view = curve().view()
    state = {**view.start, "at0": 7, "at1": 0, "at2": 60}
    (drawn,) = [
        layer for layer in view.layers if layer.kind == "line" and layer.colour == "#CC79A7"
    ]
    assert view.at(drawn.parts["y"], state).tolist() == [7, 0, 60]
    assert view.settled(state).layers[-1].parts["y"].tolist() == [7, 0, 60]
    (band,) = [layer for layer in view.layers if layer.kind == "band"]
    assert np.isnan(view.at(band.parts["low"], state)).all()
    assert view.at(band.parts["low"], {**state, "look": SHOWN}).tolist() == [1, 2, 3]


def test_the_page_draws_the_same_curve():
    header, packed = packing.packed(curve().view())
    (sketch,) = [panel["sketch"] for panel in header["panels"]]
    assert sketch == {
        "at": [1, 10, 100],
        "controls": ["at0", "at1", "at2"],
        "values": list(range(61)),
    }
    numbers = np.frombuffer(packed, dtype=np.float32)
    drawn = next(array["each"] for array in header["arrays"] if "each" in array)
    assert [one["by"] for one in drawn] == [["at0"], ["at1"], ["at2"]]
    for one in drawn:
        assert numbers[one["offset"] :][: one["shape"][0]].tolist() == list(range(61))


@pytest.mark.parametrize("ask", [order, curve])
def test_questions_of_every_form_do_without_any_measured_value(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path))
    asking = Asking(ask(np.full((2, 3), np.nan)), "fig-guess", RESULT)
    asking.pressed("keep")
    (kept,) = json.loads((tmp_path / predictions.FILE).read_text())
    assert (kept["verdict"], kept["measured"]["trainings"]) == ("not tested", 0)
    assert asking.explorer.header["status"].endswith("No training has a value to compare it with.")
    pictures.picture(predictions.answered(asking.view))


def test_a_sketch_needs_a_control_for_every_place():
    view = curve().view()
    with pytest.raises(ValueError, match="the control 'at0' is missing"):
        dataclasses.replace(view, controls=view.controls[1:])
