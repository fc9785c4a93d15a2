"""What chapter 22 found, in sentences that its result computes."""

from dataclasses import replace

import numpy as np

from hw1lib.chapters.gradient_norm.result import (
    EARLY,
    FIRST,
    STEPS,
    Result,
    Swing,
    absolute_swing,
    median,
    memory,
    ratio,
    relative_swing,
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
from hw1lib.judging.statistics import Interval, geometric_mean, in_unit, t_interval, tally


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
    return (
        f"The networks of {result.images.subject} end at a test accuracy of "
        f"{in_unit(accuracy, '%')}."
    )


def zoom_sentence(result: Result) -> str:
    """Report how much lower the norm lies after the step was divided by ten."""
    parts = []
    for arm in OPTIMIZERS:
        same, tenth = (result.swings[arm, part].level for part in STEPS)
        parts.append(f"{short_name(arm)} {median(same / tenth, '.2g')}")
    return (
        "Median level of the norm at the same step, as a multiple of that at a tenth of it: "
        f"{', '.join(parts)}."
    )


def swing_sentence(result: Result, arm: str) -> str:
    """Report what dividing the step by ten does to the oscillation under an optimizer."""
    own, relative = (
        _compared(ratio(result, of, (arm, TENTH), (arm, SAME)))
        for of in (absolute_swing, relative_swing)
    )
    return (
        f"Under {arm} at a tenth of the step, the swing of the norm in its own unit is {own}; "
        f"relative to the norm's level it is {relative}. Of the trainings at the same step "
        f"{tally(result.swings[arm, SAME].periodic)} are periodic, at a tenth of it "
        f"{tally(result.swings[arm, TENTH].periodic)}."
    )


def step_sentence(result: Result) -> str:
    """Say in one line what dividing the step by ten does to the swing under each optimizer."""
    parts = [
        f"{_compared(ratio(result, absolute_swing, (arm, TENTH), (arm, SAME)))} under {arm}"
        for arm in OPTIMIZERS
    ]
    return f"At a tenth of the step the norm's swing is {', '.join(parts)}."


def optimizer_sentence(result: Result) -> str:
    """Report what changing the optimizer does to the oscillation."""
    parts = []
    for arm in (ADAM, PLAIN):
        own, relative = (
            ratio(result, of, (RMSPROP, SAME), (arm, SAME)).factor
            for of in (absolute_swing, relative_swing)
        )
        parts.append(f"{own:.2g} times that under {arm} ({relative:.2g} relative to the level)")
    return f"At the same step the swing under RMSprop is {' and '.join(parts)}."


def memory_sentence(result: Result) -> str:
    """Report the period of the norm by the length of RMSprop's memory."""
    parts = []
    for smoothing, swing in result.memories.items():
        updates = f"{memory(smoothing):.0f} updates"
        periods = swing.period[np.isfinite(swing.period)]
        if len(periods):
            parts.append(f"{np.median(periods):.3g} updates at a memory of {updates}")
        else:
            parts.append(f"none at a memory of {updates}")
    return f"Median period under RMSprop: {', '.join(parts)}."


def cause_sentence(result: Result) -> str:
    """Answer what makes the norm oscillate: how far the step, and how far the optimizer."""
    step = ratio(result, absolute_swing, (RMSPROP, TENTH), (RMSPROP, SAME))
    counts = ", ".join(f"{_count(result.swings[arm, SAME])} under {arm}" for arm in OPTIMIZERS)
    return (
        "**The step sets how far the norm swings**: at a tenth of RMSprop's step the swing is "
        f"{_compared(step)}. **The optimizer sets whether it swings regularly, and how fast**: "
        f"trainings with a periodic norm are {counts}. {memory_sentence(result)}"
    )


def swing_reading(result: Result) -> list[str]:
    """Report what dividing the step, and changing the optimizer, does to the oscillation."""
    return [*(swing_sentence(result, arm) for arm in OPTIMIZERS), optimizer_sentence(result)]


def batch_sentence(result: Result) -> str:
    """Report where both kinds of sharpness settle on minibatches."""
    parts = []
    for size, edge in result.batches.items():
        batch, whole = (
            geometric_mean(edge.late(name) * result.spec.batch_rate / 2)
            for name in ("batch", "sharpness")
        )
        parts.append(f"at {batch} and the largest eigenvalue at {whole} ({size} points per step)")
    return f"In units of 2 / step, the batch sharpness ends {'; '.join(parts)}."


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
        f"We ran B's trained network for {len(course.loss)} more updates, as in B's figure. Its "
        f"norm ends higher than it began in {tally(course.norm_rises)} trainings, its loss falls "
        f"in {tally(course.loss_falls)}, and both happen in "
        f"{tally(course.norm_rises & course.loss_falls)}."
    )


def diverged_sentence(result: Result) -> str:
    """Count the trainings that were stopped by a loss that was not finite."""
    ends = [course.loss[-1] for course in result.courses.values()]
    ends += [edge.end for edge in result.edges.values()]
    ends += [edge.end for edge in result.batches.values()]
    diverged = sum(int((~np.isfinite(end)).sum()) for end in ends)
    return f"Trainings that diverged: {diverged} of {sum(map(len, ends))}."


def describe(result: Result) -> str:
    """Describe the courses for readers who cannot see them."""
    parts = []
    named = {RMSPROP: "A's network", B_NETWORK: "B's network", DIGITS: result.images.subject}
    for arm, name in named.items():
        course = result.courses[arm, MAIN]
        first, last = (median(course.norm[at], ".1e") for at in (0, -1))
        begin, end = (median(course.loss[at], ".1e") for at in (0, -1))
        parts.append(f"{name}: norm from {first} to {last}, loss from {begin} to {end}")
    return "Medians at the first and the last update. " + "; ".join(parts) + "."


def _count(swing: Swing) -> str:
    return f"{swing.periodic.sum()} of {len(swing.periodic)}"


def _compared(change: Interval) -> str:
    """Say how many times larger or smaller something is, with the limits of that factor."""
    if not change.n:
        return "not known"
    if change.mean < 0:
        change = replace(change, mean=-change.mean, low=-change.high, high=-change.low)
        return f"{change.factor:.2g} times smaller"
    return f"{change.factor:.2g} times larger"
