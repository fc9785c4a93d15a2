"""What the claims of chapter 22 compare: effects of its result."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.gradient_norm.result import (
    EARLY,
    FIRST,
    SETTLED,
    Course,
    Result,
    absolute_swing,
    correlation,
    early,
    late,
    memory,
    relative_swing,
    short_name,
)
from hw1lib.chapters.gradient_norm.spec import (
    B_NETWORK,
    DIGITS,
    LATE,
    MAIN,
    OPTIMIZERS,
    RMSPROP,
    SAME,
    TENTH,
)
from hw1lib.judging.effects import (
    CORRELATION,
    POINTS,
    Bound,
    Difference,
    Effect,
    NotTested,
    Ratio,
    Share,
)
from hw1lib.judging.statistics import decades

SMOOTHED = 1 / 40  # of a training, over which a curve is averaged, or its ripple would decide
FLAT = 2.0  # a curve that changes by less than this factor is called flat on a logarithmic axis
PLOTTED = 0.05  # and one that changes by less than this part of its start on a linear one
STEADY = 0.9  # a loss that falls at so many updates is said to fall steadily

SWINGS = {"relative to the norm's level": relative_swing, "in the norm's own unit": absolute_swing}
RELATIVE, OWN_UNIT = SWINGS


def share_fallen(course: Course, part: float) -> np.ndarray:
    """Compute which share of its whole fall the loss made in a first part of training, (R,)."""
    first, then, last = course.loss[0], course.loss[course.fraction(part)], course.loss[-1]
    return (first - then) / (first - last)


def change(course: Course, part: float, of: str = "loss") -> np.ndarray:
    """Compare loss or norm after a part of the training with that at its end, (R,), in decades."""
    length, start = course.fraction(SMOOTHED), course.fraction(part)
    values = decades(getattr(course, of))
    return values[start : start + length].mean(axis=0) - values[-length:].mean(axis=0)


def change_on_axis(course: Course, part: float) -> np.ndarray:
    """Do the same for the loss on a linear axis from zero to the loss at the start, (R,)."""
    length, start = course.fraction(SMOOTHED), course.fraction(part)
    after, end = course.loss[start : start + length], course.loss[-length:]
    return np.abs(after.mean(axis=0) - end.mean(axis=0)) / course.loss[0]


def restlessness(values: np.ndarray) -> np.ndarray:
    """Measure how much a series (T, R) changes between updates, (R,), root mean square.

    Not the spread about a line: the first updates have a course of their own, whose bend is no
    fluctuation.
    """
    return np.sqrt(np.square(np.diff(values, axis=0)).mean(axis=0))


def falling_blocks(course: Course) -> np.ndarray:
    """Average the loss over blocks, and compute which share of them lowers it, (R,)."""
    length = course.fraction(SMOOTHED)
    whole = course.loss[: len(course.loss) // length * length]
    means = whole.reshape(-1, length, whole.shape[1]).mean(axis=1)
    return np.where(course.diverged, np.nan, (np.diff(means, axis=0) < 0).mean(axis=0))


def mostly_early(result: Result) -> Effect:
    """Hold A's early share of the fall of the loss against one half."""
    course = result.courses[RMSPROP, MAIN]
    name = f"share of the fall made in the first {course.fraction(FIRST)} epochs"
    return Bound(name, share_fallen(course, FIRST), at_least=0.5)


def flat(part: float, of: str, result: Result) -> Effect:
    """Hold the change of a curve, as a factor, against the factor of 2."""
    course = result.courses[RMSPROP, MAIN]
    name = f"factor by which the {of} changes from epoch {course.fraction(part)} on"
    return Bound(name, 10 ** np.abs(change(course, part, of)), at_most=FLAT, factor=True)


def flat_on_axis(part: float, result: Result) -> Effect:
    """Hold the change of the loss against the least that its plot shows."""
    course = result.courses[RMSPROP, MAIN]
    name = f"change of the loss from epoch {course.fraction(part)} on, as a share of its start"
    return Bound(name, change_on_axis(course, part), at_most=PLOTTED)


def restless_early(scale: Callable[[np.ndarray], np.ndarray], unit: str, result: Result) -> Effect:
    """Compare the fluctuation of the norm early and late, on a scale."""
    course = result.courses[RMSPROP, MAIN]
    sides = {
        f"first {course.fraction(EARLY)} epochs": restlessness(scale(course.norm[early(course)])),
        f"from epoch {course.fraction(SETTLED)} on": restlessness(scale(course.norm[late(course)])),
    }
    return Ratio(f"change of the norm per epoch{unit}", sides)


def periodic(result: Result) -> Effect:
    """Count the trainings of A's network whose late norm is periodic."""
    return Share("trainings whose norm is periodic", result.swings[RMSPROP, LATE].periodic)


