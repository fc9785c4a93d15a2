"""Slips: effects written with their unit and n, and one row per slip."""

import numpy as np
import pytest

from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, factors, not_rebuilt, times, told, wording_only
from hw1lib.judging.statistics import NO_INTERVAL, Interval

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("effect", "unit", "written"),
    [
        (Interval(0.8214, 0.5, 1.1, 20), "points", "0.821 [0.5, 1.1] points (n = 20)"),
        (Interval(0.8214, 0.5, 1.1, 20), "", "0.821 [0.5, 1.1] (n = 20)"),
        (Interval(5.0, np.nan, np.nan, 1), "points", "5 points (n = 1)"),
        (Interval(5.0, 4.0, 6.0, 2), "points", "5 points (n = 2)"),
        (NO_INTERVAL, "points", "no value (n = 0)"),
    ],
)
def test_an_effect_is_written_once_with_its_unit_and_n(effect, unit, written):
    assert told(effect, unit) == written


def test_a_mean_of_decades_is_written_as_a_factor():
    assert times(Interval(2.0, 1.0, 3.0, 20)) == "× 100 [10, 1,000] (n = 20)"
    assert times(NO_INTERVAL) == "no value (n = 0)"


def test_factors_share_their_n_where_they_can():
    two, ten = Interval(np.log10(2), 0.0, 1.0, 20), Interval(1.0, 0.0, 2.0, 20)
    assert factors({"A": two, "B": ten}) == "A × 2 [1, 10], B × 10 [1, 100] (n = 20)"
    few = Interval(1.0, np.nan, np.nan, 1)
    assert factors({"A": two, "B": few}) == "A × 2 [1, 10] (n = 20), B × 10 (n = 1)"
    assert factors({"A": few, "B": few}) == "A × 10, B × 10 (n = 1)"


def test_spaces_between_two_intervals_may_break():
    (row,) = slips.table(
        [Slip("A1", "", "", lambda _: "1 [0, 2] and 3 [2, 4] nats")], None
    ).to_dict("records")
    assert row["what it changed"] == f"1 [0,{SPACE}2] and 3 [2,{SPACE}4] nats"


def test_a_table_has_a_row_per_slip_whose_numbers_do_not_break():
    effect = Interval(2.0, 1.0, 3.0, 20)
    listed = [
        Slip("A1", "did", "does", lambda result: f"it is {times(result)} of a loss"),
        Slip("A2", "said", "says", wording_only),
        Slip("B3", "ran", "rests", not_rebuilt("no code")),
    ]
    assert slips.table(listed, effect).to_dict("list") == {
        "id": ["A1", "A2", "B3"],
        "what the report did": ["did", "said", "ran"],
        "here": ["does", "says", "rests"],
        "what it changed": [
            "it is × 100 [10, 1,000] (n = 20) of a loss".replace("× 1", f"×{SPACE}1")
            .replace("[10, ", f"[10,{SPACE}")
            .replace("n = 20", f"n{SPACE}={SPACE}20"),
            "wording only",
            "not rebuilt: no code",
        ],
    }
