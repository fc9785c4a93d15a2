"""Effects: their estimates against SciPy's, and what is left of them elsewhere."""

import numpy as np
import pytest
from scipy import stats

from hw1lib.judging.effects import POINTS, Bound, Correlation, Difference, Ratio, Share

RNG = np.random.default_rng(0)
LOW, HIGH = RNG.lognormal(0, 0.3, 12), RNG.lognormal(1, 0.3, 12)
EFFECTS = {
    "ratio": Ratio("loss", {"high": HIGH, "low": LOW}),
    "difference": Difference("loss", {"high": HIGH, "low": LOW}, unit="nats"),
    "alone": Difference("rise", {"": HIGH}, unit=POINTS),
    "at most": Bound("gap", HIGH, at_most=2.0, unit=POINTS),
    "at least": Bound("gap", HIGH, at_least=2.0, factor=True),
    "share": Share("trainings that stop", HIGH > 2.5),
    "few": Share("trainings that stop", HIGH > 2.5, at_most=0.9),
    "correlation": Correlation("norm with gap", HIGH, LOW),
}
EVERY = pytest.mark.parametrize("kind", EFFECTS)


def same(interval, expected):
    np.testing.assert_allclose([interval.low, interval.high], expected, rtol=1e-9)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_effects_of_trainings_have_the_interval_of_students_t(level):
    def t(values):
        limits = stats.ttest_1samp(values, 0).confidence_interval(level)
        return limits.low, limits.high

    same(EFFECTS["ratio"].at(level), t(np.log10(HIGH / LOW)))
    same(EFFECTS["difference"].at(level), t(HIGH - LOW))
    same(EFFECTS["alone"].at(level), t(HIGH))
    same(EFFECTS["at most"].at(level), t(2 - HIGH))
    same(EFFECTS["at least"].at(level), t(np.log10(HIGH / 2)))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_a_share_has_wilsons_interval(level):
    count = int((HIGH > 2.5).sum())
    limits = stats.binomtest(count, 12).proportion_ci(level, method="wilson")
    same(EFFECTS["share"].at(level), (limits.low - 0.5, limits.high - 0.5))
    same(EFFECTS["few"].at(level), (0.9 - limits.high, 0.9 - limits.low))
    assert EFFECTS["few"].at(level).p == pytest.approx(stats.binomtest(count, 12, 0.9).pvalue)


@pytest.mark.parametrize(
    ("kind", "measured", "effect", "margin"),
    [
        ("ratio", "high 2, low 1", "× 2", "× 1.25"),
        ("difference", "high 2, low 1", "1 [1, 1] nats", "1.25 nats"),
        ("alone", "", "2 [2, 2] percentage points", "1.25 percentage points"),
        (
            "at most",
            "2 [2, 2] percentage points; at most 2 percentage points",
            "0 [0, 0] percentage points",
            "1.25 perc",
        ),
        ("at least", "2 [2, 2]; at least 2", "× 1", "× 1.25"),
        ("share", "0 of 6 [0, 39] %; at least 50 %", "-50 [", "125 percentage points"),
    ],
)
def test_what_was_measured_is_written_in_its_own_unit(kind, measured, effect, margin):
    two, one = np.full(6, 2.0), np.ones(6)
    case = {
        "ratio": Ratio("loss", {"high": two, "low": one}),
        "difference": Difference("loss", {"high": two, "low": one}, unit="nats"),
        "alone": Difference("rise", {"": two}, unit=POINTS),
        "at most": Bound("gap", two, at_most=2.0, unit=POINTS),
        "at least": Bound("gap", two, at_least=2.0, factor=True),
        "share": Share("trainings that stop", two > 2),
    }[kind]
    assert case.measured == measured
    assert case.write(case.interval).startswith(effect)
    assert case.write(case.on_scale(1.25)).startswith(margin)


@EVERY
def test_a_training_is_left_out_as_if_it_had_never_been(kind):
    effect = EFFECTS[kind]
    assert effect.trainings == 12
    less = effect.without(3)
    assert less.trainings == 11
    kept = np.delete(np.arange(12), 3)
    expected = {
        "ratio": lambda: np.log10(HIGH / LOW)[kept].mean(),
        "difference": lambda: (HIGH - LOW)[kept].mean(),
        "alone": lambda: HIGH[kept].mean(),
        "at most": lambda: 2 - HIGH[kept].mean(),
        "at least": lambda: np.log10(HIGH[kept] / 2).mean(),
        "share": lambda: (HIGH[kept] > 2.5).mean() - 0.5,
        "few": lambda: 0.9 - (HIGH[kept] > 2.5).mean(),
        "correlation": lambda: stats.spearmanr(HIGH[kept], LOW[kept]).statistic,
    }[kind]()
    assert less.interval.mean == pytest.approx(expected)


def test_the_other_scale_of_a_factor_is_a_difference_and_back():
    ((name, plain, size),) = EFFECTS["ratio"].rescaled(1.5)
    assert name == "as a difference"
    assert plain.interval.mean == pytest.approx((HIGH - LOW).mean())
    assert size == pytest.approx(0.5 * LOW.mean())
    ((name, factor, back),) = plain.rescaled(size)
    assert name == "as a factor"
    assert factor.interval == EFFECTS["ratio"].interval
    assert back == pytest.approx(1.5)
    ((_, bound, size),) = EFFECTS["at least"].rescaled(1.25)
    assert bound.interval.mean == pytest.approx(HIGH.mean() - 2)
    assert size == pytest.approx(0.5)
    ((_, bound, size),) = EFFECTS["at most"].rescaled(0.5)
    assert bound.interval.mean == pytest.approx(np.log10(2 / HIGH).mean())
    assert size == pytest.approx(1.25)


@pytest.mark.parametrize("kind", ["alone", "share", "few", "correlation"])
def test_what_has_one_scale_has_no_other(kind):
    assert not list(EFFECTS[kind].rescaled(0.1))


def test_a_difference_that_crosses_zero_has_no_factor():
    crossing = Difference("change", {"a": np.array([-1.0, 1, 2]), "b": np.ones(3)})
    assert not list(crossing.rescaled(0.1))


def test_trainings_without_a_value_are_left_out_on_both_sides():
    high = np.where(np.arange(12) == 2, np.nan, HIGH)
    effect = Ratio("loss", {"high": high, "low": LOW})
    kept = np.delete(np.arange(12), 2)
    assert effect.interval.n == 11
    assert effect.measured == (
        f"high {stats.gmean(HIGH[kept]):.3g}, low {stats.gmean(LOW[kept]):.3g}"
    )
    nothing = Ratio("loss", {"high": np.full(12, np.nan), "low": LOW})
    assert nothing.interval.n == 0
    assert not list(nothing.rescaled(1.25))


@pytest.mark.parametrize("kind", [Ratio, Difference])
def test_where_no_training_has_a_value_the_sides_are_named_still(kind):
    none = kind("loss", {"high": np.full(3, np.nan), "low": np.ones(3)})
    assert none.interval.n == 0
    assert none.measured == "high no value, low no value"
