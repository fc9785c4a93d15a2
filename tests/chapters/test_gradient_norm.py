"""Chapter 22 records the gradient that torch computes, and judges what was said about it."""

import copy
import dataclasses
import functools
import inspect
import itertools
import re

import numpy as np
import pandas as pd
import pytest
import torch
from filed import changed, filed_under, jobs_of
from matplotlib.figure import Figure
from torch import nn

from hw1lib.chapters import gradient_norm, tables
from hw1lib.chapters.gradient_norm import claims, findings, slips, trainings, views
from hw1lib.chapters.gradient_norm.chapter import CHAPTER
from hw1lib.chapters.gradient_norm.comparisons import (
    change,
    change_on_axis,
    falling_blocks,
    restlessness,
    share_fallen,
)
from hw1lib.chapters.gradient_norm.result import (
    BatchEdge,
    Course,
    Edge,
    absolute_swing,
    correlation,
    measure_swing,
    swing_of,
)
from hw1lib.chapters.gradient_norm.spec import (
    ADAM,
    B_NETWORK,
    DIGITS,
    LATE,
    MAIN,
    OPTIMIZERS,
    PLAIN,
    RERUN,
    RMSPROP,
    SAME,
    TENTH,
    USUAL,
)
from hw1lib.judging import verdicts
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.results.specs import SettingError
from hw1lib.training import fused, optimizers
from hw1lib.training.run import Run

SPEC = gradient_norm.PROFILES["smoke"].replace(
    data="standin", epochs=40, train_examples=50, edge_rates=[0.2, 0.5], edge_epochs=7, edge_every=3
)


@pytest.fixture(scope="module")
def seen(fresh):
    return fresh(gradient_norm, SPEC)


def arrays(result):
    """Every array of a result, by where it stands in it."""
    for parts in (result.courses, result.edges, result.batches):
        for key, part in parts.items():
            yield from (((key, name), values) for name, values in vars(part).items())
    for key, swing in [*result.swings.items(), *result.memories.items()]:
        yield from (((key, name), values) for name, values in vars(swing.oscillation).items())
    yield "accuracy", result.accuracy


def test_the_same_spec_gives_the_same_bits(fresh, seen):
    again = dict(arrays(fresh(gradient_norm, SPEC)))
    for key, values in arrays(seen):
        assert np.array_equal(values, again.pop(key), equal_nan=True), key
    assert not again


def test_every_part_of_every_training_is_there(seen):
    shapes = {key: course.loss.shape for key, course in seen.courses.items()}
    expected = {(arm, part): (24, 2) for arm in OPTIMIZERS for part in (SAME, TENTH)}
    expected |= {(arm, MAIN): (40, 2) for arm in OPTIMIZERS}
    expected |= {(B_NETWORK, MAIN): (40, 2), (B_NETWORK, RERUN): (6, 2), (DIGITS, MAIN): (3, 2)}
    assert shapes == expected
    assert all(course.norm.shape == course.loss.shape for course in seen.courses.values())
    lengths = {key: len(swing.norm) for key, swing in seen.swings.items()}
    assert lengths == {
        (arm, part): 30 if part == LATE else 12
        for arm in OPTIMIZERS
        for part in (LATE, SAME, TENTH)
    }
    for edge in seen.edges.values():
        assert edge.epochs.tolist() == [0, 3, 6, 7]
        assert edge.sharpness.shape == (4, 2)
    assert {key: len(swing.norm) for key, swing in seen.memories.items()} == {
        0.9: 30, USUAL: 30, 0.995: 30
    }  # fmt: skip
    assert seen.memories[USUAL] is seen.swings[RMSPROP, LATE]
    (edge,) = seen.batches.values()
    assert edge.epochs.tolist() == [0, 1, 2]
    assert edge.batch.shape == edge.sharpness.shape == (3, 2)


# Against loops as they are written with plain torch


def plain_network(widths, activation, seed):
    """One network as torch's own layers, with the weights of the replica of that seed."""
    start = builders.mlp(Streams([seed]), *widths, activation=builders.relu)
    layers = []
    with torch.random.fork_rng():
        for n_in, n_out in itertools.pairwise(widths):
            layers += [nn.Linear(n_in, n_out), activation()]
    network = nn.Sequential(*layers[:-1])
    for p, its in zip(network.parameters(), start.parameters(), strict=True):
        p.data = its.data[0].clone()
    return network