def due_to_step(swing: str, result: Result) -> Effect:
    """Compare RMSprop's swings at two steps, in one of the `SWINGS`."""
    keys = {"same step": (RMSPROP, SAME), "a tenth of it": (RMSPROP, TENTH)}
    return Ratio(f"swing {swing}", {name: SWINGS[swing](result, key) for name, key in keys.items()})


def due_to_optimizer(swing: str, other: str, result: Result) -> Effect:
    """Compare the swings under RMSprop and another optimizer, in one of the `SWINGS`."""
    sides = {short_name(arm): SWINGS[swing](result, (arm, SAME)) for arm in (RMSPROP, other)}
    return Ratio(f"swing {swing}", sides)


def periodic_more_often(other: str, result: Result) -> Effect:
    """Compare how often the norm is periodic under RMSprop and another optimizer."""
    sides = {}
    for arm in (RMSPROP, other):
        found = result.swings[arm, SAME].oscillation
        sides[short_name(arm)] = np.where(
            np.isfinite(found.amplitude), 100.0 * found.periodic, np.nan
        )
    return Difference("trainings whose norm is periodic", sides, unit=POINTS)


def period_of_memory(result: Result) -> Effect:
    """Compare the periods under RMSprop with its longest and its shortest memory."""
    ends = [max(result.memories), min(result.memories)]
    if ends[0] == ends[1]:
        raise NotTested("RMSprop was used with one memory alone")
    sides = {f"memory {memory(s):.0f}": result.memories[s].period for s in ends}
    return Ratio("period, in updates", sides)


def go_together(part: Callable[[Course], slice], result: Result) -> Effect:
    """Correlate norm and loss along a part of each training of B's network."""
    course = result.courses[B_NETWORK, MAIN]
    found = correlation(course, part(course))
    return Difference("rank correlation of norm and loss", {"": found}, unit=CORRELATION)


def always_together(result: Result) -> Effect:
    """Take the lowest correlation of norm and loss in any network and part."""
    found = []
    for arm in (RMSPROP, B_NETWORK, DIGITS):
        course = result.courses[arm, MAIN]
        found += [correlation(course, part(course)) for part in (early, late)]
    name = "lowest rank correlation of norm and loss among three networks, early and late"
    return Difference(name, {"": np.min(found, axis=0)}, unit=CORRELATION)


def steadily(result: Result) -> Effect:
    """Hold the share of updates that lower the loss of B's network against a bound."""
    course = result.courses[B_NETWORK, MAIN]
    lowered = np.where(course.diverged, np.nan, (np.diff(course.loss, axis=0) < 0).mean(axis=0))
    return Bound("share of updates that lower the loss", lowered, at_least=STEADY)


def steadily_in_blocks(result: Result) -> Effect:
    """Do the same for the loss averaged over blocks of updates."""
    name = "share of averages over a fortieth of the training that lie below the one before"
    return Bound(name, falling_blocks(result.courses[B_NETWORK, MAIN]), at_least=STEADY)


def periodic_under_each(result: Result) -> Effect:
    """Count the seeds whose late norm is periodic under each optimizer."""
    which = np.all([result.swings[arm, LATE].oscillation.periodic for arm in OPTIMIZERS], axis=0)
    return Share("seeds whose norm is periodic under each optimizer", which)


def goes_away(swing: str, result: Result) -> Effect:
    """Compare the swings at two steps where they shrink least, in one of the `SWINGS`."""
    both = np.array(
        [[SWINGS[swing](result, (arm, part)) for arm in OPTIMIZERS] for part in (SAME, TENTH)]
    )
    shrunk = decades(both[0]) - decades(both[1])
    least = np.where(np.isfinite(shrunk), shrunk, -np.inf).argmin(axis=0)
    same, tenth = both[:, least, np.arange(len(least))]
    return Ratio(
        f"swing {swing}, under the optimizer where it shrinks least",
        {"same step": same, "a tenth of it": tenth},
    )


def batches_at_edge(result: Result) -> Ratio:
    """Compare the late batch sharpness with 2 / step, at the smallest batch."""
    size = min(result.batches)
    late_value = result.batches[size].late("batch") * result.spec.batch_rate / 2
    sides = {"batch sharpness": late_value, "edge": np.ones(len(late_value))}
    return Ratio(f"in units of 2 / step, {size} points per step", sides, absent=True)


def whole_below_edge(result: Result) -> Ratio:
    """Compare 2 / step with the late eigenvalue of the whole loss, there."""
    size = min(result.batches)
    late_value = result.batches[size].late("sharpness") * result.spec.batch_rate / 2
    sides = {"edge": np.ones(len(late_value)), "largest eigenvalue": late_value}
    return Ratio(f"in units of 2 / step, {size} points per step", sides)


def in_own_unit(values: np.ndarray) -> np.ndarray:
    """Leave values on their own scale, where `decades` takes their logarithm."""
    return values
