"""Chapters 11 and 12 compute what they say, twice the same, and show it whatever happened."""

import dataclasses
import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from scipy import stats
from torch import nn

from hw1lib.chapters import function_fit, image_task
from hw1lib.chapters.function_fit import (
    ARMS,
    AS_A,
    AS_B,
    B_SIGN,
    NETWORKS,
    TUNED,
    Fit,
    choose,
    chosen_again,
)
from hw1lib.chapters.function_fit import findings as fit_findings
from hw1lib.chapters.function_fit import slips as fit_slips
from hw1lib.chapters.function_fit import views as fit_views
from hw1lib.chapters.image_task import CONTROL, DEPTH, DIGITS_DEPTH, MAIN, B, Curves
from hw1lib.chapters.image_task import findings as image_findings
from hw1lib.chapters.image_task import slips as image_slips
from hw1lib.chapters.image_task import views as image_views
from hw1lib.data import randomized
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.results.specs import SettingError
from hw1lib.training import loop, losses, optimizers
from hw1lib.training.stopping import Plateau

FITTING = function_fit.PROFILES["smoke"].replace(
    targets=["sinc", "sign"],
    points=7,  # a sixth of the dense grid's steps apart, so that those points are among its own
    epochs=12,
    grid=[1e-3, 1e-2],
    tuning_epochs=3,
    sign_epochs=5,
)
IMAGES = image_task.PROFILES["smoke"].replace(
    data="standin",
    replicas=2,
    channels=[2, 3],
    side_channels=[2],
    units=[4, 6],
    train_examples=30,
    test_examples=20,
    a_batch=12,
    b_batch=12,
)


def formula(target, x):
    """The targets by NumPy, in float64."""
    if target == "sinc":
        return np.sinc(5 * x)
    nearest = np.round(5 * x)
    at_jump = np.abs(5 * x - nearest) < 1e-5
    return np.where(at_jump, 0.0, np.sign(np.sin(5 * np.pi * x)))


@pytest.fixture(scope="module")
def fitted(fresh):
    return fresh(function_fit, FITTING)


