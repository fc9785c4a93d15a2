"""Geometry from Gram matrices is that of the raw weights, and walks are as theory says."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from hw1lib.measuring import trajectories
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams

RUNS, TIMES = 3, 5
MODEL = builders.mlp(Streams([0]), 40, 7, 4)
LAYERS = trajectories.layers(MODEL)
PARAMETERS = replicas.parameter_count(MODEL)


@pytest.fixture(scope="module")
def weights():
    """Paths (R, T, P) that drift, far away from zero."""
    steps = np.random.default_rng(0).normal(0.5, 1, (RUNS, TIMES, PARAMETERS))
    return 50 + np.cumsum(steps, axis=1)


@pytest.fixture(scope="module", params=[1_000_000, 37], ids="at most {} weights at a time".format)
def grams(request, weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trajectories, "CHUNK", request.param)  # 37 leaves a ragged rest
        return trajectories.grams(torch.from_numpy(weights.swapaxes(0, 1)), LAYERS)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


def test_a_layer_is_the_weights_and_biases_of_one_module():
    assert (slice(0, 40 * 7 + 7), slice(287, 287 + 7 * 4 + 4)) == LAYERS
    columns = trajectories.layers(builders.lenet(Streams([0])))
    assert [layer.stop - layer.start for layer in columns] == [156, 2416, 48_120, 10_164, 850]
    first = MODEL.head[0]
    expected = torch.cat([first.weight.flatten(), first.bias.flatten()])
    assert torch.equal(replicas.weights(MODEL)[0, LAYERS[0]], expected)


def test_gram_matrices_are_inner_products_and_add_up_over_layers(weights, grams):
    centred = (weights - weights[:, 0].mean(axis=0)).reshape(RUNS * TIMES, -1)
    for gram, layer in zip(grams, LAYERS, strict=True):
        close(gram.reshape(RUNS * TIMES, -1), centred[:, layer] @ centred[:, layer].T)
    close(grams.sum(axis=0).reshape(RUNS * TIMES, -1), centred @ centred.T)


def test_snapshots_in_single_precision_are_multiplied_in_double(weights):
    single = torch.from_numpy(weights.swapaxes(0, 1)).float()
    close(trajectories.grams(single, LAYERS), trajectories.grams(single.double(), LAYERS))


def same_up_to_sign(actual, expected):
    signs = np.sign((actual * expected).sum(axis=0))
    close(actual * signs, expected)


def test_components_of_all_runs_together_are_those_of_scikit_learn(weights, grams):
    for gram, part in zip(grams, LAYERS, strict=True):
        points = weights[:, :, part].reshape(RUNS * TIMES, -1)
        pca = PCA(n_components=RUNS * TIMES - 1).fit(points)
        found = trajectories.principal_components(gram.reshape(RUNS * TIMES, -1), k=3)
        same_up_to_sign(found.scores, pca.transform(points)[:, :3])
        close(found.shares, pca.explained_variance_ratio_)


def test_components_of_each_run_are_those_of_scikit_learn(weights, grams):
    for block, points in zip(trajectories.own(grams.sum(axis=0)), weights, strict=True):
        pca = PCA(n_components=TIMES - 1).fit(points)
        found = trajectories.principal_components(block)
        same_up_to_sign(found.scores, pca.transform(points)[:, :2])
        close(found.shares, pca.explained_variance_ratio_)


def test_fewer_than_three_snapshots_are_refused():
    with pytest.raises(ValueError, match="need at least three snapshots, got 2"):
        trajectories.principal_components(np.eye(2))
    with pytest.raises(ValueError, match="4 equal snapshots have no principal components"):
        trajectories.principal_components(np.zeros((4, 4)))


def test_lengths_and_distances_are_those_of_the_weights(weights, grams):
    gram = grams.sum(axis=0)
    points = weights.reshape(RUNS * TIMES, -1)
    expected = np.linalg.norm(points[:, None] - points, axis=2)
    np.testing.assert_allclose(
        # near zero the root makes 1e-6 out of a rounding error of 1e-12
        trajectories.distances(gram.reshape(RUNS * TIMES, -1)), expected, rtol=1e-9, atol=1e-5
    )  # fmt: skip
    steps = np.linalg.norm(np.diff(weights, axis=1), axis=2)
    close(trajectories.step_lengths(gram), steps)
    away = np.linalg.norm(weights - weights[:, :1], axis=2)
    np.testing.assert_allclose(trajectories.from_start(gram), away, rtol=1e-9, atol=1e-5)
    close(trajectories.straightness(gram), away[:, -1] / steps.sum(axis=1))


def test_angles_are_those_between_displacements(weights, grams):
    moved = weights[:, -1] - weights[:, 0]
    expected = [
        np.degrees(
            np.arccos(moved[r] @ moved[s] / np.linalg.norm(moved[r]) / np.linalg.norm(moved[s]))
        )
        for r, s in [(0, 1), (0, 2), (1, 2)]
    ]
    close(trajectories.angles(grams.sum(axis=0)), expected)
    assert 20 < min(expected) < 85  # the drift that all have in common


def test_spread_is_the_distance_from_the_centre_per_parameter(weights, grams):
    from_centre = weights - weights.mean(axis=(0, 1))
    for gram, layer in zip(grams, LAYERS, strict=True):
        part = from_centre[:, :, layer]
        expected = np.sqrt(np.square(part).mean(axis=(1, 2)))
        close(trajectories.spread(gram, part.shape[2]), expected)


# Random walks


def walked(steps, parameters, cut=None, seeds=range(RUNS), starts=None):
    """Walks of runs that start apart, and where they started."""
    ends = [cut or parameters // 4, parameters]
    columns = (slice(0, ends[0]), slice(*ends))
    if starts is None:
        g = torch.Generator().manual_seed(1)
        starts = torch.randn(len(steps), parameters, generator=g)
    streams = replicas.generators(seeds, "walk")
    return trajectories.walks(starts, np.asarray(steps, dtype=float), columns, streams), starts


STEPS = np.array([[1.0, 2.0, 0.5], [0.1, 0.1, 4.0], [3.0, 0.0, 1.0]])


def test_a_walk_has_the_start_and_the_step_lengths_of_its_run():
    parts, starts = walked(STEPS, 5000)
    gram = parts.sum(axis=0)
    close(trajectories.step_lengths(gram) ** 2, STEPS**2)
    centred = (starts - starts.mean(dim=0)).double().numpy()
    np.testing.assert_allclose(gram[:, 0, :, 0], centred @ centred.T, rtol=1e-4, atol=1e-3)


def test_steps_have_nothing_in_common_and_a_layers_part_is_its_part_of_the_weights():
    parameters = 200_000
    parts, _ = walked(STEPS, parameters)
    away = trajectories.from_start(parts.sum(axis=0))
    # orthogonal steps: squares add up; the cosine of two directions is about 1 / sqrt(P)
    np.testing.assert_allclose(away[:, -1] ** 2, (STEPS**2).sum(axis=1), rtol=0.02)
    of_first = trajectories.from_start(parts[0])[:, -1] ** 2
    np.testing.assert_allclose(of_first / away[:, -1] ** 2, 0.25, rtol=0.02)
    np.testing.assert_allclose(trajectories.angles(parts.sum(axis=0)), 90, atol=1)


def test_a_walk_does_not_depend_on_its_neighbours_or_on_where_the_origin_is():
    together, starts = walked(STEPS, 700)
    alone, _ = walked(STEPS[1:2], 700, seeds=[1], starts=starts[1:2])
    for joint, single in zip(together, alone, strict=True):
        np.testing.assert_allclose(
            trajectories.distances(joint[1, :, 1]), trajectories.distances(single[0, :, 0]),
            rtol=1e-6, atol=1e-5,
        )  # fmt: skip


def test_a_run_without_lengths_leaves_the_others_their_walks():
    steps = STEPS.copy()
    steps[1] = np.nan
    parts, _ = walked(steps, 300)
    whole, _ = walked(STEPS, 300)
    assert np.isnan(parts[:, 1, 1:]).all()
    close(parts[:, [0, 2]][:, :, :, [0, 2]], whole[:, [0, 2]][:, :, :, [0, 2]])


def test_components_of_a_long_walk_have_the_shares_of_theory():
    points = 60
    parts, _ = walked(np.ones((1, points - 1)), 200_000, seeds=[0])
    shares = trajectories.principal_components(parts.sum(axis=0)[0, :, 0]).shares
    np.testing.assert_allclose(shares[:3], 6 / (np.pi * np.arange(1, 4)) ** 2, rtol=0.04)
    np.testing.assert_allclose(shares[:10], trajectories.walk_shares(points)[:10], rtol=0.03)


@pytest.mark.parametrize("points", [3, 4, 16])
def test_predicted_shares_are_those_of_orthogonal_steps(points):
    walk = np.tril(np.ones((points, points)), k=-1)[:, : points - 1]  # each step its own axis
    pca = PCA(n_components=points - 1).fit(walk)
    close(trajectories.walk_shares(points), pca.explained_variance_ratio_)


# Walks that keep their direction


def turning(cosines, parameters, seed=0):
    """Points (T, P) of a walk with unit steps that turns by these cosines, and else at random."""
    random = np.random.default_rng(seed)
    directions = [random.normal(size=parameters) / parameters**0.5]
    for cosine in cosines:
        new = random.normal(size=parameters) / parameters**0.5
        directions.append(cosine * directions[-1] + (1 - cosine**2) ** 0.5 * new)
    return np.concatenate([np.zeros((1, parameters)), np.cumsum(directions, axis=0)])


def gram_of(points):
    """Gram matrix (1, T, 1, T) of one run's points (T, P)."""
    return (points @ points.T)[None, :, None]


