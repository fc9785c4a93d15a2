"""Chapter 21 keeps the geometry of its trainings, judges it, and shows it whatever happened."""

import dataclasses
import functools
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import planted
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn
from viewing import of_panel

from hw1lib.chapters import tables
from hw1lib.chapters import weight_paths as chapter
from hw1lib.chapters.weight_paths import findings, slips, views
from hw1lib.chapters.weight_paths.chapter import CHAPTER
from hw1lib.chapters.weight_paths.claims import CLAIMS
from hw1lib.chapters.weight_paths.spec import OF_A, OF_B
from hw1lib.chapters.weight_paths.trainings import Training, train
from hw1lib.measuring import trajectories
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.results import keys
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Entry
from hw1lib.training.run import Run

SPEC = chapter.PROFILES["smoke"].replace(data="standin", epochs=3, every=2)
# 60 images in batches of 25 and 20: a ragged last batch for B's network
SEEDS = range(SPEC.replicas)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("paths")


@pytest.fixture(scope="module")
def result(fresh, store):
    return fresh(chapter, SPEC, store)


# The trainings


def test_the_same_spec_gives_the_same_bits(fresh, result):
    again = fresh(chapter, SPEC)
    for name, paths in result.paths.items():
        for field in dataclasses.fields(paths):
            first, second = (getattr(p, field.name) for p in (paths, again.paths[name]))
            assert np.array_equal(first, second), field.name


def test_snapshots_include_the_start_and_the_end(result):
    for paths in result.paths.values():
        assert paths.epochs.tolist() == [0, 2, 3]  # the last sooner than `every`
        assert paths.grams.shape == paths.walks.shape == (3, 3, 3, 3, 3)
        assert paths.train.shape == paths.test.shape == (3, SPEC.replicas, 3)
    assert len(chapter.Spec().snapshots) == 16


def test_biases_count_as_their_layers(result):
    assert result.paths[OF_A].name == "784-10-20-10"
    assert result.paths[OF_A].parameters == (7850, 220, 210)
    assert result.paths[OF_A].size(None) == 8280
    widths = (784, *chapter.Spec().b_hidden, 10)
    model = builders.mlp(Streams([0]), *widths)
    assert replicas.parameter_count(model) == 418_060


