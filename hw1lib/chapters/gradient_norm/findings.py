"""What chapter 22 found, in sentences that its result computes."""

import numpy as np

from hw1lib.chapters.gradient_norm.result import (
    EARLY,
    FIRST,
    STEPS,
    Result,
    Swing,
    absolute_swing,
    amplitude_ratio,
    median,
    short_name,
)
from hw1lib.chapters.gradient_norm.spec import (
    ADAM,
    B_NETWORK,
    DIGITS,
    MAIN,
    OPTIMIZERS,
    PLAIN,
    RERUN,
    RMSPROP,
    SAME,
    TENTH,
)
from hw1lib.judging.statistics import log_ratio, t_interval, tally


def course_sentence(result: Result) -> str:
    """Report where the loss stood at the moments that A names."""
    loss = result.courses[RMSPROP, MAIN].loss
    course = result.courses[RMSPROP, MAIN]
    places = [0, course.fraction(FIRST), course.fraction(EARLY), len(loss) - 1]
    medians = ", ".join(
        f"{median(loss[place], '.2g')} before update {place + 1}" for place in places
    )
    return f"Median loss of A's network: {medians}."


def digits_sentence(result: Result) -> str:
    """Report how well the digits were learned."""
    accuracy = t_interval(100 * result.accuracy)
    return f"The digits' networks end at a test accuracy of {accuracy} %."


def zoom_sentence(result: Result) -> str:
    """Report how much lower the norm lies after the step was divided by ten."""
    parts = []
    for arm in OPTIMIZERS:
        same, tenth = (result.swings[arm, part].level for part in STEPS)
        parts.append(f"{short_name(arm)} {median(same / tenth, '.2g')}")
    return f"The level at the same step over that at a tenth of it, median: {', '.join(parts)}."


def swing_sentence(result: Result, arm: str) -> str:
    """Report what dividing the step by ten does to the oscillation under an optimizer."""
    relative = amplitude_ratio(result, (arm, SAME), (arm, TENTH))
    absolute = log_ratio(*(absolute_swing(result, (arm, part)) for part in STEPS))
    return (
        f"Under {arm}, {_regular(result.swings[arm, SAME])} at the same step and "
        f"{_regular(result.swings[arm, TENTH])} at a tenth of it; "
        f"the amplitude shrinks by a factor of {relative.factor:.2g}, "
        f"and the swing of the norm itself by {absolute.factor:.2g}."
    )


def rmsprop_sentence(result: Result) -> str:
    """Report what dividing RMSprop's step by ten does to the oscillation."""
    return swing_sentence(result, RMSPROP)


def optimizer_sentence(result: Result) -> str:
    """Report what changing the optimizer does to the oscillation."""
    others = ", ".join(
        f"{amplitude_ratio(result, (RMSPROP, SAME), (arm, SAME)).factor:.2g} times that under {arm}"
        for arm in (ADAM, PLAIN)
    )
    return f"At the same step the amplitude under RMSprop is {others}."


def swing_reading(result: Result) -> list[str]:
    """Report what dividing the step, and changing the optimizer, does to the oscillation."""
    return [*(swing_sentence(result, arm) for arm in OPTIMIZERS), optimizer_sentence(result)]


def edge_sentence(result: Result) -> str:
    """Count the trainings that reached the edge of stability."""
    parts = []
    for rate, edge in result.edges.items():
        reached = edge.reached(rate)
        parts.append(f"{reached.sum()} of {len(reached)} at step {rate:g}")
    return f"Under plain gradient descent the eigenvalue reached 2 / step in {', '.join(parts)}."


def rerun_sentence(result: Result) -> str:
    """Report what B's figure would show: a few updates of a network that is trained already."""
    course = result.courses[B_NETWORK, RERUN]
    return (
        f"Run again for {len(course.loss)} updates after it was trained, as B's figure was, B's "
        f"network shows a norm that ends higher than it began in {tally(course.norm_rises)} "
        "trainings, and a lower loss at the same time in "
        f"{tally(course.norm_rises & course.loss_falls)}."
    )


def diverged_sentence(result: Result) -> str:
    """Count the trainings that were stopped by a loss that was not finite."""
    ends = [course.loss[-1] for course in result.courses.values()]
    ends += [edge.end for edge in result.edges.values()]
    diverged = sum(int((~np.isfinite(end)).sum()) for end in ends)
    return f"Stopped by a loss that was not finite: {diverged} of {sum(map(len, ends))} courses."


def describe(result: Result) -> str:
    """Describe the courses for readers who cannot see them."""
    parts = []
    for arm, name in ((RMSPROP, "A's network"), (B_NETWORK, "B's network"), (DIGITS, "digits")):
        course = result.courses[arm, MAIN]
        first, last = (median(course.norm[at], ".1e") for at in (0, -1))
        begin, end = (median(course.loss[at], ".1e") for at in (0, -1))
        parts.append(f"{name}: norm from {first} to {last}, loss from {begin} to {end}")
    return "Medians at the first and the last update. " + "; ".join(parts) + "."


def _regular(swing: Swing) -> str:
    return f"{tally(swing.periodic)} are periodic"