def by_hand(network, optimizer, batches, loss_of):
    """Losses and gradient norms (S,) of a training in plain torch."""
    losses, norms = [], []
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_of(network(x), y)
        loss.backward()
        losses.append(loss.item())
        norms.append(
            sum(float(p.grad.double().square().sum()) for p in network.parameters()) ** 0.5
        )
        optimizer.step()
    return losses, norms


def same_course(course, r, expected):
    np.testing.assert_allclose(course.loss[:, r], expected[0], rtol=2e-3, atol=1e-7)
    np.testing.assert_allclose(course.norm[:, r], expected[1], rtol=2e-3, atol=1e-5)


def sinc(points):
    x = torch.linspace(-1, 1, points)[:, None]
    return x, torch.from_numpy(np.sinc(5 * x.numpy()))


@pytest.mark.parametrize(
    ("arm", "make"),
    [
        (RMSPROP, lambda p: torch.optim.RMSprop(p, lr=1e-3, weight_decay=1e-4)),
        (ADAM, lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=1e-4)),
        (PLAIN, lambda p: torch.optim.SGD(p, lr=0.4, weight_decay=1e-4)),
    ],
)
def test_an_arm_and_both_ways_on_are_those_of_plain_torch(seen, arm, make):
    network = plain_network(builders.MEDIUM, nn.LeakyReLU, seed=1)
    optimizer = make(network.parameters())
    batch = sinc(SPEC.points)
    fit = nn.functional.mse_loss
    same_course(seen.courses[arm, MAIN], 1, by_hand(network, optimizer, [batch] * 40, fit))
    # both go on from here with the optimizer's memory, one at a tenth of the step
    shorter, its = copy.deepcopy((network, optimizer))
    its.param_groups[0]["lr"] /= 10
    same_course(seen.courses[arm, SAME], 1, by_hand(network, optimizer, [batch] * 24, fit))
    same_course(seen.courses[arm, TENTH], 1, by_hand(shorter, its, [batch] * 24, fit))


def test_the_usual_memory_is_that_of_plain_torch():
    assert inspect.signature(torch.optim.RMSprop).parameters["alpha"].default == USUAL


@pytest.mark.parametrize("smoothing", SPEC.smoothings)
def test_other_memories_are_those_of_plain_torch(seen, smoothing):
    network = plain_network(builders.MEDIUM, nn.LeakyReLU, seed=1)
    optimizer = torch.optim.RMSprop(
        network.parameters(), lr=1e-3, alpha=smoothing, weight_decay=1e-4
    )
    _, norms = by_hand(network, optimizer, [sinc(SPEC.points)] * 40, nn.functional.mse_loss)
    found = seen.memories[smoothing].norm[:, 1]
    np.testing.assert_allclose(found, norms[10:], rtol=2e-3, atol=1e-5)


def hessian_of(network, x, y):
    """Gradient (P,) and Hessian (P, P) of one network's squared error, by torch's own functions."""
    shapes = {name: p.shape for name, p in network.named_parameters()}
    sizes = [shape.numel() for shape in shapes.values()]

    def loss(weights):
        parts = zip(shapes, weights.split(sizes), strict=True)
        named = {name: part.view(shapes[name]) for name, part in parts}
        return nn.functional.mse_loss(torch.func.functional_call(network, named, (x,)), y)

    here = nn.utils.parameters_to_vector(network.parameters()).detach()
    return (
        torch.autograd.functional.jacobian(loss, here),
        torch.autograd.functional.hessian(loss, here),
    )


def test_the_batch_sharpness_is_the_mean_over_batches_a_short_one_too(seen):
    x, y = (values.double() for values in sinc(SPEC.points))
    network = plain_network(builders.MEDIUM, nn.LeakyReLU, seed=1).double()
    order = torch.randperm(SPEC.points, generator=replicas.generators([1], "looks")[0])
    expected = 0.0
    for chosen in order.split(7):
        slope, matrix = hessian_of(network, x[chosen], y[chosen])
        share = len(chosen) / SPEC.points
        expected += share * (slope @ matrix @ slope / slope.square().sum()).item()
    (edge,) = seen.batches.values()
    assert edge.batch[0, 1] == pytest.approx(expected, rel=1e-3)
    _, whole = hessian_of(network, x, y)
    assert edge.sharpness[0, 1] == pytest.approx(torch.linalg.eigvalsh(whole)[-1].item(), rel=1e-3)


