"""What chapter 31 compares to judge its claims, each as an effect of its result."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.random_labels.result import (
    THEIRS,
    Fit,
    Result,
    at_scale,
    halfway,
    is_theirs,
    passes_to_fit,
    scale,
)
from hw1lib.chapters.random_labels.spec import CLASSES, MLP, RANDOM, TRUE
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio

FITTED = 98.0  # % of the training labels


def known_then_and_last(fit: Fit, share: float, classes: int = CLASSES) -> dict[str, np.ndarray]:
    """Compute the accuracy on the true labels of the training images at two times, (R,), in %.

    First when as many of the given labels were first right as are true, then at the end. A network
    that learns the truth first knows all of it at the first of them; one that learns every label
    alike knows only the true ones among those that it has learned. NaN where that many were never
    right, or a training diverged.

    Args:
        fit: The trainings.
        share: Of random labels.
        classes: Of which a random label is drawn.
    """
    given, true = (fit.series("train", name) for name in ("accuracy", "true accuracy"))
    reached = given >= 1 - share * (1 - 1 / classes)
    then = true[reached.argmax(axis=0), np.arange(true.shape[1])]
    return {
        "when as many labels are right as are true": 100
        * np.where(reached.any(axis=0), then, np.nan),
        "at the end": 100 * true[-1],
    }


def fits(network: str) -> Callable[[Result], Effect]:
    """Hold the accuracy on random labels against that of a fit."""

    def accuracy(result: Result) -> Effect:
        if result.own:
            raise NotTested(f"the sentence is about other images than {result.own.description}")
        return Bound(
            f"training accuracy on random labels of {scale(result, network)}",
            result.fits[network, RANDOM].percent("train"),
            at_least=FITTED,
            unit="%",
            whole=True,
        )

    return accuracy


def fits_at_scale(network: str, longer: bool) -> Callable[[Result], Effect]:
    """Hold it at the report's scale, after its epochs or after the last, against that of a fit."""

    def accuracy(result: Result) -> Effect:
        fit, theirs = _at_scale(result, network), THEIRS[network]
        if longer and fit.epochs[-1] <= theirs.epochs:
            raise NotTested(f"no training goes on after {theirs.epochs:,} epochs")
        passes = int(fit.epochs[-1]) if longer else theirs.epochs
        return Bound(
            f"training accuracy on random labels of {at_scale(result, network)}, {passes:,} epochs",
            fit.percent_after(passes, "train"),
            at_least=FITTED,
            unit="%",
            whole=True,
        )

    return accuracy


def rise_of_test_loss_at_scale(result: Result) -> Effect:
    """Compare the perceptron's test loss at the end with that before, at the report's scale."""
    return _rise(_at_scale(result, MLP), at_scale(result, MLP))


def at_chance_at_scale(network: str) -> Callable[[Result], Effect]:
    """Compare the test accuracy after random labels with guessing, at the report's scale."""
    return lambda result: _beyond_chance(
        result, _at_scale(result, network), at_scale(result, network)
    )


def _at_scale(result: Result, network: str) -> Fit:
    if result.own:
        raise NotTested(f"the reports' scale is one of other images than {result.own.description}")
    if not is_theirs(result, network):
        theirs = THEIRS[network]
        raise NotTested(
            f"only the full profile learns report {theirs.report}'s {theirs.images:,} images for "
            f"its {theirs.epochs:,} epochs at its rate"
        )
    return result.at_scale[network, RANDOM]


def fits_any_share(network: str) -> Callable[[Result], Effect]:
    """Hold the lowest accuracy over the shares of random labels against that of a fit."""

    def lowest(result: Result) -> Effect:
        shares = [fit.percent("train") for fit in result.arm(network).values()]
        return Bound(
            f"lowest training accuracy over the shares, labels of {scale(result, network)}",
            np.min(shares, axis=0),
            at_least=FITTED,
            unit="%",
            whole=True,
        )

    return lowest


def rise_of_test_loss(network: str) -> Callable[[Result], Effect]:
    """Compare the test loss at the end of a fit of random labels with that before."""
    return lambda result: _rise(result.fits[network, RANDOM], scale(result, network))


def _rise(fit: Fit, learned: str) -> Effect:
    course = fit.series("test", "loss")
    return Ratio(
        f"test loss, random labels of {learned}",
        {"at the end": course[-1], "untrained": course[0]},
    )


def takes_longer(network: str) -> Callable[[Result], Effect]:
    """Compare the epochs until all labels are right."""

    def passes(result: Result) -> Effect:
        return Ratio(
            f"epochs until all labels of {scale(result, network)} are right",
            passes_to_fit(result, network, RANDOM),
        )

    return passes


def takes_longer_to_half(network: str) -> Callable[[Result], Effect]:
    """Compare the epochs until half of the labels are right."""

    def passes(result: Result) -> Effect:
        sides = {"random labels": RANDOM, "true labels": TRUE}
        return Ratio(
            f"epochs until half the labels of {scale(result, network)} are right",
            {name: result.fits[network, share].passes_to(0.5) for name, share in sides.items()},
        )

    return passes


def learns_truth_first(network: str) -> Callable[[Result], Effect]:
    """Compare how much of the truth is known early with how much at the end."""

    def knowledge(result: Result) -> Effect:
        share = halfway(result)
        return Difference(
            f"accuracy on true labels, {100 * share:g} % random, of {scale(result, network)}",
            known_then_and_last(result.fits[network, share], share, result.classes),
            unit=POINTS,
        )

    return knowledge


def at_chance(network: str) -> Callable[[Result], Effect]:
    """Compare the test accuracy after random labels with guessing."""
    return lambda result: _beyond_chance(
        result, result.fits[network, RANDOM], scale(result, network)
    )


def _beyond_chance(result: Result, fit: Fit, learned: str) -> Effect:
    accuracy = fit.percent("test")
    return Difference(
        f"test accuracy after random labels of {learned}",
        {"": accuracy, "chance": np.full(len(accuracy), 100 / result.classes)},
        unit=POINTS,
        absent=True,
    )
