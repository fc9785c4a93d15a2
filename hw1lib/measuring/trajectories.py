"""The paths of R trainings through weight space, computed from their inner products alone.

Distances, angles, principal components: all Euclidean geometry of n snapshots follows from their
n x n Gram matrix, and Gram matrices of layers add up to that of the network. So a path of millions
of weights is kept as one small matrix per layer. A Gram matrix has the shape (R, T, R, T) here:
entry r, t, s, u is the inner product of snapshot t of run r with snapshot u of run s.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import linalg
from torch import Tensor, nn

CHUNK = 32_768  # weights at a time, which bounds the memory of float64 copies


def layers(model: nn.Module) -> tuple[slice, ...]:
    """Find the columns of each layer, weights and biases, in `replicas.weights(model)`."""
    sizes = [sum(p[0].numel() for p in m.parameters(recurse=False)) for m in model.modules()]
    ends = np.cumsum([size for size in sizes if size]).tolist()
    return tuple(map(slice, [0, *ends], ends))


def _pieces(layer: slice) -> Iterator[slice]:
    for start in range(layer.start, layer.stop, CHUNK):
        yield slice(start, min(start + CHUNK, layer.stop))


def grams(snapshots: Tensor, layers: Sequence[slice]) -> np.ndarray:
    """Multiply all snapshots with each other, layer by layer, in float64.

    The mean of the starting points is subtracted first, so that small differences between
    points are not lost in rounding.

    Args:
        snapshots: Shape (T, R, P), of any float type; the first are the starting points.
        layers: Columns of each layer.

    Returns:
        Shape (L, R, T, R, T); their sum over layers is the Gram matrix of the whole network.
    """
    times, runs, _ = snapshots.shape
    centre = snapshots[0].double().mean(dim=0)
    totals = torch.zeros(len(layers), runs * times, runs * times, dtype=torch.float64)
    for total, layer in zip(totals, layers, strict=True):
        for columns in _pieces(layer):
            points = snapshots[:, :, columns].double() - centre[columns]
            points = points.transpose(0, 1).flatten(0, 1)
            total += points @ points.T
    return totals.reshape(len(layers), runs, times, runs, times).numpy()


def walks(
    starts: Tensor, steps: np.ndarray, layers: Sequence[slice], streams: Sequence[torch.Generator]
) -> np.ndarray:
    """Replace every run by a random walk with the same start and step lengths.

    Directions are uniform on the sphere of the whole weight space, so a layer's part of a step
    is as long as its part of the weights makes it.

    Args:
        starts: Starting points, shape (R, P).
        steps: Length of each step, shape (R, T - 1).
        layers: Columns of each layer.
        streams: One generator per run.

    Returns:
        Gram matrices of the walks, as of `grams`, shape (L, R, T, R, T).
    """
    runs, times = len(starts), steps.shape[1] + 1
    centred = starts.double() - starts.double().mean(dim=0)
    # of each run's start and its T - 1 directions, which every point of its walk is a sum of
    inner = torch.zeros(len(layers), runs * times, runs * times, dtype=torch.float64)
    for total, layer in zip(inner, layers, strict=True):
        for columns in _pieces(layer):
            start = centred[:, None, columns]
            drawn = [torch.randn(times - 1, start.shape[2], generator=g) for g in streams]
            vectors = torch.cat([start, torch.stack(drawn).double()], dim=1).flatten(0, 1)
            total += vectors @ vectors.T
    lengths = inner.sum(dim=0).diagonal().sqrt().reshape(runs, times)[:, 1:]
    strides = torch.cat([torch.ones(runs, 1), torch.tensor(steps) / lengths], dim=1)
    sums = torch.block_diag(*(torch.ones(times, times).tril() * s for s in strides))
    return (sums @ inner @ sums.T).reshape(len(layers), runs, times, runs, times).numpy()


class Components(NamedTuple):
    """Principal components of n points."""

    scores: np.ndarray  # (n, k) coordinates along the first k, in the unit of the points
    shares: np.ndarray  # (n - 1,) share of the variance along each, falling


def principal_components(gram: np.ndarray, k: int = 2) -> Components:
    """Find the directions in which points vary most, from their Gram matrix.

    Args:
        gram: Shape (n, n), relative to any origin.
        k: Components whose scores are wanted.

    Raises:
        ValueError: If there are fewer than three points, or all are the same.

    Source:
        J. C. Gower, "Some distance properties of latent root and vector methods used in
        multivariate analysis", Biometrika 53(3/4), 325-338, 1966: eigenvectors of the doubly
        centred Gram matrix are the scores, up to their lengths and signs.
    """
    if len(gram) < 3:
        raise ValueError(f"principal components need at least three snapshots, got {len(gram)}")
    centred = gram - gram.mean(axis=0) - gram.mean(axis=1, keepdims=True) + gram.mean()
    values, vectors = linalg.eigh(centred)
    values = values[:0:-1].clip(min=0)  # the least is that of the centring, zero
    if not values.sum():
        raise ValueError(f"{len(gram)} equal snapshots have no principal components")
    return Components(vectors[:, :0:-1][:, :k] * np.sqrt(values[:k]), values / values.sum())


def own(gram: np.ndarray) -> np.ndarray:
    """Select each run's Gram matrix with itself, (R, T, T), from that of all, (R, T, R, T)."""
    return np.stack([gram[run, :, run] for run in range(len(gram))])


