"""Chapter 33 trains what it says, mixes without training, and shows whatever happened."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from filed import changed, filed_under, jobs_of
from matplotlib.figure import Figure
from planted import end as end_of
from planted import pair as pair_of
from planted import settings
from scipy.stats import spearmanr
from torch import nn

from hw1lib.chapters import interpolation as chapter
from hw1lib.chapters import tables
from hw1lib.chapters.interpolation import (
    claims,
    comparisons,
    distances,
    findings,
    flatness,
    plan,
    slips,
    views,
)
from hw1lib.chapters.interpolation import measured as tables_of_lines
from hw1lib.chapters.interpolation import trainings as trained
from hw1lib.chapters.interpolation.chapter import CHAPTER
from hw1lib.chapters.interpolation.result import FLATNESS
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    ALIGNED,
    AS_A,
    AS_B,
    AS_B_RATE,
    B_PAIR,
    B_RATE,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    DESCRIBED,
    MAIN_SGD,
    NESTEROV,
    NEVER,
    OF_B,
    ON_B,
    ON_B_RATE,
    OTHER,
    RATE,
    SIDE,
    STEPS,
    main,
)
from hw1lib.chapters.interpolation.trainings import Line, Training
from hw1lib.data import image_sets
from hw1lib.judging import verdicts
from hw1lib.measuring import generalization
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.results.job import ResultOf
from hw1lib.results.specs import SettingError
from hw1lib.results.store import Entry
from hw1lib.training import optimizers
from hw1lib.training.run import Run, threads

BY_BATCH, BY_RATE = (B_PAIR, ON_B, AS_B), (B_RATE, ON_B_RATE, AS_B_RATE)  # pairs of B's network
SPEC = chapter.PROFILES["smoke"].replace(data="standin", train_examples=50, measured=33)
BATCH = main(ADAM, BATCH_LOW)
FIGURES = [
    lambda result: views.courses(result, views.BY_WAY),
    lambda result: views.courses(result, views.VARIED),
    views.by_update,
    lambda result: views.lines(result, MAIN_SGD),
    lambda result: views.lines(result, SIDE),
    lambda result: views.lines(result, OF_B),
    views.barriers,
    views.as_a,
    views.as_b,
    distances.by_distance,
    flatness.compared,
]
TABLES = [
    tables_of_lines.end_table,
    tables_of_lines.line_table,
    flatness.agreement_table,
    distances.parting_table,
    lambda result: tables.verdicts(claims.CLAIMS, result),
    lambda result: tables.slips(slips.SLIPS, result),
]
SENTENCES = [findings.course_sentence, findings.update_sentence, findings.aligned_sentence]
SENTENCES += [findings.lean_sentence, flatness.flatness_sentence, findings.trend_sentence]
SENTENCES += [findings.retrained_sentence, findings.together_sentence, findings.starts_sentence]
SENTENCES += [
    distances.distance_sentence,
    lambda result: tables.expectation(claims.CLAIMS, result),
    lambda result: findings.barrier_sentence(result, views.UNTOUCHED),
]


@pytest.fixture(scope="module")
def result(fresh):
    return fresh(chapter, SPEC)


@pytest.fixture(scope="module")
def failed(fresh):
    """Trainings at the high rate, and B's, so fast that all diverge."""
    return fresh(chapter, SPEC.replace(high_rate=1e30, b_rate=1e30))


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def flat(images, split, count):
    """Normalized pixels and labels of the first images, by plain arithmetic."""
    part = getattr(images, split)
    x = (part.images[:count].float() / 255 - images.mean[0]) / images.std[0]
    return x.flatten(1), part.labels[:count]


def plain(weights, widths=(784, 6, 5, 10)):
    """A network of torch's own layers with these weights, (P,)."""
    with torch.random.fork_rng():
        layers = [nn.Linear(*pair) for pair in pairwise(widths)]
    hidden = [part for layer in layers[:-1] for part in (layer, nn.ReLU())]
    model = nn.Sequential(*hidden, layers[-1])
    nn.utils.vector_to_parameters(torch.as_tensor(weights), model.parameters())
    return model


