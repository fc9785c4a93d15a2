"""What chapter 34 compares: the effect that each of its claims predicts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hw1lib.chapters.sensitivity.result import (
    JACOBIANS,
    Result,
    expected_variance,
    keskar_measures,
    rescaling_sides,
    sizes_compared,
)
from hw1lib.chapters.sensitivity.spec import (
    AS_A,
    BATCHES,
    FACTORS,
    KINDS,
    LARGE,
    RANDOM,
    SMALL,
    STEPS,
    TRUE,
)
from hw1lib.judging import correlates
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio
from hw1lib.judging.statistics import decades, log_ratio

NO_WORSE = 1.25  # at most so many times the loss of the smallest batch
ALIKE = 2.0  # training losses that differ by more are not those of comparable minima


def rises(measure: str, title: str, arm: str, result: Result) -> Effect:
    """Compare a measure with the largest batch to that with the smallest."""
    return Ratio(f"{title}, {arm}", sizes_compared(result, arm, measure))


def accuracy_falls(arm: str, result: Result) -> Effect:
    """Compare test accuracies with the smallest batch and the largest."""
    large, small = sizes_compared(result, arm, "test_accuracy").items()
    sides = {name: 100 * values for name, values in (small, large)}
    return Difference(f"test accuracy (%), {arm}", sides, unit=POINTS)


def no_worse_after_equal_updates(result: Result) -> Effect:
    """Bound the training loss of the largest batch after as many updates as of the smallest."""
    large, small = sizes_compared(result, STEPS, "train_loss").values()
    ratio = 10 ** (decades(large) - decades(small))
    of = f"training loss of the largest batch in units of the smallest one's, {STEPS}"
    return Bound(of, ratio, at_most=NO_WORSE, factor=True)


def small_generalizes_better(result: Result) -> Effect:
    """Compare test accuracies in Keskar's setting."""
    sides = {name: 100 * result.alone[name]["test_accuracy"] for name in (SMALL, LARGE)}
    return Difference("test accuracy (%), both trained to the end", sides, unit=POINTS)


def levelling(
    result: Result, values: Mapping[tuple[str, int], np.ndarray]
) -> dict[str, np.ndarray]:
    """Return how fast A's sensitivity changes between its smallest batches, and its largest.

    Both as the factor, (R,) and at least 1, that a tenfold batch makes; by the batches compared.
    """
    sizes = result.spec.batch_sizes
    logs = {size: decades(values[AS_A, size]) for size in sizes}
    return {
        f"batches {a:,} to {b:,}": 10 ** (np.abs(logs[b] - logs[a]) / np.log10(b / a))
        for a, b in (sizes[:2], sizes[-2:])
    }


def levels_off(own: bool, result: Result) -> Effect:
    """Compare how fast sensitivity changes between small batches and between large ones."""
    by_input = {key: of["input_gradient_test"] for key, of in result.sweep.items()}
    values = result.tensor_gradient if own else by_input
    what = "A's own gradient by the weights" if own else "the gradient by the input"
    return Ratio(f"change of {what} per tenfold batch, {AS_A}", levelling(result, values))


def smaller_is_more_exact(result: Result) -> Effect:
    """Compare the noise of the largest batches to that of the smallest."""
    sizes, variance = result.spec.batch_sizes, result.variance[0]
    sides = {f"batch {sizes[place]:,}": variance[place] for place in (-1, 0)}
    return Ratio("variance of the gradient, initial weights", sides)


def falls_by_the_law(result: Result) -> Effect:
    """Compare the noise of large batches to what independence of the images predicts."""
    variance, sizes = result.variance[0], np.array(result.spec.batch_sizes)
    # the largest batch may be all images, whose mean has no variance
    place = len(sizes) - 1 - (expected_variance(result, sizes)[-1] == 0)
    expected = expected_variance(result, sizes)[place]
    return Ratio(
        f"variance with batches of {sizes[place]:,} over that with {sizes[0]:,}",
        {"measured": variance[place] / variance[0], "law": np.full(variance.shape[1], expected)},
        absent=True,
    )


