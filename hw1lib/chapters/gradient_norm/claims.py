"""What reports A and B say about the gradient norm, each sentence with its test.

The margins were fixed before the full profile was run.
"""

import numpy as np

from hw1lib.chapters.gradient_norm.result import (
    EARLY,
    FIRST,
    SETTLED,
    Course,
    Result,
    amplitude_ratio,
    correlation,
    early,
    late,
)
from hw1lib.chapters.gradient_norm.spec import (
    ADAM,
    B_NETWORK,
    LATE,
    MAIN,
    PLAIN,
    RMSPROP,
    SAME,
    TENTH,
)
from hw1lib.judging.statistics import decades, share_interval, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, of_effect

SMOOTHED = 1 / 40  # of a training, over which a loss is averaged, or its ripple would decide

FLAT = 2.0  # a loss that changes by less than this factor is called flat
STEADY = 0.9  # a loss that falls at so many updates is said to fall steadily

FALL_MARGIN = 0.1  # of the fall: 40 to 60 % would be called half of it, not most
FLAT_MARGIN = 0.05  # decades: a ninth more or less than FLAT
RATIO_MARGIN = np.log10(1.5)  # "large" is half as large again, at least
CAUSE_MARGIN = np.log10(2)  # what an oscillation is due to takes half of it away, at least
SHARE_MARGIN = 0.1  # "it oscillates" must hold for six trainings in ten, at least
CORRELATION_MARGIN = 0.1  # rank correlations below it are called negligible
STEADY_MARGIN = 0.05  # of the updates


def share_fallen(course: Course, part: float) -> np.ndarray:
    """Compute which share of its whole fall the loss made in a first part of training, (R,)."""
    first, then, last = course.loss[0], course.loss[course.fraction(part)], course.loss[-1]
    return (first - then) / (first - last)


def change(course: Course, part: float) -> np.ndarray:
    """Compare the loss after a part of the training with that at its end, (R,), in decades."""
    length = course.fraction(SMOOTHED)
    start = course.fraction(part)
    loss = decades(course.loss)
    return loss[start : start + length].mean(axis=0) - loss[-length:].mean(axis=0)


def restlessness(norm: np.ndarray) -> np.ndarray:
    """Measure how much the norm changes between updates, (R,), root mean square in decades.

    Not the spread about a line: the first updates have a course of their own, whose bend is no
    fluctuation.
    """
    return np.sqrt(np.square(np.diff(decades(norm), axis=0)).mean(axis=0))


def _mostly_early(result: Result) -> Verdict:
    course = result.courses[RMSPROP, MAIN]
    return of_effect(
        f"share of the fall made in the first {course.fraction(FIRST)} epochs, beyond one half",
        t_interval(share_fallen(course, FIRST) - 0.5),
        unit="of the fall",
        margin=FALL_MARGIN,
    )


def _flat(result: Result, part: float) -> Verdict:
    course = result.courses[RMSPROP, MAIN]
    return of_effect(
        f"a factor of {FLAT:g} with the change of the loss from epoch {course.fraction(part)} on",
        t_interval(np.log10(FLAT) - np.abs(change(course, part))),
        unit="decades",
        margin=FLAT_MARGIN,
    )


def _restless_early(result: Result) -> Verdict:
    course = result.courses[RMSPROP, MAIN]
    first, then = (restlessness(course.norm[part(course)]) for part in (early, late))
    return of_effect(
        f"change of the norm per epoch in the first {course.fraction(EARLY)} epochs with that "
        f"from epoch {course.fraction(SETTLED)} on",
        t_interval(np.log10(first / then)),
        unit="decades",
        margin=RATIO_MARGIN,
    )


def _periodic(result: Result) -> Verdict:
    periodic = result.swings[RMSPROP, LATE].oscillation.periodic
    return of_effect(
        "share of trainings whose norm is periodic, beyond one half",
        share_interval(periodic, beyond=0.5),
        unit="of the trainings",
        margin=SHARE_MARGIN,
    )


def _due_to(result: Result, compared: str, instead: tuple[str, str]) -> Verdict:
    return of_effect(
        compared,
        amplitude_ratio(result, (RMSPROP, SAME), instead),
        unit="decades",
        margin=CAUSE_MARGIN,
    )


def _go_together(result: Result, part: slice, when: str) -> Verdict:
    return of_effect(
        f"rank correlation of norm and loss, {when}",
        t_interval(correlation(result.courses[B_NETWORK, MAIN], part)),
        unit="rank correlation",
        margin=CORRELATION_MARGIN,
    )


def _early_together(result: Result) -> Verdict:
    part = early(result.courses[B_NETWORK, MAIN])
    return _go_together(result, part, f"first {part.stop} epochs")


def _late_together(result: Result) -> Verdict:
    part = late(result.courses[B_NETWORK, MAIN])
    return _go_together(result, part, f"from epoch {part.start} on")


def _steadily(result: Result) -> Verdict:
    loss = result.courses[B_NETWORK, MAIN].loss
    lowered = np.where(np.isfinite(loss[-1]), (np.diff(loss, axis=0) < 0).mean(axis=0), np.nan)
    return of_effect(
        f"share of updates that lower the loss, beyond {STEADY:g}",
        t_interval(lowered - STEADY),
        unit="of the updates",
        margin=STEADY_MARGIN,
    )


CLAIMS = (
    Claim("A-C14a", "The loss falls mostly within the first 100 epochs.", _mostly_early),
    Claim("A-C14b", "It is flat after epoch 200.", lambda result: _flat(result, EARLY)),
    Claim("A-C15", "The norm fluctuates strongly in the first 200 epochs.", _restless_early),
    Claim("A-C16a", "From epoch 500 on the norm oscillates periodically.", _periodic),
    Claim("A-C16b", "Meanwhile the loss stays flat.", lambda result: _flat(result, SETTLED)),
    Claim(
        "A-C17a",
        "The oscillation is due to the step size.",
        lambda result: _due_to(
            result, "amplitude at the same step with that at a tenth of it", (RMSPROP, TENTH)
        ),
    ),
    Claim(
        "A-C17b",
        "It is due to the optimizer (against plain gradient descent).",
        lambda result: _due_to(
            result, "amplitude under RMSprop with that under plain gradient descent", (PLAIN, SAME)
        ),
    ),
    Claim(
        "A-C17c",
        "It is due to the optimizer (against Adam).",
        lambda result: _due_to(
            result, "amplitude under RMSprop with that under Adam", (ADAM, SAME)
        ),
    ),
    Claim("B-C9a", "A lower norm goes with a lower loss, early.", _early_together),
    Claim("B-C9b", "A lower norm goes with a lower loss, late.", _late_together),
    Claim("B-C10", "The loss decreases steadily.", _steadily),
)