def measured(model, images, count=33):
    """Cross-entropy and accuracy on both splits, (2, 2)."""
    rows = []
    for split in ("train", "test"):
        x, y = flat(images, split, count)
        with torch.no_grad():
            outputs = model(x)
        loss = nn.functional.cross_entropy(outputs, y).item()
        rows.append([loss, (outputs.argmax(dim=1) == y).float().mean().item()])
    return np.array(rows)


# Training


@pytest.mark.parametrize(
    ("optimizer", "steps"),
    [(optimizers.nesterov, None), (optimizers.adam, None), (optimizers.nesterov, 2)],
)
def test_an_end_is_trained_as_plain_torch_trains_it(images, optimizer, steps):
    how = settings(optimizer=optimizer, shortened=steps)
    found = trained.train(how, images, run=Run())
    model = plain(replicas.weights(builders.mlp(Streams([4]), *how.widths))[0].detach())
    if optimizer is optimizers.nesterov:
        stepper = torch.optim.SGD(
            model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1
        )
    else:
        stepper = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    x, y = flat(images, "train", 50)
    order = Streams([4]).order[0]
    courses = [measured(model, images)]
    for _ in range(how.epochs):
        for chosen in torch.randperm(50, generator=order).split(12)[:steps]:
            stepper.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            stepper.step()
        courses.append(measured(model, images))
    expected = nn.utils.parameters_to_vector(model.parameters()).detach()
    np.testing.assert_allclose(found["weights"][1], expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found["course"][:, 1], courses, rtol=1e-3)
    assert not found["diverged"].any()
    said = trained.describe(how, images, entry(**found), run=Run())
    for name in generalization.MEASURES:
        assert said[f"described_{name}"].shape == (1,)
    np.testing.assert_allclose(said["norm"][1], np.linalg.norm(expected), rtol=1e-4)
    assert said["norm"][0] == pytest.approx(said["described_weight_norm"][0], rel=1e-5)
    assert "weights" not in said


def test_an_end_whose_last_update_goes_to_infinity_has_diverged(images):
    how = settings(epochs=1, batch_size=50, learning_rate=1e38, optimizer=optimizers.adam)
    found = trained.train(how, images, run=Run())
    assert found["diverged"].all()
    said = trained.describe(how, images, entry(**found), run=Run())
    assert np.isnan(said["described_weight_norm"]).all()
    end = chapter._end(how, entry(**said))
    assert np.isnan(end.final(0, 0)).all()
    assert np.isnan(end.course[-1]).all()


@pytest.mark.parametrize("common", [0, 1, 2])
def test_a_branch_leaves_the_path_of_plain_torch_after_some_passes(images, common):
    of = vars(settings(optimizer=optimizers.adam))
    found = trained.branch(trained.Branch(**of, common=common), images, run=Run())
    model = plain(replicas.weights(builders.mlp(Streams([4]), *of["widths"]))[0].detach())
    stepper = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    x, y = flat(images, "train", 50)
    shared, other = Streams([4]).order[0], replicas.generators([4], "another order")[0]
    for number in range(2):
        order = shared if number < common else other
        for chosen in torch.randperm(50, generator=order).split(12):
            stepper.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            stepper.step()
    expected = nn.utils.parameters_to_vector(model.parameters()).detach()
    np.testing.assert_allclose(found["weights"][1], expected, rtol=1e-3, atol=1e-5)
    assert not found["diverged"].any()


def test_a_branch_that_never_leaves_is_the_training_itself_to_the_bit(images):
    how = settings(optimizer=optimizers.adam)
    with threads(1):
        whole = trained.train(how, images, run=Run())["weights"]
        same = trained.branch(trained.Branch(**vars(how), common=2), images, run=Run())
        other = trained.branch(trained.Branch(**vars(how), common=1), images, run=Run())
    np.testing.assert_array_equal(same["weights"], whole)
    assert (other["weights"] != whole).any(axis=1).all()


def test_a_branch_that_diverges_says_so(images):
    how = vars(settings(learning_rate=1e38))
    for common in (0, 1):
        assert trained.branch(trained.Branch(**how, common=common), images, run=Run())[
            "diverged"
        ].all()


# Lines


@pytest.fixture
def ends():
    """Weights of two stacks of two networks each."""
    return [
        replicas.weights(builders.mlp(Streams(seeds), 784, 6, 5, 10)).detach().numpy() * 1.5
        for seeds in ((3, 4), (5, 6))
    ]


