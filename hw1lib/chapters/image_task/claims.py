"""What reports A and B say about learning images, and what chapter 12 expects."""

from collections.abc import Callable
from functools import partial

import numpy as np

from hw1lib.chapters.image_task.result import Curves, Result, cnns, mlps, named
from hw1lib.chapters.image_task.spec import (
    AS_B,
    BY_ITSELF,
    CONTROL,
    DEPTH,
    DIGITS_DEPTH,
    DROPOUT_CNN,
    LENET,
    LINEAR,
    MAIN,
    RESIDUAL,
    cnn_name,
    mlp_name,
)
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio
from hw1lib.judging.statistics import decades
from hw1lib.judging.verdicts import Claim, Margin

LATER = "the full run"
FACTOR = Margin(1.1, "a tenth of the loss is what one sees in the curves")
POINT = Margin(1.0, "a hundredth of the images is what A's text rounds to")
TEST_FACTOR = Margin(1.1, "as on the training images", LATER)
LATE_POINT = Margin(1.0, "as for A's sentences", LATER)
LITTLE = POINT.size  # percentage points of a lead that count as none

Sides = dict[str, Curves]  # two networks by name, the first of which is to have more


def _lead(result: Result, arm: str) -> np.ndarray:
    """Compute by how much A's convolutional networks lead its perceptrons in one arm, (R,).

    In percentage points of test accuracy, between the means of those widths that the control
    has too.
    """
    spec = result.spec
    families = [cnn_name(c) for c in spec.side_channels], [mlp_name(u) for u in spec.units]
    of_cnns, of_mlps = (
        np.mean([result.curves[arm, name].percent("test") for name in names], axis=0)
        for names in families
    )
    return of_cnns - of_mlps


def _of_widths(networks: Callable[[Result], list[Curves]], result: Result) -> Sides:
    """Return the narrowest and the widest network of a family."""
    family = networks(result)
    if len(family) < 2:
        raise NotTested("there is one width only")
    return {"narrowest": family[0], "widest": family[-1]}


def _loss(networks: Callable[[Result], list[Curves]], split: str, result: Result) -> Effect:
    sides = _of_widths(networks, result)
    return Ratio(f"{split} loss", {name: c.final(split, "loss") for name, c in sides.items()})


def _accuracy(networks: Callable[[Result], list[Curves]], result: Result) -> Effect:
    narrow, wide = _of_widths(networks, result).values()
    sides = {"widest": wide.percent("test"), "narrowest": narrow.percent("test")}
    return Difference("test accuracy", sides, unit=POINTS)


def _families_loss(split: str, result: Result) -> Effect:
    sides = {
        name: 10 ** np.mean([decades(c.final(split, "loss")) for c in family(result)], axis=0)
        for name, family in (("perceptrons", mlps), ("convolutional", cnns))
    }
    return Ratio(f"{split} loss, geometric mean of a family", sides)


def _families_accuracy(result: Result) -> Effect:
    sides = {
        name: np.mean([c.percent("test") for c in family(result)], axis=0)
        for name, family in (("convolutional", cnns), ("perceptrons", mlps))
    }
    return Difference("test accuracy, mean of a family", sides, unit=POINTS)


def _by_structure(result: Result) -> Effect:
    half = _lead(result, MAIN) / 2
    sides = {"half of the lead": half, "lead under permuted pixels": _lead(result, CONTROL)}
    return Difference("lead of convolution in test accuracy", sides, unit=POINTS)


def _no_lead_left(result: Result) -> Effect:
    return Bound(
        "lead of convolution in test accuracy under permuted pixels",
        _lead(result, CONTROL),
        at_most=LITTLE,
        unit=POINTS,
    )


def _by_itself(result: Result) -> Effect:
    """Compare A's perceptrons with a network to which every pixel adds its own evidence."""
    perceptrons = np.mean([c.percent("test") for c in mlps(result)], axis=0)
    linear = result.curves[BY_ITSELF, LINEAR].percent("test")
    sides = {"perceptrons": perceptrons, LINEAR: linear}
    return Difference("test accuracy", sides, unit=POINTS, absent=True)


