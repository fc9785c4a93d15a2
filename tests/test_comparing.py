"""What the comparison at the end of a sweep shows, on trainings whose means are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hw1lib import comparing
from hw1lib.showing import drawn


@pytest.fixture
def table(tmp_path):
    """Two optimizers at three rates, with four trainings each: the loss is rate * 10 + 0 to 3."""
    rows = [
        {
            "run": f"{optimizer} {rate} {seed}", "optimizer": optimizer, "rate": rate,
            "seed": seed, "replicas": 2, "metric": metric, "training": training,
            "value": 10 * rate + seed + training + 100 * (optimizer == "adam"),
        }
        for metric in ("loss (nats)", "accuracy (%)")
        for optimizer in ("sgd", "adam")
        for rate in (0.01, 0.1, 1.0)
        for seed in (0, 2)
        for training in (0, 1)
    ]  # fmt: skip
    rows[-1]["value"] = None
    pd.DataFrame(rows).to_csv(tmp_path / "trainings.csv", index=False)
    return str(tmp_path / "trainings.csv")


def test_means_and_intervals_are_over_all_seeds(table):
    found = comparing.read(table, ["rate", "optimizer", "seed"])
    assert found.axes == ("rate", "optimizer")
    assert found.spec.seeds == (0, 1, 2, 3)
    assert found.metrics == ["loss (nats)", "accuracy (%)"]
    series = found.series("loss (nats)", "rate")
    assert list(series) == ["optimizer sgd", "optimizer adam"]
    value, interval = list(comparing.intervals(series["optimizer sgd"], "rate"))[-1]
    assert (value, interval.n) == (1.0, 4)
    np.testing.assert_allclose(interval.mean, 11.5)
    expected = stats.ttest_1samp([10, 11, 12, 13], 0).confidence_interval()
    np.testing.assert_allclose((interval.low, interval.high), expected)


def test_a_figure_has_a_panel_for_each_axis_and_its_numbers(table):
    found = comparing.read(table, ["rate", "optimizer"])
    figure = comparing.draw(found, "loss (nats)")
    rate, optimizer = figure.axes
    assert rate.get_xscale() == "log"
    assert [label.get_text() for label in optimizer.get_xticklabels()] == ["adam", "sgd"]
    rows = drawn.rows(figure)
    assert len(rows) == 2 * 3 + 3 * 2
    assert (rows["n"] == 4).all()
    assert "n = 4 for each" in comparing.caption(found, "loss (nats)")
    assert "n = 3 to 4 for each" in comparing.caption(found, "accuracy (%)")


def test_more_combinations_than_colours_are_told(table):
    rows = pd.read_csv(table)
    many = pd.concat([rows.assign(width=width) for width in range(9)])
    many.to_csv(table, index=False)
    found = comparing.read(table, ["rate", "width"])
    assert "Drawn are 8 of 9 combinations" in comparing.caption(found, "loss (nats)")
    comparing.draw(found, "loss (nats)")


def test_a_table_of_something_else_is_refused(table):
    with pytest.raises(ValueError, match="lacks the column width"):
        comparing.read(table, ["width"])
