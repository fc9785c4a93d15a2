"""What chapter 33 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from hw1lib.chapters.interpolation.spec import Spec, optimizer_name
from hw1lib.chapters.interpolation.trainings import Training
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, decades, paired_difference
from hw1lib.measuring import geometry
from hw1lib.training.gaps import among_all

TRAIN, TEST = 0, 1  # places of the splits,
LOSS, ACCURACY = 0, 1  # and of what is measured on them
FLOOR = 1e-9  # nats: the logarithm of a smaller loss would be that of round-off
A_PLACES = (25, 30, 35)  # where A sees instability: places in A_ALPHAS, all between the ends
FLATNESS = {  # what is called flatness, keys of generalization.MEASURES
    "norm": "weight_norm",
    "Keskar's sharpness": "keskar_wide",
    "relative sharpness": "relative_sharpness",
    "largest eigenvalue": "top_eigenvalue",
    "output Jacobian": "jacobian_test",
}


@dataclass(frozen=True)
class End:
    """R trainings of one network in one way."""

    settings: Training
    course: np.ndarray  # (K, R, 2 splits, 2) nats and accuracy after each epoch; NaN once diverged
    norm: np.ndarray  # (R,) Euclidean, of all weights and biases
    diverged: np.ndarray  # (R,) bool
    described: dict[str, np.ndarray]  # (D,) generalization.MEASURES of the first replicas

    @property
    def updates(self) -> np.ndarray:
        """Updates made before each measurement, (K,)."""
        return self.settings.steps * np.arange(self.settings.epochs + 1)

    def reached(self, part: slice = slice(None)) -> np.ndarray:
        """Return the training loss after some of the epochs, all by default, (R,) in nats.

        The geometric mean over them; NaN where diverged by then.
        """
        return 10 ** decades(self.course[1:, :, TRAIN, LOSS])[part].mean(axis=0)

    def final(self, split: int, measure: int) -> np.ndarray:
        """Return nats or accuracy after the last epoch, (R,); NaN where diverged."""
        return np.where(self.diverged, np.nan, self.course[-1, :, split, measure])


@dataclass(frozen=True)
class Segment:
    """The lines between R pairs of trainings that share their seeds.

    Whatever is derived from a line is (R,), NaN where either end diverged and there is none.
    """

    alphas: np.ndarray  # (K,)
    line: np.ndarray  # (K, R, 2 splits, 2) nats and accuracy; NaN where either end diverged
    distance: np.ndarray  # (R,) between the ends, Euclidean; NaN likewise

    @property
    def sound(self) -> np.ndarray:
        """Which pairs have a line, (R,), bool."""
        return np.isfinite(self.distance)

    def along(self, split: int, measure: int) -> np.ndarray:
        """Return nats or accuracy on a split of the pairs that have a line, (K, R')."""
        return self.line[:, self.sound, split, measure]

    def barrier(self, split: int = TRAIN) -> np.ndarray:
        """Compute how far the loss rises above the blend of the ends', (R,), in nats."""
        return self._by_seed(geometry.barrier(self.along(split, LOSS), self.alphas))

    def _by_seed(self, values: np.ndarray) -> np.ndarray:
        """Put values (R',) of the pairs that have a line in their places, (R,)."""
        return among_all(values, self.sound)


@dataclass(frozen=True)
class Pair(Segment):
    """Lines between two ways of training, which go on beyond both ends."""

    first: End  # at alpha = 0
    second: End  # at alpha = 1

    @property
    def ends(self) -> tuple[End, End]:
        """The first end and the second."""
        return self.first, self.second

    @property
    def sound(self) -> np.ndarray:
        """Which pairs have a line, (R,), bool."""
        return ~(self.first.diverged | self.second.diverged)

    @property
    def beyond(self) -> tuple[np.ndarray, np.ndarray]:
        """Compute the training loss beyond the first end, and beyond the second, (R,) each, nats.

        Geometric means over equal distances.
        """
        before, after = self.alphas < 0, self.alphas > 1
        return (
            self._by_seed(10 ** self._logs[before].mean(axis=0)),
            self._by_seed(10 ** self._logs[after].mean(axis=0)),
        )

    @property
    def lean(self) -> np.ndarray:
        """Compute which end looks wider, in decades of the training loss, (R,).

        How much larger the loss is beyond the first end than beyond the second: above 0 the second
        end looks wider.
        """
        before, after = map(decades, self.beyond)
        return before - after

    def roughness(self, end: int) -> np.ndarray:
        """Measure how bent the training loss is around an end, on a logarithmic axis, (R,).

        The mean size of the second differences of log10 of the loss, over the half of the way
        to the other end that is near, and as far on the other side.
        """
        return self._by_seed(np.abs(np.diff(self._logs[self._near(end)], n=2, axis=0)).mean(axis=0))

    def variation(self, end: int) -> np.ndarray:
        """Add up all changes of the test accuracy around an end, as in `roughness`, (R,)."""
        near = self.along(TEST, ACCURACY)[self._near(end)]
        return self._by_seed(np.abs(np.diff(near, axis=0)).sum(axis=0))

    def lowest_accuracy(self) -> np.ndarray:
        """Return the lowest test accuracy on the whole line, (R,), as a share."""
        return self._by_seed(self.along(TEST, ACCURACY).min(axis=0))

    def trend(self) -> np.ndarray:
        """Compute how steadily the loss falls and the accuracy rises with alpha, (R,).

        Rank correlation with alpha, of the falling training loss or of the training accuracy,
        whichever is less.
        """
        loss = [_ranks(self.alphas, -values) for values in self.along(TRAIN, LOSS).T]
        accuracy = [_ranks(self.alphas, values) for values in self.along(TRAIN, ACCURACY).T]
        return self._by_seed(np.minimum(loss, accuracy))

    def agreement(self) -> np.ndarray:
        """Compute how well test and training follow each other along the line, (R,).

        Their rank correlation over alpha, of the loss or of the accuracy, whichever is less.
        """
        loss, accuracy = (
            [
                _ranks(train, test)
                for train, test in zip(
                    self.along(TRAIN, measure).T, self.along(TEST, measure).T, strict=True
                )
            ]
            for measure in (LOSS, ACCURACY)
        )
        return self._by_seed(np.minimum(loss, accuracy))

    def behind(self) -> np.ndarray:
        """Compare the ends' training losses epoch by epoch: log10(second / first), (R,)."""
        first, second = (decades(end.reached()) for end in self.ends)
        return second - first

    def flatness(self, measure: str) -> np.ndarray:
        """Compare the ends by one of `generalization.MEASURES`: log10(second / first), (D,).

        NaN unless both are above 0.
        """
        first, second = (decades(end.described[measure]) for end in self.ends)
        return second - first

    @property
    def _logs(self) -> np.ndarray:
        """Decimal logarithm of the training loss of the pairs that have a line, (K, R')."""
        return np.log10(np.maximum(self.along(TRAIN, LOSS), FLOOR))

    def _near(self, end: int) -> np.ndarray:
        return np.abs(self.alphas - end) <= 0.5 + 1e-9


@dataclass(frozen=True)
class Result:
    """Everything that chapter 33 shows."""

    spec: Spec
    pairs: dict[str, Pair]  # by the names in `spec`
    parting: dict[tuple[str, int], Segment]  # by optimizer and the epochs before the ends part
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name what was learned in place of the published set; empty where nothing was."""
        return image_sets.name_standins(self.images)

    @property
    def ends(self) -> list[End]:
        """List all ways of training, each once."""
        found: dict[Training, End] = {}
        for pair in self.pairs.values():
            found |= {end.settings: end for end in pair.ends}
        return [*found.values()]

    @property
    def described(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the `generalization.MEASURES` of every way of training, (D,) each, by its name."""
        return {f"{end.settings.name}, {self.label(end)}": end.described for end in self.ends}

    def label(self, end: End) -> str:
        """Name a way of training by all that the pairs vary."""
        how = end.settings
        name = way_of_training(how)
        if how.weight_decay:
            name += f", decay {how.weight_decay:g}"
        if how.leaves_early:
            name += ", fewer updates"
        return name if how.seeds == self.spec.seeds else f"{name}, another initialization"


def way_of_training(settings: Training) -> str:
    """Name a way of training by what the main pairs vary."""
    optimizer = optimizer_name(settings.optimizer)
    return f"{optimizer}, batch {settings.batch_size}, rate {settings.learning_rate:g}"


def barrier_difference(result: Result, first: str, second: str) -> Interval:
    """Compare the barriers of two pairs: first − second, in nats."""
    return paired_difference(result.pairs[first].barrier(), result.pairs[second].barrier())


def _ranks(first: np.ndarray, second: np.ndarray) -> float:
    """Compute Spearman's correlation; 0 where one side is constant, for it follows nothing."""
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(scipy.stats.spearmanr(first, second).statistic)