def trained_by_torch(result, widths, batch_size, seed):
    """Snapshots (T, P) of a plain network with the same start and order, and its test accuracy."""
    with torch.random.fork_rng():
        layers = [nn.Linear(*ends) for ends in pairwise(widths)]
    plain = nn.Sequential(*(m for layer in layers for m in (layer, nn.ReLU())))[:-1]
    start = builders.mlp(Streams([seed]), *widths)
    for p, its in zip(plain.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()

    def prepared(part, count):
        return result.images.normalized(part.images[:count]).flatten(1), part.labels[:count]

    x, y = prepared(result.images.train, SPEC.train_examples)
    order = replicas.generators([seed], "order")[0]
    optimizer = torch.optim.Adam(
        plain.parameters(), lr=SPEC.learning_rate, weight_decay=SPEC.weight_decay
    )
    snapshots = []
    for epoch in range(SPEC.epochs + 1):
        if epoch in (0, 2, 3):
            snapshots.append(nn.utils.parameters_to_vector(plain.parameters()).detach().clone())
        for chosen in torch.randperm(len(x), generator=order).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(plain(x[chosen]), y[chosen]).backward()
            optimizer.step() if epoch < SPEC.epochs else None
    nn.utils.vector_to_parameters(snapshots[-1], plain.parameters())
    images, labels = prepared(result.images.test, SPEC.test_examples)
    accuracy = (plain(images).argmax(dim=1) == labels).double().mean().item()
    return torch.stack(snapshots).double().numpy(), accuracy


@pytest.mark.parametrize("name", [OF_A, OF_B])
def test_paths_are_those_of_plain_torch_networks(result, name):
    paths = result.paths[name]
    plain = [trained_by_torch(result, paths.widths, paths.batch_size, seed) for seed in SEEDS]
    weights = np.stack([snapshots for snapshots, _ in plain])
    centred = weights - weights[:, 0].mean(axis=0)
    expected = np.einsum("rtp,sup->rtsu", centred, centred)
    # Adam divides by the size of the gradient, which lifts round-off where that is tiny
    np.testing.assert_allclose(paths.gram(None), expected, rtol=1e-3, atol=2e-3)
    first = slice(0, paths.parameters[0])
    inner = np.einsum("rtp,sup->rtsu", centred[:, :, first], centred[:, :, first])
    np.testing.assert_allclose(paths.gram(0), inner, rtol=1e-3, atol=2e-3)
    moved = np.linalg.norm(np.diff(weights, axis=1), axis=2)
    np.testing.assert_allclose(trajectories.step_lengths(paths.gram(None)), moved, rtol=1e-2)
    np.testing.assert_allclose(paths.test[-1, :, 2], [accuracy for _, accuracy in plain], atol=0.03)


def test_the_networks_differ_in_their_widths_and_batches_alone(result):
    jobs = chapter.jobs(SPEC, result.images)
    of_a = Training(
        widths=(784, 10, 20, 10),
        train_examples=60,
        test_examples=40,
        batch_size=20,
        epochs=3,
        every=2,
        learning_rate=4e-4,
        weight_decay=1e-4,
        seeds=(0, 1, 2),
    )
    of_b = dataclasses.replace(of_a, widths=(784, 30, 20, 10), batch_size=25)
    assert {name: job.settings for name, job in jobs.items()} == {OF_A: of_a, OF_B: of_b}


def test_a_path_whose_last_update_alone_overflows_has_diverged(result):
    (job, _) = chapter.jobs(SPEC, result.images).values()
    settings = dataclasses.replace(
        job.settings, batch_size=60, epochs=1, every=1, learning_rate=1e30
    )
    found = train(settings, result.images, run=Run())
    assert np.isfinite(found["train"][0]).all()
    assert found["diverged"].all()
    assert np.isfinite(found["grams"][:, :, 0, :, 0]).all()
    for grams in (found["grams"], found["walks"]):
        assert np.isnan(grams[:, :, 1, :, 1]).all()


def test_walks_have_the_starts_and_the_step_lengths_of_their_runs(result):
    for paths in result.paths.values():
        run, walk = paths.gram(None), paths.gram(None, walk=True)
        for measure in (trajectories.step_lengths, lambda gram: gram[:, 0, :, 0]):
            np.testing.assert_allclose(measure(walk), measure(run), rtol=1e-6, atol=1e-9)
        assert np.abs(trajectories.angles(walk) - 90).max() < 5  # 1 / sqrt(8280) is 0.6 degrees


# What they are filed under


def digest(job, images=None, **changes):
    settings = dataclasses.replace(job.settings, **changes)
    images = images or job.call.keywords["images"]
    return keys.digest("weight_paths", functools.partial(job.call.func, settings, images=images))


def test_a_training_is_filed_under_its_settings_and_images_alone(result, store):
    # not its label, cost, threads or device, which the digests here do not know
    filed = {path.parent.name for path in store.rglob("spec.json")}
    assert filed == {digest(job) for job in chapter.jobs(SPEC, result.images).values()}


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (784, 5, 10)},
        {"train_examples": 59},
        {"test_examples": 39},
        {"batch_size": 7},
        {"epochs": 99},
        {"every": 9},
        {"learning_rate": 0.123},
        {"weight_decay": 0.123},
        {"seeds": (0, 1, 3)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_a_training_is_in_its_key(result, change):
    for job in chapter.jobs(SPEC, result.images).values():
        assert digest(job, **change) != digest(job)


def test_other_images_are_other_keys(result):
    others = dataclasses.replace(result.images, fingerprint="of others")
    for job in chapter.jobs(SPEC, result.images).values():
        assert digest(job, others) != digest(job)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"every": 3}, "every of weight_paths.Spec must be less than epochs (3), or a path has"),
        ({"every": 50}, "every of weight_paths.Spec must be less than epochs (3), or a path has"),
        ({"b_batch": 61}, "b_batch of weight_paths.Spec must be at most train_examples (60), got"),
        ({"data": "mnist"}, "data of weight_paths.Spec cannot be 'mnist'; known: auto, real"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_together_are_refused_before_training(settings, sentence):
    with pytest.raises(SettingError) as refused:
        SPEC.replace(**settings)
    assert str(refused.value).startswith(sentence)


# The verdicts


def judged(result, paths):
    judged = dataclasses.replace(result, paths={**result.paths, OF_A: paths})
    return {claim.id: claim.judge(judged) for claim in CLAIMS}


@pytest.fixture(scope="module")
def walks():
    """Eight random walks of twelve points in 800 dimensions."""
    return np.random.default_rng(0).normal(size=(8, 12, 800)).cumsum(axis=1)


THREE = (600, 100, 100)  # layers of those


def test_straight_runs_are_a_star_and_walks_are_none(result, walks):
    drift = np.random.default_rng(1).normal(size=(8, 1, 800)) * np.arange(12)[:, None]
    straight = judged(result, planted.paths(walks[:, :1] + drift, walks, THREE))["E-21a"]
    assert straight.word == "supported"
    assert straight.interval.mean == pytest.approx(1 - 1 / 11**0.5, abs=0.01)
    other = np.random.default_rng(2).normal(size=(8, 12, 800)).cumsum(axis=1)
    assert judged(result, planted.paths(other, walks, THREE))["E-21a"].outcome == "refuted"
    few = planted.paths((walks + drift)[:5], walks[:5], THREE)
    assert judged(result, few)["E-21a"].word == "not tested"


def test_random_walks_draw_a_star_as_well(result, walks):
    other = np.random.default_rng(2).normal(size=(8, 12, 800)).cumsum(axis=1)
    verdicts = judged(result, planted.paths(other, walks, THREE))
    assert verdicts["A-C12a"].word == "supported"
    assert verdicts["A-C12b"].word == "too small to matter"


def test_a_walk_that_only_keeps_its_direction_is_no_straighter_than_its_own_null(result, walks):
    random = np.random.default_rng(3)
    steps = random.normal(size=(8, 11, 4000))
    for step in range(1, 11):
        steps[:, step] = 0.9 * steps[:, step - 1] + np.sqrt(1 - 0.9**2) * steps[:, step]
    persistent = np.concatenate([np.zeros((8, 1, 4000)), steps.cumsum(axis=1)], axis=1)
    paths = planted.paths(persistent, persistent, (3000, 500, 500))
    assert judged(result, paths)["E-21b"].word == "too small to matter"


def test_a_cloud_is_broader_where_the_other_layers_spread_more(result, walks):
    def of_factor(factor):
        scaled = walks * np.where(np.arange(800) < 600, 1, factor)
        return judged(result, planted.paths(scaled, walks, THREE))

    broad = of_factor(3.0)
    # mean square of the whole: three parts in four are 1, one is 9
    assert broad["A-C13a"].interval.factor.mean == pytest.approx(3**0.5, rel=0.05)
    assert broad["A-C13a"].word == "supported"
    assert broad["A-C13b"].word == broad["A-C13c"].word == "contradicted"
    assert broad["A-C13d"].interval.mean == pytest.approx(25 - 50, rel=0.1)
    assert of_factor(0.1)["A-C13a"].word == "contradicted"
    paths = planted.paths(np.tile(walks[:, :, :200], 3), np.tile(walks[:, :, :200], 3), (200,) * 3)
    assert judged(result, paths)["A-C13a"].word == "too small to matter"
    assert paths.variance_share(1) == pytest.approx(np.full(8, 100 / 3))


# The views


FIGURES = {
    "joint": lambda result: views.joint(result, chapter.OF_A),
    "larger": lambda result: views.joint(result, chapter.OF_B),
    "by_run": views.by_run,
    "straightness": views.straightness,
    "neighbours": views.neighbours,
}
TABLES = {
    "joint_table": views.joint_table,
    "own_table": views.own_table,
    "star_table": views.star_table,
    "spread_table": views.spread_table,
    "verdicts": lambda result: tables.verdicts(CLAIMS, result),
    "slips": lambda result: tables.slips(slips.SLIPS, result),
}
TEXTS = {
    "joint_sentence": findings.joint_sentence,
    "outward_sentence": findings.outward_sentence,
    "own_sentence": findings.own_sentence,
    "theory_sentence": findings.theory_sentence,
    "star_sentence": findings.star_sentence,
    "spread_sentence": findings.spread_sentence,
    "accuracy_sentence": findings.accuracy_sentence,
    "describe": findings.describe,
    "panel_caption": findings.panel_caption,
}
VIEWS = {**FIGURES, **TABLES, **TEXTS}


def shown(view, result):
    """Run a view as a notebook does, figures drawn, and return what it says."""
    made = view(result)
    if isinstance(made, Figure):
        made.draw_without_rendering()
        assert made.get_supxlabel()
        assert made.get_supylabel()
        said = " ".join(t.get_text() for ax in made.axes for t in [ax.title, *ax.texts])
    elif isinstance(made, pd.DataFrame):
        assert len(made)
        said = " ".join(str(cell) for row in made.to_numpy() for cell in row)
    else:
        said = made
    assert not {"nan", "inf", "None"} & set(re.split(r"[\s(),;:.\[\]]+", said)), said
    return said


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_what_there_is(result, view):
    shown(VIEWS[view], result)


def of_replicas(result, chosen, diverged):
    """The result as it would be with fewer runs, some of them diverged after their start."""

    def cut(paths):
        lost = np.array(diverged)
        grams, walks = (g[:, chosen][:, :, :, chosen].copy() for g in (paths.grams, paths.walks))
        train, test = paths.train[:, chosen].copy(), paths.test[:, chosen].copy()
        for values in (grams, walks):
            values[:, lost, 1:] = np.nan
            values[:, :, :, lost, 1:] = np.nan
        for values in (train, test):
            values[1:, lost] = np.nan
        return dataclasses.replace(
            paths, grams=grams, walks=walks, train=train, test=test, diverged=lost
        )

    return dataclasses.replace(result, paths={k: cut(p) for k, p in result.paths.items()})


@pytest.mark.parametrize("view", VIEWS)
def test_a_diverged_run_breaks_no_view(result, view):
    shown(VIEWS[view], of_replicas(result, [0, 1, 2], [False, True, False]))


@pytest.mark.parametrize("view", VIEWS)
def test_a_single_run_breaks_no_view(result, view):
    shown(VIEWS[view], of_replicas(result, [2], [False]))


@pytest.fixture(scope="module")
def overflowed(fresh):
    """The chapter at a learning rate at which every network overflows in its first epoch."""
    return fresh(chapter, SPEC.replace(learning_rate=1e30))


@pytest.mark.parametrize("view", VIEWS)
def test_real_divergence_breaks_no_view(overflowed, view):
    said = shown(VIEWS[view], overflowed)
    if view in FIGURES:
        assert "every training diverged" in said


def test_trainings_that_diverge_are_counted(overflowed):
    table = views.star_table(overflowed)
    assert table["diverged"].tolist() == [SPEC.replicas] * 4
    assert table["n"].tolist() == [0] * 4
    assert {claim.judge(overflowed).word for claim in CLAIMS} == {"not tested"}


def test_the_tables_have_a_row_per_network_part_and_kind_of_path(result):
    assert len(views.joint_table(result)) == 8
    assert views.own_table(result)["n"].tolist() == [SPEC.replicas] * 12
    assert views.spread_table(result)["parameters"].tolist()[:4] == ["7,850", "220", "210", "8,280"]


def test_the_shares_shown_are_those_of_the_paths(walks):
    paths = planted.paths(walks, walks)
    points = walks.reshape(8 * 12, -1)
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(paths.joint_shares(None), (values / values.sum())[:3])
    one = walks[3, :, :600]
    values = np.linalg.svd(one - one.mean(axis=0), compute_uv=False) ** 2
    expected = 100 * (values / values.sum()).cumsum()[:3]
    np.testing.assert_allclose(paths.own_percent(0)[3], expected)


def test_a_stand_in_is_named(result):
    assert "stand-in for MNIST" in result.standin
    assert [row["standin"] for row in result.provenance] == [True]


def test_the_panel_shows_every_training_and_its_walks(result):
    figure = of_panel(views.panel)(result)
    figure.draw_without_rendering()
    (ax,) = figure.axes
    assert ax.get_xlabel() == "distance from the start\n/ path length"
    assert [len(points.get_offsets()) for points in ax.collections] == [SPEC.replicas] * 3
    names = [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]
    assert names == ["trained", "persistent walks", "random walks"]


def test_a_metric_is_one_number_per_training(result):
    some = of_replicas(result, [0, 1, 2], [False, True, False])
    for found in (metric(some) for metric in CHAPTER.metrics.values()):
        assert np.isfinite(found).tolist() == [True, False, True]
    accuracy = CHAPTER.metrics["test accuracy, A's network (%)"](some)
    assert accuracy[2] == 100 * result.paths[OF_A].test[-1, 2, 2]


def test_snapshots_that_no_replica_reached_are_nan(result, store):
    jobs = chapter.jobs(SPEC, result.images)
    job, paths = jobs[OF_A], result.paths[OF_A]
    arrays = {
        "train": paths.train[:2],
        "test": paths.test[:2],
        "grams": paths.grams[:, :, :2, :, :2],
        "walks": paths.walks[:, :, :2, :, :2],
        "diverged": np.ones(SPEC.replicas, dtype=bool),
    }
    short = chapter._paths(SPEC, job, Entry(arrays, key={}, provenance={}, path=store))
    for name in ("train", "test"):
        assert getattr(short, name).shape == getattr(paths, name).shape
        assert np.isnan(getattr(short, name)[2]).all()
        assert np.isfinite(getattr(short, name)[:2]).all()
    for name in ("grams", "walks"):
        assert getattr(short, name).shape == getattr(paths, name).shape
        assert np.isnan(getattr(short, name)[:, :, 2]).all()
        assert np.isnan(getattr(short, name)[:, :, :, :, 2]).all()
