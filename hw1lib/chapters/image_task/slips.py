"""Slips of reports A and B where they learn images, and what each changes."""

import numpy as np

from hw1lib.chapters.image_task.result import (
    WRITTEN_CNN,
    WRITTEN_MLP,
    Curves,
    Result,
    cnns,
    contrasts,
    difference,
    mlps,
)
from hw1lib.chapters.image_task.spec import AS_B
from hw1lib.judging import slips
from hw1lib.judging.effects import POINTS
from hw1lib.judging.slips import Slip, factors, told
from hw1lib.judging.statistics import Interval, log_ratio, tally


def opposite(family: list[Curves]) -> np.ndarray:
    """Return in which trainings width changes test accuracy against its mean effect, (R',)."""
    gained = family[-1].percent("test") - family[0].percent("test")
    gained = gained[np.isfinite(gained)]
    return np.asarray(gained * gained.mean() <= 0 if len(gained) else gained.astype(bool))


def _while_training(curves: Curves) -> Interval:
    """Compare the last epoch's mean loss while training with that at rest, in decades."""
    return log_ratio(curves.objective[-1], curves.final("train", "loss"))


def _squared_error(result: Result) -> str:
    written = [contrasts(result)[name] for name in (WRITTEN_CNN, WRITTEN_MLP)]
    convolution, perceptron = (
        f"{told(difference(result, contrast), POINTS)} for {contrast.first[1]}"
        for contrast in written
    )
    return f"squared error instead changes the test accuracy by {convolution}, {perceptron}"


def _one_seed(result: Result) -> str:
    families = {"CNNs": cnns(result), "MLPs": mlps(result)}
    wide = {name: family for name, family in families.items() if len(family) > 1}
    counts = [f"{tally(opposite(family))} ({name})" for name, family in wide.items()]
    if not counts:
        return "there is one width only"
    return (
        "width does the opposite of its mean effect, or nothing, in single trainings: "
        f"{' and '.join(counts)}"
    )


def _with_dropout(result: Result) -> str:
    if AS_B not in result.images:
        return "there are no digits"
    ratios = {name: _while_training(curves) for name, curves in result.arm(AS_B).items()}
    return (
        "mean training loss of the last epoch over that of the whole split after it: "
        f"{factors(ratios)}"
    )


SLIPS = (
    Slip(
        "A1",
        "squared error, it says, on outputs that are logarithms of probabilities",
        "cross-entropy; squared error of the probabilities as an arm of its own",
        _squared_error,
    ),
    Slip("A12", "trained each network once, with one seed", "several seeds, intervals", _one_seed),
    Slip(
        "B6",
        "its comment on the digits is that on the sign function",
        "a comment of their own",
        slips.wording_only,
    ),
    Slip(
        "B7",
        "counts two fully connected layers where there are three; enlarges the digits, after "
        "their normalization",
        "described by the code; digits keep their size, with a border",
        slips.not_rebuilt("enlarging invents pixels; the count of layers is wording only"),
    ),
    Slip(
        "B8",
        "measured training accuracy with dropout at work, while the network changes",
        "whole split after the epoch, without dropout",
        _with_dropout,
    ),
)
