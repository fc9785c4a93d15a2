"""Chapter 23 computes what it says, twice the same, and shows it whatever happened."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
import test_part_two_claims
import torch
from filed import changed, filed_under, jobs_of
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from planted import looks as planted_looks
from torch import nn

from hw1lib.chapters import minimal_ratio as chapter
from hw1lib.chapters import tables
from hw1lib.chapters.minimal_ratio import b_views, claims, findings, places, ratios, slips, views
from hw1lib.chapters.minimal_ratio.chapter import CHAPTER
from hw1lib.chapters.minimal_ratio.result import PointMeasures, Points
from hw1lib.chapters.minimal_ratio.spec import (
    ALONE,
    ARMS,
    B_NARROW,
    B_NETWORKS,
    B_WIDE,
    BOTTOM,
    EMBEDDED,
    LEAKY,
    LEAST_LEVEL,
    MADE,
    RECIPE,
    SPLIT,
)
from hw1lib.judging.verdicts import NOT_TESTED
from hw1lib.measuring import curvature
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.results.specs import SettingError
from hw1lib.training import losses

SPEC = chapter.PROFILES["smoke"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def compute(spec):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HW1_RESULTS", str(tmp_path_factory.mktemp("results")))
            return chapter.run(spec, device="cpu", progress=False)

    return compute


@pytest.fixture(scope="module")
def result(run):
    return run(SPEC)


def arrays(result):
    for arm, points in result.arms.items():
        for when in ("start", "end"):
            for name, values in vars(getattr(points, when)).items():
                yield (arm, when, name), values
        yield (arm, "weights"), points.weights
    for when in ("along", "lowered"):
        for name, values in vars(getattr(result, when)).items():
            yield (when, name), values


def test_the_same_spec_gives_the_same_bits(run, result):
    again = dict(arrays(run(SPEC)))
    for key, values in arrays(result):
        assert np.array_equal(values, again.pop(key), equal_nan=True), key
    assert not again


def test_every_arm_has_its_networks_and_their_whole_spectrum(result):
    for arm in ARMS:
        points, count = result.arms[arm], 2 if arm in MADE else 3
        assert points.weights.shape == points.end.eigenvalues.shape == (count, 22)
        assert not points.diverged.any()
    assert result.along.at.tolist() == [0, 1, 2, 6]
    assert result.along.eigenvalues.shape == (4, 2, 572)
    assert result.lowered.eigenvalues.shape == (3, 2, 572)


def by_numpy(weights, x, kinks):
    """What a 1-3-3-1 network says, in float64, from its weights alone."""
    sizes, values, used = [(3, 1), (3, 3), (1, 3)], x[:, None], 0
    for number, (n_out, n_in) in enumerate(sizes):
        if number:
            values = np.where(values > 0, values, 0.01 * values) if kinks else np.tanh(values)
        matrix = weights[used : used + n_out * n_in].reshape(n_out, n_in)
        used += n_out * n_in
        values = values @ matrix.T + weights[used : used + n_out]
        used += n_out
    return values[:, 0]


def test_the_loss_at_the_end_is_that_of_the_weights_there(result):
    x = np.linspace(-1, 1, SPEC.points)
    for arm, points in result.arms.items():
        for weights, loss in zip(points.weights, points.end.loss, strict=True):
            error = by_numpy(weights, x, arm == LEAKY) - np.sinc(5 * x)
            assert loss == pytest.approx(np.square(error).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("arm", "decay"),
    [
        (RECIPE, SPEC.weight_decay),
        (BOTTOM, SPEC.weight_decay),
        (EMBEDDED, SPEC.weight_decay),
        (ALONE, 0),
        (SPLIT, 0),
        (LEAKY, 0),
    ],
)
def test_the_residual_is_that_of_central_differences_of_the_arms_objective(result, arm, decay):
    x = np.linspace(-1, 1, SPEC.points)

    def objective(weights):
        loss = np.square(by_numpy(weights, x, arm == LEAKY) - np.sinc(5 * x)).mean()
        return loss + decay / 2 * np.square(weights).sum()

    points = result.arms[arm]
    for weights, residual in zip(points.weights, points.end.residual, strict=True):
        slope = [
            (objective(weights + 1e-5 * unit) - objective(weights - 1e-5 * unit)) / 2e-5
            for unit in np.eye(len(weights))
        ]
        assert residual == pytest.approx(np.linalg.norm(slope), rel=1e-4, abs=1e-9)


def test_networks_leave_phase_1_at_their_level(run):
    spec = SPEC.replace(replicas=3, epochs=400)
    result = run(spec)
    levels = np.geomspace(result.constant, LEAST_LEVEL, 3)
    start = result.arms[RECIPE].start.loss
    assert (start[:2] < 1.05 * levels[:2]).all()
    assert (start[:2] > 0.3 * levels[:2]).all()
    bottom = result.arms[BOTTOM].start.loss
    assert bottom[0] < start[0]


def test_an_embedded_network_has_the_loss_of_the_small_one(run):
    result = run(SPEC.replace(newton=80, steps=20))
    for arm in (EMBEDDED, SPLIT):
        points = result.arms[arm]
        used = (points.weights != 0).sum(axis=1)
        assert (used == 22).all() if arm == SPLIT else (used <= 6).all()


def test_a_training_is_filed_under_what_decides_it_and_nothing_else():
    def listed(device="cpu", **changes):
        return jobs_of(chapter, SPEC.replace(**changes), device=device)

    jobs = listed()
    of_a = chapter.OF_A
    of_b = {(name,) for name in B_NETWORKS}
    assert {key[0] for key in jobs} == {*ARMS, *of_a, *B_NETWORKS}
    assert changed(jobs, listed(device="cuda")) == set()
    assert changed(jobs, listed(residual=1e-3, flat=0.5, tolerance=1.0)) == set()  # afterwards
    decayed = {(RECIPE, 0), (BOTTOM, 0), (EMBEDDED, 1), of_a, *of_b}
    assert changed(jobs, listed(weight_decay=1e-3)) == decayed
    assert changed(jobs, listed(newton=11)) == {(BOTTOM, 0), (EMBEDDED, 1), (SPLIT, 1)}
    for setting in ({"learning_rate": 2e-2}, {"points": 11}, {"radius": 1e-2}):
        assert changed(jobs, listed(**setting)) == {*jobs} - {of_a, *of_b}
    for setting in ({"a_rate": 2e-2}, {"a_points": 11}, {"a_looks": 2}, {"bounds": (1e-2, 1e-3)}):
        assert changed(jobs, listed(**setting)) == {of_a}
    for setting in ({"b_points": 11}, {"b_updates": 5}, {"b_looks": 2}):
        assert changed(jobs, listed(**setting)) == of_b
    assert changed(jobs, listed(b_rates=(1e-3, 1e-3))) == {(B_NARROW,)}
    assert changed(jobs, listed(b_hidden=(4, 5))) == {(B_WIDE,)}
    assert changed(jobs, listed(seed=1)) == {*jobs}
    for job in jobs.values():
        other = nn.Tanh if job.settings.activation is builders.relu else builders.relu
        assert filed_under(job, activation=other) != filed_under(job)


def test_the_constant_and_the_ceiling_are_those_of_the_formulas(result):
    x = np.linspace(-1, 1, SPEC.points)
    assert result.constant == pytest.approx(np.sinc(5 * x).var(), rel=1e-5)
    assert result.ceiling == pytest.approx(1 - 6 / 22)
    wide = dataclasses.replace(result, spec=chapter.PROFILES["full"])
    assert wide.ceiling == pytest.approx(0.858, abs=5e-4)  # 1-10-10-1 has 141 weights


def test_kinked_units_give_an_exact_zero_each_where_the_gradient_vanishes():
    # the ceiling's reason, on a network whose targets are its own outputs
    model = builders.mlp(Streams([0]), 1, 3, 3, 1, activation=builders.leaky_relu).double()
    x = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    y = model(x).detach()
    hessian = curvature.hessians(model, lambda m: losses.mean_squared_error(m(x), y))
    shares = ratios.shares(torch.linalg.eigvalsh(hessian).numpy(), 1e4)
    assert shares.positive[0] <= 1 - 6 / 22


# Certified, rejected, judged


def made(result, **changes):
    """A result in which some arrays of every arm's end are others; others stay."""
    arms = {}
    for arm, points in result.arms.items():
        count = len(points.end.loss)
        end = {name: np.resize(values, (count, *np.shape(values)[1:]))
               for name, values in changes.items()}  # fmt: skip
        arms[arm] = dataclasses.replace(points, end=dataclasses.replace(points.end, **end))
    return dataclasses.replace(result, arms=arms)