def entry(name="digest", **arrays):
    """What the store has of a training."""
    return Entry(arrays=arrays, key={}, provenance={}, path=Path(name))


def between(images, ends, sound=(True, True), **changes):
    how = {"alphas": (-1.0, 0.0, 0.3, 1.0, 2.0), **changes}
    line = Line(settings(), settings(seeds=(5, 6)), **how)
    kept = [end.copy() for end in ends]
    # the first end arrived; which of the second did is said
    first, second = (
        entry(weights=weights, diverged=~np.array(arrived))
        for weights, arrived in zip(ends, ((True,) * len(sound), sound), strict=True)
    )
    found = trained.measure(line, images, first, second, run=Run())
    for end, before in zip(ends, kept, strict=True):
        np.testing.assert_array_equal(end, before)
    return found


def test_a_line_is_measured_at_the_blends_by_plain_torch(images, ends):
    found = between(images, ends)
    for r in range(2):
        for k, alpha in enumerate((-1, 0, 0.3, 1, 2)):
            blend = plain((1 - alpha) * ends[0][r] + alpha * ends[1][r])
            np.testing.assert_allclose(found["line"][r, k], measured(blend, images), rtol=1e-4)
    np.testing.assert_allclose(
        found["distance"], np.linalg.norm(ends[1] - ends[0], axis=1), rtol=1e-6
    )


def test_the_ends_of_a_line_are_the_trained_networks_to_the_bit(images, ends):
    with threads(1):  # several may share out a sum in another order
        found = between(images, ends)["line"]
        task = trained.task_of(settings(), images, "cpu")
        model = builders.mlp(Streams([0]), 784, 6, 5, 10)
        for end, k in ((ends[0], 1), (ends[1], 3)):
            for r in range(2):
                stack = replicas.with_weights(model, torch.from_numpy(end[r : r + 1]))
                np.testing.assert_array_equal(found[r, k], trained.on_splits(task, 33, stack)[0])


def test_alignment_moves_the_line_but_not_its_ends(images, ends):
    straight, aligned = between(images, ends), between(images, ends, aligned=True)
    np.testing.assert_allclose(aligned["line"][:, [1, 3]], straight["line"][:, [1, 3]], rtol=1e-4)
    assert (aligned["distance"] < straight["distance"]).all()


def test_a_pair_of_which_one_diverged_has_no_line(images, ends):
    whole = between(images, ends)
    ends[1][0] = np.nan
    found = between(images, ends, (False, True))
    assert np.isnan(found["line"][0]).all()
    assert np.isnan(found["distance"][0])
    np.testing.assert_allclose(found["line"][1], whole["line"][1])


def test_retrained_points_are_trained_as_the_first_end_was(images, ends):
    found = between(images, ends, alphas=(0.0, 0.4), passes=1)["line"]
    x, y = flat(images, "train", 50)
    for k, alpha in enumerate((0, 0.4)):
        model = plain((1 - alpha) * ends[0][1] + alpha * ends[1][1])
        stepper = torch.optim.SGD(
            model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1
        )
        order = replicas.generators([4], "retraining")[0]
        for chosen in torch.randperm(50, generator=order).split(12):
            stepper.zero_grad()
            nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            stepper.step()
        np.testing.assert_allclose(found[1, k], measured(model, images), rtol=1e-3)


def test_networks_of_different_shape_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="different shape, 784-6-5-10 and 784-7-10, cannot be"):
        Line(settings(), settings(widths=(784, 7, 10)), (0.0, 1.0))


# What is compared


def test_the_pairs_differ_in_what_they_say(result):
    for name, pair in result.pairs.items():
        a, b = pair.first.settings, pair.second.settings
        differing = {
            field.name
            for field in dataclasses.fields(Training)
            if getattr(a, field.name) != getattr(b, field.name)
        }
        by_rate = name.endswith(", rate") or name in BY_RATE
        expected = {"learning_rate"} if by_rate else {"batch_size"}
        if name in (STEPS, B_STEPS):
            expected |= {"shortened"}
            assert a.steps == b.steps
        if name in (OTHER, ALIGNED, B_STEPS, *BY_BATCH, *BY_RATE):
            expected |= {"seeds"}
        assert differing == expected, name
    assert result.pairs[AS_A].alphas[[0, -1]].tolist() == [-2, 2]
    assert len(result.pairs[AS_A].alphas) == 50