def test_a_persistent_walk_has_the_length_of_theory():
    points = turning([0.8] * 9, 400_000)
    (walk,) = trajectories.persistent_walks(gram_of(points))
    lags = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    assert walk[-1, -1] == pytest.approx((0.8**lags).sum(), rel=0.02)
    assert np.diagonal(walk)[:2] == pytest.approx([0, 1], abs=0.01)


def test_a_persistent_walk_is_the_run_itself_where_that_remembers_only_its_last_step():
    points = turning([0.9, 0.2, -0.5, 0.7, 0.0], 400_000)
    (walk,) = trajectories.persistent_walks(gram_of(points))
    np.testing.assert_allclose(walk, points @ points.T, rtol=0.01, atol=0.05)


def test_a_persistent_walk_keeps_lengths_and_turns_and_forgets_the_rest():
    points = np.array([[0, 0], [2, 0], [2, 1], [0, 1], [0, 0.5]])  # back, by right angles
    (walk,) = trajectories.persistent_walks(gram_of(points + 5))  # from whatever origin
    moved = np.diff(np.diff(walk, axis=0), axis=1)
    np.testing.assert_allclose(moved, np.diag([4, 1, 4, 0.25]), atol=1e-12)


def test_a_straight_run_has_a_straight_persistent_walk_and_one_that_rests_a_finite_one():
    points = np.outer([0.0, 1, 3, 3, 4], [3, 4])
    (walk,) = trajectories.persistent_walks(gram_of(points))
    np.testing.assert_allclose(walk[:3, :3], (points @ points.T)[:3, :3], atol=1e-9)
    assert np.isfinite(walk).all()