def test_a_search_counts_by_its_residual_and_a_flat_one_is_told_apart(result):
    changed = made(
        result,
        residual=np.array([1e-12, 1e-3, 1e-3]),
        flatness=np.array([1e-5, 1e-5, 0.5]),
        loss=np.array([0.1, 0.1, 0.1]),
    )
    assert changed.certified(RECIPE).tolist() == [True, False, False]
    assert changed.gradient_flat(RECIPE).tolist() == [False, True, False]


def test_points_that_differ_by_an_exchange_of_units_count_once(result):
    losses = np.array([0.02, 0.02 * (1 + 1e-9), 0.021])
    changed = made(result, residual=np.array([1e-12]), loss=losses)
    assert changed.distinct(RECIPE).tolist() == [0, 2]
    assert len(made(result, residual=np.array([1.0])).distinct(RECIPE)) == 0


def planted(result, ratio_of_loss):
    """Certified points of the recipe whose ratio follows a function of their loss."""
    losses = np.geomspace(1e-4, 5e-2, 120)
    spectra = np.ones((120, 100))
    for row, loss in zip(spectra, losses, strict=True):
        row[: round(100 * (1 - ratio_of_loss(loss)))] = -0.1
    end = {name: np.zeros(120) for name in vars(result.arms[RECIPE].end)}
    end |= {"loss": losses, "eigenvalues": np.sort(spectra, axis=1), "residual": np.zeros(120)}
    place = PointMeasures(**end)
    points = Points(place, place, np.zeros((120, 100)), np.zeros(120, dtype=bool))
    none = made(result, residual=np.array([1.0]), eigenvalues=np.ones((1, 100)))
    return dataclasses.replace(none, arms={**none.arms, RECIPE: points})