def test_the_pairs_are_trained_by_the_optimizers_that_they_name(result):
    for name, pair in result.pairs.items():
        sgd = name.startswith(NESTEROV) or name == AS_A
        for end in pair.ends:
            assert end.settings.optimizer is (optimizers.nesterov if sgd else optimizers.adam), name


def test_the_pairs_are_trained_at_the_rates_and_with_the_decay_that_they_name(result):
    def how(name):
        ends = result.pairs[name].ends
        return [(end.settings.learning_rate, end.settings.weight_decay) for end in ends]

    low, high = (SPEC.low_rate, 0.0), (SPEC.high_rate, 0.0)
    for optimizer in (NESTEROV, ADAM):
        assert how(main(optimizer, BATCH_LOW)) == [low, low]
        assert how(main(optimizer, BATCH_HIGH)) == [high, high]
        assert how(main(optimizer, RATE)) == [low, high]
    assert how(STEPS) == how(OTHER) == how(ALIGNED) == [low, low]
    assert how(DECAY) == [(SPEC.low_rate, SPEC.decay)] * 2
    for name in (B_STEPS, *BY_BATCH):
        assert how(name) == [(SPEC.b_rate, SPEC.b_decay)] * 2
    for name in BY_RATE:
        assert how(name) == [(rate, SPEC.b_decay) for rate in (SPEC.low_rate, SPEC.high_rate)]


def test_the_networks_make_the_passes_of_their_reports(result):
    full = chapter.PROFILES["full"]
    assert (full.epochs, full.b_epochs, full.b_rate_epochs) == (30, 15, 5)
    for name, pair in result.pairs.items():
        of_b = {**dict.fromkeys((B_STEPS, *BY_BATCH), SPEC.b_epochs)}
        of_b |= dict.fromkeys(BY_RATE, SPEC.b_rate_epochs)
        passes = of_b.get(name, SPEC.epochs)
        assert [end.settings.epochs for end in pair.ends] == [passes] * 2, name
        assert [len(end.course) for end in pair.ends] == [passes + 1] * 2, name
    for line in plan.branches(SPEC, result.images).values():
        assert line.first.epochs == line.second.epochs == SPEC.epochs


def test_bs_pair_by_rate_sees_small_batches_from_weights_of_its_own(result):
    for name in BY_RATE:
        first, second = result.pairs[name].ends
        assert first.settings.batch_size == second.settings.batch_size == SPEC.small_batch
        assert first.settings.widths == result.pairs[B_PAIR].first.settings.widths
        assert first.settings.seeds == SPEC.seeds
        assert not np.array_equal(first.course[0], second.course[0])


def test_bs_ranges_are_those_of_its_script_and_hold_both_ends(images):
    lines = plan.lines(chapter.PROFILES["full"].replace(train_examples=5_000), images)
    for name, passes in ((ON_B, 0), (AS_B, 1)):
        assert lines[name].alphas == tuple(sorted([*np.linspace(-2, 2, 31), 1]))
        assert {0.0, 1.0} <= {*lines[name].alphas}
        assert lines[name].passes == passes
    for name, passes in ((ON_B_RATE, 0), (AS_B_RATE, 1)):
        assert lines[name].alphas == tuple(np.linspace(0, 1, 10))
        assert lines[name].passes == passes
    for name, same in ((ON_B, B_PAIR), (AS_B, B_PAIR), (ON_B_RATE, B_RATE), (AS_B_RATE, B_RATE)):
        of_both = [(line.first, line.second) for line in (lines[name], lines[same])]
        assert of_both[0] == of_both[1]


def test_bs_figure_has_both_of_each_as_mixed_and_trained_on(result):
    axes = views.as_b(result).axes
    names = [(mixed, after) for mixed, after in ((ON_B, AS_B), (ON_B_RATE, AS_B_RATE))]
    for place, ax in enumerate(axes):
        measure, column = divmod(place, 2)
        curves = {line.get_label(): line for line in ax.lines if line.get_label()[0] != "_"}
        assert len(curves) == 4
        for name, how in zip(names[column], ("", ", each point trained on"), strict=True):
            pair = result.pairs[name]
            for split, which in enumerate(("training", "test")):
                drawn = curves[which + how]
                np.testing.assert_array_equal(drawn.get_xdata(), pair.alphas)
                unit = (1, 100)[measure]  # nats, and accuracy in %
                expected = unit * np.median(pair.line[:, :, split, measure], axis=1)
                np.testing.assert_allclose(drawn.get_ydata(), expected)


