"""What the chapters' explorers show, held against the results themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from hw1lib.chapters import gradient_norm, interpolation, minimal_ratio, weight_paths
from hw1lib.chapters.capacity import exploring as sizes
from hw1lib.chapters.gradient_norm import exploring as norms
from hw1lib.chapters.image_task import exploring as images
from hw1lib.chapters.interpolation import exploring as lines
from hw1lib.chapters.minimal_ratio import exploring as spectra
from hw1lib.chapters.random_labels import exploring as labels
from hw1lib.chapters.random_labels.result import Fit
from hw1lib.chapters.sensitivity import exploring as measures
from hw1lib.chapters.weight_paths import exploring as paths
from hw1lib.exploring.arrays import spread, spread_late, together


def reading(view, label, state):
    (found,) = [one for one in view.readings if one.label == label]
    return float(view.at(found.value, {**view.start, **state}))


def part(view, label, name, panel, state, kind="line"):
    (found,) = [
        one
        for one in view.layers
        if (one.label, one.panel, one.kind) == (label, panel, kind) and name in one.parts
    ]
    return view.at(found.parts[name], {**view.start, **state})


def test_readings_of_a_line_are_the_medians_there(fresh):
    result = fresh(interpolation, interpolation.PROFILES.choose("smoke", data="standin"))
    view = lines.view(result)
    places = np.array([float(text) for text in view.controls[1].options])
    for number, pair in enumerate(result.pairs.values()):
        barrier = np.median(pair.barrier()) if {0.0, 1.0} <= set(pair.alphas) else np.nan
        said = reading(view, "barrier, median", {"pair": number})
        np.testing.assert_allclose(said, barrier)
        for place in (0, 30, 60):
            nearest = np.abs(pair.alphas - places[place]).argmin()
            state = {"pair": number, "alpha": place}
            said = reading(view, "test accuracy", state)
            if pair.alphas.min() - 0.006 <= places[place] <= pair.alphas.max() + 0.006:
                assert said == pytest.approx(100 * np.nanmedian(pair.line[nearest, :, 1, 1]))
            else:
                assert np.isnan(said)


def test_the_minimal_ratio_follows_the_tolerance(fresh):
    result = fresh(minimal_ratio, minimal_ratio.PROFILES["smoke"])
    view = spectra.view(result)
    at_start = [reading(view, name, {}) for name in ("positive", "zero", "negative")]
    shares = result.along_shares()
    assert at_start == [values[-1, 0] for values in shares]
    loosest = {"tolerance": len(spectra.FACTORS) - 1}
    assert reading(view, "positive", loosest) <= at_start[0]
    drawn = [
        np.isfinite(part(view, f"{sign} eigenvalue", "y", 0, {}, "points")).sum()
        for sign in ("positive", "negative")
    ]
    values = result.along.eigenvalues[-1, 0][spread(result.along.eigenvalues.shape[-1], 120)]
    assert drawn == [(values > 0).sum(), (values < 0).sum()]


def test_paths_keep_their_distances_and_their_numbers(fresh):
    result = fresh(weight_paths, weight_paths.PROFILES.choose("smoke", data="standin"))
    view = paths.view(result)
    one = next(iter(result.paths.values()))
    for kind, walk in ((0, False), (1, True)):
        state = {"network": 0, "part": 1, "kind": kind}
        said = reading(view, "variance in this plane", state)
        assert said == pytest.approx(100 * one.plane_share(None, walk=walk))
        said = reading(view, "displacement / path length, median", state)
        assert said == pytest.approx(np.median(one.straightness(None, walk=walk)))
    moment = {"network": 0, "part": 1, "kind": 0, "moment": 0}
    here = [part(view, "where each is", axis, 0, moment, "points") for axis in "xy"]
    start = [part(view, "start", axis, 0, moment, "points") for axis in "xy"]
    np.testing.assert_array_equal(here, start)


def test_the_norm_close_up_is_the_course_by_its_mean(fresh):
    result = fresh(gradient_norm, gradient_norm.PROFILES.choose("smoke", data="standin"))
    view = norms.view(result)
    for number, course in enumerate(result.courses.values()):
        state = {"course": number, "look": 3}
        drawn = part(view, "", "y", 1, state)
        (dotted,) = [one for one in view.layers if one.kind == "rule" and one.panel == 0]
        start = int(view.at(dotted.parts["x"], {**view.start, **state})[0]) - 1
        norm = course.norm[start : start + norms.CLOSE, 0]
        np.testing.assert_allclose(drawn[: len(norm)], norm / norm.mean())
        assert np.isnan(drawn[len(norm) :]).all()
    for number, rate in enumerate(result.edges):
        (bound,) = [one for one in view.layers if one.label == "2 / step"]
        assert view.at(bound.parts["y"], {**view.start, "rate": number}) == [2 / rate]


def test_networks_are_shown_at_their_measurements_and_at_their_end():
    along = np.arange(24.0).reshape(2, 3, 2, 2)  # (K, E, R, 2)
    along[1, 2] = np.nan  # the rule had ended the second size
    end = np.full((2, 2, 2), 99.0)
    sweep = SimpleNamespace(
        epochs=np.array([1, 2, 3]), train_along=along, train=end, passes=np.array([[4, 4]])
    )
    shown = sizes._moments(sweep, "train")
    assert len(shown) == sizes.MOMENTS
    assert (shown[0] == along[:, 0]).all()
    assert (shown[-1] == 99).all()
    assert (shown[13, 1] == 99).all()
    assert (shown[13, 0] == along[0, 2]).all()
    assert sizes._passes(sweep)[0] == 1
    assert sizes._passes(sweep)[-1] == 4
    alone = SimpleNamespace(
        epochs=np.empty(0), train_along=np.empty((2, 0, 2, 2)), train=end, passes=np.array([[4]])
    )
    assert (sizes._moments(alone, "train") == 99).all()
    assert set(sizes._passes(alone)) == {4.0}


def test_accuracies_go_on_where_a_network_was_measured_less_often():
    of = SimpleNamespace(series=lambda *_: np.array([[0.1, 0.3], [0.5, np.nan], [np.nan, np.nan]]))
    found = images._accuracies(of, 5)
    np.testing.assert_allclose(found, [20, 50, np.nan, np.nan, np.nan])


def test_a_curve_of_many_measurements_is_thinned_with_its_ends():
    count = 1_000
    fit = Fit(
        epochs=np.arange(count),
        train=np.ones((count, 2, 3)),
        test=np.ones((count, 2, 2)),
        objective=np.empty(0),
        last=np.empty(0),
        diverged=np.zeros(2, dtype=bool),
    )
    drawn = labels._epochs(fit)
    assert (drawn[0], drawn[-1]) == (0, count - 1)
    assert len(drawn) <= labels.DRAWN
    assert labels._percent(fit, "test", "accuracy").shape == (len(drawn), 2)


def test_correlations_are_over_the_trainings_that_have_both():
    first, second = np.array([1.0, 2, 3, np.nan, 5]), np.array([2.0, 1, np.inf, 4, 9])
    kept = measures._both(first, second)
    assert [values.tolist() for values in kept] == [[1, 2, 5], [2, 1, 9]]
    of = {
        "test_loss": second,
        "train_loss": first,
        "train_accuracy": first,
        "test_accuracy": second,
    }
    np.testing.assert_array_equal(measures._gap(of, "loss_gap"), second - first)
    np.testing.assert_array_equal(measures._gap(of, "accuracy_gap"), first - second)
    assert stats.spearmanr(*kept).statistic == pytest.approx(0.5)


def test_arrays_are_filled_up_and_spread_over_their_length():
    found = together([np.ones((1, 2)), np.zeros((2, 1))])
    np.testing.assert_array_equal(found[0], [[1, 1], [np.nan, np.nan]])
    np.testing.assert_array_equal(found[1], [[0, np.nan], [0, np.nan]])
    for choose in (spread, spread_late):
        assert choose(1, 5).tolist() == [0]
        assert choose(3, 5).tolist() == [0, 1, 2]
        places = choose(500, 20)
        assert (places[0], places[-1]) == (0, 499)
        assert len(places) <= 20
