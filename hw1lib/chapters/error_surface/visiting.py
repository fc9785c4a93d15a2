"""The networks around one training of chapter 24: trained on the spot, and stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from hw1lib.chapters.error_surface.spec import REGRESSORS, Spec
from hw1lib.data import functions
from hw1lib.measuring import curvature, geometry, landscape
from hw1lib.networks import builders, replicas
from hw1lib.training import fused, loop, losses, optimizers, regression
from hw1lib.training.run import Run

SIDE, DRAWN = 21, 101  # points along a side of the plane, and of each network's curve
KINDS = ("random directions", "its path's two components", "its two steepest directions")
OTHER_SEEDS = 2_000_000  # added to the seeds, so that it is none of the stored trainings
REDRAWN = 10  # random directions that are drawn besides those of the plane
LOOKS = 40  # at the weights on the way, for the path


@dataclass(frozen=True)
class Place:
    """The plane around one solution, and the network at each of its points."""

    name: str
    seed: int
    about: str  # the directions, in words
    places: np.ndarray  # (A,) along either direction, 0 at the solution
    loss: np.ndarray  # (A, A) mean squared error, first direction first
    slope: np.ndarray  # (A, A) norm of its gradient
    curvature: np.ndarray  # (A, A) of the loss along its gradient
    x: np.ndarray  # (N,)
    target: np.ndarray  # (N,)
    outputs: np.ndarray  # (A, A, N)
    redrawn: np.ndarray  # (A, REDRAWN) loss along random directions, each drawn anew


def visit(spec: Spec, name: str, kind: str, number: int) -> Place:
    """Train one regressor as the chapter does, and measure the networks on a plane around it.

    Args:
        spec: The chapter's settings.
        name: Of the regressor.
        kind: Of the plane, one of `KINDS`.
        number: Decides the seed.
    """
    seed = OTHER_SEEDS + number
    model = builders.mlp(
        replicas.Streams([seed]), *REGRESSORS[name], activation=builders.leaky_relu
    )
    points = regression.task(functions.sinc, spec.points, device="cpu")
    path = loop.Probe(replicas.weights, max(1, spec.updates // LOOKS))
    history = loop.fit(
        model,
        points.batches,
        losses.mean_squared_error,
        optimizers.adam(model, learning_rate=spec.fit_rate),
        epochs=spec.updates,
        probes={"path": path},
        run=Run(prepare=fused.prepare),
    )
    end = replicas.weights(model).detach()
    first, second, about = _directions(model, end, history.series["path"][:, 0], points, kind, seed)
    places = np.linspace(-1, 1, SIDE)
    along = torch.from_numpy(places)
    plane = geometry.plane(end[0], first, second, along, along)
    x = functions.grid(DRAWN)[:, None]

    def outputs(stack: nn.Module) -> Tensor:
        return stack(x)[:, :, 0]

    def slope(stack: nn.Module) -> Tensor:
        return curvature.gradients(stack, points.loss).norm(dim=1)

    def bend(stack: nn.Module) -> Tensor:
        return curvature.along_gradient(stack, points.loss)

    return Place(
        name=name,
        seed=seed,
        about=about,
        places=places,
        loss=geometry.along(model, plane, points.loss).numpy(),
        slope=geometry.along(model, plane, slope).numpy(),
        curvature=geometry.along(model, plane, bend).numpy(),
        x=x[:, 0].numpy(),
        target=functions.sinc(x[:, 0]).numpy(),
        outputs=geometry.along(model, plane, outputs).numpy(),
        redrawn=redrawn(model, places, points.loss, seed),
    )


def redrawn(
    model: nn.Module, places: np.ndarray, loss: Callable[[nn.Module], Tensor], seed: int
) -> np.ndarray:
    """Measure the loss along random directions from a network, normalized as those of planes.

    Args:
        model: One network.
        places: Along each direction, shape (A,).
        loss: Of each replica, (R,).
        seed: Of the directions.

    Returns:
        Shape (A, REDRAWN).
    """
    directions = landscape.random_directions(model, REDRAWN + 2, (seed,))[2:, 0]  # not the plane's
    origin = replicas.weights(model).detach()[0]
    along = torch.from_numpy(places).to(origin)
    return geometry.along(model, origin + along[:, None, None] * directions, loss).numpy()


def _directions(
    model: nn.Module,
    end: Tensor,
    path: np.ndarray,
    points: regression.Task,
    kind: str,
    seed: int,
) -> tuple[Tensor, Tensor, str]:
    """Return two directions, (P,) each, and what they are; a step of 1 is the plane's edge."""
    if kind == KINDS[0]:
        first, second = landscape.random_directions(model, 2, (seed,))[:, 0]
        return first, second, "random directions of each unit's own length"
    if kind == KINDS[1]:
        found = PCA(n_components=2, svd_solver="full").fit(path.astype(np.float64))
        reach = np.abs((path - path[-1]) @ found.components_.T).max()
        pair = torch.from_numpy(reach * found.components_).to(end)
        share = 100 * found.explained_variance_ratio_.sum()
        return pair[0], pair[1], f"its path's plane, which shows {share:.0f} % of its variance"
    values, vectors = torch.linalg.eigh(curvature.hessians(model, points.loss)[0])
    length = 0.1 * end.norm()
    told = ", ".join(f"{value:.3g}" for value in values[-2:].flip(0).tolist())
    return (
        length * vectors[:, -1],
        length * vectors[:, -2],
        f"its two steepest directions, of curvatures {told}, up to 0.1 of the weights' length",
    )
