"""What chapter 34 found, in sentences that its result computes."""

from collections.abc import Mapping

import numpy as np

from hw1lib.chapters.sensitivity.result import (
    COMPARED,
    SHORT,
    Result,
    accuracy_lost,
    expected_variance,
    gradient_by_weights,
    gradient_of_the_mean,
    keskar_measures,
    largest_against_smallest,
    own_gradient,
    rescaling,
    sizes_compared,
    their_factor,
)
from hw1lib.chapters.sensitivity.spec import ARMS, AS_A, BATCHES, EPOCHS, FACTORS, SMALL, STEPS
from hw1lib.judging import correlates
from hw1lib.judging.correlates import Described
from hw1lib.judging.statistics import (
    Interval,
    geometric_mean,
    log_ratio,
    named,
    t_interval,
    written,
)

Chapters = Mapping[str, Mapping[str, Described]]  # by chapter and network


def networks_sentence(result: Result) -> str:
    """Name the networks that are trained."""
    return (
        f"The sweep over batch sizes trains the network {result.swept}. The perceptron is "
        f"{result.perceptron}, and the network in place of Keskar's F1 is {result.f1}."
    )


def sweep_sentence(result: Result) -> str:
    """Say what the largest batch costs in test accuracy, and how many trainings diverged."""
    sizes = result.spec.batch_sizes
    found = "; ".join(
        f"{arm} {interval}"
        for arm in ARMS
        if (interval := t_interval(accuracy_lost(result, arm))).n
    )
    lost = sum(int(np.isnan(of["train_loss"]).sum()) for of in result.sweep.values())
    of_all = len(result.sweep) * result.spec.replicas
    return (
        f"Test accuracy with batches of {sizes[0]:,} minus that with {sizes[-1]:,}, in percentage "
        f"points: {found or 'not known'}. Trainings that diverged: {lost} of {of_all}."
    )


def sensitivity_sentence(result: Result) -> str:
    """Say by how much sensitivity differs between the largest and the smallest batch."""
    found = _compared(
        result,
        input_gradient_test="gradient of the loss by the input",
        jacobian_test="Jacobian of the outputs",
        probability_jacobian_test="Jacobian of the probabilities",
    )
    return f"Largest over smallest batch, on test images: {found}."


def written_sentence(result: Result) -> str:
    """Say how each of the three readings of sensitivity differs over the batch sizes."""
    parts = []
    for title, values in (
        ("each image's own loss", own_gradient(result)),
        ("the batch's mean loss", gradient_of_the_mean(result)),
        ("A's gradient by the weights", gradient_by_weights(result)),
    ):
        parts.append(f"{title} {log_ratio(values[-1], values[0]).factor}")
    sizes = result.spec.batch_sizes
    return (
        f"From batches of {sizes[0]:,} to {sizes[-1]:,} the gradients change by these factors: "
        f"{', '.join(parts)}."
    )


def noise_sentence(result: Result) -> str:
    """Say how the variance falls with the batch size, beside what independence predicts."""
    sizes = np.array(result.spec.batch_sizes)
    expected = expected_variance(result, sizes)[-1]
    parts = [
        f"{when} {log_ratio(variance[-1], variance[0]).factor}"
        for when, variance in zip(
            ("at the initial weights", "after an epoch"), result.variance, strict=True
        )
    ]
    beside = f"{expected:.2g}" if expected > 0 else "0, since it is all images"
    return (
        f"Variance with batches of {sizes[-1]:,} over that with {sizes[0]:,}: "
        f"{', '.join(parts)}; theory, for images drawn without replacement, {beside}."
    )


def time_sentence(result: Result) -> str:
    """Say how long an epoch takes with the smallest and the largest batch, and what it achieves."""
    sizes, seconds = result.spec.batch_sizes, result.seconds
    small, large = (written(geometric_mean(seconds[place]).mean) for place in (0, -1))
    said = (
        f"An epoch takes {small} s with batches of {sizes[0]:,} and {large} s with batches of "
        f"{sizes[-1]:,}, a ratio of {log_ratio(seconds[0], seconds[-1]).factor}."
    )
    ends = [geometric_mean(of) for of in sizes_compared(result, AS_A, "train_loss").values()]
    if not all(of.n for of in ends):
        return said
    epochs = result.spec.epochs
    return (
        f"{said} Cheap epochs need not be fast learning: {AS_A}, {epochs} "
        f"epoch{'s' * (epochs > 1)} with the smallest batches end at a training loss of "
        f"{written(ends[1].mean)}, with the largest at {written(ends[0].mean)}."
    )


def sharp_sentence(result: Result) -> str:
    """Say by how much sharpness differs between the largest and the smallest batch."""
    found = _compared(
        result, keskar_wide="Keskar's sharpness", relative_sharpness="relative sharpness"
    )
    return f"Largest over smallest batch: {found}."