def test_the_full_line_has_61_points_from_minus_1_to_2(images):
    lines = plan.lines(chapter.PROFILES["full"].replace(train_examples=5_000), images)
    alphas = lines[BATCH].alphas
    assert len(alphas) == 61
    assert (alphas[0], alphas[20], alphas[40], alphas[60]) == (-1, 0, 1, 2)
    np.testing.assert_allclose(np.diff(alphas), 0.05)


def test_the_line_begins_and_ends_at_what_the_trainings_reached(result):
    for name, pair in result.pairs.items():
        if name in (AS_A, AS_B, AS_B_RATE):
            continue
        for alpha, end in enumerate(pair.ends):
            found = pair.line[np.flatnonzero(pair.alphas == alpha)[0]]
            np.testing.assert_allclose(found, end.course[-1], rtol=1e-5)


def test_networks_with_the_same_seed_begin_at_the_same_weights_unless_they_say_otherwise(result):
    def start(end):
        return end.course[0]

    same, other = result.pairs[BATCH], result.pairs[OTHER]
    np.testing.assert_array_equal(start(same.first), start(same.second))
    assert not np.array_equal(start(other.first), start(other.second))
    assert (other.distance > same.distance).all()


def test_pairs_of_one_way_part_when_they_say(result):
    lines = plan.branches(SPEC, result.images)
    assert [*lines] == [*result.parting]
    assert [*lines] == [(name, k) for name in (NESTEROV, ADAM) for k in (NEVER, 0, 1)]
    for (name, common), line in lines.items():
        one = result.pairs[main(name, BATCH_HIGH if name == NESTEROV else BATCH_LOW)].first.settings
        assert line.first == one
        if common == NEVER:
            assert line.second == plan._elsewhere(one)
        else:
            assert line.second == trained.Branch(**vars(one), common=common)
        assert (line.alphas[0], line.alphas[-1]) == (0, 1)
        losses = result.parting[name, common].line[:, :, 0, 0]
        np.testing.assert_allclose(
            losses[0],
            result.pairs[main(name, BATCH_HIGH if name == NESTEROV else BATCH_LOW)].first.final(
                0, 0
            ),
            rtol=1e-5,
        )
    assert len(plan.branches(SPEC.replace(epochs=1), result.images)) == 4  # after 1 there is none


def test_a_later_parting_leads_less_far(result):
    for name in (NESTEROV, ADAM):
        never, first, later = (result.parting[name, k].distance for k in (NEVER, 0, 1))
        assert (never > first).all()
        assert (first > later).all()


def test_every_way_of_training_is_described_once(result):
    assert len(result.described) == len(result.ends) == 17
    for label, described in result.described.items():
        assert set(described) == set(generalization.MEASURES), label
        assert all(values.shape == (1,) for values in described.values())


# Measures of a line, on curves that are known


def test_a_lean_is_positive_where_the_second_end_looks_wider():
    pair = pair_of(lambda a: np.where(a < 0.5, 10 ** (-2 * a), 10 ** (a - 1.5)))
    # log10 of the loss: from 0.1 to 2 beyond the first end, from -0.45 to 0.5 beyond the second
    np.testing.assert_allclose(pair.lean, np.mean([2, 0.1]) - np.mean([0.5, -0.45]), rtol=1e-6)


def test_roughness_is_the_second_difference_of_the_logarithm():
    bent = pair_of(lambda a: 10 ** (3 * a**2))
    # the second difference of 3 a^2 at steps of 1/20
    np.testing.assert_allclose(bent.roughness(0), 6 / 20**2)
    np.testing.assert_allclose(pair_of(lambda a: 10**a).roughness(1), 0, atol=1e-12)


def test_variation_adds_up_rises_and_falls_around_the_end():
    tent = pair_of(np.exp, lambda a: 0.9 - 0.4 * np.abs(a - 1), n=1)
    np.testing.assert_allclose(tent.variation(1), 0.99 * 0.4, rtol=1e-9)


