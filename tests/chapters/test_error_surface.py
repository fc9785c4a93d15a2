"""Chapter 24 measures the loss where it says, touches no weights, and shows whatever happened."""

import copy
import dataclasses
import functools
import re

import numpy as np
import pandas as pd
import pytest
import torch
from filed import changed, filed_under, jobs_of
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from test_part_two_claims import as_expected, otherwise
from torch import nn

from hw1lib.chapters import error_surface as chapter
from hw1lib.chapters import tables
from hw1lib.chapters.error_surface import claims, findings, slips, views
from hw1lib.chapters.error_surface.chapter import CHAPTER
from hw1lib.chapters.error_surface.flatness import FLATNESS, flatter
from hw1lib.chapters.error_surface.result import beyond
from hw1lib.chapters.error_surface.spec import ADAM, ARMS, HIDDEN, LARGE, REGRESSORS, SGD
from hw1lib.judging import verdicts
from hw1lib.measuring import landscape
from hw1lib.measuring.landscape import DISTANCES, Extent, Surface
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.results.specs import SettingError
from hw1lib.training import losses, optimizers
from hw1lib.training.regression import DENSE

SPEC = chapter.PROFILES["smoke"].replace(data="standin", train_examples=50, measured=33)
FIGURES = [views.lines, views.regressor_lines, views.planes, views.away, views.paths]
FIGURES += [views.eigenvalues, views.by_direction]
TABLES = [
    views.line_table,
    views.flatness_table,
    functools.partial(tables.verdicts, claims.CLAIMS),
    functools.partial(tables.slips, slips.SLIPS),
]
SENTENCES = [findings.line_sentence, findings.accuracy_sentence, findings.regressor_sentence]
SENTENCES += [findings.planes_sentence, findings.flatter_sentence, findings.path_sentence]
SENTENCES += [findings.eigenvalue_sentence]


@pytest.fixture(scope="module")
def result(fresh):
    return fresh(chapter, SPEC)


@pytest.fixture(scope="module")
def failed(fresh):
    """Regressors and one arm with steps so large that every training diverges."""
    return fresh(chapter, SPEC.replace(fit_rate=1e30, large_rate=1e30))


def test_the_same_spec_gives_the_same_bits(fresh, result):
    again = fresh(chapter, SPEC)
    assert list(result.surfaces) == [*REGRESSORS, *ARMS]
    for name, surface in result.surfaces.items():
        for field in dataclasses.fields(surface):
            one, other = (getattr(r.surfaces[name], field.name) for r in (result, again))
            assert np.array_equal(one, other), (name, field.name)


# What is trained, and the line


def losses_of_blends(start, end, activation, x, y):
    """Mean squared errors on the line by torch's own functions, from plain parameters."""
    losses = []
    for alpha in landscape.positions(SPEC.line_steps):
        w1, b1, w2, b2 = ((1 - alpha) * a + alpha * b for a, b in zip(start, end, strict=True))
        losses.append(((activation(x @ w1.T + b1) @ w2.T + b2 - y) ** 2).mean().item())
    return losses


def test_the_line_of_a_regressor_is_that_of_plain_torch(result):
    with torch.random.fork_rng():
        plain = nn.Sequential(nn.Linear(1, 190), nn.LeakyReLU(), nn.Linear(190, 1))
    first = builders.mlp(Streams([1]), *builders.SHALLOW, activation=builders.leaky_relu)
    for p, its in zip(plain.parameters(), first.parameters(), strict=True):
        p.data = its.data[0].clone()
    start = [p.detach().clone() for p in plain.parameters()]
    x, dense = (torch.linspace(-1, 1, n)[:, None] for n in (SPEC.points, DENSE))
    y, truth = (torch.from_numpy(np.sinc(5 * points.numpy())) for points in (x, dense))
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3)
    for _ in range(SPEC.updates):
        optimizer.zero_grad()
        nn.functional.mse_loss(plain(x), y).backward()
        optimizer.step()
    end = [p.detach() for p in plain.parameters()]
    line = result.surfaces["shallow"].line[1, :, :, 0]
    for split, points in enumerate([(x, y), (dense, truth)]):
        expected = losses_of_blends(start, end, nn.functional.leaky_relu, *points)
        np.testing.assert_allclose(line[:, split], expected, rtol=1e-3)
    moved = torch.cat([(b - a).flatten() for a, b in zip(start, end, strict=True)]).norm()
    length = torch.cat([a.flatten() for a in start]).norm()
    assert result.surfaces["shallow"].moved[1] == pytest.approx((moved / length).item(), rel=1e-3)