def words(result):
    return {claim.id: claim.judge(result).word for claim in claims.CLAIMS}


def test_few_networks_test_nothing(result):
    assert set(words(made(result, residual=np.array([1.0]))).values()) == {NOT_TESTED}


def test_looks_stand_for_the_updates_that_are_nearest_to_them():
    along = dataclasses.replace(test_part_two_claims.as_a_has_it(), at=np.array([0, 2, 10]))
    assert along.weights.tolist() == [0.1, 0.5, 0.4]


def test_what_is_said_along_a_training_is_tried_on_each_part_of_it():
    result = test_part_two_claims.minima()
    index = np.where(np.arange(24) < 12, 0.24, np.linspace(0.2, 0.3, 24))  # rises, but for a start
    along = planted_looks(0.72 * np.ones(24), index, counted=0.72 * np.ones(24), residual=1.0)
    along = dataclasses.replace(along, at=np.arange(24) ** 4)
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == "E-23d")
    parts = claim.without(dataclasses.replace(result, along=along))
    assert [len(part.along.at) for part in parts.values()] == [11, 13]
    assert parts["what comes after that tenth"].along.at[-1] <= 23**4 / 10


def test_weight_decay_raises_every_eigenvalue_by_itself():
    along = test_part_two_claims.as_a_has_it()
    plain, raised = along.shares(1e4), along.shares(1e4, decay=1e-4)
    assert plain.negative[0] == pytest.approx(np.full(8, 0.24))
    assert (raised.positive == 1).all()
    assert (raised.negative == 0).all()


def test_a_training_that_is_lost_has_no_shares():
    along = test_part_two_claims.as_a_has_it()
    eigenvalues = along.eigenvalues.copy()
    eigenvalues[3:, 2] = np.nan
    shares = dataclasses.replace(along, eigenvalues=eigenvalues).shares(1e4)
    for share in shares:
        assert np.isnan(share[3:, 2]).all()
        assert np.isfinite(np.delete(share, 2, axis=1)).all()


def test_points_that_are_all_alike_rank_nothing_and_say_so():
    result = test_part_two_claims.minima()
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == "E-23a")
    verdict = claim.judge(result)
    assert verdict.word == NOT_TESTED
    assert "have the same share of negative eigenvalues, 0, so" in verdict.reason