def test_a_trend_is_full_only_where_loss_falls_and_accuracy_rises():
    falling = pair_of(lambda a: np.exp(-a), lambda a: 0.5 + 0.1 * a)
    np.testing.assert_allclose(falling.trend(), 1)
    np.testing.assert_allclose(pair_of(np.exp, lambda a: 0.5 + 0.1 * a).trend(), -1)
    flat_accuracy = pair_of(lambda a: np.exp(-a), lambda a: 0 * a + 0.5)
    np.testing.assert_allclose(flat_accuracy.trend(), 0)


def test_agreement_is_the_lesser_rank_correlation_of_the_splits():
    pair = pair_of(lambda a: a**2 + 1, lambda a: 0.5 + 0.1 * a)
    np.testing.assert_allclose(pair.agreement(), 1)
    line = pair.line.copy()
    line[:, :, 1, 1] = np.cos(3 * pair.alphas)[:, None]
    expected = spearmanr(pair.alphas, np.cos(3 * pair.alphas)).statistic
    other = dataclasses.replace(pair, line=line)
    np.testing.assert_allclose(other.agreement(), expected)


def test_the_loss_beyond_an_end_is_a_geometric_mean():
    pair = pair_of(lambda a: 10 ** (-3 * a), steps=4, n=1)
    # before the first end alpha is -1, -3/4, -1/2, -1/4, and as far beyond the second
    np.testing.assert_allclose(
        [end[0] for end in pair.beyond], 0.99 * 10.0 ** np.array([1.875, -4.875]), rtol=1e-9
    )


def test_the_worst_of_as_places_may_lie_below_the_blend():
    valley = comparisons.at_the_worst_place(pair_of(lambda a: 1 + (a - 0.5) ** 2, n=1))
    # the points nearest to A's places, -2 + 4 i / 49, are 0.05, 0.45 and 0.85
    assert valley["on the line"][0] < valley["blend of the ends"][0]
    hill = comparisons.at_the_worst_place(pair_of(lambda a: 1 - 4 * (a - 0.5) ** 2, n=1))
    np.testing.assert_allclose(hill["on the line"], 0.99 * (1 - 4 * 0.05**2), rtol=1e-6)
    np.testing.assert_allclose(hill["blend of the ends"], 0, atol=1e-9)
    both = pair_of(lambda a: 1 - 4 * (a - 0.5) ** 2, n=1)
    both.line[:, :, 1, 0] *= 2  # the test loss
    of_test = comparisons.at_the_worst_place(both, 1)["on the line"]
    np.testing.assert_allclose(of_test, 2 * hill["on the line"])


def test_of_accuracy_the_worst_place_is_where_it_lacks_most():
    dent = pair_of(np.exp, lambda a: 0.5 + 4 * (a - 0.5) ** 2, n=1)
    found = comparisons.at_the_worst_place(dent, 1, 1)
    # the point nearest to the middle one of A's places is 0.45, and both ends have 1.5
    np.testing.assert_allclose(found["on the line"], 0.99 * (0.5 + 4 * 0.05**2), rtol=1e-6)
    np.testing.assert_allclose(found["blend of the ends"], 0.99 * 1.5, rtol=1e-6)


def test_a_batch_size_is_faster_by_its_accuracy_over_all_passes(result):
    early, late = end_of(accuracy=0.5), end_of(accuracy=0.5)
    early.course[1:, :, 1, 1] = np.array([0.8, 0.9, 0.9])[:, None]
    late.course[1:, :, 1, 1] = np.array([0.2, 0.9, 0.9])[:, None]
    early.course[0, :, 1, 1] = 0  # nothing is learned yet
    name = main(NESTEROV, BATCH_LOW)
    pairs = planted(result, **{name: pair_of(np.exp, ends=(early, late))})
    effect = comparisons.faster(name, pairs)
    assert effect.interval.mean == pytest.approx(100 * 0.6 / 3)
    assert verdict("A, faster, low rate", pairs) == verdicts.SUPPORTED


def test_early_passes_are_apart_from_the_last(result):
    slow_first = end_of(1.0)
    slow_first.course[1] *= 4
    slow_first.course[-1] /= 2
    pairs = planted(result, **{B_PAIR: pair_of(np.exp, ends=(end_of(1.0), slow_first))})
    judged = {c.id: c.judge(pairs) for c in claims.CLAIMS if c.id in ("B-C19a", "B-C19b")}
    assert judged["B-C19a"].interval.factor.mean == pytest.approx(4)  # the first of three epochs
    assert judged["B-C19b"].interval.factor.mean == pytest.approx(0.5)
    assert judged["B-C19a"].word == verdicts.SUPPORTED
    assert judged["B-C19b"].word == verdicts.CONTRADICTED