def test_the_first_weights_of_every_arm_are_the_seeds(result):
    images = result.images
    model = builders.mlp(Streams([0]), 784, *HIDDEN, 10)
    weights = [p[0].detach().double().numpy() for p in model.parameters()]
    for split, part in enumerate((images.train, images.test)):
        pixels = part.images[: SPEC.measured].double() / 255
        x = ((pixels - images.mean[0]) / images.std[0]).flatten(1).numpy()
        labels = part.labels[: SPEC.measured].numpy()
        hidden = x
        for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            hidden = np.maximum(hidden @ weight.T + bias, 0)
        outputs = hidden @ weights[-2].T + weights[-1]
        logs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        loss = -logs[np.arange(len(labels)), labels].mean()
        accuracy = (outputs.argmax(axis=1) == labels).mean()
        for arm in ARMS:
            surface = result.surfaces[arm]
            found = surface.line[0, surface.alphas == 0, split][0]
            np.testing.assert_allclose(found, [loss, accuracy], rtol=1e-5)


def test_the_arms_differ_in_their_last_weights_alone(result):
    ends = {arm: result.surfaces[arm].final for arm in ARMS}
    assert len({float(end[0]) for end in ends.values()}) == len(ARMS)
    assert result.surfaces[LARGE].moved.min() > result.surfaces[ADAM].moved.max()


def test_every_arm_has_the_optimizer_and_the_rate_that_it_is_named_for(result):
    jobs = jobs_of(chapter, SPEC, images=result.images)
    found = {
        name: (job.settings.optimizer, job.settings.learning_rate) for name, job in jobs.items()
    }
    assert found == {
        "deep": (optimizers.adam, SPEC.fit_rate),
        "shallow": (optimizers.adam, SPEC.fit_rate),
        SGD: (optimizers.sgd, SPEC.sgd_rate),
        ADAM: (optimizers.adam, SPEC.adam_rate),
        LARGE: (optimizers.adam, SPEC.large_rate),
    } | {(name, chapter.AROUND): (optimizers.adam, SPEC.fit_rate) for name in REGRESSORS}


def test_a_training_is_filed_under_what_decides_it_and_nothing_else(result):
    def listed(images=result.images, device="cpu", **changes):
        return jobs_of(chapter, SPEC.replace(**changes), images=images, device=device)

    jobs = listed()
    assert changed(jobs, listed(device="cuda")) == set()
    other = dataclasses.replace(result.images, fingerprint="other")
    assert changed(jobs, listed(other)) == {*ARMS}
    around = {(name, chapter.AROUND) for name in REGRESSORS}
    assert changed(jobs, listed(fit_rate=2e-3)) == {*REGRESSORS, *around}
    assert changed(jobs, listed(adam_rate=2e-3)) == {ADAM}
    for setting in ({"seed": 1}, {"measured": 32, "updates": 21}):
        assert changed(jobs, listed(**setting)) == {*jobs}
    assert changed(jobs, listed(line_steps=5)) == {*jobs} - around
    for job in jobs.values():
        assert filed_under(job, optimizer=optimizers.nesterov) != filed_under(job)
        assert filed_under(job, activation=nn.Tanh) != filed_under(job)


# The surroundings, of a loss that is known everywhere

EXTENT = Extent(line_steps=4, directions=3, planes=2, side=5, eigenvalues=2, lanczos_steps=3)


