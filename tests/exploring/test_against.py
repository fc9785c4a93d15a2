"""Your run against ours: what lies inside, what is concluded alike, and what is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from test_views import LOSS, X, view

from hw1lib.chapters import against, weight_paths
from hw1lib.chapters.registry import discover
from hw1lib.exploring import overlay, views
from hw1lib.exploring.views import Along, Axis, Panel, choice, slider
from hw1lib.judging.effects import Difference
from hw1lib.judging.verdicts import Claim, Margin


def told(values):
    """Judge that the first side is larger by at least 1."""
    sides = {"first": np.asarray(values, dtype=float), "second": np.zeros(len(values))}
    return Claim("E-1", "It is larger.", lambda _: Difference("size", sides, ""), Margin(1, "so"))


def pair(yours, ours):
    claim = told(yours)
    return against.Beside(claim, claim.judge(None), told(ours).judge(None))


LARGE = [4.0, 5, 6, 4, 5, 6, 5, 5]
LARGER = [14.0, 15, 16, 14, 15, 16, 15, 15]
BARELY = [0.2, 2.5, 0.4, 2, 0.3, 2.2, 1, 1.5]
NEGATIVE = [-value for value in LARGE]
NOISE = [-9.0, 8, 7, -8, 9, -7, 6, -5]


@pytest.mark.parametrize(
    ("yours", "ours", "where", "conclusion"),
    [
        (LARGE, LARGE, "inside", "the same"),
        (LARGER, LARGE, "outside", "the same"),  # another number, one conclusion
        (BARELY, LARGE, "outside", "the same"),  # perhaps small, but of the same sign
        (NEGATIVE, LARGE, "outside", "another"),
        (NOISE, LARGE, "outside", "open"),
        (LARGE[:3], LARGE, "", "open"),  # too few trainings
    ],
)
def test_what_lies_inside_and_what_is_concluded_are_told_apart(yours, ours, where, conclusion):
    found = pair(yours, ours)
    assert (found.where, found.conclusion) == (where, conclusion)
    row = dict(zip(against.HEAD, found.row(), strict=True))
    assert row["claim"] == "E-1"
    assert (row["your effect lies"], row["conclusion"]) == (where, conclusion)
    assert row["ours"].startswith("supported: 5 ")
    assert (row["your run"] == "not tested") == (len(yours) < 6)


def test_both_counts_are_summed_up_each_by_itself():
    pairs = [pair(LARGE, LARGE), pair(LARGER, LARGE), pair(NEGATIVE, LARGE), pair(LARGE[:3], LARGE)]
    said = against.summed_up(pairs)
    assert "Of 4 claims both runs can test 3." in said
    assert "inside our 95 % interval: 1 of 3" in said
    assert "the same on 2 of 4 claims, another on 1, and open in one run or both on 1" in said
    assert "No claim" in against.summed_up(pairs[3:])


def curve(values, *, options=("a", "b"), label="loss", x=X):
    """Show a curve of three replicas for each option, (options, 3 places, 3)."""
    layers = views.curves(x, Along(np.asarray(values, dtype=float), ("which",)), label=label)
    panel = Panel(title="Loss", x=Axis(label="x"), y=Axis(label="y"))
    controls = [choice("which", "Which", options)]
    return view(panels=[panel], layers=layers, controls=controls, readings=[])


def spread(middle):
    """Three replicas around each place's value, (3, 3)."""
    return np.asarray(middle)[:, None] + np.array([-1.0, 0, 1])