@pytest.mark.parametrize(
    ("factor", "tested"), [(0.6, False), (0.7, True), (1.4, True), (1.6, False)]
)
def test_barriers_are_compared_at_distances_that_are_alike(result, factor, tested):
    apart = {
        (name, NEVER): dataclasses.replace(pair_of(lambda a: 1 - (a - 0.5) ** 2), distance=far)
        for name, far in ((NESTEROV, factor * np.ones(8)), (ADAM, np.ones(8)))
    }
    changed = dataclasses.replace(result, parting={**result.parting, **apart})
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == "33, distance")
    assert (claim.judge(changed).word == verdicts.SUPPORTED) == tested
    if not tested:
        assert f"lie {factor:g} times as far apart with SGD" in claim.judge(changed).reason


def planted(result, **pairs):
    return dataclasses.replace(result, pairs={**result.pairs, **pairs})


def verdict(which, result):
    return next(claim for claim in claims.CLAIMS if claim.id == which).judge(result).word


def test_a_slower_large_batch_is_told_by_the_factor_between_the_losses():
    pair = pair_of(np.exp, ends=(end_of(1.0), end_of(3.0)))
    np.testing.assert_allclose(pair.behind(), np.log10(3))


def test_better_at_the_high_rate_means_both_batch_sizes(result):
    def both(*accuracies):
        low, high = (
            pair_of(np.exp, ends=tuple(end_of(accuracy=a) for a in part)) for part in accuracies
        )
        names = (main(NESTEROV, which) for which in (BATCH_LOW, BATCH_HIGH))
        return planted(result, **dict(zip(names, (low, high), strict=True)))

    assert verdict("A-C31", both((0.9, 0.8), (0.95, 0.9))) == verdicts.SUPPORTED
    assert verdict("A-C31", both((0.9, 0.8), (0.95, 0.7))) == verdicts.CONTRADICTED


def test_the_wider_end_is_compared_by_every_measure_of_flatness(result):
    def described(**factors):
        values = {of: factors.get(of, 1.0) * np.ones(8) for of in FLATNESS.values()}
        return dataclasses.replace(end_of(), described=values)

    ends = described(), described(weight_norm=2.0, keskar_wide=3.0, top_eigenvalue=0.5)
    rising = pair_of(lambda a: 10**a, ends=ends)  # the first end looks wider
    falling = pair_of(lambda a: 10**-a, ends=ends)
    names = DESCRIBED
    alone = pair_of(np.exp, n=1)  # one pair tells nothing surely
    pairs = dict.fromkeys(names, rising) | {names[0]: falling, names[1]: alone}
    table = flatness.agreement_table(planted(result, **pairs)).set_index("measure")
    assert table.loc["norm"].tolist() == [1, 8, 0]
    assert table.loc["Keskar's sharpness"].tolist() == [1, 8, 0]
    assert table.loc["relative sharpness"].tolist() == [0, 0, 9]
    assert table.loc["largest eigenvalue"].tolist() == [8, 1, 0]
    said = flatness.flatness_sentence(planted(result, **pairs))
    assert said.startswith(f"On {len(names) - 1} of these {len(names)} lines")
    assert "The lines share 1 ends" in said  # planted ends have the same settings


# What is shown


@pytest.mark.parametrize("which", ["result", "failed"])
def test_everything_can_be_shown_whatever_happened(which, request):
    shown = request.getfixturevalue(which)
    for draw in FIGURES:
        figure = draw(shown)
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
    for tabulate in TABLES:
        assert isinstance(tabulate(shown), pd.DataFrame)
    for say in SENTENCES:
        assert not re.search(r"\bnan\b|\binf\b|None", say(shown)), say(shown)
    assert "Median training loss" in findings.describe_lines(shown, [*shown.pairs])


