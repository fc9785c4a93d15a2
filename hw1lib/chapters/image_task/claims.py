"""What reports A and B say about learning images, each sentence with its test.

The margins were written down before the full profile was run.
"""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.image_task import CONTROL, MAIN, B, Curves, Result
from hw1lib.judging.statistics import Interval, log_ratio, paired_difference, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, not_tested, of_effect

FACTOR = float(np.log10(1.1))  # decades; a tenth of the loss is what one sees in the curves
POINTS = 1.0  # percentage points; a hundredth of the images is what A's text rounds to


def cnns(result: Result) -> list[Curves]:
    """Take A's convolutional networks, in the order of their channels."""
    return [result.curves[MAIN, f"CNN {c}"] for c in sorted(result.spec.channels)]


def mlps(result: Result) -> list[Curves]:
    """Take A's perceptrons, in the order of their units."""
    return [result.curves[MAIN, f"MLP {u}"] for u in sorted(result.spec.units)]


def percent(curves: Curves, split: str) -> np.ndarray:
    """Take the accuracy after the last pass, (R,), in percent."""
    return 100 * curves.final(split, "accuracy")


def lead(result: Result, arm: str) -> np.ndarray:
    """Tell by how much A's convolutional networks lead its perceptrons in one arm, (R,).

    In percentage points of test accuracy, between the means of those widths that the control
    has too.
    """
    channels, units = sorted(result.spec.side_channels), sorted(result.spec.units)
    of_cnns = np.mean([percent(result.curves[arm, f"CNN {c}"], "test") for c in channels], axis=0)
    of_mlps = np.mean([percent(result.curves[arm, f"MLP {u}"], "test") for u in units], axis=0)
    return of_cnns - of_mlps


def lost(result: Result) -> np.ndarray:
    """Tell how much more than half of its lead convolution loses under permuted pixels, (R,)."""
    return lead(result, MAIN) / 2 - lead(result, CONTROL)


def mean_log_loss(curves: Curves) -> np.ndarray:
    """Average log10 of the training loss, measured at rest, over the passes, (R,)."""
    return np.log10(curves.series("train", "loss")).mean(axis=0)


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
        paired_difference(percent(wide, "test"), percent(narrow, "test")),
    )


def _family_loss(networks: list[Curves]) -> np.ndarray:
    """Take the geometric mean of a family's training losses after the last pass, (R,)."""
    return 10 ** np.log10([c.final("train", "loss") for c in networks]).mean(axis=0)


def _families_loss(result: Result) -> Verdict:
    return _loss(
        "training loss of the perceptrons over that of the convolutional networks",
        log_ratio(_family_loss(mlps(result)), _family_loss(cnns(result))),
    )


def _families_accuracy(result: Result) -> Verdict:
    of_cnns, of_mlps = (
        np.mean([percent(c, "test") for c in family(result)], axis=0) for family in (cnns, mlps)
    )
    return _accuracy(
        "test accuracy of the convolutional networks less that of the perceptrons",
        paired_difference(of_cnns, of_mlps),
    )


def _by_structure(result: Result) -> Verdict:
    return _accuracy(
        "half of the lead in test accuracy less what remains of it under permuted pixels",
        t_interval(lost(result)),
    )


def _large_falls_faster(result: Result) -> Verdict:
    if B not in result.images:
        return not_tested("there are no digits")
    small, large = (result.curves[B, network] for network in ("LeNet", "dropout CNN"))
    return _loss(
        "training loss of the small network over that of the large, mean over the passes",
        paired_difference(mean_log_loss(small), mean_log_loss(large)),
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
