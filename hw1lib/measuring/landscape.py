"""The loss between and around trained weights: lines, random directions, planes, eigenvalues.

Everything here is measured on copies; the trained stack stays as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from hw1lib.measuring import curvature, geometry
from hw1lib.networks import replicas
from hw1lib.training.gaps import among_all

# steps in a random direction, in lengths of each unit's own weights
DISTANCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

# a rise on a line that the eye would miss: a hundredth of the loss at the start
TOLERANCE = 0.01

MARGIN = 0.15  # around a path, as a share of its width

Measure = Callable[[nn.Module], Tensor]  # stacked network -> (R, ...)


@dataclass(frozen=True)
class Extent:
    """Where the loss is measured once a training is over, how far and how finely."""

    line_steps: int  # from the initial weights to the last; the line goes on by a quarter of it
    directions: int  # random ones around every solution, at least 2
    planes: int  # replicas around which planes are drawn, from the first on
    side: int  # points along each side of a plane
    eigenvalues: int  # of the Hessian, from the largest down
    lanczos_steps: int


def positions(line_steps: int) -> np.ndarray:
    """List the positions on a line: so many steps from 0 to 1, and a quarter of that beyond."""
    return np.arange(-(line_steps // 4), line_steps + line_steps // 4 + 1) / line_steps


def random_directions(model: nn.Module, count: int, seeds: tuple[int, ...]) -> Tensor:
    """Draw filter-normalized directions for every replica, from its seed: (count, R, P)."""
    drawn = [
        torch.stack([geometry.random_direction(model, stream) for _ in range(count)])
        for stream in replicas.generators(seeds, "directions")
    ]
    return geometry.filter_normalized(model, torch.stack(drawn, dim=1))


@torch.no_grad()
def lines(model: nn.Module, start: Tensor, extent: Extent, splits: Measure) -> np.ndarray:
    """Measure on the way from the initial weights to every solution, and beyond.

    Args:
        model: The solutions, R replicas.
        start: Initial weights, shape (R, P).
        extent: How many steps.
        splits: What to measure, (R, ...).

    Returns:
        Shape (R, K, ...), at the K `positions`.
    """
    alphas = torch.from_numpy(positions(extent.line_steps))
    way = geometry.line(start, replicas.weights(model), alphas)
    return geometry.along(model, way, splits).transpose(0, 1).cpu().numpy()


@torch.no_grad()
def steps_away(model: nn.Module, directions: Tensor, loss: Measure) -> np.ndarray:
    """Measure the loss at each of the `DISTANCES` from every solution.

    Args:
        model: The solutions, R replicas.
        directions: Shape (D, R, P).
        loss: Of each replica, (R,).

    Returns:
        Shape (R, T, D).
    """
    distances = torch.tensor(DISTANCES).to(directions)[:, None, None, None]
    points = replicas.weights(model) + distances * directions
    return geometry.along(model, points, loss).permute(2, 0, 1).cpu().numpy()


def top_eigenvalues(
    model: nn.Module, extent: Extent, loss: Measure, seeds: tuple[int, ...]
) -> np.ndarray:
    """Find the largest eigenvalues of the Hessian at every solution, shape (R, E)."""
    found = curvature.top_eigenvalues(
        model,
        loss,
        extent.eigenvalues,
        steps=extent.lanczos_steps,
        generator=replicas.generators(seeds, "eigenvalues")[0],
    )
    return found.cpu().numpy()


@torch.no_grad()
def random_plane(
    model: nn.Module, origin: Tensor, directions: Tensor, extent: Extent, loss: Measure
) -> np.ndarray:
    """Measure the loss over a square around a solution, which is in its middle.

    Args:
        model: Stacked network of the solution's shape.
        origin: The solution, shape (P,).
        directions: Two, shape (2, P), each of length 1 on the square's axes from -1 to 1.
        extent: How many points.
        loss: Of each replica, (R,).

    Returns:
        Shape (A, A), the first axis along the first direction.
    """
    places = torch.linspace(-1, 1, extent.side)
    first, second = directions
    points = geometry.plane(origin, first, second, places, places)
    return geometry.along(model, points, loss).cpu().numpy()


@torch.no_grad()
def path_plane(
    model: nn.Module, snapshots: np.ndarray, extent: Extent, loss: Measure
) -> dict[str, np.ndarray]:
    """Measure the loss over the plane of a path's first two principal components.

    The plane goes through the last weights. The others lie beside it, and their place on it is
    that of their orthogonal projection.

    Args:
        model: Stacked network of the path's shape.
        snapshots: Weights along one training, shape (T, P).
        extent: How many points.
        loss: Of each replica, (R,).

    Returns:
        `path_plane` (A, A), over a square that holds the path; `path_places` (2, A), where its
        points are along each component; `path` (T, 2), likewise; `path_share` (2,), of the
        variance of the snapshots.

    Source:
        H. Li et al., "Visualizing the loss landscape of neural nets", NeurIPS 2018, section 7;
        here the components are those of the snapshots around their mean, not around the last.
    """
    snapshots = snapshots.astype(np.float64)
    # the full decomposition draws no random numbers
    components = PCA(n_components=2, svd_solver="full").fit(snapshots)
    path = (snapshots - snapshots[-1]) @ components.components_.T
    # as wide as it is high, so that the path keeps its shape
    middle, width = (path.max(axis=0) + path.min(axis=0)) / 2, np.ptp(path, axis=0).max()
    places = middle[:, None] + (0.5 + MARGIN) * width * np.linspace(-1, 1, extent.side)
    like = next(model.parameters())
    spanned = np.vstack([snapshots[-1:], components.components_])
    end, first, second = torch.from_numpy(spanned).to(like)
    points = geometry.plane(end, first, second, *torch.from_numpy(places))
    return {
        "path_plane": geometry.along(model, points, loss).cpu().numpy(),
        "path_places": places,
        "path": path,
        "path_share": components.explained_variance_ratio_,
    }


def survey(
    model: nn.Module,
    start: Tensor,
    paths: np.ndarray,
    extent: Extent,
    *,
    loss: Measure,
    splits: Measure,
    seeds: tuple[int, ...],
    sound: np.ndarray,
) -> dict[str, np.ndarray]:
    """Take all of these measurements of a trained stack.

    Args:
        model: The solutions, R replicas.
        start: Initial weights, shape (R, P).
        paths: Weights along the trainings of the first S replicas, shape (T, S, P).
        extent: Where to measure.
        loss: Training loss of each replica, (R,), differentiable.
        splits: What to measure along the lines, (R, ...).
        seeds: One per replica.
        sound: Replicas that have a solution, shape (R,), bool; the others get NaN.

    Returns:
        `line` (R, K, ...), `steps` (R, T, D), `eigenvalues` (R, E) and `moved` (R,), the
        distance from the initial weights in lengths of these, unless no replica is sound; and
        of the first S, unless none of them is, `plane` (S, A, A) and what `path_plane` returns.
    """
    if not sound.any():
        return {}
    chosen, ends = torch.from_numpy(sound), replicas.weights(model).detach()
    found = replicas.with_weights(model, ends[chosen])
    directions = random_directions(model, extent.directions, seeds)
    everywhere = {
        "line": lines(found, start[chosen], extent, splits),
        "steps": steps_away(found, directions[:, chosen], loss),
        "eigenvalues": top_eigenvalues(found, extent, loss, seeds),
        "moved": ((ends - start).norm(dim=1) / start.norm(dim=1))[chosen].cpu().numpy(),
    }
    result = {name: among_all(values, sound) for name, values in everywhere.items()}
    drawn = [
        {
            "plane": random_plane(model, ends[r], directions[:2, r], extent, loss),
            **path_plane(model, paths[:, r], extent, loss),
        }
        for r in range(paths.shape[1])
        if sound[r]
    ]
    for name in drawn[0] if drawn else ():
        values = np.stack([one[name] for one in drawn])
        result[name] = among_all(values, sound[: paths.shape[1]])
    return result


@dataclass(frozen=True)
class Surface:
    """The loss between and around the weights of R trainings of one network."""

    alphas: np.ndarray  # (K,) positions on the line: 0 the initial weights, 1 the last
    line: np.ndarray  # (R, K, 2, M) loss, and accuracy on digits, of both splits there
    steps: np.ndarray  # (R, T, D) training loss at DISTANCES in random directions
    eigenvalues: np.ndarray  # (R, E) largest of the training loss's Hessian, descending
    moved: np.ndarray  # (R,) distance from the initial weights, in lengths of these
    diverged: np.ndarray  # (R,) bool; all else is NaN there
    plane: np.ndarray  # (S, A, A) training loss over two random directions from -1 to 1
    path_plane: np.ndarray  # (S, A, A) training loss over the plane of a training's path
    path_places: np.ndarray  # (S, 2, A) where its points are
    path: np.ndarray  # (S, T, 2) weights along the training, projected on the plane
    path_share: np.ndarray  # (S, 2) of the path's variance, along each component

    @property
    def falling(self) -> np.ndarray:
        """Training loss on the line from the initial weights to the last, (K', R)."""
        inside = (self.alphas >= 0) & (self.alphas <= 1)
        return self.line[:, inside, 0, 0].T

    @property
    def final(self) -> np.ndarray:
        """Training loss at the solutions, (R,)."""
        return self.falling[-1]

    @property
    def rise(self) -> np.ndarray:
        """Largest rise of the loss on the way, as a share of the loss at the start, (R,)."""
        return geometry.largest_rise(self.falling) / self.falling[0]

    @property
    def monotone(self) -> np.ndarray:
        """Which lines never rise by more than the tolerance, (R,); none that diverged."""
        return self.rise <= TOLERANCE

    def away(self, distance: float) -> np.ndarray:
        """Median rise of the loss over the random directions, (R,), at one of the distances."""
        # not the mean: where layers multiply, one direction in ten would decide it
        return np.median(self.steps[:, DISTANCES.index(distance)], axis=1) - self.final

    @property
    def wide(self) -> np.ndarray:
        """Share of each random plane under half of the loss at the initial weights, (S,).

        Twice the solution's own loss would do where that is high: around a good fit, no point
        of the plane but the middle lies under it.
        """
        under = self.plane < self.falling[0, : len(self.plane), None, None] / 2
        return np.where(np.isnan(self.plane), np.nan, under).mean(axis=(1, 2))


def surface(line_steps: int, arrays: Mapping[str, np.ndarray]) -> Surface:
    """Read what `survey` returned, and `diverged` (R,); NaN or nothing for what is not there."""
    alphas, count = positions(line_steps), len(arrays["diverged"])
    nobody = np.empty((0, 1, 1))
    missing = {
        "line": np.full((count, len(alphas), 2, 2), np.nan),
        "steps": np.full((count, len(DISTANCES), 1), np.nan),
        "eigenvalues": np.full((count, 1), np.nan),
        "moved": np.full(count, np.nan),
        "plane": nobody,
        "path_plane": nobody,
        "path_places": nobody,
        "path": nobody,
        "path_share": nobody[:, 0],
    }
    return Surface(alphas, **{**missing, **arrays})