def rescaled_sentence(result: Result) -> str:
    """Say what rescaling does to the measures and to the outputs."""
    change = result.closer[SMALL].difference
    if not np.isfinite(change).any():
        return "Every training diverged, so nothing could be rescaled."
    keskar, eigenvalue, relative = (
        str(rescaling(result, name).factor) for name in ("keskar", "eigenvalue", "relative")
    )
    return (
        f"Multiplying the first layer by {FACTORS[-1]:g} and dividing the second by it multiplies "
        f"Keskar's sharpness by {keskar}, the largest eigenvalue by {eigenvalue} and the relative "
        f"sharpness by {relative}; no output changes by more than {np.nanmax(change):.1g}."
    )


def keskar_sentence(result: Result) -> str:
    """Say how the large batch's sharpness compares with the small one's, beside Keskar's."""
    parts = []
    for measure in ("sharpness, 1e-3", "sharpness, 5e-4"):
        factors = {}
        for network, both in BATCHES.items():
            small, large = (keskar_measures(result, name)[measure] for name in both)
            factors[network] = log_ratio(large, small).factor
        ours = "; ".join(named(network, str(factor)) for network, factor in factors.items())
        box = measure.removeprefix("sharpness, ")
        parts.append(f"{box}: {ours}; F1 of Keskar et al. {their_factor(measure):.0f}")
    return f"Sharpness of large over small batches, at {'; at '.join(parts)}."


def correlation_sentence(chapters: Chapters) -> str:
    """Say which measures go with the accuracy gap most closely."""
    known = _with_the_gap(chapters)
    if not known:
        return "There are too few networks to correlate."
    best = sorted(known, key=lambda name: -known[name].mean)
    listed = [named(SHORT[name], str(known[name])) for name in (*best[:3], best[-1])]
    return (
        f"Rank correlation with the accuracy gap over {known[best[0]].n} networks, the three "
        f"highest and the lowest: {'; '.join(listed)}."
    )


def equal_loss_sentence(chapters: Chapters) -> str:
    """Say what is left of the correlations among networks of equal training loss."""
    plain, given = _with_the_gap(chapters), _with_the_gap(chapters, given="train_loss")
    listed = [
        named(SHORT[name], f"{given[name]} ({plain[name].mean:.2f})")
        for name in COMPARED
        if name in given and name in plain
    ]
    if not listed:
        return "There are too few networks to correlate at equal training loss."
    return (
        "Rank correlation with the accuracy gap at equal training loss (in parentheses: without "
        f"that condition): {'; '.join(listed)}."
    )


def _with_the_gap(chapters: Chapters, given: str | None = None) -> dict[str, Interval]:
    found = correlates.networks(chapters)
    intervals = {
        name: correlates.between(found, name, "accuracy_gap", given=given, by_family=True)
        for name in SHORT
    }
    return {name: of for name, of in intervals.items() if of.n}


def describe_sweep(result: Result) -> str:
    """Describe the curves against the batch size for readers who cannot see them."""
    sizes, parts = result.spec.batch_sizes, []
    for arm in ARMS:
        ends = [result.sweep[arm, size]["test_accuracy"] for size in (sizes[0], sizes[-1])]
        medians = [np.median(of[np.isfinite(of)]) for of in ends if np.isfinite(of).any()]
        whole = len(medians) == len(ends)
        parts.append(f"{arm} {medians[0]:.2f} to {medians[1]:.2f}" if whole else f"{arm} diverged")
    return f"Median test accuracy from the smallest to the largest batch: {', '.join(parts)}."


def in_short(result: Result, measure: str, title: str) -> str:
    """Compare the largest batch with the smallest by one measure, in a line."""
    epochs, updates = (
        largest_against_smallest(result, arm, measure).factor for arm in (EPOCHS, STEPS)
    )
    return (
        f"{title}, largest over smallest batch: {epochs} after equal epochs, {updates} after equal "
        "updates."
    )


def closest_in_short(chapters: Chapters) -> str:
    """Name the measure that goes with the gap most closely at equal training loss."""
    given = _with_the_gap(chapters, given="train_loss")
    if not given:
        return "There are too few networks to correlate at equal training loss."
    best = max(given, key=lambda name: abs(given[name].mean))
    return (
        f"At equal training loss, the measure most closely related to the gap is {SHORT[best]}, "
        f"with a rank correlation of {given[best]}."
    )


def _compared(result: Result, **titles: str) -> str:
    """Compare the largest batch with the smallest by measures, each given with its title."""
    parts = []
    for measure, title in titles.items():
        ratios = [str(largest_against_smallest(result, arm, measure).factor) for arm in ARMS]
        parts.append(f"{title} {_listed(ratios)}")
    return "; ".join(parts)


def _listed(ratios: list[str]) -> str:
    return ", ".join(f"{ratio} {arm}" for ratio, arm in zip(ratios, ARMS, strict=True))