def test_our_band_is_drawn_where_the_option_has_its_name():
    yours = curve([spread([5, 5, 50]), spread([1, 2, 3])], options=("b", "c"))
    ours = curve([spread([9, 9, 9]), spread([5, 6, 7])], options=("a", "b"))
    shown = overlay.over(yours, ours)
    band, ours_line, yours_line = shown.layers
    assert [one.label for one in shown.layers] == ["ours: loss"] * 2 + ["your run: loss"]
    assert shown.at(ours_line.parts["y"], {"which": 0}).tolist() == [5, 6, 7]
    assert np.isnan(shown.at(ours_line.parts["y"], {"which": 1})).all()  # we have no c
    assert shown.at(yours_line.parts["y"], {"which": 1}).tolist() == [1, 2, 3]
    # 5 in [5 - 0.8, 5 + 0.8]; 5 below [6 - 0.8, ...]; 50 above
    (reading,) = shown.readings
    assert shown.at(reading.value, {"which": 0}) == pytest.approx(100 / 3)
    assert np.isnan(shown.at(reading.value, {"which": 1}))
    assert band.kind == "band"
    assert "our band" in shown.note


def test_points_beyond_our_band_do_not_count():
    yours = curve([spread([1, 1, 1, 1])] * 2, x=np.array([0.0, 1, 5, 99]))
    ours = curve([spread([1, 1, 9])] * 2, x=np.array([1.0, 3, 4]))
    shown = overlay.over(yours, ours)
    # only x = 1 lies where ours is known
    assert shown.at(shown.readings[0].value, {"which": 0}) == 100


def test_a_view_without_curves_of_ours_stays_as_it_is():
    one = view(controls=[choice("rate", "Rate", [0.1, 0.01]), slider("network", "N", "abc")])
    assert overlay.over(one, one) == one  # whose curve has no band
    assert len(LOSS) == 2


@pytest.fixture(scope="module")
def result(fresh):
    return fresh(weight_paths, weight_paths.PROFILES.choose("smoke", data="standin"))


def test_a_run_is_put_beside_ours_with_a_table_of_all_claims(result, monkeypatch):
    monkeypatch.setattr(against, "reference", lambda chapter: result)
    from hw1lib.chapters.weight_paths import exploring

    shown = against.beside(exploring.view(result), result)
    head, *rows = shown.table
    assert head == against.HEAD
    chapter = against.chapter_of(result)
    assert chapter is discover()["weight-paths"]
    assert {row[0] for row in rows} == {claim.id for claim in chapter.claims}
    assert rows[0][0] in chapter.answers
    assert "All settings are ours." in shown.status
    (inside,) = [one for one in shown.readings if "inside our band" in one.label]
    assert shown.at(inside.value, shown.start) == 100  # the same curve


def test_what_differs_is_named_with_both_values(result):
    other = replace(result, spec=result.spec.replace(replicas=7))
    assert "replicas 7 (ours 3)" in against.differences(other, result)


def test_where_ours_is_missing_one_sentence_says_so(result, monkeypatch, tmp_path):
    monkeypatch.setenv("HW1_REFERENCE", str(tmp_path))
    monkeypatch.setenv("HW1_RESULTS", str(tmp_path / "results"))
    shown = against.beside(view(), result)
    assert "is not stored yet (weight_paths: " in shown.status
    assert shown.table == ()
    assert not list(tmp_path.rglob("*.npz"))  # nothing was computed
    whole = replace(result, spec=weight_paths.PROFILES["full"])
    assert "This is our run" in against.beside(view(), whole).status


def test_a_button_compares_and_another_takes_it_back(result, monkeypatch):
    monkeypatch.setattr(against, "reference", lambda chapter: result)
    session = against.session(replace(view(), id="fig-paths-try"), result)
    assert session.explorer.header["controls"][-1]["name"] == "compare"
    monkeypatch.setattr(against, "beside", lambda shown, result: replace(shown, status="Both."))
    session.pressed("compare")
    session.worker.join(20)
    assert session.explorer.header["status"] == "Both."
    assert session.explorer.header["controls"][-1]["name"] == "back"
    session.pressed("back")
    assert session.explorer.header["status"] == ""
    assert session.explorer.header["controls"][-1]["name"] == "compare"


def test_an_error_is_said_in_the_explorer(result, monkeypatch):
    def broken(shown, result):
        raise OSError("the disk is gone")

    monkeypatch.setattr(against, "beside", broken)
    session = against.session(view(), result)
    session.pressed("compare")
    session.worker.join(20)
    assert "the disk is gone" in session.explorer.header["status"]