@pytest.fixture(scope="module")
def image_store(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def seen(fresh, image_store):
    return fresh(image_task, IMAGES, image_store)


def arrays(result):
    """Every array of a result, by where it stands in it."""
    if isinstance(result, function_fit.Result):
        yield from result.tuning.items()
        parts = result.fits
    else:
        parts = result.curves
    for key, part in parts.items():
        for field in dataclasses.fields(part):
            yield (*key, field.name), getattr(part, field.name)


# Both


def test_the_same_spec_gives_the_same_bits(fresh, fitted, seen):
    for chapter, first in ((function_fit, fitted), (image_task, seen)):
        again = dict(arrays(fresh(chapter, first.spec)))
        for key, values in arrays(first):
            assert np.array_equal(values, again.pop(key), equal_nan=True), key
        assert not again


def test_another_seed_gives_other_numbers_and_shares_the_seeds_in_common(fresh, fitted):
    later = fresh(function_fit, FITTING.replace(seed=1))
    key = (AS_B, "sinc", "medium")
    np.testing.assert_allclose(later.fits[key].loss[:, 0], fitted.fits[key].loss[:, 1], rtol=1e-5)
    assert not np.allclose(later.fits[key].loss[:, 1], fitted.fits[key].loss[:, 1], rtol=1e-3)


# Chapter 11


def test_every_combination_is_there(fitted):
    pairs = [(target, network) for target in ("sinc", "sign") for network in NETWORKS]
    expected = {(arm, *pair) for arm in ARMS for pair in pairs}
    expected |= {(B_SIGN, "sign", network) for network in NETWORKS}
    assert set(fitted.fits) == expected
    assert set(fitted.tuning) == set(pairs)
    assert all(losses.shape == (2, 2) for losses in fitted.tuning.values())
    for (arm, *_), fit in fitted.fits.items():
        epochs = FITTING.sign_epochs if arm == B_SIGN else FITTING.epochs
        assert fit.loss.shape == (epochs + 1, FITTING.replicas)
        assert fit.prediction.shape == fit.error.shape == (FITTING.replicas, function_fit.DENSE)


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
        model = builders.mlp(Streams([seed]), *NETWORKS[network], activation="leaky_relu")
        weights = [p[0].detach().double().numpy() for p in model.parameters()]
        expected = np.square(by_numpy(weights, x) - formula(target, x)).mean()
        for arm in ARMS:
            assert fitted.fits[arm, target, network].loss[0, r] == pytest.approx(expected, rel=1e-5)


def test_the_last_loss_is_that_of_the_predictions_on_the_training_points(fitted):
    every = (function_fit.DENSE - 1) // (FITTING.points - 1)
    x = np.linspace(-1, 1, FITTING.points)
    for (_, target, _), fit in fitted.fits.items():
        expected = np.square(fit.prediction[:, ::every] - formula(target, x)).mean(axis=1)
        np.testing.assert_allclose(fit.final, expected, rtol=1e-4, atol=1e-9)


def test_the_dense_error_is_that_of_the_predictions_and_the_formula(fitted):
    x = np.linspace(-1, 1, function_fit.DENSE)
    for (_, target, _), fit in fitted.fits.items():
        expected = np.square(fit.prediction - formula(target, x)).mean(axis=1)
        np.testing.assert_allclose(fit.dense, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arm", "make"),
    [
        (AS_A, lambda p: torch.optim.RMSprop(p, lr=1e-3, weight_decay=1e-4)),
        (AS_B, lambda p: torch.optim.Adam(p, lr=1e-3)),
    ],
)
def test_an_arm_trains_as_plain_torch_does(fitted, arm, make):
    with torch.random.fork_rng():
        plain = nn.Sequential(nn.Linear(1, 190), nn.LeakyReLU(), nn.Linear(190, 1))
    start = builders.mlp(Streams([1]), *builders.SHALLOW, activation="leaky_relu")
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
    np.testing.assert_allclose(fitted.fits[arm, "sinc", "shallow"].loss[:, 1], losses, rtol=1e-3)


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
    nothing = np.zeros((len(losses), function_fit.DENSE))
    return Fit(np.array(losses).T, nothing, nothing, 1e-3)


def test_a_threshold_is_reached_at_the_first_loss_below_it():
    fit = a_fit(
        [0.9, 0.5, 0.4, 0.6],  # exactly 0.5 is not below
        [0.1, 0.9, 0.9, 0.9],  # before any update, and never again
        [0.9, 0.8, 0.7, 0.6],
    )
    assert fit.first_below(0.5).tolist() == [2, 0, math.inf]
    assert fit.final.tolist() == [0.6, 0.9, 0.6]
    assert not fit.diverged.any()


@pytest.mark.parametrize("bad", [math.nan, math.inf], ids=str)
def test_a_loss_that_ends_not_finite_is_one_that_diverged(bad):
    fit = a_fit([0.9, 0.4, math.nan, bad], [0.9, 0.8, 0.7, 0.6])
    assert fit.diverged.tolist() == [True, False]
    assert fit.final.tolist() == [math.inf, 0.6]
    assert fit.first_below(0.5).tolist() == [1, math.inf]


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
        model = builders.mlp(Streams([3, 4, 5, 6]), 1, 4, 1, activation="tanh").double()
        optimizer = optimizers.optimizer("adam", model, learning_rate=0.02)
        return loop.fit(model, batches, losses.mean_squared_error, optimizer, epochs=150, stop=stop)

    expected = rule.first(trained(None).losses)
    assert np.isfinite(expected).any()
    assert len(set(expected)) > 1
    steps = trained(rule).steps
    assert steps.tolist() == np.minimum(expected, 150).tolist()


# Chapter 12


def test_every_network_of_every_arm_is_there(seen):
    names = {arm: list(seen.arm(arm)) for arm in seen.images}
    assert names[MAIN] == ["CNN 2", "CNN 3", "MLP 4", "MLP 6"]
    assert names[CONTROL] == names[image_task.AS_A] == ["CNN 2", "MLP 4", "MLP 6"]
    assert names[DEPTH] == ["2 layers", "4 layers", "6 layers"]
    assert names[B] == ["LeNet", "dropout CNN"]
    assert names[DIGITS_DEPTH] == ["1 hidden", "3 hidden", "6 hidden"]
    for curves in seen.curves.values():
        count = IMAGES.replicas
        assert curves.train.shape == curves.test.shape == (2, count, 3)
        assert curves.objective.shape == (IMAGES.epochs, count)
        assert curves.epochs.tolist() == [0, 1]
        assert curves.diverged.tolist() == [False] * count


def test_networks_that_differ_in_depth_alone_have_equally_many_parameters():
    for name, inputs in (("cifar10", 3 * 32 * 32), ("mnist", 28 * 28)):
        streams = Streams([0])
        if name == "cifar10":
            built = [builders.deep_cnn(streams, *shape) for shape in image_task.CNN_DEPTHS]
        else:
            built = [
                builders.mlp(streams, inputs, *[units] * hidden, 10)
                for hidden, units in image_task.MLP_DEPTHS
            ]
        # by the tensors' shapes, not by the library's own count
        counts = [sum(math.prod(p.shape[1:]) for p in model.parameters()) for model in built]
        assert max(counts) / min(counts) < 1.02, counts


def test_the_comparisons_of_depth_report_their_equal_sizes(seen):
    counts = {name: curves.parameters for name, curves in seen.arm(DEPTH).items()}
    assert counts == {"2 layers": 20_848, "4 layers": 20_800, "6 layers": 20_758}
    counts = {name: curves.parameters for name, curves in seen.arm(DIGITS_DEPTH).items()}
    assert counts == {"1 hidden": 101_770, "3 hidden": 102_112, "6 hidden": 100_855}


@pytest.fixture
def perceptron(seen):
    """Settings of the chapter's narrower perceptron, and its images."""
    images = seen.images[MAIN]
    settings = image_task.Training(
        network="mlp",
        shape=(3072, 4, 256, len(images.classes)),
        objective="cross-entropy",
        permuted=False,
        train_examples=IMAGES.train_examples,
        test_examples=IMAGES.test_examples,
        batch_size=IMAGES.a_batch,
        epochs=IMAGES.epochs,
        evaluate_every=1,
        learning_rate=IMAGES.learning_rate,
        momentum=0.0,
        seeds=(0, 1),
    )
    return settings, images


def test_a_perceptron_of_a_stack_trains_as_it_does_alone(seen, perceptron):
    settings, images = perceptron
    curves = seen.curves[MAIN, "MLP 4"]
    for r in range(IMAGES.replicas):
        alone = image_task.train(
            dataclasses.replace(settings, seeds=(r,)), images, builders.mlp, device="cpu"
        )
        for name in ("train", "test", "objective"):
            np.testing.assert_allclose(
                getattr(curves, name)[:, r], alone[name][:, 0], rtol=1e-4, atol=1e-6
            )


def test_the_running_loss_is_the_mean_over_the_examples_of_a_pass(perceptron):
    # without steps nothing changes, so the mean over a ragged pass is that over the split
    still = dataclasses.replace(perceptron[0], learning_rate=0.0, epochs=2)
    curves = image_task.train(still, perceptron[1], builders.mlp, device="cpu")
    for objective in curves["objective"]:
        np.testing.assert_allclose(objective, curves["train"][0, :, 0], rtol=1e-5)


def test_permuting_the_pixels_changes_what_a_network_sees(seen):
    for name in ("CNN 2", "MLP 4"):
        main, control = seen.curves[MAIN, name], seen.curves[CONTROL, name]
        assert not np.allclose(main.final("train", "loss"), control.final("train", "loss"))
        assert main.parameters == control.parameters


def test_a_perceptron_with_permuted_weights_does_not_notice_permuted_pixels(perceptron):
    settings, images = perceptron
    order = randomized.permute_pixels(torch.arange(32 * 32).reshape(1, 32, 32), seed=0).flatten()

    def build(streams, *widths):
        model = builders.mlp(streams, *widths)
        first = model.head[0].weight
        with torch.no_grad():
            first.copy_(first.unflatten(-1, (3, 32 * 32))[..., order].flatten(-2))
        return model

    plain = image_task.train(settings, images, builders.mlp, device="cpu")
    permuted = dataclasses.replace(settings, permuted=True)
    blind = image_task.train(permuted, images, build, device="cpu")
    for name in ("train", "test", "objective"):
        np.testing.assert_allclose(blind[name], plain[name], rtol=1e-4, atol=1e-6)


def test_more_replicas_keep_the_convolutional_networks_that_there_are(fresh, seen, image_store):
    def written():
        return {path.parent: path.stat().st_mtime_ns for path in image_store.rglob("result.npz")}

    before = written()
    more = fresh(image_task, IMAGES.replace(replicas=IMAGES.replicas + 1), image_store)
    after = written()
    assert {path: after[path] for path in before} == before
    # one new convolutional network each; perceptrons train side by side, so anew
    assert len(after) - len(before) == len(seen.curves)
    for key, curves in seen.curves.items():
        np.testing.assert_allclose(
            more.curves[key].train[:, : IMAGES.replicas], curves.train, rtol=1e-5
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"data": "stand-in"}, "data of image_task.Spec cannot be 'stand-in'; known: auto, real"),
        ({"side_channels": [5]}, "side_channels of image_task.Spec must be among channels"),
        ({"channels": [2, 3, 4, 5, 6, 7]}, "channels and units of image_task.Spec"),
        ({"a_batch": 31}, "a_batch of image_task.Spec must be at most train_examples"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_together_are_refused_before_training(settings, sentence):
    with pytest.raises(SettingError) as refused:
        IMAGES.replace(**settings)
    assert str(refused.value).startswith(sentence)


def test_a_folder_of_images_leaves_the_digits_out(fresh, tmp_path):
    from PIL import Image

    generator = np.random.default_rng(0)
    for part, count in (("train", 4), ("test", 3)):
        for kind in ("cat", "dog", "emu"):
            folder = tmp_path / "animals" / part / kind
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (14, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    spec = IMAGES.replace(data=f"folder:{tmp_path / 'animals'}", a_batch=5, b_batch=5)
    result = fresh(image_task, spec)
    assert set(result.images) == {MAIN, CONTROL, image_task.AS_A, DEPTH}
    assert [row["standin"] for row in result.provenance] == [None]
    assert image_task.depth_arms(result) == [DEPTH]
    assert result.standin(*result.images) == ""
    assert "animals" in image_findings.depth_sentence(result)
    labels_and_units(image_views.finals(result, image_task.depth_arms(result)))


# The views


@pytest.fixture(scope="module")
def fit_shown(fitted):
    """Every figure, table and text of chapter 11."""
    result, views, findings = fitted, fit_views, fit_findings
    figures = [views.loss_curves(result), views.final_losses(result)]
    for arm in ARMS:
        figures += [
            views.predictions(result, arm),
            views.arrivals(result, arm),
            views.between_points(result, arm),
            views.error_at_jumps(result, arm),
        ]
    tables = {
        "comparison": views.comparison_table(result),
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
    ]
    return figures, tables, texts


@pytest.fixture(scope="module")
def images_shown(seen):
    """Every figure, table and text of chapter 12."""
    result, views, findings = seen, image_views, image_findings
    figures = [
        *(views.learning_curves(result, arm) for arm in result.images),
        views.finals(result, [MAIN, CONTROL]),
        views.finals(result, image_task.depth_arms(result)),
        *(views.objectives(result, arm) for arm in result.images),
    ]
    tables = {
        "one arm": views.results_table(result, [MAIN]),
        "two arms": views.results_table(result, image_task.depth_arms(result)),
        "contrasts": views.contrast_table(result),
    }
    texts = [
        findings.main_sentence(result),
        *findings.width_reading(result),
        findings.control_sentence(result),
        findings.depth_sentence(result),
        findings.written_sentence(result),
        findings.digits_sentence(result),
        *(findings.describe(result, arm) for arm in result.images),
    ]
    return figures, tables, texts


def labels_and_units(figure):
    """Check that every axis is named, on the axes or for the whole figure, and draws."""
    figure.draw_without_rendering()
    down = figure.get_supylabel()
    across = figure.get_supxlabel()
    for row in axes_by_row(figure):
        assert down or row[0].get_ylabel(), "no label at the left"
    for ax in figure.axes:
        named = [text.get_text() for text in ax.get_xticklabels()]
        words = any(word and word.strip("−-0123456789.") != "" for word in named)
        assert across or ax.get_xlabel() or words, "no label below"
    return f"{down} {across} " + " ".join(ax.get_ylabel() + ax.get_xlabel() for ax in figure.axes)


def axes_by_row(figure):
    rows = {}
    for ax in figure.axes:
        rows.setdefault(ax.get_subplotspec().rowspan.start, []).append(ax)
    return rows.values()


def test_every_figure_of_chapter_11_names_its_axes_with_units(fit_shown):
    figures, _, _ = fit_shown
    for figure in figures:
        said = labels_and_units(figure)
        assert any(unit in said for unit in ("mean squared error", "share of", "value")), said


def test_every_figure_of_chapter_12_names_its_axes_with_units(images_shown):
    figures, _, _ = images_shown
    for figure in figures:
        said = labels_and_units(figure)
        assert "nats" in said, said


def test_tables_of_chapter_11_have_a_row_per_combination(fit_shown):
    _, tables, _ = fit_shown
    assert len(tables["comparison"]) == 2 * len(ARMS)
    assert list(tables["comparison"].columns)[2:] == [
        "deep / medium", "deep / shallow", "medium / shallow"
    ]  # fmt: skip
    # the two arms that a report stopped on sinc; nobody asked for sine here
    assert len(tables["stopping"]) == 2 * len(NETWORKS)
    assert len(tables["tuning"]) == 2 * len(NETWORKS)
    for row in tables["tuning"].itertuples():
        assert sum(str(cell).startswith("**") for cell in row) == 1


def test_tables_of_chapter_12_have_a_row_per_network(images_shown):
    _, tables, _ = images_shown
    assert len(tables["one arm"]) == 4
    assert "arm" not in tables["one arm"]
    assert Counter(tables["two arms"]["arm"]) == {DEPTH: 3, DIGITS_DEPTH: 3}
    assert len(tables["contrasts"]) == 6
    assert tables["one arm"]["n"].tolist() == [IMAGES.replicas] * 4


def test_the_ratio_of_two_networks_is_that_of_their_geometric_means(fitted):
    interval = fit_views.ratio(fitted, AS_B, "sinc", "deep", "shallow")
    deep, shallow = (fitted.fits[AS_B, "sinc", n].final.astype(float) for n in ("deep", "shallow"))
    assert 10**interval.mean == pytest.approx(
        math.sqrt(math.prod(deep)) / math.sqrt(math.prod(shallow)), rel=1e-6
    )
    assert interval.n == 2


def test_no_text_says_what_is_not_a_number(fit_shown, images_shown):
    for _, tables, texts in (fit_shown, images_shown):
        said = " ".join([*texts, *(table.to_string() for table in tables.values())])
        words = said.replace("(", " ").replace("[", " ").replace(",", " ").split()
        assert not {"nan", "NaN", "None"} & set(words)


def test_a_caption_names_the_stand_in(seen):
    assert seen.standin(MAIN) == seen.images[MAIN].description
    assert "CIFAR-10" in seen.standin(MAIN)
    assert "MNIST" in seen.standin(DEPTH, DIGITS_DEPTH)
    assert "CIFAR-10" in seen.standin(DEPTH, DIGITS_DEPTH)
    assert [row["standin"] for row in seen.provenance] == [True, True]


# Divergence


@pytest.fixture(scope="module")
def diverged(fresh):
    """Chapter 11 at a learning rate at which deep networks overflow."""
    return fresh(function_fit, FITTING.replace(learning_rate=1e6, grid=[1e-3]))


def test_a_fit_that_diverges_is_counted(diverged):
    said = fit_findings.stuck_sentence(diverged)
    count = sum(np.count_nonzero(~np.isfinite(f.loss[-1])) for f in diverged.fits.values())
    assert count > 0
    assert sum(fit.diverged.sum() for fit in diverged.fits.values()) == count
    assert f"not finite: {count}." in said
    for key, fit in diverged.fits.items():
        if fit.diverged.any():
            assert diverged.stuck(*key)[fit.diverged].all()


def one_diverged(result):
    """Chapter 11 in which the second replica of every fit has overflowed after three updates."""

    def cut(fit):
        loss, prediction = fit.loss.copy(), fit.prediction.copy()
        loss[3:, 1], loss[-1, 1] = np.nan, np.inf
        prediction[1] = 1e30  # whose square overflows
        error = fit.error + (prediction - fit.prediction)
        return dataclasses.replace(fit, loss=loss, prediction=prediction, error=error)

    return dataclasses.replace(result, fits={key: cut(fit) for key, fit in result.fits.items()})


def all_diverged(result):
    """Chapter 11 in which no training of the deep network went well."""

    def cut(fit):
        loss = fit.loss.copy()
        loss[3:] = np.nan
        nothing = np.full_like(fit.prediction, np.nan)
        return dataclasses.replace(fit, loss=loss, prediction=nothing, error=nothing)

    return dataclasses.replace(
        result, fits={k: cut(fit) if k[2] == "deep" else fit for k, fit in result.fits.items()}
    )


FIT_VIEWS = {
    "loss_curves": fit_views.loss_curves,
    "final_losses": fit_views.final_losses,
    "predictions": lambda result: fit_views.predictions(result, TUNED),
    "arrivals": lambda result: fit_views.arrivals(result, AS_B),
    "between_points": lambda result: fit_views.between_points(result, AS_B),
    "error_at_jumps": lambda result: fit_views.error_at_jumps(result, AS_B),
    "comparison_table": fit_views.comparison_table,
    "stopping_table": fit_views.stopping_table,
    "tuning_table": fit_views.tuning_table,
    "verdict_table": fit_views.verdict_table,
    "slip_table": fit_slips.slip_table,
    "order_sentence": fit_findings.order_sentence,
    "stuck_sentence": fit_findings.stuck_sentence,
    "reading": fit_findings.reading,
    "jump_sentence": fit_findings.jump_sentence,
    "between_sentence": fit_findings.between_sentence,
    "arrival_sentence": fit_findings.arrival_sentence,
    "stopping_sentence": fit_findings.stopping_sentence,
    "describe_losses": fit_findings.describe_losses,
}


def shown(view, result):
    """Run a view as a notebook does, figures drawn."""
    made = view(result)
    if isinstance(made, pd.DataFrame):
        assert len(made)
        assert not re.search(r"\bnan\b|\binf\b|None", made.to_string())
    elif isinstance(made, Figure):
        made.draw_without_rendering()
    else:
        said = " ".join([made] if isinstance(made, str) else made)
        words = re.split(r"[\s(),;:.\[\]]+", said)
        assert not {"nan", "inf", "infinity"} & set(words), said


@pytest.mark.parametrize("view", FIT_VIEWS)
def test_real_divergence_breaks_no_view_of_chapter_11(diverged, view):
    shown(FIT_VIEWS[view], diverged)


@pytest.mark.parametrize("view", FIT_VIEWS)
def test_one_diverged_replica_breaks_no_view_of_chapter_11(fitted, view):
    shown(FIT_VIEWS[view], one_diverged(fitted))


@pytest.mark.parametrize("view", FIT_VIEWS)
def test_a_network_that_always_diverges_breaks_no_view_of_chapter_11(fitted, view):
    shown(FIT_VIEWS[view], all_diverged(fitted))


IMAGE_VIEWS = {
    "learning_curves": lambda result: image_views.learning_curves(result, MAIN),
    "finals": lambda result: image_views.finals(result, [MAIN, CONTROL]),
    "objectives": lambda result: image_views.objectives(result, B),
    "results_table": lambda result: image_views.results_table(result, [MAIN]),
    "contrast_table": image_views.contrast_table,
    "verdict_table": image_views.verdict_table,
    "slip_table": image_slips.slip_table,
    "main_sentence": image_findings.main_sentence,
    "width_reading": image_findings.width_reading,
    "control_sentence": image_findings.control_sentence,
    "depth_sentence": image_findings.depth_sentence,
    "written_sentence": image_findings.written_sentence,
    "digits_sentence": image_findings.digits_sentence,
    "describe": lambda result: image_findings.describe(result, MAIN),
}


@pytest.fixture(scope="module")
def overflowed(fresh):
    """Chapter 12 at a learning rate at which networks overflow within a pass."""
    return fresh(image_task, IMAGES.replace(learning_rate=1e30, channels=[2], units=[4]))


@pytest.mark.parametrize("view", IMAGE_VIEWS)
def test_real_divergence_breaks_no_view_of_chapter_12(overflowed, view):
    shown(IMAGE_VIEWS[view], overflowed)


def test_networks_that_diverge_are_counted_in_the_table(overflowed):
    diverged = sum(curves.diverged.sum() for curves in overflowed.arm(MAIN).values())
    assert diverged > 0
    assert image_views.results_table(overflowed, [MAIN])["diverged"].sum() == diverged


def test_a_network_that_diverged_has_no_final_measures(overflowed):
    # above all not those of the initial network, the last that were taken
    for key, curves in overflowed.curves.items():
        for measure in ("loss", "squared error", "accuracy"):
            usable = np.isfinite(curves.final("test", measure))
            assert not usable[curves.diverged].any(), (key, measure)


def test_a_perceptron_that_diverged_beside_one_that_did_not_has_no_accuracy(perceptron):
    settings, images = perceptron

    def build(streams, *widths):
        model = builders.mlp(streams, *widths)
        with torch.no_grad():
            model.head[0].weight[1] = 1e30  # the second replica overflows at once
        return model

    trained = image_task.train(settings, images, build, device="cpu")
    assert trained["diverged"].tolist() == [False, True]
    curves = Curves(
        0, *(trained[name] for name in ("epochs", "train", "test", "objective", "diverged"))
    )
    for split in ("train", "test"):
        for measure in ("loss", "accuracy"):
            usable = np.isfinite(curves.final(split, measure))
            assert usable.tolist() == [True, False], (split, measure)
