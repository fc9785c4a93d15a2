"""Correlations with the gap are SciPy's over networks, of which diverged trainings are no part."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hw1lib.judging import correlates
from hw1lib.judging.correlates import GAPS
from hw1lib.measuring.generalization import MEASURES


def described(seed, trainings=3, **changes):
    """Made-up measures of one network."""
    g = np.random.default_rng(seed)
    return {name: g.random(trainings) for name in MEASURES} | changes


@pytest.fixture
def chapters():
    return {
        "one": {f"network {seed}": described(seed) for seed in range(4)},
        "two": {f"network {seed}": described(seed, 5) for seed in range(4, 9)},
    }


def test_a_network_is_the_mean_of_its_trainings(chapters):
    found = correlates.networks(chapters)
    assert list(found.columns) == [*MEASURES, *GAPS]
    assert len(found) == 9
    of = chapters["two"]["network 5"]
    row = found.loc["two", "network 5"]
    assert row["trace"] == pytest.approx(of["trace"].mean())
    assert row["loss_gap"] == pytest.approx((of["test_loss"] - of["train_loss"]).mean())
    points = 100 * (of["train_accuracy"] - of["test_accuracy"])
    assert row["accuracy_gap"] == pytest.approx(points.mean())


def test_diverged_trainings_and_networks_are_left_out(chapters):
    gone = np.array([np.nan, 0.5, 0.25])
    chapters["one"]["network 0"] = described(0, **{name: gone for name in MEASURES})
    chapters["one"]["network 1"] = described(1, **{name: gone * np.nan for name in MEASURES})
    found = correlates.networks(chapters)
    assert ("one", "network 1") not in found.index
    assert found.loc["one", "network 0"]["trace"] == pytest.approx(0.375)


def test_the_correlation_is_scipys_over_the_networks_that_have_both(chapters):
    chapters["one"]["network 2"]["trace"] = np.full(3, np.nan)
    found = correlates.networks(chapters)
    interval = correlates.between(found, "trace", "loss_gap")
    kept = found.drop(index=("one", "network 2"))
    expected = stats.spearmanr(kept["trace"], kept["loss_gap"]).statistic
    assert interval.mean == pytest.approx(expected)
    assert interval.n == 8


def test_a_training_without_a_gap_is_no_part_of_any_mean(chapters):
    of = chapters["one"]["network 0"]
    of["test_loss"] = np.array([np.nan, 0.5, 0.25])
    row = correlates.networks(chapters).loc["one", "network 0"]
    assert row["trace"] == pytest.approx(of["trace"][1:].mean())


def test_values_that_are_not_finite_are_no_part_of_a_mean(chapters):
    chapters["one"]["network 3"]["trace"] = np.array([1.0, np.inf, 3.0])
    chapters["two"]["network 4"]["trace"] = np.full(5, np.inf)
    found = correlates.networks(chapters)
    assert found.loc["one", "network 3"]["trace"] == 2
    assert np.isnan(found.loc["two", "network 4"]["trace"])
    assert found.index.names == ["chapter", "network"]
    assert set(found.dtypes) == {np.dtype(float)}


def test_gaps_are_above_zero_where_training_images_do_better():
    parts = {"train_loss": 0.25, "test_loss": 1.0, "train_accuracy": 0.75, "test_accuracy": 0.5}
    found = correlates.gaps({name: np.array([value]) for name, value in parts.items()})
    assert {name: gap.tolist() for name, gap in found.items()} == {
        "loss_gap": [0.75],
        "accuracy_gap": [25],
    }
    assert [*found] == [*GAPS]


def test_a_column_that_no_chapter_has_correlates_with_nothing(chapters):
    found = correlates.networks(chapters)
    assert correlates.between(found, "margin", "loss_gap").n == 0
    assert correlates.between(found.iloc[:2], "trace", "loss_gap").n == 2


def test_without_networks_there_is_no_correlation():
    found = correlates.networks({"one": {}})
    assert isinstance(found, pd.DataFrame)
    assert correlates.between(found, "trace", "loss_gap").n == 0
