"""What chapter 31 expects, each sentence judged from its result.

No sentence of a report is tested at the report's own scale; what was measured names the images and
the learning rate.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hw1lib.chapters.random_labels.result import (
    Fit,
    Result,
    halfway,
    passes_to_fit,
    scale,
    zhangs_range,
)
from hw1lib.chapters.random_labels.spec import CNN, MLP, RANDOM, TRUE
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, Ratio
from hw1lib.judging.verdicts import Claim, Margin

CLASSES = 10  # of both sets; a random label is the true one in one of so many cases
FITTED = 98.0  # % of the training labels
AFTER = "the full run"

FIT = Margin(
    1.0,
    f"from 99 % on a network counts as fitting random labels, since Zhang et al. call "
    f"{zhangs_range('train')[0]:g} % a fit, and up to 97 % as not fitting them",
)
ALL_SHARES = replace(FIT, after=AFTER)
FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis of losses or times")
FACTOR_LATER = replace(FACTOR, after=AFTER)
FORGOTTEN = Margin(
    5.0, "a training passes through some points from one measurement to the next", "the quick run"
)
AT_CHANCE = Margin(2.0, "two points more than chance would be next to nothing learned", AFTER)


def known_then_and_last(fit: Fit, share: float) -> dict[str, np.ndarray]:
    """Compute the accuracy on the true labels of the training images at two times, (R,), in %.

    First when as many of the given labels were first right as are true, then at the end. A network
    that learns the truth first knows all of it at the first of them; one that learns every label
    alike knows only the true ones among those that it has learned. NaN where that many were never
    right, or a training diverged.

    Args:
        fit: The trainings.
        share: Of random labels.
    """
    given, true = (fit.series("train", name) for name in ("accuracy", "true accuracy"))
    reached = given >= 1 - share * (1 - 1 / CLASSES)
    then = true[reached.argmax(axis=0), np.arange(true.shape[1])]
    return {
        "once as many labels are right as are true": 100
        * np.where(reached.any(axis=0), then, np.nan),
        "at the end": 100 * true[-1],
    }


def _fits(network: str) -> Callable[[Result], Effect]:
    def accuracy(result: Result) -> Effect:
        return Bound(
            f"training accuracy on random labels of {scale(result, network)}",
            result.fits[network, RANDOM].percent("train"),
            at_least=FITTED,
            unit="%",
        )

    return accuracy


def _fits_any_share(network: str) -> Callable[[Result], Effect]:
    def lowest(result: Result) -> Effect:
        shares = [fit.percent("train") for fit in result.arm(network).values()]
        return Bound(
            f"lowest training accuracy over the shares, labels of {scale(result, network)}",
            np.min(shares, axis=0),
            at_least=FITTED,
            unit="%",
        )

    return lowest


def _test_loss_rises(network: str) -> Callable[[Result], Effect]:
    def rise(result: Result) -> Effect:
        course = result.fits[network, RANDOM].series("test", "loss")
        return Ratio(
            f"test loss, random labels of {scale(result, network)}",
            {"at the end": course[-1], "untrained": course[0]},
        )

    return rise


def _takes_longer(network: str) -> Callable[[Result], Effect]:
    def passes(result: Result) -> Effect:
        return Ratio(
            f"passes until all labels of {scale(result, network)} are right",
            passes_to_fit(result, network, RANDOM),
        )

    return passes


def _takes_longer_to_half(network: str) -> Callable[[Result], Effect]:
    def passes(result: Result) -> Effect:
        sides = {"random labels": RANDOM, "true labels": TRUE}
        return Ratio(
            f"passes until half the labels of {scale(result, network)} are right",
            {name: result.fits[network, share].passes_to(0.5) for name, share in sides.items()},
        )

    return passes


def _learns_truth_first(network: str) -> Callable[[Result], Effect]:
    def knowledge(result: Result) -> Effect:
        share = halfway(result)
        return Difference(
            f"accuracy on true labels, {100 * share:g} % random, of {scale(result, network)}",
            known_then_and_last(result.fits[network, share], share),
            unit=POINTS,
        )

    return knowledge


def _at_chance(network: str) -> Callable[[Result], Effect]:
    def beyond(result: Result) -> Effect:
        accuracy = result.fits[network, RANDOM].percent("test")
        return Difference(
            f"test accuracy after random labels of {scale(result, network)}",
            {"": accuracy, "chance": np.full(len(accuracy), 100 / CLASSES)},
            unit=POINTS,
            absent=True,
        )

    return beyond


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C22",
        "A CNN of 153,962 parameters fits random labels of a part of CIFAR-10.",
        _fits(CNN),
        FIT,
    ),
    Claim(
        "B-C14",
        "A perceptron, 784-512-10, fits random labels of a part of MNIST.",
        _fits(MLP),
        FIT,
    ),
    Claim(
        "B-C15",
        "While the perceptron fits random labels, its test loss rises.",
        _test_loss_rises(MLP),
        FACTOR,
    ),
    Claim(
        "E-31a",
        "The CNN takes longer to fit random labels than true ones.",
        _takes_longer(CNN),
        FACTOR,
    ),
    Claim(
        "E-31b",
        "The perceptron takes longer to fit random labels than true ones.",
        _takes_longer(MLP),
        FACTOR,
    ),
    Claim(
        "E-31c",
        "Where labels are partly random, the perceptron first learns the true ones, then "
        "forgets them.",
        _learns_truth_first(MLP),
        FORGOTTEN,
    ),
    Claim(
        "E-31d",
        "The CNN takes longer to get half of the random labels right.",
        _takes_longer_to_half(CNN),
        FACTOR_LATER,
    ),
    Claim(
        "E-31e",
        "The perceptron takes longer to get half of the random labels right.",
        _takes_longer_to_half(MLP),
        FACTOR_LATER,
    ),
    Claim(
        "E-31f",
        "The CNN fits all labels, whatever share of them is random.",
        _fits_any_share(CNN),
        ALL_SHARES,
    ),
    Claim(
        "E-31g",
        "The perceptron fits all labels, whatever share of them is random.",
        _fits_any_share(MLP),
        ALL_SHARES,
    ),
    Claim(
        "E-31h",
        "After random labels alone the CNN's test accuracy is that of guessing.",
        _at_chance(CNN),
        AT_CHANCE,
    ),
    Claim(
        "E-31i",
        "After random labels alone the perceptron's test accuracy is that of guessing.",
        _at_chance(MLP),
        AT_CHANCE,
    ),
    Claim(
        "E-31j",
        "While the CNN fits random labels, its test loss rises.",
        _test_loss_rises(CNN),
        FACTOR_LATER,
    ),
)
