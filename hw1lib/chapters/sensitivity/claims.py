"""The sentences that chapter 34 tests, each judged from its result."""

from functools import partial

import numpy as np

from hw1lib.chapters.sensitivity.result import (
    Result,
    accuracy_lost,
    largest_against_smallest,
    rescaling,
)
from hw1lib.chapters.sensitivity.spec import (
    AS_A,
    EPOCHS,
    FACTORS,
    KINDS,
    LARGE,
    RANDOM,
    SCALED,
    SMALL,
    STEPS,
    TRUE,
)
from hw1lib.judging import correlates, verdicts
from hw1lib.judging.statistics import Interval, decades, log_ratio, paired_difference
from hw1lib.judging.verdicts import Claim, Verdict

# a factor of 1.25; less could not be seen on the chapter's logarithmic scales
FACTOR = float(np.log10(1.25))

# 0.1 points: less than the 0.22 that Keskar et al. report for digits, and about the standard
# deviation that 10,000 test images alone give an accuracy of 99 %
POINTS = 0.1

# tenfold batches change the sensitivity by a quarter: less is level
LEVEL = FACTOR

# what the homework's texts promise of rescaling: by orders of magnitude
THOUSANDFOLD = 3.0

# a tenth of the variance of the ranks: a weaker relation would be of no use
RELATED = 0.3


def levelling(result: Result, values: dict[tuple[str, int], np.ndarray]) -> Interval:
    """Return how much faster A's sensitivity changes between the smallest batches than the largest.

    Both as absolute changes of its log10 per tenfold batch.
    """
    sizes = result.spec.batch_sizes
    logs = {size: decades(values[AS_A, size]) for size in sizes}

    def steepness(a: int, b: int) -> np.ndarray:
        return np.abs(logs[b] - logs[a]) / np.log10(b / a)

    return paired_difference(steepness(*sizes[:2]), steepness(*sizes[-2:]))


def _loss_rises(arm: str, split: str, result: Result) -> Verdict:
    return verdicts.of_effect(
        f"{split} loss, log10 of the largest batch over the smallest, {arm}",
        largest_against_smallest(result, arm, f"{split}_loss"),
        unit="decades",
        margin=FACTOR,
    )


def _accuracy_falls(arm: str, result: Result) -> Verdict:
    return verdicts.of_effect(
        f"test accuracy, the smallest batch − the largest, {arm}",
        accuracy_lost(result, arm),
        unit="points",
        margin=POINTS,
    )


def _small_generalizes_better(result: Result) -> Verdict:
    small, large = (100 * result.alone[name]["test_accuracy"] for name in (SMALL, LARGE))
    return verdicts.of_effect(
        "test accuracy, Keskar's small batch − large, both trained to the end",
        paired_difference(small, large),
        unit="points",
        margin=POINTS,
    )


def _levels_off(own: bool, result: Result) -> Verdict:
    values = (
        result.tensor_gradient
        if own
        else {key: of["input_gradient_test"] for key, of in result.sweep.items()}
    )
    what = "A's own gradient by the weights" if own else "gradient by the input"
    return verdicts.of_effect(
        f"{what}: change between the smallest batches − between the largest, {AS_A}",
        levelling(result, values),
        unit="decades per tenfold batch",
        margin=LEVEL,
    )


def _smaller_is_more_exact(result: Result) -> Verdict:
    variance = result.variance[0]
    return verdicts.of_effect(
        "variance of the gradient, log10 of the largest batch over the smallest",
        log_ratio(variance[-1], variance[0]),
        unit="decades",
        margin=FACTOR,
    )


def _large_is_sharper(result: Result) -> Verdict:
    # Keskar et al. report a factor of 167; with the margin of ten that stood here first, a short
    # run's minima, a third as sharp, would have been called alike
    large, small = (result.closer[name].keskar_wide for name in (LARGE, SMALL))
    return verdicts.of_effect(
        "Keskar's sharpness at 1e-3, log10 of large batch over small",
        log_ratio(large, small),
        unit="decades",
        margin=FACTOR,
    )


def _rescaled_is_sharper(result: Result) -> Verdict:
    return verdicts.of_effect(
        f"Keskar's sharpness, log10 of its ratio when the first layer is {FACTORS[-1]:g} of itself",
        rescaling(result, "keskar"),
        unit="decades",
        margin=THOUSANDFOLD,
    )


def _random_labels_are_more_sensitive(result: Result) -> Verdict:
    random, true = (result.alone[name]["jacobian_test"] for name in (RANDOM, TRUE))
    return verdicts.of_effect(
        "Jacobian of the outputs, log10 of random labels over true",
        log_ratio(random, true),
        unit="decades",
        margin=FACTOR,
    )


def _wrong_is_more_sensitive(result: Result) -> Verdict:
    right, wrong = result.closer[SMALL].jacobian[KINDS.index("probabilities")]
    return verdicts.of_effect(
        "Jacobian of the probabilities, log10 of wrongly over correctly classified test images",
        log_ratio(wrong, right),
        unit="decades",
        margin=FACTOR,
    )


def _goes_with_the_gap(measure: str, title: str, result: Result) -> Verdict:
    networks = correlates.networks({"34": result.described})
    return verdicts.of_effect(
        f"rank correlation of {title} with the accuracy gap, over this chapter's networks",
        correlates.between(networks, measure, "accuracy_gap"),
        unit="",
        margin=RELATED,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C33a",
        "At A's rate the training loss rises with the batch size.",
        partial(_loss_rises, AS_A, "train"),
    ),
    Claim("A-C33b", "So does the test loss.", partial(_loss_rises, AS_A, "test")),
    Claim("A-C33c", "The test accuracy falls.", partial(_accuracy_falls, AS_A)),
    Claim(
        "A-C33, control",
        "The test loss rises with the batch size also after equally many updates.",
        partial(_loss_rises, STEPS, "test"),
    ),
    Claim(
        "A-C34a",
        "Small batches generalize better, where both train to the end.",
        _small_generalizes_better,
    ),
    Claim(
        "A-C34b",
        "Small batches classify better after equally many epochs at a larger rate.",
        partial(_accuracy_falls, EPOCHS),
    ),
    Claim(
        "A-C34c",
        "Small batches classify better where the rate grows with the batch.",
        partial(_accuracy_falls, SCALED),
    ),
    Claim(
        "A-C35a",
        "Sensitivity changes strongly with small batches and levels off with large ones.",
        partial(_levels_off, False),
    ),
    Claim("A-C35b", "So does A's own measure of it.", partial(_levels_off, True)),
    Claim("A-C36", "Small batches give more exact gradients.", _smaller_is_more_exact),
    Claim("E-34a", "Large batches end in sharper minima.", _large_is_sharper),
    Claim(
        "E-34b",
        "Rescaling multiplies the sharpness by a thousand and changes no prediction.",
        _rescaled_is_sharper,
    ),
    Claim(
        "E-34c",
        "Networks that learned random labels are more sensitive.",
        _random_labels_are_more_sensitive,
    ),
    Claim(
        "E-34d",
        "A network is more sensitive where it is wrong.",
        _wrong_is_more_sensitive,
    ),
    Claim(
        "E-34e",
        "Networks with a larger Jacobian have a larger gap.",
        partial(_goes_with_the_gap, "jacobian_test", "the Jacobian of the outputs"),
    ),
    Claim(
        "E-34f",
        "Networks in sharper minima have a larger gap.",
        partial(_goes_with_the_gap, "keskar_wide", "Keskar's sharpness at 1e-3"),
    ),
)