@pytest.fixture
def bowl():
    """Three linear models of two inputs, their loss, and its value at any weights (..., 3)."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(11, 2, generator=g, dtype=torch.float64)
    y = torch.randn(11, 1, generator=g, dtype=torch.float64)
    design = np.column_stack([x.numpy(), np.ones(11)])
    model = builders.mlp(Streams([3, 4, 5]), 2, 1).double()
    return (
        model,
        lambda stack: losses.mean_squared_error(stack(x), y),
        lambda weights: np.square(weights @ design.T - y[:, 0].numpy()).mean(axis=-1),
        2 / 11 * design.T @ design,
    )


@pytest.fixture
def surveyed(bowl):
    model, loss, *_ = bowl
    start = torch.zeros(3, 3, dtype=torch.float64)
    paths = np.random.default_rng(0).normal(size=(6, 2, 3))
    paths[-1] = replicas.weights(model).detach()[:2]

    def survey(sound=(True, True, True)):
        return landscape.survey(
            model,
            start,
            paths,
            EXTENT,
            loss=loss,
            splits=lambda stack: loss(stack)[:, None, None],
            seeds=(3, 4, 5),
            sound=np.array(sound),
        )

    return survey


def test_a_survey_leaves_the_trained_stack_as_it_was(bowl, surveyed):
    model, loss, *_ = bowl
    loss(model).sum().backward()
    before = copy.deepcopy([(p.detach(), p.grad) for p in model.parameters()])
    surveyed()
    for p, (value, slope) in zip(model.parameters(), before, strict=True):
        assert torch.equal(p, value)
        assert torch.equal(p.grad, slope)


def test_steps_lead_as_far_as_they_say(bowl, surveyed):
    model, _, formula, _ = bowl
    weights = replicas.weights(model).detach()
    directions = landscape.random_directions(model, 3, (3, 4, 5))
    # one unit and its bias: as long as its weights, and the bias stays
    torch.testing.assert_close(
        directions[..., :2].norm(dim=-1), weights[:, :2].norm(dim=1).expand(3, 3)
    )
    assert not directions[..., 2].any()
    steps = surveyed()["steps"]
    assert steps.shape == (3, len(DISTANCES), 3)
    for t, distance in enumerate(DISTANCES):
        expected = formula((weights + distance * directions).numpy()).T
        # the distances are exact to float32 at least
        np.testing.assert_allclose(steps[:, t], expected, rtol=1e-6)


def test_a_replicas_directions_are_its_own_seeds(bowl):
    model, *_ = bowl
    weights = replicas.weights(model).detach()
    alone = landscape.random_directions(replicas.with_weights(model, weights[1:2]), 4, (4,))
    together = landscape.random_directions(model, 4, (3, 4, 5))
    assert torch.equal(alone[:, 0], together[:, 1])


def test_the_plane_has_the_solution_in_its_middle_and_the_first_direction_first(bowl, surveyed):
    model, _, formula, _ = bowl
    weights = replicas.weights(model).detach().numpy()
    directions = landscape.random_directions(model, 3, (3, 4, 5)).numpy()
    plane = surveyed()["plane"]
    assert plane.shape == (2, 5, 5)
    for r in range(2):
        assert plane[r, 2, 2] == pytest.approx(formula(weights[r]))
        assert plane[r, 4, 2] == pytest.approx(formula(weights[r] + directions[0, r]))
        assert plane[r, 2, 0] == pytest.approx(formula(weights[r] - directions[1, r]))


def test_the_eigenvalues_are_those_of_the_known_hessian(bowl, surveyed):
    expected = np.linalg.eigvalsh(bowl[3])[::-1][:2]
    np.testing.assert_allclose(surveyed()["eigenvalues"], np.tile(expected, (3, 1)), rtol=1e-9)


def test_the_plane_of_a_path_is_orthonormal_and_goes_through_its_end(bowl):
    model, *_ = bowl
    g = np.random.default_rng(1)
    basis, _ = np.linalg.qr(g.normal(size=(3, 2)))
    snapshots = g.normal(size=(7, 2)) * [3, 1] @ basis.T + g.normal(size=3)  # in one plane
    end = torch.from_numpy(snapshots[-1])

    def distance(stack):
        return (replicas.weights(stack) - end).square().sum(dim=1)

    found = landscape.path_plane(model, snapshots, EXTENT, distance)
    assert found["path_share"].sum() == pytest.approx(1)
    assert found["path_share"][0] > found["path_share"][1] > 0
    between = np.linalg.norm(found["path"][:, None] - found["path"], axis=-1)
    expected = np.linalg.norm(snapshots[:, None] - snapshots, axis=-1)
    np.testing.assert_allclose(between, expected, atol=1e-12)
    np.testing.assert_allclose(found["path"][-1], 0, atol=1e-12)
    a, b = found["path_places"]
    np.testing.assert_allclose(found["path_plane"], a[:, None] ** 2 + b**2, rtol=1e-9)
    for places, path in zip((a, b), found["path"].T, strict=True):
        assert places[0] < path.min()
        assert places[-1] > path.max()
    assert np.ptp(a) == pytest.approx(np.ptp(b))  # a square


def test_a_replica_that_diverged_leaves_a_gap_and_changes_no_other(surveyed):
    whole, gap = surveyed(), surveyed((False, True, True))
    assert set(whole) == set(gap)
    for name, values in gap.items():
        assert values.shape == whole[name].shape
        assert np.isnan(values[0]).all(), name
        np.testing.assert_allclose(values[1:], whole[name][1:], rtol=1e-9, err_msg=name)


# What is read off


def a_surface(**changes):
    """Two replicas whose losses on [0, 1] are 4, 2, 1 and 4, 1, 1.05; and nothing else known."""
    surface = landscape.surface(2, {"diverged": np.zeros(2, bool)})
    line = np.full((2, 3, 2, 2), np.nan)
    line[0, :, 0, 0], line[1, :, 0, 0] = [4, 2, 1], [4, 1, 1.05]
    return dataclasses.replace(surface, alphas=np.array([0, 0.5, 1]), line=line, **changes)


def test_a_rise_is_a_share_of_the_loss_at_the_start():
    surface = a_surface()
    np.testing.assert_allclose(surface.rise, [0, 0.05 / 4])
    assert surface.monotone.tolist() == [True, False]
    assert surface.final.tolist() == [1, 1.05]
    assert not landscape.surface(2, {"diverged": np.ones(2, bool)}).monotone.any()


def test_only_the_way_between_the_ends_counts():
    surface = a_surface()
    outside = np.concatenate([np.zeros((2, 1, 2, 2)), surface.line, np.full((2, 1, 2, 2), 9)], 1)
    wider = dataclasses.replace(surface, alphas=np.array([-0.5, 0, 0.5, 1, 1.5]), line=outside)
    np.testing.assert_array_equal(wider.rise, surface.rise)


def test_a_step_away_is_measured_from_the_solution_by_its_median():
    steps = np.zeros((2, len(DISTANCES), 3))
    steps[:, DISTANCES.index(0.1)] = [[1, 3, 99], [2, 2.05, 2.1]]
    np.testing.assert_allclose(a_surface(steps=steps).away(0.1), [2, 1])


def test_the_width_of_a_plane_counts_what_lies_under_half_of_the_loss_at_the_start():
    plane = np.array([[[1, 1.9], [2, 50]], [[np.nan] * 2] * 2])  # the start is 4; half is not under
    np.testing.assert_array_equal(a_surface(plane=plane).wide, [0.5, np.nan])


def planted(result, name, n=8, **changes):
    """A result in which one network's surface has n replicas with other losses."""
    base = result.surfaces[name]
    many = {
        field.name: np.repeat(getattr(base, field.name)[:1], n, axis=0)
        for field in dataclasses.fields(Surface)
        if field.name in ("line", "steps", "eigenvalues", "moved", "diverged")
    }
    surface = dataclasses.replace(base, **{**many, **changes})
    return dataclasses.replace(result, surfaces={**result.surfaces, name: surface})