def _large_falls_faster(result: Result) -> Effect:
    if AS_B not in result.images:
        raise NotTested("there are no digits")
    sides = {
        name: 10 ** decades(result.curves[AS_B, name].series("train", "loss")).mean(axis=0)
        for name in (LENET, DROPOUT_CNN)
    }
    return Ratio("training loss, geometric mean over the epochs", sides)


def _falls_steadily(result: Result) -> Effect:
    if AS_B not in result.images:
        raise NotTested("there are no digits")
    loss = result.curves[AS_B, LENET].series("train", "loss")
    falls = np.where(np.isfinite(loss[-1]), (np.diff(loss, axis=0) < 0).mean(axis=0), np.nan)
    return Bound(f"share of epochs that lower the training loss of {LENET}", falls, at_least=0.9)


def _depth_helps(arm: str, kind: str, result: Result) -> Effect:
    """Compare the deepest network of a kind with the shallowest, each at its own rate."""
    if arm not in result.images:
        raise NotTested("there are no digits")
    shallowest, deepest = named(result, arm, kind)
    sides = {name: result.curves[arm, name].percent("test") for name in (deepest, shallowest)}
    return Difference("test accuracy at a tuned learning rate", sides, unit=POINTS)


CLAIMS = (
    Claim(
        "A-C8a",
        "Wider convolutional networks have a lower training loss.",
        partial(_loss, cnns, "train"),
        FACTOR,
    ),
    Claim(
        "A-C8b",
        "Wider convolutional networks have a higher accuracy.",
        partial(_accuracy, cnns),
        POINT,
    ),
    Claim(
        "A-C8c",
        "Wider convolutional networks have a lower test loss.",
        partial(_loss, cnns, "test"),
        TEST_FACTOR,
    ),
    Claim(
        "A-C9a",
        "Wider perceptrons have a lower training loss.",
        partial(_loss, mlps, "train"),
        FACTOR,
    ),
    Claim("A-C9b", "Wider perceptrons have a higher accuracy.", partial(_accuracy, mlps), POINT),
    Claim(
        "A-C9c",
        "Wider perceptrons have a lower test loss.",
        partial(_loss, mlps, "test"),
        TEST_FACTOR,
    ),
    Claim(
        "A-C10a",
        "Convolutional networks have a lower training loss than perceptrons.",
        partial(_families_loss, "train"),
        FACTOR,
    ),
    Claim(
        "A-C10b",
        "Convolutional networks have a higher accuracy than perceptrons.",
        _families_accuracy,
        POINT,
    ),
    Claim(
        "A-C10c",
        "Convolutional networks have a lower test loss than perceptrons.",
        partial(_families_loss, "test"),
        TEST_FACTOR,
    ),
    Claim(
        "A-C11a", "Convolutional networks lead because of their convolutions.", _by_structure, POINT
    ),
    Claim(
        "A-C11b",
        "Perceptrons take every pixel by itself, so they do no better than a linear network.",
        _by_itself,
        LATE_POINT,
    ),
    Claim(
        "B-C8a",
        "The large network's loss falls faster than the small one's.",
        _large_falls_faster,
        FACTOR,
    ),
    Claim(
        "B-C8b",
        "The small network's loss falls consistently.",
        _falls_steadily,
        Margin(0.05, "one epoch in twenty more or less is still consistent", LATER),
    ),
    Claim(
        "E-12a",
        "Under permuted pixels less than a point is left of convolution's lead.",
        _no_lead_left,
        Margin(0.1, "a tenth of a point is little beside one", LATER),
    ),
    Claim(
        "E-12b",
        "At equal size six convolutions do better than two.",
        partial(_depth_helps, DEPTH, ""),
        LATE_POINT,
    ),
    Claim(
        "E-12c",
        "At equal size six convolutions with residual connections do better than two.",
        partial(_depth_helps, DEPTH, RESIDUAL),
        LATE_POINT,
    ),
    Claim(
        "E-12d",
        "At equal size six hidden layers do better on digits than one.",
        partial(_depth_helps, DIGITS_DEPTH, ""),
        LATE_POINT,
    ),
    Claim(
        "E-12e",
        "At equal size six hidden layers with residual connections do better on digits than one.",
        partial(_depth_helps, DIGITS_DEPTH, RESIDUAL),
        LATE_POINT,
    ),
)
