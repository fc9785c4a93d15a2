"""Correlations with the gap are SciPy's over networks, of which diverged trainings are no part."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hw1lib.judging import correlates
from hw1lib.judging.correlates import GAPS
from hw1lib.judging.effects import NotTested
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


# At equal training loss, and over families


def index(*names):
    return pd.MultiIndex.from_tuples(names, names=["chapter", "network"])


def test_a_family_is_what_the_networks_of_a_chapter_share_in_their_names():
    found = pd.DataFrame(
        index=index(
            ("31", "MLP, 0 %"),
            ("31", "MLP, 100 %"),
            ("32", "784-5-10, A's networks"),
            ("32", "784-9-10, A's networks"),
            ("33", "784-5-10, SGD, batch 10"),
            ("33", "784-5-10, Adam, batch 10"),
            ("34", "small batch"),
        )
    )
    assert correlates.families(found).tolist() == [
        *["31: MLP"] * 2,
        *["32: A's networks"] * 2,
        *["33: 784-5-10"] * 2,
        "34: small batch",
    ]


@pytest.fixture
def many():
    """Networks of five families, in which the training loss moves both measures."""
    g = np.random.default_rng(0)
    names = [("34", f"arm {k}, batch {n}") for k in range(5) for n in range(6)]
    loss, other = g.normal(size=(2, 30))
    return pd.DataFrame(
        {
            "train_loss": loss,
            "trace": loss + other,
            "accuracy_gap": loss + other + g.normal(size=30),
        },
        index=index(*names),
    )


def test_networks_can_be_compared_at_equal_training_loss(many):
    plain = correlates.between(many, "trace", "accuracy_gap")
    given = correlates.between(many, "trace", "accuracy_gap", given="train_loss")
    assert plain.mean == pytest.approx(
        stats.spearmanr(many["trace"], many["accuracy_gap"]).statistic
    )
    ab, ac, bc = (
        stats.spearmanr(many[a], many[b]).statistic
        for a, b in (
            ("trace", "accuracy_gap"),
            ("trace", "train_loss"),
            ("accuracy_gap", "train_loss"),
        )
    )
    expected = (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2))
    assert given.mean == pytest.approx(expected)
    apart = correlates.between(many, "trace", "accuracy_gap", given="train_loss", by_family=True)
    assert apart.mean == given.mean
    assert apart.low != given.low
    assert correlates.between(many, "train_loss", "accuracy_gap", given="train_loss").n == 0


def test_a_claim_has_the_interval_over_families(many):
    effect = correlates.effect("", many, "trace", "accuracy_gap", given="train_loss")
    apart = correlates.between(many, "trace", "accuracy_gap", given="train_loss", by_family=True)
    assert effect.interval == apart
    many.loc[("34", "arm 0, batch 0"), "trace"] = np.nan
    assert correlates.effect("", many, "trace", "accuracy_gap").interval.n == 29


@pytest.mark.parametrize(("kept", "told"), [(slice(7), "7 of 2"), (slice(18), "18 of 3")])
def test_too_few_networks_or_families_are_refused_in_one_sentence(many, kept, told):
    with pytest.raises(NotTested, match=f"needs 8 networks of 4 families, and {told} have both"):
        correlates.effect("", many.iloc[kept], "trace", "accuracy_gap")
