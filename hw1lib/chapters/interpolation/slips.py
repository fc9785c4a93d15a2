"""Slips of reports A and B about interpolation, and what each changes."""

import numpy as np
import pandas as pd

from hw1lib.chapters.interpolation import AS_A, AS_B, BATCH_LOW, B, Result, main
from hw1lib.chapters.interpolation.claims import by_seed, trend
from hw1lib.chapters.interpolation.trainings import ADAM, NESTEROV, Pair
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip, told
from hw1lib.judging.statistics import Interval, paired_difference, t_interval


def barrier_change(result: Result, first: str, second: str) -> Interval:
    """Compare the barriers of two pairs: first − second, in nats."""
    one, other = (result.pairs[name] for name in (first, second))
    return paired_difference(by_seed(one, one.barrier()), by_seed(other, other.barrier()))


def lowest(pair: Pair) -> np.ndarray:
    """Find the lowest test accuracy on the whole line of each pair, (R,), in percent."""
    return by_seed(pair, 100 * pair.along(1, 1).min(axis=0))


def _range(result: Result) -> str:
    own, asked = (
        told(t_interval(trend(result.pairs[n]))) for n in (AS_A, main(NESTEROV, BATCH_LOW))
    )
    adam = barrier_change(result, main(ADAM, BATCH_LOW), main(NESTEROV, BATCH_LOW))
    return (
        f"correlation of α with better fit {own} on A's range, {asked} on the homework's; barrier, "
        f"Adam − SGD, {told(adam, 'nats')}; axis and colours: wording only"
    )


def _retrained(result: Result) -> str:
    lost = paired_difference(lowest(result.pairs[AS_B]), lowest(result.pairs[B]))
    return (
        f"the further pass lowers the barrier by {told(barrier_change(result, B, AS_B), 'nats')} "
        f"and lifts the lowest test accuracy by {told(lost, 'points')}"
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
        "low and high as the numbers are",
        slips.wording_only,
    ),
    Slip(
        "B14",
        "trained every mixed network for a pass before measuring it",
        "measured as mixed; B's way beside it",
        _retrained,
    ),
)


def slip_table(result: Result) -> pd.DataFrame:
    """List the reports' slips with what they change."""
    return slips.table(SLIPS, result)