def test_flatness_is_compared_by_the_factor_between_the_rises(result):
    line = np.zeros((8, len(result.surfaces["deep"].alphas), 2, 1))
    near = np.full((8, len(DISTANCES), 2), 0.1)
    shape = np.linspace(0.9, 1.1, 8)[:, None, None]
    both = planted(result, "deep", line=line, steps=near * shape)
    both = planted(both, "shallow", line=line, steps=3 * near * shape)
    effect = flatter("random, normalized by unit, step 1", both).interval
    assert effect.n == 8
    assert effect.mean == pytest.approx(np.log10(3))


def test_beyond_the_solution_is_a_quarter_of_the_line(result):
    surface = result.surfaces["deep"]
    assert surface.alphas[-1] == 1.25
    expected = surface.line[:, -1, 0, 0] - surface.line[:, surface.alphas == 1, 0, 0][:, 0]
    np.testing.assert_array_equal(beyond(surface), expected)


def test_every_direction_says_which_regressor_it_makes_flatter(result):
    said = findings.flatter_sentence(as_expected())
    assert "the deep regressor is flatter: " in said
    assert all(direction in said for direction in FLATNESS)
    assert "the shallow one is flatter: " in findings.flatter_sentence(otherwise())


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
        assert not re.search(r"\bnan\b|\binf\b|None", say(shown)), say.__name__
    assert findings.describe_lines(shown, [*REGRESSORS, *ARMS]).count("from") >= 1


def test_the_chapter_tells_itself_to_the_summary(result, failed):
    for shown in (result, failed):
        assert "nan" not in " ".join(CHAPTER.answer(shown))
        figure, ax = plt.subplots()
        CHAPTER.panel.draw(ax, shown)
        figure.draw_without_rendering()
        plt.close(figure)
        assert CHAPTER.panel.caption(shown).endswith(".")
        values = [metric(shown) for metric in CHAPTER.metrics.values()]
        assert {value.shape for value in values} == {(SPEC.replicas,)}
    assert all(np.isfinite(metric(result)).all() for metric in CHAPTER.metrics.values())


def test_diverged_trainings_are_counted_and_called_so(failed):
    table = views.line_table(failed).set_index("network")
    assert table.loc["deep, sinc", "diverged"] == SPEC.replicas
    assert table.loc["deep, sinc", "never rises"].startswith(f"0 of {SPEC.replicas}")
    assert table.loc["SGD, digits", "diverged"] == 0
    assert "diverged" in findings.path_sentence(failed)


def test_a_stand_in_is_named(result):
    assert "stand-in" in result.standin
    assert result.provenance[1]["standin"] is True


def test_fewer_than_six_trainings_are_not_tested(result):
    assert {claim.judge(result).word for claim in claims.CLAIMS} == {verdicts.NOT_TESTED}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 51}, r"batch_size .* at most train_examples \(50\), got 51"),
        ({"eigenvalues": 5}, r"eigenvalues .* at most lanczos_steps \(4\), got 5"),
        ({"data": "fake"}, "data of error_surface.Spec cannot be 'fake'"),
        ({"directions": 1}, "directions .* at least 2, got 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        SPEC.replace(**changes)