def a_pass_is_shorter(result: Result) -> Effect:
    """Compare the times of an epoch with the smallest batch and with the largest."""
    sizes = result.spec.batch_sizes
    sides = {f"batch {sizes[place]:,}": result.seconds[place] for place in (0, -1)}
    return Ratio("seconds per epoch over the training images", sides)


def large_is_sharper(network: str, result: Result) -> Effect:
    """Compare Keskar's sharpness of large and small batches, each trained to the end."""
    small, large = (keskar_measures(result, name) for name in BATCHES[network])
    loss = log_ratio(large["training loss"], small["training loss"]).factor
    at = f" at {loss.mean:.2g} times the training loss" if loss.n else ""
    return Ratio(
        f"Keskar's sharpness at 1e-3, {network}, the large batch{at}",
        {"large batch": large["sharpness, 1e-3"], "small batch": small["sharpness, 1e-3"]},
    )


def large_is_sharper_at_equal_loss(network: str, result: Result) -> Effect:
    """Compare Keskar's sharpness as `large_is_sharper`, if the training losses are alike.

    Raises:
        NotTested: If they are not.
    """
    small, large = (keskar_measures(result, name)["training loss"] for name in BATCHES[network])
    loss = log_ratio(large, small).factor
    if loss.n and not 1 / ALIKE <= loss.mean <= ALIKE:
        raise NotTested(
            f"the large batch ended at {loss.mean:.2g} times the training loss of the small one, "
            "and Keskar's sharpness depends on the loss"
        )
    return large_is_sharper(network, result)


def rescaled_is_sharper(result: Result) -> Effect:
    """Compare Keskar's sharpness after the layers were rescaled and before."""
    of = f"Keskar's sharpness with the first layer multiplied by {FACTORS[-1]:g}"
    return Ratio(of, rescaling_sides(result, "keskar"))


def random_labels_are_more_sensitive(kind: str, result: Result) -> Effect:
    """Compare a Jacobian after random labels and after true ones."""
    sides = {name: result.alone[name][JACOBIANS[kind]] for name in (RANDOM, TRUE)}
    return Ratio(f"Jacobian of the {kind}", sides)


def wrong_is_more_sensitive(kind: str, result: Result) -> Effect:
    """Compare a Jacobian on test images that are classified wrongly and correctly."""
    right, wrong = result.closer[SMALL].jacobian[KINDS.index(kind)]
    sides = {"test images classified wrongly": wrong, "correctly": right}
    return Ratio(f"Jacobian of the {kind}", sides)


def _goes_with_the_gap(
    measure: str, title: str, result: Result, *, given: str | None = None, absent: bool = False
) -> Effect:
    networks = correlates.networks({"34": result.described})
    at = ", at equal training loss" if given else ""
    of = f"rank correlation of {title} with the accuracy gap, over this chapter's networks{at}"
    return correlates.effect(of, networks, measure, "accuracy_gap", given=given, absent=absent)


def without_arm(result: Result) -> Mapping[str, Result]:
    """Leave out the networks of one arm after another, then those outside the sweep.

    Only the last are of another size than the rest.
    """
    arms = dict.fromkeys(arm for arm, _ in result.sweep)
    rest = {
        arm: replace(result, sweep={key: of for key, of in result.sweep.items() if key[0] != arm})
        for arm in arms
    }
    return rest | {"the perceptrons": replace(result, alone={})}


def jacobian_goes_with_the_gap(kind: str, result: Result, given: str | None = None) -> Effect:
    """Correlate a Jacobian with the gap."""
    return _goes_with_the_gap(JACOBIANS[kind], f"the Jacobian of the {kind}", result, given=given)


def keskar_goes_with_the_gap(result: Result, given: str | None = None) -> Effect:
    """Correlate Keskar's sharpness with the gap, which is claimed to be absent."""
    title = "Keskar's sharpness at 1e-3"
    return _goes_with_the_gap("keskar_wide", title, result, given=given, absent=True)
