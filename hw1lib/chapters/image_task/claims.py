"""What reports A and B say about learning images, each sentence with its test.

The margins were written down before the full profile was run.
"""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.image_task.result import Curves, Result, cnns, mlps
from hw1lib.chapters.image_task.spec import (
    AS_B,
    CONTROL,
    DROPOUT_CNN,
    LENET,
    MAIN,
    cnn_name,
    mlp_name,
)
from hw1lib.judging.statistics import Interval, decades, log_ratio, paired_difference, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, not_tested, of_effect

FACTOR = float(np.log10(1.1))  # decades; a tenth of the loss is what one sees in the curves
POINTS = 1.0  # percentage points; a hundredth of the images is what A's text rounds to


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


def _lost(result: Result) -> np.ndarray:
    """Compute how much more than half its lead convolution loses under permuted pixels, (R,)."""
    return _lead(result, MAIN) / 2 - _lead(result, CONTROL)


def _mean_log_loss(curves: Curves) -> np.ndarray:
    """Average log10 of the training loss, measured at rest, over the passes, (R,)."""
    return decades(curves.series("train", "loss")).mean(axis=0)


def _loss(compared: str, effect: Interval) -> Verdict:
    return of_effect(compared, effect, unit="decades", margin=FACTOR)


def _accuracy(compared: str, effect: Interval) -> Verdict:
    return of_effect(compared, effect, unit="percentage points", margin=POINTS)


def _of_widths(
    networks: Callable[[Result], list[Curves]], judge: Callable[[Curves, Curves], Verdict]
) -> Callable[[Result], Verdict]:
    """Judge from the narrowest and the widest network of a family."""

    def judged(result: Result) -> Verdict:
        family = networks(result)
        if len(family) < 2:
            return not_tested("there is one width only")
        return judge(family[0], family[-1])

    return judged


def _lower_loss(narrow: Curves, wide: Curves) -> Verdict:
    return _loss(
        "training loss of the narrowest over that of the widest",
        log_ratio(narrow.final("train", "loss"), wide.final("train", "loss")),
    )


def _higher_accuracy(narrow: Curves, wide: Curves) -> Verdict:
    return _accuracy(
        "test accuracy of the widest less that of the narrowest",
        paired_difference(wide.percent("test"), narrow.percent("test")),
    )


def _family_loss(networks: list[Curves]) -> np.ndarray:
    """Compute the geometric mean of a family's training losses after the last pass, (R,)."""
    return 10 ** np.mean([decades(c.final("train", "loss")) for c in networks], axis=0)


def _families_loss(result: Result) -> Verdict:
    return _loss(
        "training loss of the perceptrons over that of the convolutional networks",
        log_ratio(_family_loss(mlps(result)), _family_loss(cnns(result))),
    )


def _families_accuracy(result: Result) -> Verdict:
    of_cnns, of_mlps = (
        np.mean([c.percent("test") for c in family(result)], axis=0) for family in (cnns, mlps)
    )
    return _accuracy(
        "test accuracy of the convolutional networks less that of the perceptrons",
        paired_difference(of_cnns, of_mlps),
    )


def _by_structure(result: Result) -> Verdict:
    return _accuracy(
        "half of the lead in test accuracy less what remains of it under permuted pixels",
        t_interval(_lost(result)),
    )


def _large_falls_faster(result: Result) -> Verdict:
    if AS_B not in result.images:
        return not_tested("there are no digits")
    small, large = (result.curves[AS_B, network] for network in (LENET, DROPOUT_CNN))
    return _loss(
        "training loss of the small network over that of the large, mean over the passes",
        paired_difference(_mean_log_loss(small), _mean_log_loss(large)),
    )


CLAIMS = (
    Claim(
        "A-C8a", "Wider convolutional networks have a lower loss.", _of_widths(cnns, _lower_loss)
    ),
    Claim(
        "A-C8b",
        "Wider convolutional networks have a higher accuracy.",
        _of_widths(cnns, _higher_accuracy),
    ),
    Claim("A-C9a", "Wider perceptrons have a lower loss.", _of_widths(mlps, _lower_loss)),
    Claim("A-C9b", "Wider perceptrons have a higher accuracy.", _of_widths(mlps, _higher_accuracy)),
    Claim("A-C10a", "Convolutional networks have a lower loss than perceptrons.", _families_loss),
    Claim(
        "A-C10b",
        "Convolutional networks have a higher accuracy than perceptrons.",
        _families_accuracy,
    ),
    Claim("A-C11", "They lead because of their convolutions.", _by_structure),
    Claim(
        "B-C8", "The large network's loss falls faster than the small one's.", _large_falls_faster
    ),
)