def walk_shares(points: int) -> np.ndarray:
    """Predict the shares of variance of one random walk in infinitely many dimensions.

    The centred Gram matrix of a walk with equal steps is the pseudoinverse of the Laplacian of
    a path of n nodes, whose eigenvalues are 4 sin^2(pi k / 2n). For long walks the share of
    component k tends to 6 / (pi k)^2: 61 %, 15 %, 7 %, ...

    Args:
        points: n, the start included.

    Returns:
        Shape (n - 1,), falling.

    Source:
        J. Antognini and J. Sohl-Dickstein, "PCA of high dimensional random walks with comparison
        to neural network training", NeurIPS 2018.
    """
    values = np.sin(np.pi * np.arange(1, points) / (2 * points)) ** -2.0
    return values / values.sum()


def distances(gram: np.ndarray) -> np.ndarray:
    """Measure the distance of any two points, (n, n), from their Gram matrix (n, n)."""
    squares = np.diagonal(gram)
    # round-off may leave a little less than nothing between a point and itself
    return np.sqrt((squares + squares[:, None] - gram - gram.T).clip(min=0))


def _own_distances(gram: np.ndarray) -> np.ndarray:
    """Measure distances within each run, (R, T, T)."""
    return np.array([distances(block) for block in own(gram)])


def step_lengths(gram: np.ndarray) -> np.ndarray:
    """Measure how far each run moves from snapshot to snapshot, (R, T - 1)."""
    return np.diagonal(_own_distances(gram), offset=1, axis1=1, axis2=2)


def from_start(gram: np.ndarray) -> np.ndarray:
    """Measure how far each snapshot lies from its run's start, (R, T)."""
    return _own_distances(gram)[:, 0]


def straightness(gram: np.ndarray) -> np.ndarray:
    """Divide each run's displacement by the length of its path, (R,): 1 for a straight line."""
    return from_start(gram)[:, -1] / step_lengths(gram).sum(axis=1)


def persistent_walks(gram: np.ndarray) -> np.ndarray:
    r"""Replace every run by a walk that keeps its direction as long as the run does.

    .. math:: u_{t+1} = c_t u_t + \sqrt{1 - c_t^2} \, w_t

    The step lengths are the run's, c_t is the cosine between its steps t and t + 1, and w_t is
    drawn at random. In infinitely many dimensions all w are at right angles to whatever came
    before, so two directions have the product of the cosines between them as their cosine. Such a
    walk turns from step to step as the run does, and else remembers nothing.

    Args:
        gram: Shape (R, T, R, T).

    Returns:
        Gram matrices of each walk's T points about its start, shape (R, T, T).
    """
    moved = np.diff(np.diff(own(gram), axis=1), axis=2)
    lengths = np.sqrt(np.diagonal(moved, axis1=1, axis2=2))
    both = lengths[:, 1:] * lengths[:, :-1]
    beside = np.diagonal(moved, offset=1, axis1=1, axis2=2)
    cosines = np.divide(beside, both, out=np.zeros_like(both), where=both > 0)
    steps = lengths.shape[1]
    kept = np.zeros((len(gram), steps, steps))
    for step in range(steps):
        if step:
            kept[:, :step, step] = kept[:, :step, step - 1] * cosines[:, step - 1, None]
            kept[:, step, :step] = kept[:, :step, step]
        kept[:, step, step] = 1
    sums = np.tril(np.ones((steps + 1, steps)), -1)
    return sums @ (kept * lengths[:, :, None] * lengths[:, None]) @ sums.T


def angles(gram: np.ndarray) -> np.ndarray:
    """Measure the angles between the displacements of any two runs, (R (R - 1) / 2,), degrees."""
    moved = np.diff(np.diff(gram[:, [0, -1]][:, :, :, [0, -1]], axis=1), axis=3)[:, 0, :, 0]
    lengths = np.sqrt(np.diagonal(moved))
    cosines = (moved / lengths / lengths[:, None]).clip(-1, 1)
    return np.degrees(np.arccos(cosines[np.triu_indices(len(cosines), k=1)]))


def spread(gram: np.ndarray, parameters: int) -> np.ndarray:
    """Measure how far each run's snapshots lie from the centre of all, per parameter.

    Args:
        gram: Shape (R, T, R, T).
        parameters: Dimensions of the space, P.

    Returns:
        Shape (R,), sqrt(mean over its snapshots of |snapshot - centre|^2 / P), in the unit of
        one weight.
    """
    squares = np.array([np.diagonal(block) for block in own(gram)])
    to_centre = squares - 2 * gram.mean(axis=(2, 3)) + gram.mean()
    return np.sqrt(to_centre.mean(axis=1) / parameters)
