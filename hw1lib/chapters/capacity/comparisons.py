"""What the sentences on the number of parameters compare, each as an effect of a result."""

from collections.abc import Callable

import numpy as np

from hw1lib.chapters.capacity.result import KNEE, LEAST_LONG, Result, growth_of_loss
from hw1lib.chapters.capacity.spec import LONG, OF_A, OF_B, SETTLED
from hw1lib.chapters.capacity.sweeps import SAME_KNEE, Sweep, halves
from hw1lib.data import own_images
from hw1lib.judging import trends
from hw1lib.judging.effects import POINTS, Bound, Difference, Effect, NotTested, Ratio
from hw1lib.judging.statistics import decades, t_interval

SMALL = 101_000  # parameters: A's "below 100,000", with its network of 100,710
PLATEAU = 98.0  # % of A's and of B's large networks, on training and test digits
AGREEMENT = 0.5  # points: what both reports' rounding and one seed leave open
SMALL_GAP = 1.0  # points of accuracy: what A's figure, from 0 to 100 %, can show at all
SMALL_LOSS_GAP = 0.05  # nats: a tenth of the range of the loss over A's sizes
LITTLE = 5.0  # % of the range of the test loss over A's sizes
LITTLE_ACCURACY = 0.5  # points of accuracy
RISE = 1.1  # a test loss that rises by a tenth has risen
PER_TENFOLD = "per tenfold size"


def falls(arm: str, split: str) -> Callable[[Result], Effect]:
    """Compare the loss of a network with that of one ten times larger, by the straight line."""

    def factor(result: Result) -> Effect:
        sweep = result.sweeps[arm]
        fall = 10 ** -trends.slope(sweep.sizes, decades(sweep.loss(split)))
        return Bound(
            f"factor by which ten times the parameters lower the {split} loss",
            fall,
            at_least=1.0,
            factor=True,
        )

    return factor


def bends(result: Result) -> Effect:
    """Compare how much A's smaller and its larger networks gain."""
    sweep = result.sweeps[OF_A]
    slopes = halves(sweep, "loss", float(np.median(sweep.parameters)))
    return Difference(
        f"fall of the test loss {PER_TENFOLD}",
        {"smaller half": -slopes["below"], "larger half": -slopes["above"]},
        unit="nats",
    )


def near(result: Result) -> Effect:
    """Compare the knee's distance from A's with a factor of two, if there is one knee."""
    dense = result.dense
    if reason := dense.no_knee("loss"):
        raise NotTested(f"the test loss has no single knee: {reason}")
    away = np.abs(dense.knee("loss").place - np.log10(KNEE))
    return Bound(
        f"distance of the test loss's knee from {KNEE:,} parameters, as a factor",
        10**away,
        at_most=SAME_KNEE,
        factor=True,
    )


def little_loss(result: Result) -> Effect:
    """Compare the fall of the loss beyond A's knee with its range over all of A's sizes."""
    sweep, ends = result.sweeps[OF_A], _beyond(result)
    loss = sweep.loss("test")
    gained = loss[:, ends[0]] - loss[:, ends[1]]
    return Bound(
        f"fall of the test loss from {_sizes(sweep, ends)} parameters, of its range",
        100 * gained / (loss.max(axis=1) - loss.min(axis=1)),
        at_most=LITTLE,
        unit="%",
    )


def little_accuracy(result: Result) -> Effect:
    """Compare the gain in accuracy beyond A's knee with what would be little."""
    sweep, ends = result.sweeps[OF_A], _beyond(result)
    accuracy = sweep.accuracy("test")
    return Bound(
        f"gain in test accuracy from {_sizes(sweep, ends)} parameters",
        accuracy[:, ends[1]] - accuracy[:, ends[0]],
        at_most=LITTLE_ACCURACY,
        unit=POINTS,
    )


def _beyond(result: Result) -> tuple[int, int]:
    """Find the first and the last of A's networks beyond its knee."""
    beyond = np.flatnonzero(result.sweeps[OF_A].parameters > KNEE)
    if len(beyond) < 2:
        raise NotTested(f"no two networks above {KNEE:,} parameters were trained")
    return beyond[0], beyond[-1]


def _sizes(sweep: Sweep, ends: tuple[int, int]) -> str:
    return " to ".join(f"{sweep.parameters[k]:,}" for k in ends)


def steep(result: Result) -> Effect:
    """Compare the slopes of A's test accuracy below and above `SMALL`."""
    return Difference(
        f"rise of the test accuracy {PER_TENFOLD}, split at {SMALL:,} parameters",
        halves(result.sweeps[OF_A], "accuracy", SMALL),
        unit=POINTS,
    )


def plateau(split: str) -> Callable[[Result], Effect]:
    """Compare the distance of the large networks' accuracy from A's with what rounding leaves."""

    def distance(result: Result) -> Effect:
        if own := own_images.among(result.images):
            raise NotTested(f"{PLATEAU:g} % is a level of other images than {own.description}")
        sweep = result.sweeps[OF_A]
        large = sweep.parameters > KNEE
        if not large.any():
            raise NotTested(f"no network above {KNEE:,} parameters was trained")
        accuracy = sweep.accuracy(split)[:, large].mean(axis=1)
        return Bound(
            f"distance from {PLATEAU:g} % of the {split} accuracy, {t_interval(accuracy):.4g}",
            np.abs(accuracy - PLATEAU),
            at_most=AGREEMENT,
            unit=POINTS,
        )

    return distance


