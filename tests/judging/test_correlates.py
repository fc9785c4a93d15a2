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


def test_without_networks_there_is_no_correlation():
    found = correlates.networks({"one": {}})
    assert isinstance(found, pd.DataFrame)
    assert correlates.between(found, "trace", "loss_gap").n == 0