def test_diverged_trainings_are_counted_and_called_so(failed):
    table = tables_of_lines.end_table(failed).set_index("trained by")
    assert table.loc["SGD, batch 10, rate 1e+30", "diverged"] == SPEC.replicas
    assert table.loc["SGD, batch 10, rate 0.001", "diverged"] == 0
    lines = tables_of_lines.line_table(failed).set_index("pair")
    assert lines.loc[B_PAIR, "n"] == 0
    assert f"{B_PAIR} diverged" in findings.describe_lines(failed, [B_PAIR])


def test_a_stand_in_is_named(result):
    assert "stand-in" in result.standin
    assert result.provenance[0]["standin"] is True


def test_fewer_than_six_trainings_are_not_tested(result):
    assert {claim.judge(result).word for claim in claims.CLAIMS} == {verdicts.NOT_TESTED}


MARGINS = {  # fixed before the runs that they judge; factors, nats, points or correlations
    "A-C28a": 0.5,
    "A-C29": 1.25,
    "A-C30a": 0.05,
    "A-C30c": 1.0,
    "A, faster, low rate": 0.2,
    "A, faster, high rate": 0.2,
    "A-C31": 0.2,
    "A-C32": 1.0,
    "B-C19, per update": 1.25,
    "B-C20, rate": 0.05,
    "E-33a": 0.05,
    "E-33b": 0.05,
}


def test_the_margins_are_those_that_were_fixed():
    margins = {claim.id: claim.margin.size for claim in claims.CLAIMS if not claim.margin.after}
    assert margins == MARGINS


def test_every_metric_is_one_number_per_training(result):
    for metric in CHAPTER.metrics.values():
        assert metric(result).shape == (SPEC.replicas,)


# Under which key it is filed


def test_a_training_is_filed_under_what_decides_it_and_nothing_else(images):
    def listed(images=images, device="cpu"):
        jobs = jobs_of(chapter, SPEC, images=images, device=device)
        needed = [of for job in jobs.values() for of in job.call.keywords.values()]
        return {of.job.settings: of.job for of in needed if isinstance(of, ResultOf)}

    jobs = listed()
    branches = [key for key in jobs if isinstance(key, trained.Branch)]
    assert len(branches) == 4
    assert len(jobs) == 17 + 4 + 2  # and two that begin elsewhere
    for key in branches:
        assert filed_under(jobs[key], common=7) != filed_under(jobs[key])
    assert changed(jobs, listed(device="cuda")) == set()
    assert changed(jobs, listed(dataclasses.replace(images, fingerprint="other"))) == {*jobs}
    for job in jobs.values():
        same = dataclasses.replace(job, label="other", cost=3, threads=1)
        assert filed_under(same) == filed_under(job)
        for change in (
            {"widths": (784, 7, 10)},
            {"optimizer": optimizers.rmsprop},
            {"learning_rate": 0.3},
            {"shortened": 1},
            {"seeds": (8, 9)},
        ):
            assert filed_under(job, **change) != filed_under(job), change


def test_a_line_is_filed_under_what_the_trainings_made_of_its_ends(images):
    lines = plan.lines(SPEC, images)
    ends = {end for line in lines.values() for end in (line.first, line.second)}

    def listed(images=images, first=None):
        """Jobs of all lines; `first` stands for the stored first end of each, if given."""
        trained_as = {end: entry(f"digest of {end}") for end in ends}
        jobs = {}
        for name, line in lines.items():
            stored = {**trained_as, line.first: first} if first else trained_as
            jobs[name] = chapter._line_job(name, line, stored, images)
        return jobs

    jobs = listed()
    assert changed(jobs, listed()) == set()
    assert changed(jobs, listed(dataclasses.replace(images, fingerprint="other"))) == {*lines}
    assert changed(jobs, listed(first=entry("trained by other code"))) == {*lines}
    for job in jobs.values():
        same = dataclasses.replace(job, label="other", cost=3, threads=1)
        assert filed_under(same) == filed_under(job)
        aligned = not job.settings.aligned
        for change in ({"alphas": (0.0, 1.0)}, {"passes": 2}, {"aligned": aligned}):
            assert filed_under(job, **change) != filed_under(job), change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"large_batch": 51}, r"large_batch .* at most train_examples \(50\), got 51"),
        ({"small_batch": 31}, r"small_batch .* at most large_batch \(30\), got 31"),
        ({"line_steps": 1}, "line_steps .* at least 2, got 1"),
        ({"low_rate": 0.0}, "low_rate .* above 0, got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        SPEC.replace(**changes)
