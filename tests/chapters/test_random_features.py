"""Random features in closed form, against NumPy's pseudo-inverse and the kernel they approach."""

import numpy as np
import pytest
import torch

from hw1lib.chapters.capacity import random_features

N, D = 40, 6


def normal(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def features(count, x, seed=1, bandwidth=2.0):
    generator = torch.Generator().manual_seed(seed)
    return random_features.fourier(x, *random_features.draw(count, D, bandwidth, generator))


def test_a_feature_is_the_cosine_of_a_turned_input():
    x, frequencies, phases = normal(N, D), normal(7, D, seed=1), normal(7, seed=2)
    found = random_features.fourier(x, frequencies, phases).numpy()
    for p in range(7):
        angle = x.numpy() @ frequencies[p].numpy() + phases[p].item()
        np.testing.assert_allclose(found[:, p], np.sqrt(2 / 7) * np.cos(angle), atol=1e-12)


def test_products_of_many_features_are_the_gaussian_kernel():
    x = normal(N, D)
    drawn = features(200_000, x[:5])
    squares = np.square(x[:5, None].numpy() - x[None, :5].numpy()).sum(axis=2)
    kernel = np.exp(-squares / (2 * 2.0**2))
    np.testing.assert_allclose((drawn @ drawn.T).numpy(), kernel, atol=0.015)


@pytest.mark.parametrize("count", [3, N - 1, N, N + 1, 3 * N])
def test_the_fit_is_that_of_the_pseudo_inverse(count):
    drawn, targets = features(count, normal(N, D)), normal(N, 4, seed=3)
    found = random_features.minimum_norm(drawn, targets).numpy()
    expected = np.linalg.pinv(drawn.numpy(), rcond=1e-14) @ targets.numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("count", [N, N + 1, 3 * N])
def test_as_many_features_as_examples_interpolate(count):
    drawn, targets = features(count, normal(N, D)), normal(N, 4, seed=3)
    residual = drawn @ random_features.minimum_norm(drawn, targets) - targets
    assert residual.abs().max() < 1e-8
    fewer = features(N // 2, normal(N, D))
    left = fewer @ random_features.minimum_norm(fewer, targets) - targets
    assert left.abs().max() > 0.1


def test_the_error_on_other_examples_peaks_where_features_and_examples_are_equal_in_number():
    x, others, truth = normal(N, D), normal(500, D, seed=5), normal(D, 1, seed=6)
    targets = x @ truth + 0.5 * normal(N, 1, seed=7)
    counts = [5, 10, 20, 30, N, 60, 100, 400]
    errors = []
    for count in counts:
        squares = []
        for seed in range(10, 20):
            solution = random_features.minimum_norm(features(count, x, seed), targets)
            wrong = features(count, others, seed) @ solution - others @ truth
            squares.append(wrong.square().mean().item())
        errors.append(np.median(squares))
    assert counts[int(np.argmax(errors))] == N
    assert errors[counts.index(N)] > 10 * errors[-1]
