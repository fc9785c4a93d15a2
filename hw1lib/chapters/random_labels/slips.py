"""Slips of reports A and B about random labels, and what each changes."""

import numpy as np

from hw1lib.chapters.random_labels.result import Result, slower
from hw1lib.chapters.random_labels.spec import CNN, MLP, RANDOM, TRUE
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import Slip, times, told
from hw1lib.judging.statistics import paired_difference, t_interval


def _true_labels(result: Result) -> str:
    """Write how many points the CNN gains where its labels stay true, and how much sooner."""
    true, random = (result.fits[CNN, share].percent("test") for share in (TRUE, RANDOM))
    return (
        "with true labels, as the code had them, the CNN gains "
        f"{told(paired_difference(true, random), POINTS)} of test accuracy; epochs to fit, "
        f"random over true: {times(slower(result, CNN, RANDOM))}"
    )


def _last_minibatch(result: Result) -> str:
    """Write by which factor the last minibatch's loss is off, in the median over epochs."""
    errors = result.fits[MLP, RANDOM].minibatch_error()
    some = np.isfinite(errors).any(axis=0)
    off = t_interval(np.nanmedian(errors[:, some], axis=0))
    return f"the last minibatch's loss is off by {times(off)}, either way"


SLIPS = (
    Slip(
        "A7",
        "drew random labels that never reached its data, and shows no result",
        "every replica learns labels of its own, checked by a test",
        _true_labels,
    ),
    Slip(
        "B12",
        "kept the training loss of the last minibatch only",
        "loss and accuracy of the whole split, along all epochs",
        _last_minibatch,
    ),
)
