"""What chapter 21 computed, and all that more than one of its views, findings and claims reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hw1lib.chapters.weight_paths.spec import Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, t_interval
from hw1lib.measuring import trajectories

WHOLE = "whole network"
PARTS: dict[str, int | None] = {"first layer": 0, WHOLE: None}  # of a network, that are drawn
TRAINED, WALKS = "trained", "random walks"
POINTS = {TRAINED: False, WALKS: True}  # what is drawn: whether it is the walks
PERSISTENT = "persistent walks"  # that turn from snapshot to snapshot no more than training does
REPORTED_B = (97.96, 98.11)  # % test accuracy of report B's eight trainings, least and most


@dataclass(frozen=True)
class Paths:
    """The ways of R trainings of one network; diverged ones are counted, and drawn nowhere."""

    widths: tuple[int, ...]
    batch_size: int
    parameters: tuple[int, ...]  # of each layer, biases included
    epochs: np.ndarray  # (T,) epochs before each snapshot
    train: np.ndarray  # (T, R, 3) classification.MEASURES there: nats, squared error, share
    test: np.ndarray  # (T, R, 3)
    grams: np.ndarray  # (L, R, T, R, T) inner products of snapshots, in squared weights
    walks: np.ndarray  # (L, R, T, R, T) of random walks with the same starts and step lengths
    diverged: np.ndarray  # (R,) bool: stopped by a loss that was not finite

    @property
    def name(self) -> str:
        """Write the network by its widths."""
        return "-".join(map(str, self.widths))

    @property
    def layers(self) -> list[str]:
        """Name the layers by their widths."""
        return [f"layer {n_in} to {n_out}" for n_in, n_out in pairwise(self.widths)]

    @property
    def arrived(self) -> np.ndarray:
        """Which trainings did not diverge, as indices (R',)."""
        return np.flatnonzero(~self.diverged)

    @property
    def final_accuracy(self) -> np.ndarray:
        """Test accuracy of each run after the last epoch, (R',), as a share."""
        return self.test[-1, self.arrived, 2]

    def size(self, layer: int | None) -> int:
        """Count the parameters of a layer, or of the whole network."""
        return sum(self.parameters) if layer is None else self.parameters[layer]

    def gram(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Return the inner products of all runs that did not diverge, (R', T, R', T).

        Args:
            layer: Which one, from 0; None for the whole network.
            walk: Those of the random walks instead.
        """
        parts = self.walks if walk else self.grams
        chosen = parts.sum(axis=0) if layer is None else parts[layer]
        return chosen[self.arrived][:, :, self.arrived]

    def straightness(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Divide each run's displacement by the length of its path, (R',)."""
        if not len(self.arrived):
            return np.empty(0)
        return trajectories.straightness(self.gram(layer, walk=walk))

    def persistent_straightness(self, layer: int | None) -> np.ndarray:
        """Do the same for walks that keep their direction as long as the runs do, (R',)."""
        if not len(self.arrived):
            return np.empty(0)
        gram = self.gram(layer)
        ends = trajectories.persistent_walks(gram)[:, -1, -1]
        return np.sqrt(ends) / trajectories.step_lengths(gram).sum(axis=1)

    def outward(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Return which runs end farther from the middle of the picture than they start, (R',)."""
        if not len(self.arrived):
            return np.empty(0, dtype=bool)
        gram = self.gram(layer, walk=walk)
        scores = trajectories.principal_components(all_points(gram)).scores
        start, end = np.linalg.norm(scores.reshape(*gram.shape[:2], 2)[:, [0, -1]], axis=2).T
        return np.asarray(end > start)

    def variance_share(self, layer: int) -> np.ndarray:
        """Compute how much of the whole network's variance a layer holds, (R',), in %."""
        squares = self.spread(layer) ** 2 * self.size(layer)
        return 100 * squares / (self.spread(None) ** 2 * self.size(None))

    def spread(self, layer: int | None) -> np.ndarray:
        """Measure how far each run's snapshots lie from the centre of all, per parameter, (R',)."""
        if not len(self.arrived):
            return np.empty(0)
        return trajectories.spread(self.gram(layer), self.size(layer))

    def joint_shares(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Compute the shares of variance along the components of all runs, (3,); NaN if none."""
        if not len(self.arrived):
            return np.full(3, np.nan)
        points = all_points(self.gram(layer, walk=walk))
        return trajectories.principal_components(points).shares[:3]

    def plane_share(self, layer: int | None, *, walk: bool = False) -> float:
        """Compute the share of variance that a plane shows of all runs; NaN if there are none."""
        return float(self.joint_shares(layer, walk=walk)[:2].sum())

    def own_percent(self, layer: int | None, *, walk: bool = False) -> np.ndarray:
        """Add up the variance of each run along its first 1, 2 and 3 components, (R', 3), in %."""
        if not len(self.arrived):
            return np.empty((0, 3))
        blocks = trajectories.own(self.gram(layer, walk=walk))
        shares = [trajectories.principal_components(block).shares for block in blocks]
        # rounded, or three snapshots would differ from a plane by 1e-14 %
        return np.array([[100 * s[:k].sum().round(9) for k in (1, 2, 3)] for s in shares])


@dataclass(frozen=True)
class Result:
    """Everything that chapter 21 shows."""

    spec: Spec
    paths: dict[str, Paths]  # by OF_A and OF_B
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name what was learned in place of the published set; empty where nothing was."""
        return image_sets.name_standins(self.images)

    @property
    def parts(self) -> Iterator[tuple[Paths, str, int | None]]:
        """Go through the networks and their parts: the paths, the part's name and its layer."""
        for paths in self.paths.values():
            for part, layer in PARTS.items():
                yield paths, part, layer


def broader(paths: Paths, layer: int) -> Interval:
    """Compute by how many percent the network spreads more per parameter than a layer does."""
    return t_interval(100 * (paths.spread(None) / paths.spread(layer) - 1))


def all_points(gram: np.ndarray) -> np.ndarray:
    """Line the runs' snapshots up as n points: (R, T, R, T) to (n, n)."""
    points = gram.shape[0] * gram.shape[1]
    return gram.reshape(points, points)


def angle_text(paths: Paths, layer: int | None) -> str:
    """Write the mean angle between displacements, with the least and the largest."""
    if len(paths.arrived) < 2:
        return "no"
    angles = trajectories.angles(paths.gram(layer))
    return f"{angles.mean():.1f} ({angles.min():.1f} to {angles.max():.1f})"


def percent_text(share: float) -> str:
    """Write a share in percent."""
    return f"{100 * share:.0f} %" if np.isfinite(share) else "none"
