"""Slips of reports A and B about interpolation, and what each changes."""

from hw1lib.chapters.interpolation.result import Result, barrier_difference
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    AS_A,
    AS_B,
    BATCH_LOW,
    NESTEROV,
    ON_B,
    main,
)
from hw1lib.judging import slips
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import paired_difference, t_interval


def _range(result: Result) -> str:
    adam, nesterov = main(ADAM, BATCH_LOW), main(NESTEROV, BATCH_LOW)
    own, asked = (told(t_interval(result.pairs[name].trend())) for name in (AS_A, nesterov))
    barrier = told(barrier_difference(result, adam, nesterov), "nats")
    return (
        f"correlation of α with better fit {own} on A's range, {asked} on the homework's; barrier, "
        f"Adam − SGD, {barrier}; axis and colours: wording only"
    )


def _retrained(result: Result) -> str:
    after, before = (100 * result.pairs[name].lowest_accuracy() for name in (AS_B, ON_B))
    lowered = told(barrier_difference(result, ON_B, AS_B), "nats")
    return (
        f"the further epoch lowers the barrier by {lowered} "
        f"and lifts the lowest test accuracy by {told(paired_difference(after, before), POINTS)}"
    )


SLIPS = (
    Slip(
        "A8",
        "names Adam where its code has SGD; α from −2 to 2, drawn against places in a list; takes "
        "the colours of train and test for the two batch sizes",
        "both optimizers, α from −1 to 2 on its own axis, a legend for each curve",
        _range,
    ),
    Slip(
        "A10",
        "calls 1e-2 a lower learning rate than 1e-3",
        "0.001 is the low rate, 0.01 the high one",
        slips.wording_only,
    ),
    Slip(
        "B14",
        "trained every mixed network for an epoch before measuring it; α from 0 to 1 between the "
        "two rates",
        "measured as mixed, α from −1 to 2; B's way and ranges beside it",
        _retrained,
    ),
)
