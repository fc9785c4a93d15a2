"""Slips of reports A and B about the gradient norm, and what each changes."""

from hw1lib.chapters.gradient_norm.result import Result
from hw1lib.chapters.gradient_norm.spec import B_NETWORK, LATE, MAIN, RERUN, RMSPROP
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import geometric_mean, tally


def _no_minimum(result: Result) -> str:
    swing = result.swings[RMSPROP, LATE]
    level = told(geometric_mean(swing.level), "loss per unit of weight")
    return f"the late norm is {level}, and periodic in {tally(swing.periodic)}"


def _rerun(result: Result) -> str:
    again, whole = (result.courses[B_NETWORK, part] for part in (RERUN, MAIN))
    after, at_first = (f"{tally(c.norm_rises)} after {len(c.loss):,}" for c in (again, whole))
    return (
        f"trainings whose norm ends higher than it began: run again, {after} updates; from the "
        f"first on, {at_first}; the loss falls, as in B's figure, in {tally(again.loss_falls)}"
    )


SLIPS = (
    Slip(
        "A6",
        "called the last weights a local minimum while its norm oscillates",
        "the norm of every update, to the end",
        _no_minimum,
    ),
    Slip(
        "B10",
        "drew the norm of a few updates run again on a network already trained",
        "the norm from the first update on",
        _rerun,
    ),
)
