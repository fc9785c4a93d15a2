"""Chapter 11 computes what it says, twice the same, and shows it whatever happened."""

import dataclasses
import functools
import math

import numpy as np
import planted
import pytest
import torch
from scipy import stats
from torch import nn
from viewing import labels_and_units, no_text_lacks_a_number, of_panel, shown

from hw1lib.chapters import function_fit, tables
from hw1lib.chapters.function_fit import claims, comparisons, findings, learning, slips, views
from hw1lib.chapters.function_fit.chapter import CHAPTER
from hw1lib.chapters.function_fit.result import (
    Fit,
    Learning,
    both_succeed,
    choose,
    chosen_again,
    successes,
)
from hw1lib.chapters.function_fit.spec import ARMS, AS_A, AS_B, B_SIGN, NETWORKS, TUNED
from hw1lib.chapters.function_fit.trainings import train
from hw1lib.data import functions
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.results import keys
from hw1lib.training import loop, losses, optimizers, regression
from hw1lib.training.regression import DENSE, DRAWN, Training
from hw1lib.training.run import Run
from hw1lib.training.stopping import Plateau

FITTING = function_fit.PROFILES["smoke"].replace(
    targets=["sinc", "sign"],
    points=7,  # a sixth of the dense grid's steps apart, so that those points are among its own
    epochs=12,
    grid=[1e-3, 1e-2],
    tuning_epochs=3,
    sign_epochs=5,
)


