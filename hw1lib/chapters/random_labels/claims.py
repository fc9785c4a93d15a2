"""What chapter 31 expects, each sentence judged from its result."""

from functools import partial

import numpy as np

from hw1lib.chapters.random_labels.result import (
    Fit,
    Result,
    halfway,
    slower,
    zhangs_range,
)
from hw1lib.chapters.random_labels.spec import CNN, MLP, RANDOM
from hw1lib.judging.statistics import log_ratio, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, of_effect

# Zhang et al. call a training accuracy of 99.34 % fitted, the lowest in their table. So does this
# chapter from 99 % on, and not up to 97 %: a point on either side of 98 %.
FITTED, AROUND_FITTED = 98.0, 1.0
# a factor of 1.25 between losses or times; less could not be seen on the chapter's logarithmic axes
FACTOR = float(np.log10(1.25))
POINTS = 5.0  # of accuracy; a training passes through some points from one measurement to the next
CLASSES = 10  # of both sets; a random label is the true one in one of so many cases


def forgotten(fit: Fit, share: float) -> np.ndarray:
    """Compute how far the accuracy on the true labels of the training images fell, (R,), points.

    From when as many of the given labels were first right as are true, to the end. A network that
    learns the truth first knows all of it then; one that learns every label alike knows only the
    true ones among those that it has learned. NaN where that many were never right, or a training
    diverged.

    Args:
        fit: The trainings.
        share: Of random labels.
    """
    given, true = (fit.series("train", name) for name in ("accuracy", "true accuracy"))
    reached = given >= 1 - share * (1 - 1 / CLASSES)
    then = true[reached.argmax(axis=0), np.arange(true.shape[1])]
    return 100 * (np.where(reached.any(axis=0), then, np.nan) - true[-1])


def margin_sentence() -> str:
    """State which effects are large enough for a verdict."""
    lowest, _ = zhangs_range("train")
    return (
        f"A network counts as fitting random labels above {FITTED + AROUND_FITTED:g} % training "
        f"accuracy, since Zhang et al. call {lowest:g} % a fit, and not up to "
        f"{FITTED - AROUND_FITTED:g} %. Times and losses are compared as factors, of which the "
        f"smallest that matters is {10**FACTOR:.3g}; a fall of the accuracy on true labels "
        f"matters from {POINTS:g} points on."
    )


def _fits_random_labels(network: str, result: Result) -> Verdict:
    return of_effect(
        f"training accuracy on random labels − {FITTED:g} %, {network}",
        t_interval(result.fits[network, RANDOM].percent("train") - FITTED),
        unit="points",
        margin=AROUND_FITTED,
    )


def _test_loss_rises(network: str, result: Result) -> Verdict:
    course = result.fits[network, RANDOM].series("test", "loss")
    return of_effect(
        f"test loss with random labels, log10 of last over first, {network}",
        log_ratio(course[-1], course[0]),
        unit="decades",
        margin=FACTOR,
    )


def _takes_longer(network: str, result: Result) -> Verdict:
    return of_effect(
        f"passes to fit, log10 of random over true labels, {network}",
        slower(result, network, RANDOM),
        unit="decades",
        margin=FACTOR,
    )


def _learns_truth_first(network: str, result: Result) -> Verdict:
    share = halfway(result)
    return of_effect(
        "accuracy on true labels, once as many labels are right as are true − last, "
        f"{100 * share:g} % random, {network}",
        t_interval(forgotten(result.fits[network, share], share)),
        unit="points",
        margin=POINTS,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C22",
        "A CNN of 153,962 parameters fits random labels of CIFAR-10.",
        partial(_fits_random_labels, CNN),
    ),
    Claim(
        "B-C14",
        "A perceptron, 784-512-10, fits random labels of MNIST.",
        partial(_fits_random_labels, MLP),
    ),
    Claim(
        "B-C15",
        "While the perceptron fits random labels, its test loss rises.",
        partial(_test_loss_rises, MLP),
    ),
    Claim(
        "E-31a",
        "The CNN takes longer to fit random labels than true ones.",
        partial(_takes_longer, CNN),
    ),
    Claim(
        "E-31b",
        "The perceptron takes longer to fit random labels than true ones.",
        partial(_takes_longer, MLP),
    ),
    Claim(
        "E-31c",
        "Where labels are partly random, the perceptron first learns the true ones, then "
        "forgets them.",
        partial(_learns_truth_first, MLP),
    ),
)
