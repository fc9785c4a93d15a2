"""What chapter 22 computed, and all that more than one of its views, findings and claims reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from hw1lib.chapters.gradient_norm.spec import LATE, MAIN, PLAIN, SAME, TENTH, Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging import oscillation
from hw1lib.judging.oscillation import Oscillation, about_course
from hw1lib.judging.statistics import Interval, decades, log_ratio

# A's epochs 100, 200 and 500 of 2,000, as parts of a training of any length
FIRST, EARLY, SETTLED = 1 / 20, 1 / 10, 1 / 4

STEPS = {SAME: "same step", TENTH: "a tenth of the step"}  # the parts that are compared


@dataclass(frozen=True)
class Course:
    """Loss and gradient norm of R trainings, before each update."""

    loss: np.ndarray  # (S, R) on the step's examples: squared error, or nats for digits
    norm: np.ndarray  # (S, R) of that loss's gradient over all parameters, loss per unit of weight

    @property
    def diverged(self) -> np.ndarray:
        """Which replicas were stopped by a loss that was not finite, (R,)."""
        return ~np.isfinite(self.loss[-1])

    @property
    def norm_rises(self) -> np.ndarray:
        """In which of the trainings that did not diverge the norm ends above its first, (R',)."""
        first, last = self.norm[[0, -1]][:, ~self.diverged]
        return np.asarray(last > first)

    @property
    def loss_falls(self) -> np.ndarray:
        """In which of the trainings that did not diverge the loss ends below its first, (R',)."""
        first, last = self.loss[[0, -1]][:, ~self.diverged]
        return np.asarray(last < first)

    def fraction(self, share: float) -> int:
        """Count the updates of the first so large a part of the training, at least one."""
        return max(1, round(share * len(self.loss)))


@dataclass(frozen=True)
class Swing:
    """How the gradient norm moves in a late part of R trainings."""

    norm: np.ndarray  # (T, R) loss per unit of weight
    oscillation: Oscillation  # of its decimal logarithm, so amplitudes are in decades

    @property
    def level(self) -> np.ndarray:
        """Geometric mean, (R,), loss per unit of weight."""
        return 10 ** decades(self.norm).mean(axis=0)

    @property
    def periodic(self) -> np.ndarray:
        """Which of the trainings that did not diverge swing periodically, (R',) of bool."""
        return self.oscillation.periodic[np.isfinite(self.oscillation.amplitude)]

    @property
    def period(self) -> np.ndarray:
        """Updates, (R,); NaN where a training does not swing periodically."""
        return np.where(self.oscillation.periodic, self.oscillation.period, np.nan)


@dataclass(frozen=True)
class Edge:
    """Curvature along plain gradient descent."""

    epochs: np.ndarray  # (K,) updates before each look
    sharpness: np.ndarray  # (K, R) largest eigenvalue of the loss's Hessian; NaN once diverged
    end: np.ndarray  # (R,) mean squared error before the last update; NaN where it diverged

    def relative(self, rate: float) -> np.ndarray:
        """Return the eigenvalue in units of 2 / step, (K, R); above 1, the step overshoots."""
        return self.sharpness * rate / 2

    def reached(self, rate: float) -> np.ndarray:
        """Return which trainings were seen at or beyond 2 / step, (R,) of bool."""
        return np.asarray((self.relative(rate) >= 1).any(axis=0))


@dataclass(frozen=True)
class BatchEdge:
    """Curvature along plain gradient descent on minibatches."""

    epochs: np.ndarray  # (K,) epochs before each look
    sharpness: np.ndarray  # (K, R) largest eigenvalue of the whole loss's Hessian
    batch: np.ndarray  # (K, R) batch sharpness: curvature of batches along their own gradients
    end: np.ndarray  # (R,) mean squared error on the last batch; NaN where it diverged

    def late(self, name: str) -> np.ndarray:
        """Return the median of `sharpness` or `batch` over the last third of the looks, (R,)."""
        return np.asarray(np.median(getattr(self, name)[-max(1, len(self.epochs) // 3) :], axis=0))


@dataclass(frozen=True)
class Result:
    """Everything that chapter 22 shows."""

    spec: Spec
    courses: dict[tuple[str, str], Course]  # by arm, and main part or way to go on
    swings: dict[tuple[str, str], Swing]  # by optimizer of A's network, and part
    edges: dict[float, Edge]  # by step size
    memories: dict[float, Swing]  # of RMSprop's late norm, by its smoothing
    batches: dict[int, BatchEdge]  # by batch size
    accuracy: np.ndarray  # (R,) of the digits' networks on test images
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def standin(self) -> str:
        """Name what took the place of the published digits; empty where nothing did."""
        return image_sets.name_standins(self.images)


def swing_of(spec: Spec, norm: np.ndarray) -> Swing:
    """Measure how a norm (T, R) swings; the red noise it is held against has its length's seed."""
    stream = np.random.default_rng(np.random.SeedSequence((spec.seed, len(norm))))
    return Swing(norm, oscillation.measure(decades(norm), window=spec.window, generator=stream))


def measure_swing(spec: Spec, courses: dict[tuple[str, str], Course], arm: str, part: str) -> Swing:
    """Measure a part: of the main one from a quarter on, of those after it the second half.

    RMSprop's memory of past gradients holds some hundred updates, so that long it takes until a
    changed step has had its effect.
    """
    course = courses[arm, MAIN if part == LATE else part]
    return swing_of(spec, course.norm[course.fraction(1 / 4 if part == LATE else 1 / 2) :])


def early(course: Course) -> slice:
    """Return the part that A calls the first 200 epochs."""
    return slice(0, course.fraction(EARLY))


def late(course: Course) -> slice:
    """Return the part that A calls the epochs from 500 on."""
    return slice(course.fraction(SETTLED), None)


def correlation(course: Course, part: slice) -> np.ndarray:
    """Correlate the ranks of norm and loss along each training, (R,); NaN if it diverged."""
    coefficients = np.full(course.loss.shape[1], np.nan)
    for r, (loss, norm) in enumerate(zip(course.loss[part].T, course.norm[part].T, strict=True)):
        if np.isfinite([loss, norm]).all() and np.ptp(loss) and np.ptp(norm):
            coefficients[r] = scipy.stats.spearmanr(norm, loss).statistic
    return coefficients


def absolute_swing(result: Result, key: tuple[str, str]) -> np.ndarray:
    """Compute the spread of the norm itself about its course, (R,), loss per unit of weight.

    The amplitude is relative: where the level falls, the same amplitude is a smaller swing.
    """
    columns = result.swings[key].norm.T
    finite = np.isfinite(columns).all(axis=1)
    swings = np.full(len(columns), np.nan)
    if finite.any():
        swings[finite] = about_course(columns[finite], result.spec.window).std(axis=1)
    return swings


def relative_swing(result: Result, key: tuple[str, str]) -> np.ndarray:
    """Return the amplitude of an optimizer's part, (R,), decades: it ignores the norm's level."""
    return result.swings[key].oscillation.amplitude


def ratio(
    result: Result,
    of: Callable[[Result, tuple[str, str]], np.ndarray],
    first: tuple[str, str],
    second: tuple[str, str],
) -> Interval:
    """Compare two parts by `relative_swing` or `absolute_swing`, as the logarithm of a factor."""
    return log_ratio(*(of(result, key) for key in (first, second)))


def memory(smoothing: float) -> float:
    """Count the updates that RMSprop's mean of squared gradients remembers: 1 / (1 - smoothing)."""
    return 1 / (1 - smoothing)


def median(values: np.ndarray, style: str) -> str:
    """Write the median of the finite values."""
    finite = values[np.isfinite(values)]
    return f"{np.median(finite):{style}}" if len(finite) else "–"


def short_name(arm: str) -> str:
    """Name an arm in a legend."""
    return "plain" if arm == PLAIN else arm