def test_found_and_made_points_are_told_apart():
    made = findings.made_sentence(test_part_two_claims.saddles())
    assert re.search(r"of \d+ distinct points that were found, .* saddles below the plateau", made)
    assert "points that were made" in made
    assert "-0." in findings.made_trend_sentence(test_part_two_claims.lower_saddles())


def test_the_decay_is_taken_off_in_a_column_of_its_own():
    table = places.ratio_table(test_part_two_claims.minima()).set_index("where")
    row = table.loc["A's network, end of training"]
    assert (row["ratio"], row["index"]) == ("1.00", "0.00")
    assert (row["ratio, loss alone"], row["index, loss alone"]) == ("0.75", "0.01")


# Shown


FIGURES = ("searches", "along", "shares_against_loss", "tolerances", "spectra", "rivals", "kinks")
TABLES = (places.outcome_table, places.ratio_table, views.rival_table)


@pytest.fixture(scope="module")
def lost(run):
    """Every training diverged."""
    return run(SPEC.replace(learning_rate=1e200, b_rates=(1e30, 1e30)))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_drawn_whatever_happened(result, lost, name):
    some = made(result, residual=np.array([1e-12, 1e-3]), flatness=np.array([1e-5, 0.5]))
    for shown in (result, some, planted(result, lambda loss: 0.9), lost):
        figure = getattr(views, name)(shown)
        assert isinstance(figure, Figure)
        figure.canvas.draw()


@pytest.mark.parametrize("name", ["b_replicas", "b_hidden", "b_rates"])
def test_each_network_of_b_needs_its_settings(name):
    for given in ((1,), (1, 1, 1)):
        with pytest.raises(SettingError, match=rf"^{name} of .* B's 2 networks, got \("):
            SPEC.replace(**{name: given})


def test_b_is_drawn_and_told_whatever_happened(result, lost):
    told = b_views.sentence(test_part_two_claims.minima())
    assert told.startswith("Along the training of 1-4-1 the ")
    assert "1-6-1 (n = 8) gradient norm by loss 1.00" in told
    for shown in (result, lost, test_part_two_claims.minima()):
        figure = b_views.along(shown)
        figure.canvas.draw()
        assert not re.search(r"\bnan\b", b_views.sentence(shown))
    assert "1-4-1 none, since every training diverged" in b_views.sentence(lost)


def test_tables_and_sentences_are_made_whatever_happened(result, lost):
    sentences = [name for name in dir(findings) if name.endswith("_sentence")]
    assert len(sentences) == 9
    for shown in (result, planted(result, lambda loss: 0.9), lost):
        assert all(isinstance(table(shown), pd.DataFrame) for table in TABLES)
        assert len(tables.verdicts(claims.CLAIMS, shown)) == len(claims.CLAIMS)
        assert "nan" not in tables.slips(slips.SLIPS, shown).to_string()
        for name in [*sentences, "describe_searches"]:
            assert "nan" not in getattr(findings, name)(shown)


def test_the_chapter_tells_itself_to_the_summary(result, lost):
    for shown in (result, made(result, residual=np.array([1e-12])), lost):
        assert "nan" not in " ".join(CHAPTER.answer(shown))
        assert CHAPTER.panel.caption(shown).endswith(findings.made_sentence(shown))
        figure, ax = plt.subplots()
        CHAPTER.panel.draw(ax, shown)
        figure.canvas.draw()
        plt.close(figure)
    values = [metric(result) for metric in CHAPTER.metrics.values()]
    assert [len(value) for value in values] == [3, 3, 2, 2, 3, 3, 3]
    assert all(np.isfinite(value).all() for value in values)


def test_the_outcomes_of_an_arm_add_up_to_its_networks(result, lost):
    for shown in (made(result, residual=np.array([1e-12, 1e-3])), lost):
        table = places.outcome_table(shown)
        parts = table[["certified", "gradient-flat", "other rejects", "diverged"]]
        assert (parts.sum(axis=1) == table["networks"]).all()
    assert (places.outcome_table(lost)["diverged"] > 0).all()


def test_what_is_embedded_must_be_smaller():
    with pytest.raises(SettingError, match=r"sizes of minimal_ratio.Spec must be below hidden = 3"):
        SPEC.replace(sizes=[2, 3])
