"""Slips of reports A and B about random labels, and what each changes."""

import numpy as np
import pandas as pd

from hw1lib.chapters.random_labels import CNN, MLP, Result
from hw1lib.chapters.random_labels.claims import slower
from hw1lib.chapters.random_labels.views import minibatch_error
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, times, told
from hw1lib.judging.statistics import Interval, paired_difference, t_interval


def if_true(result: Result, split: str) -> Interval:
    """Tell how many points of accuracy the CNN gains where its labels stay true."""
    true, random = (result.fits[CNN, share] for share in (0.0, 1.0))
    return paired_difference(*(100 * fit.final(split, "accuracy") for fit in (true, random)))


def off(result: Result, network: str) -> Interval:
    """Tell by how much the last minibatch's loss is off, median over passes, in decades."""
    errors = minibatch_error(result.fits[network, 1.0])
    some = np.isfinite(errors).any(axis=0)
    return t_interval(np.nanmedian(errors[:, some], axis=0))


def _true_labels(result: Result) -> str:
    return (
        "with true labels, as the code had them, the CNN gains "
        f"{told(if_true(result, 'test'), 'points')} of test accuracy; passes to fit, random over "
        f"true: {times(slower(result, CNN, 1.0))}"
    )


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
        "loss and accuracy of the whole split, along all passes",
        lambda result: f"the last minibatch's loss is off by {times(off(result, MLP))}, either way",
    ),
)


def slip_table(result: Result) -> pd.DataFrame:
    """List the reports' slips with what they change."""
    return slips.table(SLIPS, result)