def test_b_s_network_is_run_again_with_an_optimizer_that_remembers_nothing(seen):
    network = plain_network((1, 500, 1), nn.ReLU, seed=0)
    batch, fit = sinc(SPEC.points_b), nn.functional.mse_loss
    for part, steps in ((MAIN, 40), (RERUN, 6)):
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
        same_course(
            seen.courses[B_NETWORK, part], 0, by_hand(network, optimizer, [batch] * steps, fit)
        )


def test_the_digits_course_is_that_of_every_minibatch_the_short_one_too(seen):
    images, labels = seen.images.train.images[:50], seen.images.train.labels[:50]
    rows = ((images / 255 - seen.images.mean[0]) / seen.images.std[0]).flatten(1)
    order = torch.randperm(50, generator=Streams([1]).order[0])
    batches = [(rows[chosen], labels[chosen]) for chosen in order.split(SPEC.batch_size)]
    assert [len(x) for x, _ in batches] == [20, 20, 10]
    network = plain_network((784, 10, 20, 10), nn.ReLU, seed=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    course = by_hand(network, optimizer, batches, nn.functional.cross_entropy)
    same_course(seen.courses[DIGITS, MAIN], 1, course)
    test = ((seen.images.test.images / 255 - seen.images.mean[0]) / seen.images.std[0]).flatten(1)
    right = network(test).argmax(dim=1) == seen.images.test.labels
    assert seen.accuracy[1] == pytest.approx(right.double().mean().item(), abs=1e-6)


def test_the_sharpness_is_the_largest_eigenvalue_of_the_loss_s_hessian(seen):
    x, y = (values.double() for values in sinc(SPEC.points))
    network = plain_network(builders.MEDIUM, nn.LeakyReLU, seed=0).double()
    exact = torch.linalg.eigvalsh(hessian_of(network, x, y)[1])[-1].item()
    for edge in seen.edges.values():
        assert edge.sharpness[0, 0] == pytest.approx(exact, rel=1e-3)


def test_looking_at_the_curvature_does_not_change_the_training(seen):
    settings = gradient_norm._regressors(SPEC)[0.2]
    trained = trainings.train(settings, run=Run(prepare=fused.prepare))
    np.testing.assert_array_equal(trained["loss"][-1], seen.edges[0.2].end)


def test_a_network_that_only_its_last_update_lost_has_no_accuracy(seen):
    settings = jobs_of(gradient_norm, SPEC, images=seen.images)[DIGITS].settings
    once = dataclasses.replace(settings, batch_size=50, learning_rate=3e38)
    trained = trainings.train_digits(once, seen.images, run=Run())
    assert np.isfinite(trained["loss"]).all()  # before the only update
    assert np.isnan(trained["accuracy"]).all()


# Under which key it is filed


def test_a_training_is_filed_under_what_decides_it_and_nothing_else(seen):
    def listed(images=seen.images, device="cpu", **changes):
        return jobs_of(gradient_norm, SPEC.replace(**changes), images=images, device=device)

    jobs = listed()
    smoothed = {("smoothing", smoothing) for smoothing in SPEC.smoothings}
    batch = {("batch", size) for size in SPEC.batch_sizes}
    assert set(jobs) == {*OPTIMIZERS, B_NETWORK, DIGITS, *SPEC.edge_rates, *smoothed, *batch}
    assert changed(jobs, listed(device="cuda")) == set()
    assert changed(jobs, listed(window=20)) == set()  # read off afterwards
    assert changed(jobs, listed(dataclasses.replace(seen.images, fingerprint="other"))) == {DIGITS}
    assert changed(jobs, listed(seed=1)) == {*jobs}
    rated = {RMSPROP, ADAM, B_NETWORK, DIGITS, *smoothed}
    assert changed(jobs, listed(learning_rate=2e-3)) == rated
    assert changed(jobs, listed(batch_rate=0.3)) == batch
    assert changed(jobs, listed(plain_rate=0.3)) == {PLAIN}
    assert changed(jobs, listed(more=25)) == {*OPTIMIZERS}
    assert changed(jobs, listed(edge_every=2)) == {*SPEC.edge_rates}
    for name in {*jobs} - {DIGITS} - batch:
        assert filed_under(jobs[name], optimizer=optimizers.nesterov) != filed_under(jobs[name])
        assert filed_under(jobs[name], activation=nn.Tanh) != filed_under(jobs[name])


# What is measured on a course


def test_the_share_of_the_fall_is_that_up_to_the_moment():
    loss = np.linspace(9, 1, 40)[:, None]
    expected = (9 - loss[2, 0]) / 8
    assert share_fallen(Course(loss, loss), 1 / 20)[0] == pytest.approx(expected)


def test_the_change_is_that_of_the_loss_in_decades():
    loss = np.full((80, 1), 7.0)
    loss[20:] = 0.5 * 10 ** -np.linspace(0, 3, 60)[:, None]
    expected = 3 * 58 / 59  # between the middles of two updates at both ends
    assert change(Course(loss, loss), 1 / 4)[0] == pytest.approx(expected)


def test_the_change_on_a_linear_axis_is_a_share_of_the_loss_at_the_start():
    loss = np.full((80, 1), 4.0)
    loss[20:] = np.linspace(1.0, 0.2, 60)[:, None]
    expected = 0.8 * 58 / 59 / 4
    assert change_on_axis(Course(loss, loss), 1 / 4)[0] == pytest.approx(expected)


def test_a_smoothed_curve_falls_where_its_ripples_rise():
    ripple = 0.4 * (-1.0) ** np.arange(400)[:, None]
    loss = np.hstack([4 - np.arange(400)[:, None] / 100 + ripple, np.ones((400, 1))])
    loss[5:, 1] = np.nan
    falling = falling_blocks(Course(loss, loss))
    assert falling[0] == 1
    assert np.isnan(falling[1])
    assert (np.diff(loss[:, 0]) < 0).mean() < 0.51


def test_restlessness_of_the_logarithm_is_its_step_and_ignores_the_level():
    zigzag = 0.3 * (-1.0) ** np.arange(9)[:, None]
    assert restlessness(np.hstack([zigzag, 50 + zigzag])) == pytest.approx([0.6, 0.6])


def test_the_correlation_is_one_of_ranks():
    loss = np.arange(1.0, 9)[:, None] ** [[1, 1, 1, 1]]
    norm = np.exp(loss) * [[1, 1, 0, 1]]
    norm[:, 1] = norm[::-1, 1]
    loss[5:, 3] = np.nan
    found = correlation(Course(loss, norm), slice(None))
    assert found[:2] == pytest.approx([1, -1])
    assert np.isnan(found[2:]).all()  # a norm that stands still, and one that diverged


def test_the_absolute_swing_is_that_of_a_sine_of_that_height(seen):
    wave = 5 + 0.3 * np.sin(2 * np.pi * np.arange(200)[:, None] / 10)
    norm = np.hstack([wave, np.full((200, 1), np.nan)])
    swing = dataclasses.replace(seen.swings[ADAM, SAME], norm=norm)
    result = dataclasses.replace(seen, spec=SPEC.replace(window=100), swings={(ADAM, SAME): swing})
    swings = absolute_swing(result, (ADAM, SAME))
    assert swings[0] == pytest.approx(0.3 / np.sqrt(2), rel=0.01)
    assert np.isnan(swings[1])


@pytest.fixture(scope="module")
def planted(seen):
    """Six trainings of which A's sentences on the oscillation are right, of known period."""
    random = np.random.default_rng(0)
    n, time = 6, np.arange(2000)[:, None]
    phases = random.uniform(0, 6, n)
    noise = random.standard_normal((2000, n))

    def swing(length, amplitude, period=40):
        at = np.arange(length)[:, None]
        return 10 ** (amplitude * np.sin(2 * np.pi * at / period + phases) - 1)

    loss = np.where(time < 100, 1.0 - 0.0099 * time, 0.01) * 10 ** (1e-3 * noise)
    norm = np.where(time < 200, 10 ** (0.3 * noise), swing(2000, 0.2))
    courses = {(arm, MAIN): Course(loss, norm) for arm in (*OPTIMIZERS, B_NETWORK, DIGITS)}
    amplitudes = {(RMSPROP, SAME): 0.2, (RMSPROP, TENTH): 0.02}
    for arm in OPTIMIZERS:
        for part in (SAME, TENTH):
            wave = swing(1000, amplitudes.get((arm, part), 0.03)) * 10 ** (1e-3 * noise[:1000])
            courses[arm, part] = Course(loss[-1000:], wave)
    spec = SPEC.replace(window=250)
    swings = {
        (arm, part): measure_swing(spec, courses, arm, part)
        for arm in OPTIMIZERS
        for part in (LATE, SAME, TENTH)
    }
    memories = {
        smoothing: swing_of(spec, swing(1500, 0.1, period))
        for smoothing, period in ((0.9, 15), (USUAL, 40), (0.995, 60))
    }
    return dataclasses.replace(
        seen, spec=spec, courses={**seen.courses, **courses}, swings=swings, memories=memories
    )


def words(result):
    return {claim.id: claim.judge(result).word for claim in claims.CLAIMS}


def test_the_oscillation_is_judged_by_what_was_planted(planted):
    found = words(planted)
    for claim in ("A-C16a", "A-C17a", "A-C17b", "A-C17c", "A-C17d", "A-C17e", "A-C17f", "A-C17i"):
        assert found[claim] == verdicts.SUPPORTED, claim
    assert found["A-C17g"] == found["A-C17h"] == verdicts.TOO_SMALL  # all are periodic
    assert planted.swings[RMSPROP, LATE].oscillation.period.tolist() == [40] * 6
    said = findings.cause_sentence(planted)
    assert "at a tenth of RMSprop's step the swing is 10 " in said
    assert "6 of 6 under RMSprop, 6 of 6 under Adam" in said
    assert "15 updates at a memory of 10 updates" in said
    assert "60 updates at a memory of 200 updates" in said


def test_two_trainings_are_no_test(seen):
    assert set(words(seen).values()) == {verdicts.NOT_TESTED}


def test_the_edge_is_held_from_where_it_was_reached():
    relative = np.array([[0.2, 0.5], [1.2, 0.6], [0.8, 0.9], [1.1, 0.7], [1.0, 0.9]])
    edge = Edge(np.arange(5), relative * 2 / 0.1, np.ones(2))
    assert views.hovering(edge, 0.1)[0] == pytest.approx(1.05)
    assert np.isnan(views.hovering(edge, 0.1)[1])


# Views


VIEWS = {
    name: getattr(where, name)
    for where, name in [
        (views, "courses"),
        (views, "zoom"),
        (views, "swings"),
        (views, "edges"),
        (views, "memories"),
        (views, "batch_edges"),
        (views, "batch_table"),
        (views, "oscillation_table"),
        (views, "correlation_table"),
        (views, "edge_table"),
        (findings, "course_sentence"),
        (findings, "digits_sentence"),
        (findings, "zoom_sentence"),
        (findings, "swing_reading"),
        (findings, "optimizer_sentence"),
        (findings, "edge_sentence"),
        (findings, "memory_sentence"),
        (findings, "cause_sentence"),
        (findings, "batch_sentence"),
        (findings, "rerun_sentence"),
        (findings, "diverged_sentence"),
        (findings, "describe"),
    ]
}
VIEWS["verdicts"] = functools.partial(tables.verdicts, claims.CLAIMS)
VIEWS["slips"] = functools.partial(tables.slips, slips.SLIPS)


def shown(view, result):
    """Run a view as a notebook does, figures drawn, and return what it says."""
    made = view(result)
    if isinstance(made, Figure):
        made.draw_without_rendering()
        return ""
    if isinstance(made, pd.DataFrame):
        assert len(made)
        said = made.to_string()
    else:
        said = " ".join([made] if isinstance(made, str) else made)
    assert not {"nan", "None", "infinity"} & set(re.split(r"[\s(),;:.\[\]]+", said)), said
    return said


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_a_result_as_it_is(seen, planted, view):
    for result in (seen, planted):
        shown(VIEWS[view], result)


def test_every_figure_names_its_axes_with_units(seen):
    for view, unit in [
        ("courses", "per unit of weight"),
        ("zoom", "loss per unit of weight"),
        ("swings", "unit of weight"),
        ("edges", "squared unit of weight"),
        ("batch_edges", "step / 2"),
    ]:
        figure = VIEWS[view](seen)
        said = f"{figure.get_supylabel()} {' '.join(ax.get_ylabel() for ax in figure.axes)}"
        assert unit in said
        below = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
        assert figure.get_supxlabel() == "update" or below[0].startswith(RMSPROP)


def test_the_stand_in_is_named(seen):
    assert "MNIST" in seen.standin
    assert [row["standin"] for row in seen.provenance] == [None, True]


def test_the_chapter_tells_itself_to_the_summary(seen, planted):
    for result in (seen, planted):
        assert "**" in shown(lambda of: " ".join(CHAPTER.answer(of)), result)
    values = {name: metric(seen) for name, metric in CHAPTER.metrics.items()}
    assert {value.shape for value in values.values()} == {(SPEC.replicas,)}
    assert all(np.isfinite(v).all() for name, v in values.items() if "period" not in name)
    assert CHAPTER.metrics["late period, A's network (updates)"](planted).tolist() == [40] * 6


@pytest.fixture(scope="module")
def diverged(fresh):
    """The chapter at steps at which A's network overflows."""
    return fresh(
        gradient_norm,
        SPEC.replace(
            learning_rate=1e6, plain_rate=1e6, edge_rates=[1e6, 0.2], batch_rate=1e9, weight_decay=0
        ),
    )


def cut(result, which):
    """A result in which some replicas of A's network overflowed after three updates."""

    def ended(values):
        values = values.copy()
        values[3:, which] = np.nan
        return values

    def beyond_first(values):
        return np.vstack([values[:1], np.where(np.isin(np.arange(2), which), np.nan, values[1:])])

    courses = {
        key: Course(ended(c.loss), ended(c.norm)) if key[0] in OPTIMIZERS else c
        for key, c in result.courses.items()
    }
    swings = {key: measure_swing(result.spec, courses, *key) for key in result.swings}
    memories = {key: swing_of(result.spec, ended(s.norm)) for key, s in result.memories.items()}
    batches = {
        size: BatchEdge(
            e.epochs, *map(beyond_first, (e.sharpness, e.batch)), ended(np.tile(e.end, (4, 1)))[-1]
        )
        for size, e in result.batches.items()
    }
    edges = {
        rate: Edge(e.epochs, ended(e.sharpness), ended(np.tile(e.end, (4, 1)))[-1])
        for rate, e in result.edges.items()
    }
    return dataclasses.replace(
        result, courses=courses, swings=swings, edges=edges, memories=memories, batches=batches
    )


@pytest.fixture(scope="module")
def one_diverged(seen):
    return cut(seen, [1])


@pytest.mark.parametrize("view", VIEWS)
def test_divergence_breaks_no_view(one_diverged, diverged, view):
    for result in (diverged, one_diverged):
        shown(VIEWS[view], result)


def test_a_network_that_diverged_beside_one_that_did_not_has_no_curvature(monkeypatch):
    build = builders.mlp

    def overflowing(streams, *widths, **how):
        model = build(streams, *widths, **how)
        with torch.no_grad():
            model.head[0].weight[1] = 1e30
        return model

    monkeypatch.setattr(builders, "mlp", overflowing)
    settings = gradient_norm._regressors(SPEC)[0.2]
    trained = trainings.follow_curvature(settings, 3, run=Run())
    assert np.isfinite(trained["sharpness"]).tolist() == [[True, False]] * 4
    assert np.isfinite(trained["end"]).tolist() == [True, False]


def test_diverged_trainings_are_counted(diverged):
    lost = sum(int((~np.isfinite(c.loss[-1])).sum()) for c in diverged.courses.values())
    lost += int((~np.isfinite(diverged.edges[1e6].end)).sum())
    lost += sum(int((~np.isfinite(edge.end)).sum()) for edge in diverged.batches.values())
    assert lost > 2
    assert f"diverged: {lost} of " in findings.diverged_sentence(diverged)
    assert diverged.edges[1e6].epochs.tolist() == [0]  # no further look once all had ended
    assert np.isfinite(diverged.edges[0.2].sharpness).all()
    assert len(diverged.courses[PLAIN, MAIN].loss) == 40


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"batch_size": 51}, "batch_size of gradient_norm.Spec must be at most train_examples"),
        ({"window": 11}, "window of gradient_norm.Spec must be at least 12, got 11"),
        ({"epochs": 39}, "epochs of gradient_norm.Spec must be at least 40, got 39"),
        ({"data": "fake"}, "data of gradient_norm.Spec"),
        ({"batch_sizes": (5, 21)}, "batch_sizes of gradient_norm.Spec must be at most points (20)"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_in_one_sentence(settings, sentence):
    with pytest.raises(SettingError) as refused:
        SPEC.replace(**settings)
    assert str(refused.value).startswith(sentence)
