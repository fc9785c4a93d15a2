"""Effects as rows: where means and limits are drawn, and what a figure's numbers say of them."""

import numpy as np
import pytest

from hw1lib.judging.statistics import NO_INTERVAL, Interval
from hw1lib.showing import drawn, figures, forest


@pytest.fixture
def ax():
    _, ((ax,),) = figures.panels(1, 1, 2.0)
    ax.set_xlabel("effect")
    return ax


def numbers(ax):
    rows = drawn.rows(ax.figure)
    return list(zip(rows["series"], rows["group"], rows["effect"], strict=True))


def test_each_effect_has_a_row_with_its_interval_and_one_without_an_estimate_none(ax):
    forest.rows(ax, {"up": Interval(2.0, 1.0, 4.0, 6), "unknown": NO_INTERVAL})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["up", "unknown"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    spans = [list(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert [1.0, 4.0] in spans
    assert numbers(ax) == [("mean", "up", 2.0)]


def test_a_mean_without_limits_is_drawn_alone(ax):
    forest.rows(ax, {"paper": Interval(167.0, np.nan, np.nan, 5)}, none=1.0)
    assert numbers(ax) == [("mean", "paper", 167.0)]
    assert len(ax.lines) == 2  # it, and the line of no effect


def test_the_values_behind_a_mean_and_two_series_in_a_row_keep_their_names(ax):
    effects = {"depth": Interval(1.0, 0.0, 2.0, 2)}
    forest.rows(ax, effects, values={"depth": np.array([0.5, 1.5])}, label="ours")
    forest.rows(ax, effects, label="theirs", shift=0.3)
    assert numbers(ax) == [
        ("each", "depth", 0.5),
        ("each", "depth", 1.5),
        ("ours", "depth", 1.0),
        ("theirs", "depth", 1.0),
    ]
    assert ax.get_legend_handles_labels()[1] == ["ours", "theirs"]