def formula(target, x):
    """The targets by NumPy, in float64."""
    if target == "sinc":
        return np.sinc(5 * x)
    nearest = np.round(5 * x)
    at_jump = np.abs(5 * x - nearest) < 1e-5
    return np.where(at_jump, 0.0, np.sign(np.sin(5 * np.pi * x)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("fits")


@pytest.fixture(scope="module")
def asked(fresh, store):
    """What was fitted, and the job of every training behind it."""
    asked = {}
    carry_out = function_fit.carry_out

    def recording(experiment, jobs, **options):
        asked.update(jobs)
        return carry_out(experiment, jobs, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function_fit, "carry_out", recording)
        return fresh(function_fit, FITTING, store), asked


@pytest.fixture(scope="module")
def fitted(asked):
    return asked[0]


def arrays(result):
    """Every array of a result, by where it stands in it."""
    yield from result.tuning.items()
    for key, fit in result.fits.items():
        for field in dataclasses.fields(fit):
            yield (*key, field.name), getattr(fit, field.name)
    for key, one in result.learning.items():
        for field in dataclasses.fields(one):
            yield (*key, field.name), getattr(one, field.name)


def test_the_same_spec_gives_the_same_bits(fresh, fitted):
    again = dict(arrays(fresh(function_fit, FITTING)))
    for key, values in arrays(fitted):
        assert np.array_equal(values, again.pop(key), equal_nan=True), key
    assert not again


def test_another_seed_gives_other_numbers_and_shares_the_seeds_in_common(fresh, fitted):
    later = fresh(function_fit, FITTING.replace(seed=1))
    key = (AS_B, "sinc", "medium")
    np.testing.assert_allclose(later.fits[key].loss[:, 0], fitted.fits[key].loss[:, 1], rtol=1e-5)
    assert not np.allclose(later.fits[key].loss[:, 1], fitted.fits[key].loss[:, 1], rtol=1e-3)


def test_every_combination_is_there(fitted):
    pairs = [(target, network) for target in ("sinc", "sign") for network in NETWORKS]
    expected = {(arm, *pair) for arm in ARMS for pair in pairs}
    expected |= {(B_SIGN, "sign", network) for network in NETWORKS}
    assert set(fitted.fits) == expected
    assert set(fitted.tuning) == set(pairs)
    assert set(fitted.learning) == {("sign", network) for network in NETWORKS}
    assert all(losses.shape == (2, 2) for losses in fitted.tuning.values())
    for (arm, *_), fit in fitted.fits.items():
        epochs = FITTING.sign_epochs if arm == B_SIGN else FITTING.epochs
        assert fit.loss.shape == (epochs + 1, FITTING.replicas)
        assert fit.prediction.shape == (FITTING.replicas, DRAWN)


# What the arms are

DIFFERS = {  # by arm: the settings in which it differs from B's Adam
    AS_B: {},
    AS_A: {"optimizer": optimizers.rmsprop, "weight_decay": 1e-4},
    B_SIGN: {"weight_decay": 1e-4, "epochs": FITTING.sign_epochs},
}
B_SIGN_RATES = {"deep": 1.2e-3, "medium": 1.2e-3, "shallow": 1.1e-3}


def as_b(target, network):
    """The settings of B's Adam, which has no weight decay."""
    return Training(
        target={"sinc": functions.sinc, "sign": functions.sign_of_sine}[target],
        widths=NETWORKS[network],
        optimizer=optimizers.adam,
        learning_rate=1e-3,
        weight_decay=0.0,
        points=FITTING.points,
        epochs=FITTING.epochs,
        seeds=(0, 1),
    )


def test_the_arms_differ_from_bs_adam_as_they_say(asked):
    fitted, jobs = asked
    settings = {key: job.settings for key, job in jobs.items()}
    for arm, target, network in fitted.fits:
        differs = DIFFERS.get(arm, {})
        if arm == TUNED:
            ends = np.median(fitted.tuning[target, network], axis=1)
            differs = {"learning_rate": FITTING.grid[ends.argmin()]}
        elif arm == B_SIGN:
            differs = {**differs, "learning_rate": B_SIGN_RATES[network]}
        expected = dataclasses.replace(as_b(target, network), **differs)
        assert settings.pop((arm, target, network)) == expected, (arm, target, network)
    for network in NETWORKS:
        assert settings.pop(("sign", network)) == as_b("sign", network)
    for (target, network, rate), tried in settings.items():
        assert tried == dataclasses.replace(
            as_b(target, network),
            learning_rate=rate,
            epochs=FITTING.tuning_epochs,
            seeds=(1_000_000, 1_000_001),  # none of those that are compared
        )
    assert {rate for *_, rate in settings} == set(FITTING.grid)


@pytest.mark.parametrize("profile", function_fit.PROFILES)
def test_no_seed_chooses_a_rate_and_is_compared(profile):
    spec = function_fit.PROFILES[profile].replace(seed=7)
    assert len(spec.tuning_seeds) == spec.tuning_replicas
    assert not set(spec.tuning_seeds) & set(spec.seeds)


# What they are filed under


def digest(job, **changes):
    settings = dataclasses.replace(job.settings, **changes)
    return keys.digest("function_fit", functools.partial(job.call.func, settings))


def test_a_training_is_filed_under_its_settings_alone(asked, store):
    # not its label, cost, threads or device, which the digests here do not know
    _, jobs = asked
    filed = {path.parent.name for path in store.rglob("spec.json")}
    assert filed == {digest(job) for job in jobs.values()}


@pytest.mark.parametrize(
    "change",
    [
        {"target": functions.sine},
        {"widths": (1, 9, 1)},
        {"optimizer": optimizers.sgd},
        {"learning_rate": 0.123},
        {"weight_decay": 0.123},
        {"points": 8},
        {"epochs": 99},
        {"seeds": (1, 2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_a_training_is_in_its_key(asked, change):
    _, jobs = asked
    for key in ((AS_A, "sinc", "deep"), ("sinc", "deep", 1e-3)):  # one of each kind
        assert digest(jobs[key], **change) != digest(jobs[key])


def test_a_fit_whose_last_update_alone_overflows_has_diverged():
    settings = dataclasses.replace(as_b("sinc", "deep"), learning_rate=1e30, epochs=1)
    found = train(settings, run=Run())
    assert np.isfinite(found["loss"][0]).all()
    assert found["diverged"].tolist() == [True, True]
    assert np.isnan(found["loss"][1]).all()
    assert np.isnan(found["prediction"]).all()


def by_numpy(parameters, x):
    """What a network with leaky rectifiers says, (N,), in float64, from its weights alone."""
    values = x[:, None]
    for number, (weight, bias) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
        if number:
            values = np.where(values > 0, values, 0.01 * values)
        values = values @ weight.T + bias
    return values[:, 0]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("target", ["sinc", "sign"])
def test_the_first_loss_is_that_of_the_initial_network(fitted, target, network):
    x = np.linspace(-1, 1, FITTING.points)
    for r, seed in enumerate(FITTING.seeds):
        model = builders.mlp(Streams([seed]), *NETWORKS[network], activation=builders.leaky_relu)
        weights = [p[0].detach().double().numpy() for p in model.parameters()]
        expected = np.square(by_numpy(weights, x) - formula(target, x)).mean()
        for arm in ARMS:
            assert fitted.fits[arm, target, network].loss[0, r] == pytest.approx(expected, rel=1e-5)


def test_the_last_loss_is_that_of_the_predictions_on_the_training_points(fitted):
    every = (DRAWN - 1) // (FITTING.points - 1)
    x = np.linspace(-1, 1, FITTING.points)
    for (_, target, _), fit in fitted.fits.items():
        expected = np.square(fit.prediction[:, ::every] - formula(target, x)).mean(axis=1)
        np.testing.assert_allclose(fit.final, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("target", ["sinc", "sign"])
def test_errors_between_the_points_are_those_of_the_prediction_and_the_formula(target):
    settings = as_b(target, "shallow")
    whole = regression.fit(settings, run=Run())
    kept = train(settings, run=Run())
    fit = Fit(1e-3, **{name: values for name, values in kept.items() if name != "diverged"})
    x = np.linspace(-1, 1, DENSE)
    error = whole.prediction - formula(target, x)
    near = np.abs(x - np.arange(-1, 1.1, 0.2)[:, None]).min(axis=0) < 0.01 - 1e-9
    np.testing.assert_allclose(fit.dense, np.square(error).mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(fit.largest_error, np.abs(error).max(axis=1), rtol=1e-5)
    share = np.square(error[:, near]).sum(axis=1) / np.square(error).sum(axis=1)
    np.testing.assert_allclose(fit.share_at_jumps, share, rtol=1e-5)


def test_a_long_training_keeps_some_losses_and_judges_by_all():
    updates = np.arange(5001)[:, None]
    loss = np.hstack([1 / (1 + updates), 2 / (1 + updates)])
    loss[1001] = [1e-6, 1e-6]  # seen by the passages, though not kept
    fit = planted.function_fit(loss, np.zeros((2, DENSE)))
    assert len(fit.updates) < 400
    assert fit.updates[[0, -1]].tolist() == [0, 5000]
    assert 1001 not in fit.updates
    np.testing.assert_array_equal(fit.loss, loss[fit.updates])
    assert fit.first_below(1e-2).tolist() == [100, 200]
    assert fit.first_below(1e-5).tolist() == [1001, 1001]
    assert fit.falling.tolist() == [4999 / 5000] * 2


def by_torch(make):
    """The losses of a plain shallow regressor on sinc with seed 1, (E + 1,)."""
    with torch.random.fork_rng():
        plain = nn.Sequential(nn.Linear(1, 190), nn.LeakyReLU(), nn.Linear(190, 1))
    start = builders.mlp(Streams([1]), *builders.SHALLOW, activation=builders.leaky_relu)
    for p, its in zip(plain.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    x = torch.linspace(-1, 1, FITTING.points)[:, None]
    y, optimizer, losses = torch.from_numpy(np.sinc(5 * x.numpy())), make(plain.parameters()), []
    for _ in range(FITTING.epochs + 1):
        loss = nn.functional.mse_loss(plain(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


@pytest.mark.parametrize(
    ("arm", "make"),
    [
        (AS_A, lambda p: torch.optim.RMSprop(p, lr=1e-3, weight_decay=1e-4)),
        (AS_B, lambda p: torch.optim.Adam(p, lr=1e-3)),
    ],
)
def test_an_arm_trains_as_plain_torch_does(fitted, arm, make):
    found = fitted.fits[arm, "sinc", "shallow"].loss[:, 1]
    np.testing.assert_allclose(found, by_torch(make), rtol=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "make"),
    [
        (optimizers.rmsprop, lambda p: torch.optim.RMSprop(p, lr=1e-3, weight_decay=0.3)),
        (optimizers.adam, lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=0.3)),
    ],
    ids=["rmsprop", "adam"],
)
def test_a_decay_that_twelve_updates_show_is_that_of_plain_torch(optimizer, make):
    settings = dataclasses.replace(as_b("sinc", "shallow"), optimizer=optimizer, weight_decay=0.3)
    found = train(settings, run=Run())["loss"][:, 1]
    np.testing.assert_allclose(found, by_torch(make), rtol=1e-3)


def test_the_tuned_rate_is_the_best_of_those_tried_on_other_seeds(fitted):
    for (target, network), ends in fitted.tuning.items():
        best = FITTING.grid[int(np.median(ends, axis=1).argmin())]
        assert fitted.fits[TUNED, target, network].learning_rate == best
    rates = {fit.learning_rate for key, fit in fitted.fits.items() if key[0] in (AS_A, AS_B)}
    assert rates == {1e-3}


def test_a_choice_is_repeated_as_often_as_the_binomial_distribution_says():
    # of two rates the second wins where most of the resampled trainings are among its good ones
    trainings, good = 9, 6
    other = np.where(np.arange(trainings) < good, 0.5, np.inf)
    losses = np.stack([np.ones(trainings), other])
    assert choose(losses) == 1
    expected = stats.binom.sf(trainings // 2, trainings, good / trainings)
    assert chosen_again(losses) == pytest.approx(expected, abs=0.02)


def a_fit(*losses):
    """A fit whose replicas had these losses."""
    return planted.function_fit(np.array(losses).T, np.zeros((len(losses), DENSE)))


def test_a_threshold_is_reached_at_the_first_loss_below_it():
    fit = a_fit(
        [0.9, 0.1, 0.04, 0.6],  # exactly 0.1 is not below
        [0.01, 0.9, 0.9, 0.9],  # before any update, and never again
        [0.9, 0.8, 0.7, 0.6],
    )
    assert fit.first_below(0.1).tolist() == [2, 0, math.inf]
    assert fit.final.tolist() == [0.6, 0.9, 0.6]
    assert not fit.diverged.any()


@pytest.mark.parametrize("bad", [math.nan, math.inf], ids=str)
def test_a_loss_that_ends_not_finite_is_one_that_diverged(bad):
    fit = a_fit([0.9, 0.04, math.nan, bad], [0.9, 0.8, 0.7, 0.6])
    assert fit.diverged.tolist() == [True, False]
    assert fit.final.tolist() == [math.inf, 0.6]
    assert fit.first_below(0.1).tolist() == [1, math.inf]


def test_a_replica_is_stuck_near_the_best_constants_loss(fitted):
    constant = np.var(np.sinc(5 * np.linspace(-1, 1, FITTING.points)))
    assert fitted.constant("sinc") == pytest.approx(constant, rel=1e-5)
    ends = [constant, 0.91 * constant, 0.89 * constant, 1e-9, math.nan, 2 * constant]
    fit = a_fit(*([1.0, end] for end in ends))
    result = dataclasses.replace(fitted, fits={(AS_A, "sinc", "deep"): fit})
    assert result.stuck(AS_A, "sinc", "deep").tolist() == [True, True, False, False, True, True]


def test_the_plateau_rule_is_found_where_it_first_held():
    rule = Plateau(below=1.0, change=0.1)
    losses = np.array(
        [
            [0.50, 0.45, 0.44, 0.43, 0.42],  # at the third loss, after two updates
            [3.00, 0.50, 0.45, 0.44, 0.43],
            [1.05, 1.04, 1.03, 1.02, 0.99],  # still, but low only at the end
            [0.50, 0.30, 0.50, 0.30, 0.50],  # never still
            [0.50, 0.45, math.nan, math.nan, math.nan],
        ]
    ).T
    assert rule.first(losses).tolist() == [2, 3, 4, math.inf, math.inf]


def test_the_plateau_rule_ends_a_training_where_it_is_found_afterwards():
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    batches, rule = [(x, x**2)], Plateau(below=0.08, change=2e-4)

    def trained(stop):
        model = builders.mlp(Streams([3, 4, 5, 6]), 1, 4, 1, activation=nn.Tanh).double()
        optimizer = optimizers.adam(model, learning_rate=0.02)
        return loop.fit(model, batches, losses.mean_squared_error, optimizer, epochs=150, stop=stop)

    expected = rule.first(trained(None).losses)
    assert np.isfinite(expected).any()
    assert len(set(expected)) > 1
    steps = trained(rule).steps
    assert steps.tolist() == np.minimum(expected, 150).tolist()


# The views


def with_sine(result):
    """Let the fits of the sine have come about as those of the sign."""
    sine = {("sine", network): one for (_, network), one in result.learning.items()}
    return dataclasses.replace(result, learning={**result.learning, **sine})


@pytest.fixture(scope="module")
def fit_shown(fitted):
    """Every figure, table and text of chapter 11."""
    result = fitted
    figures = [views.loss_curves(result), views.final_losses(result), views.together(result)]
    figures.append(views.learning(with_sine(result)))
    for arm in ARMS:
        figures += [
            views.predictions(result, arm),
            views.arrivals(result, arm),
            views.between_points(result, arm),
            views.error_at_jumps(result, arm),
        ]
    shown_tables = {
        "success": views.success_table(result),
        "stopping": views.stopping_table(result),
        "tuning": views.tuning_table(result),
    }
    texts = [
        findings.order_sentence(result),
        findings.stuck_sentence(result),
        *findings.reading(result),
        findings.jump_sentence(result),
        findings.between_sentence(result),
        findings.arrival_sentence(result),
        findings.stopping_sentence(result),
        findings.describe_losses(result),
        findings.pieces_sentence(result),
        findings.pieces_sentence(with_sine(result)),
        findings.spectrum_sentence(result),
    ]
    return figures, shown_tables, texts


def test_every_figure_names_its_axes_with_units(fit_shown):
    figures, _, _ = fit_shown
    for figure in figures:
        said = labels_and_units(figure)
        assert any(unit in said for unit in ("mean squared error", "share of", "value")), said


def test_the_panel_names_what_it_compares_and_every_target(fitted):
    figure = of_panel(views.panel)(fitted)
    figure.draw_without_rendering()
    (ax,) = figure.axes
    assert ax.get_xlabel() == "trainings below 0.001 (%)"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["sinc(5x)", "sign(sin(5πx))"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(NETWORKS)


def test_tables_have_a_row_per_combination(fit_shown):
    _, its, _ = fit_shown
    assert len(its["success"]) == 2 * len(ARMS) * len(NETWORKS)
    # the two arms that a report stopped on sinc; nobody asked for sine here
    assert len(its["stopping"]) == 2 * len(NETWORKS)
    assert len(its["tuning"]) == 2 * len(NETWORKS)
    for row in its["tuning"].itertuples():
        assert sum(str(cell).startswith("**") for cell in row) == 1


def test_success_is_counted_over_all_panels_and_compared_where_both_succeed():
    fits = {
        (arm, "sinc", network): a_fit(*([1.0, end] for end in ends))
        for arm in ARMS
        for network, ends in {
            "deep": [1e-4, 4e-4, 1e-2],
            "medium": [1.0, 1.0, 1.0],
            "shallow": [1e-5, 1.0, 1e-5],
        }.items()
    }
    fits[AS_A, "sinc", "deep"] = a_fit([1.0, 1e-6], [1.0, 1.0], [1.0, 1.0])
    spec = FITTING.replace(targets=["sinc"], replicas=3)
    result = function_fit.Result(spec, fits, {}, {}, ())
    np.testing.assert_allclose(successes(result, "deep"), [100, 100 - 100 / len(ARMS), 0])
    deep, shallow = both_succeed(result, "deep", "shallow")
    mean = (1e-4 ** (len(ARMS) - 1) * 1e-6) ** (1 / len(ARMS))
    np.testing.assert_allclose(deep, [mean, np.nan, np.nan])
    np.testing.assert_allclose(shallow, [1e-5, np.nan, np.nan])
    row = views.success_table(result).iloc[0]
    assert [*row[["below 0.01", "below 0.001", "median of these", "best"]]] == [
        "1 of 3", "1 of 3", "1.0e-06", "1.0e-06"
    ]  # fmt: skip
    # replica by replica, against the lower one of the other two
    lowest = comparisons.mostly_lowest(result)
    np.testing.assert_allclose(lowest.values, [1 / len(ARMS), 1 - 1 / len(ARMS), 0])


# How a fit comes about


def test_an_amplitude_is_that_of_the_sine_it_was_made_of():
    x = np.linspace(-1, 1, DRAWN)
    made = (
        0.7 * np.sin(15 * np.pi * x) - 0.2 * np.sin(35 * np.pi * x) + 0.3 * np.cos(15 * np.pi * x)
    )
    np.testing.assert_allclose(learning.amplitudes(made), [0, 0.7, 0, -0.2], atol=1e-12)
    wanted = np.sin(5 * np.pi * x)
    errors = learning.frequency_errors(np.stack([0.25 * wanted, wanted]), wanted)
    np.testing.assert_allclose(errors[:, 0], [0.75, 0], atol=1e-12)
    assert np.isnan(errors[:, 1:]).all()  # a sine has no other frequency


def test_the_sign_of_a_sine_has_the_amplitudes_of_its_fourier_series():
    x = np.linspace(-1, 1, 30_001)
    found = learning.amplitudes(np.sign(np.round(np.sin(5 * np.pi * x), 9)))
    np.testing.assert_allclose(found, 4 / np.pi / np.array([1, 3, 5, 7]), rtol=1e-4)


def test_an_error_is_counted_in_the_half_wave_where_it_lies():
    x = np.linspace(-1, 1, DRAWN)
    wrong = np.where(np.abs(x) > 0.85, 2.0, 0.0)
    found = learning.place_errors(wrong, np.zeros(DRAWN))
    inside = np.abs(x) >= 0.8 - 1e-9
    assert found[:-1].tolist() == [0, 0, 0, 0]
    assert found[-1] == pytest.approx(4 * (np.abs(x) > 0.85).sum() / inside.sum(), rel=0.05)


def test_a_watched_training_is_the_training_itself():
    settings = as_b("sinc", "shallow")
    kept, watched = train(settings, run=Run()), learning.watch(settings, run=Run())
    truth = np.sinc(5 * np.linspace(-1, 1, DRAWN))
    expected = learning.place_errors(kept["prediction"].astype(float), truth)
    np.testing.assert_allclose(watched["by_place"][-1], expected, rtol=1e-4)
    assert watched["updates"].tolist() == list(range(13))
    model = builders.mlp(Streams([0]), *NETWORKS["shallow"], activation=builders.leaky_relu)
    weight, bias = (p[0].detach().double().numpy() for p in [*model.parameters()][:2])
    bends = -bias / weight[:, 0]
    assert watched["pieces"][0, 0] == 1 + (np.abs(bends) < 1).sum()


def test_a_watched_training_that_diverges_leaves_gaps():
    settings = dataclasses.replace(as_b("sinc", "deep"), learning_rate=1e30)
    found = learning.watch(settings, run=Run())
    assert found["diverged"].all()
    assert found["by_place"].shape == (13, 2, 5)
    assert np.isnan(found["by_place"][-1]).all()
    assert np.isnan(found["pieces"][1]).all()


def test_the_time_to_an_error_is_the_first_look_below_it():
    one = Learning(np.array([0, 10, 20]), np.empty(0), np.empty(0), np.empty(0))
    error = np.array([[1, 0.1, 1, 1], [0.4, 1, 1, 1], [0.3, 1, 1, np.nan]])
    np.testing.assert_array_equal(one.half(error, 0.5), [10, 1, 20, np.nan])


def test_no_text_says_what_is_not_a_number(fit_shown):
    _, its, texts = fit_shown
    no_text_lacks_a_number(its, texts)


# Divergence


@pytest.fixture(scope="module")
def diverged(fresh):
    """Chapter 11 at a learning rate at which deep networks overflow."""
    return fresh(function_fit, FITTING.replace(learning_rate=1e6, grid=[1e-3]))


def test_a_fit_that_diverges_is_counted(diverged):
    said = findings.stuck_sentence(diverged)
    count = sum(np.count_nonzero(~np.isfinite(f.loss[-1])) for f in diverged.fits.values())
    assert count > 0
    assert sum(fit.diverged.sum() for fit in diverged.fits.values()) == count
    assert f"diverged: {count}." in said
    for key, fit in diverged.fits.items():
        if fit.diverged.any():
            assert diverged.stuck(*key)[fit.diverged].all()


def on_all_points(fit):
    """A prediction on the dense grid, whatever lies between the points that are kept."""
    return fit.prediction.repeat(5, axis=1)[:, :DENSE]


def one_diverged(result):
    """Chapter 11 in which the second replica of every fit has overflowed after three updates."""

    def cut(fit):
        loss, prediction = fit.loss.copy(), on_all_points(fit)
        loss[3:, 1], loss[-1, 1] = np.nan, np.inf
        prediction[1] = 1e30  # whose square overflows
        return planted.function_fit(loss, prediction)

    return dataclasses.replace(result, fits={key: cut(fit) for key, fit in result.fits.items()})


def all_diverged(result):
    """Chapter 11 in which no training of the deep network went well."""

    def cut(fit):
        loss = fit.loss.copy()
        loss[3:] = np.nan
        return planted.function_fit(loss, np.full_like(on_all_points(fit), np.nan))

    return dataclasses.replace(
        result, fits={k: cut(fit) if k[2] == "deep" else fit for k, fit in result.fits.items()}
    )


VIEWS = {
    "loss_curves": views.loss_curves,
    "final_losses": views.final_losses,
    "predictions": lambda result: views.predictions(result, TUNED),
    "arrivals": lambda result: views.arrivals(result, AS_B),
    "between_points": lambda result: views.between_points(result, AS_B),
    "error_at_jumps": lambda result: views.error_at_jumps(result, AS_B),
    "success_table": views.success_table,
    "together": views.together,
    "learning": lambda result: views.learning(with_sine(result)),
    "stopping_table": views.stopping_table,
    "tuning_table": views.tuning_table,
    "panel": of_panel(views.panel),
    "verdicts": lambda result: tables.verdicts(claims.CLAIMS, result),
    "slips": lambda result: tables.slips(slips.SLIPS, result),
    "order_sentence": findings.order_sentence,
    "stuck_sentence": findings.stuck_sentence,
    "reading": findings.reading,
    "success_sentence": findings.success_sentence,
    "pieces_sentence": lambda result: findings.pieces_sentence(with_sine(result)),
    "spectrum_sentence": findings.spectrum_sentence,
    "expectation": lambda result: tables.expectation(claims.CLAIMS, result),
    "jump_sentence": findings.jump_sentence,
    "between_sentence": findings.between_sentence,
    "arrival_sentence": findings.arrival_sentence,
    "stopping_sentence": findings.stopping_sentence,
    "describe_losses": findings.describe_losses,
    "panel_caption": findings.panel_caption,
}


@pytest.mark.parametrize("view", VIEWS)
def test_real_divergence_breaks_no_view(diverged, view):
    shown(VIEWS[view], diverged)


@pytest.mark.parametrize("view", VIEWS)
def test_one_diverged_replica_breaks_no_view(fitted, view):
    shown(VIEWS[view], one_diverged(fitted))


@pytest.mark.parametrize("view", VIEWS)
def test_a_network_that_always_diverges_breaks_no_view(fitted, view):
    shown(VIEWS[view], all_diverged(fitted))


def test_a_metric_is_one_number_per_training(fitted):
    for result in (fitted, one_diverged(fitted)):
        values = {name: metric(result) for name, metric in CHAPTER.metrics.items()}
        assert {found.shape for found in values.values()} == {(FITTING.replicas,)}
        finite = [np.isfinite(found).tolist() for found in values.values()]
        assert finite == [[True, result is fitted]] * len(values)