def small_loss_gap(result: Result) -> Effect:
    """Compare the largest distance of both splits' losses with what would be small."""
    sweep = result.sweeps[OF_A]
    return Bound(
        "test minus training loss, at the size where it is largest",
        sweep.loss_gap().max(axis=1),
        at_most=SMALL_LOSS_GAP,
        unit="nats",
    )


def small_gap(result: Result) -> Effect:
    """Compare the largest distance of both splits' accuracies with what would be small."""
    return Bound(
        "training minus test accuracy, at the size where it is largest",
        result.sweeps[OF_A].gap().max(axis=1),
        at_most=SMALL_GAP,
        unit=POINTS,
    )


def no_wider(result: Result) -> Effect:
    """Compare the gaps of the same networks on the same digits before and after training on."""
    end = result.sweeps[SETTLED]
    early = end.early(result.early)
    return Difference(
        f"training minus test accuracy on the same {result.images.subject}, mean over the sizes",
        {
            "at the end": end.gap().mean(axis=1),
            f"after {result.early} epochs": early.gap().mean(axis=1),
        },
        unit=POINTS,
        absent=True,
    )


def no_rise(result: Result) -> Effect:
    """Compare the largest rise of A's test loss with size with one that would be a rise."""
    sweep = result.sweeps[OF_A]
    return Bound(
        "largest rise of the test loss to a larger network, as a factor",
        10 ** trends.reversal(decades(sweep.loss("test"))),
        at_most=RISE,
        factor=True,
    )


def underfit(result: Result) -> Effect:
    """Compare the training accuracies of A's largest and smallest network."""
    return _largest_and_smallest(result.sweeps[OF_A])


def underfit_at_rest(result: Result) -> Effect:
    """Compare those again once training longer changes nothing, if that was reached."""
    sweep = result.sweeps[SETTLED]
    if not sweep.converged[[0, -1]].all():
        spec = result.spec
        raise NotTested(
            f"after {spec.settled_epochs} epochs the training loss of the smallest or the largest "
            "network was still falling: more time may be what it lacks"
        )
    return _largest_and_smallest(sweep)


def _largest_and_smallest(sweep: Sweep) -> Effect:
    accuracy = sweep.accuracy("train")
    ends = {"largest network": accuracy[:, -1], "smallest": accuracy[:, 0]}
    return Difference("training accuracy", ends, unit=POINTS)


def inconsistent(result: Result) -> Effect:
    """Compare the largest rise of B's test loss with none."""
    return Bound(
        "largest rise of the test loss to a larger network, as a factor",
        10 ** trends.reversal(decades(result.sweeps[OF_B].loss("test"))),
        at_least=1.0,
        factor=True,
    )


def large_behind(result: Result) -> Effect:
    """Compare the largest loss of B's test accuracy to a larger network with none."""
    return Difference(
        "largest loss of test accuracy to a larger network",
        {"": trends.reversal(-result.sweeps[OF_B].accuracy("test"))},
        unit=POINTS,
    )


def peak_of_networks(result: Result) -> Effect:
    """Compare the peak of the long trainings' test loss with none, if they were long enough."""
    if result.spec.long_epochs < LEAST_LONG:
        raise NotTested(
            f"{result.spec.long_epochs:,} epochs are too few: a published training with these "
            f"settings has the peak after {LEAST_LONG:,}"
        )
    return Difference(
        "prominence of the peak of the test loss over sizes",
        {"": trends.peak(result.sweeps[LONG].loss("test")).prominence},
        unit="nats",
    )


def peak_of_features(result: Result) -> Effect:
    """Compare the peak of the random features' test error with none."""
    errors = result.features.error("test", noisy=True)
    return Difference(
        "prominence of the peak of the test error over sizes",
        {"": trends.peak(errors).prominence},
        unit=POINTS,
    )


def noise_raises(result: Result) -> Effect:
    """Compare the squared errors with noise and without where the labels can just be learned."""
    features = result.features
    k = int(np.abs(features.counts - result.fitted).argmin())
    sides = {
        name: features.squared_error("test", noisy=noisy)[:, k]
        for name, noisy in (("noisy labels", True), ("true labels", False))
    }
    tested = f"test {result.images.subject}"
    return Ratio(f"squared error on {tested}, {features.counts[k]:,} features", sides)


def size_helps(result: Result) -> Effect:
    """Compare the test accuracies of A's networks that came to rest, by the straight line."""
    sweep = result.sweeps[SETTLED]
    resting = sweep.only(sweep.converged)
    if len(resting.parameters) < 3:
        raise NotTested(
            f"{len(resting.parameters)} of {len(sweep.parameters)} networks came to rest within "
            f"{result.spec.settled_epochs} epochs"
        )
    first, last = resting.parameters[[0, -1]]
    return Difference(
        f"rise of the test accuracy {PER_TENFOLD}, {first:,} to {last:,} parameters",
        {"": trends.slope(resting.sizes, resting.accuracy("test"))},
        unit=POINTS,
    )


def loss_grows(result: Result) -> Effect:
    """Compare the rise of the largest network's test loss while it is trained on with none."""
    sweep = result.sweeps[SETTLED]
    return Bound(
        f"rise of the test loss with further epochs, {sweep.names[-1]}, as a factor",
        10 ** growth_of_loss(sweep),
        at_least=1.0,
        factor=True,
    )
