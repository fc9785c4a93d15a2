"""What the claims of chapter 33 compare: effects of its result."""

import numpy as np

from hw1lib.chapters.interpolation.result import (
    A_PLACES,
    ACCURACY,
    LOSS,
    TEST,
    TRAIN,
    Pair,
    Result,
)
from hw1lib.chapters.interpolation.spec import (
    A_ALPHAS,
    ADAM,
    B_PAIR,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    NEVER,
    main,
)
from hw1lib.judging.effects import CORRELATION, POINTS, Bound, Difference, Effect, NotTested, Ratio

EARLY = 3  # the first epochs are one in so many
NEAR = 1.5  # distances that differ by a larger factor are not compared
BARRIER = 0.1  # nats, twice what a rise must have to matter
ROUND_OFF = 1e-12  # a line that is less bent than this is straight
TOGETHER = 0.9  # curves that follow each other agree in far more than a trend

SGD_LOW, SGD_HIGH = (main(NESTEROV, which) for which in (BATCH_LOW, BATCH_HIGH))
ADAM_LOW = main(ADAM, BATCH_LOW)


def at_the_worst_place(
    pair: Pair, split: int = TRAIN, measure: int = LOSS
) -> dict[str, np.ndarray]:
    """Find, of A's three places, the one that is worst beside the blend of the ends.

    Returns:
        Both there, (R',) in nats or as a share, of the pairs that have a line. The worse may lie
        on the blend, unlike with a barrier.
    """
    values = pair.along(split, measure)
    start, end = (values[np.flatnonzero(pair.alphas == alpha)[0]] for alpha in (0, 1))
    places = np.array(A_ALPHAS)[[*A_PLACES], None]
    seen = values[np.abs(pair.alphas - places).argmin(axis=1)]
    blends = (1 - places) * start + places * end
    excess = seen - blends if measure == LOSS else blends - seen
    worst = excess.argmax(axis=0)[None]
    return {
        "on the line": np.take_along_axis(seen, worst, axis=0)[0],
        "blend of the ends": np.take_along_axis(blends, worst, axis=0)[0],
    }


def at_both_rates(result: Result) -> dict[str, np.ndarray]:
    """Compare test accuracies (%) at the rates, for the batch size that gains less, (R,)."""
    low, high = (
        100 * np.stack([end.final(TEST, ACCURACY) for end in result.pairs[name].ends])
        for name in (SGD_LOW, SGD_HIGH)
    )
    gains = np.nan_to_num(high - low, nan=-np.inf)  # a batch size that diverged gains the least
    least = gains.argmin(axis=0)[None]
    return {
        name: np.take_along_axis(values, least, axis=0)[0]
        for name, values in (("at the high rate", high), ("at the low rate", low))
    }


def _batches(pair: Pair) -> tuple[str, str]:
    """Name the second end and the first by their batch sizes."""
    first, second = (end.settings.batch_size for end in pair.ends)
    return f"large batch {second}", f"small batch {first}"


# The reports' sentences


def falls(name: str, result: Result) -> Effect:
    """Compute how steadily the training loss falls and the accuracy rises along a line."""
    pair = result.pairs[name]
    of = (
        "rank correlation of alpha with falling training loss and rising accuracy, the lower, "
        f"from {pair.alphas[0]:g} to {pair.alphas[-1]:g}"
    )
    return Difference(of, {"": pair.trend()}, unit=CORRELATION)


def smoother(result: Result) -> Effect:
    """Compare how bent the training loss is around both ends."""
    pair = result.pairs[SGD_LOW]
    sides = {
        name: np.maximum(pair.roughness(place), ROUND_OFF)
        for name, place in zip(_batches(pair), (1, 0), strict=True)
    }
    return Ratio("second differences of log10 of the loss around the end", sides)


def faster(name: str, result: Result) -> Effect:
    """Compare the batch sizes of a pair by the test accuracy that they have on the way."""
    pair = result.pairs[name]
    ends = zip(_batches(pair), (pair.second, pair.first), strict=True)
    sides = {batch: 100 * end.course[1:, :, TEST, ACCURACY].mean(axis=0) for batch, end in ends}
    of = "test accuracy (%), mean over all epochs"
    return Difference(of, dict(reversed(sides.items())), unit=POINTS)


def unstable(split: int, title: str, result: Result) -> Effect:
    """Compare the loss at the worst of A's places to the blend of the ends'."""
    sides = at_the_worst_place(result.pairs[SGD_LOW], split)
    return Difference(f"{title} loss at the worst of A's three places", sides, unit="nats")


def less_accurate(result: Result) -> Effect:
    """Compare the test accuracy at the worst of A's places to the blend of the ends'."""
    sides = at_the_worst_place(result.pairs[SGD_LOW], TEST, ACCURACY)
    of = "test accuracy (%) at the worst of A's three places"
    return Difference(of, {name: 100 * side for name, side in reversed(sides.items())}, unit=POINTS)


def better(result: Result) -> Effect:
    """Compare the rates by the test accuracy of the batch size that gains less."""
    of = "test accuracy (%) of the batch size that gains less"
    return Difference(of, at_both_rates(result), unit=POINTS)


def milder(result: Result) -> Effect:
    """Compare the rates by the changes of the accuracy around the large batch's end."""
    sides = {
        f"{which} rate": 100 * result.pairs[name].variation(1)
        for which, name in (("low", SGD_LOW), ("high", SGD_HIGH))
    }
    of = "sum of all changes of the test accuracy (%) around the large batch's end"
    return Difference(of, sides, unit=POINTS)


def slower(name: str, when: str, part: slice, result: Result) -> Effect:
    """Compare the batch sizes of a pair by the training loss in some of the epochs."""
    pair = result.pairs[name]
    ends = zip(_batches(pair), (pair.second, pair.first), strict=True)
    sides = {batch: end.reached(part) for batch, end in ends}
    return Ratio(f"training loss {when}", sides)


def slower_early(result: Result) -> Effect:
    """Compare those of B's pair in the first epochs."""
    passes = max(1, result.spec.b_epochs // EARLY)
    when = "after the first epoch" if passes == 1 else f"in the first {passes} epochs"
    return slower(B_PAIR, when, slice(passes), result)


def follow(name: str, result: Result) -> Effect:
    """Hold how well test and training of a pair follow each other against a bound."""
    of = "rank correlation over alpha of train with test, the lower of loss and accuracy"
    return Bound(of, result.pairs[name].agreement(), at_least=TOGETHER)


# The chapter's own expectations, and what was asked after the full run


def higher_barrier(higher: str, lower: str, result: Result) -> Effect:
    """Compare the barriers of two pairs."""
    sides = {name: result.pairs[name].barrier() for name in (higher, lower)}
    return Difference("barrier of the training loss", sides, unit="nats")


def large_looks_narrower(result: Result) -> Effect:
    """Compare the loss beyond both ends, without weight decay."""
    small, large = result.pairs[ADAM_LOW].beyond
    sides = {"the large batch's end": large, "the small one's": small}
    return Ratio("training loss beyond the end, without weight decay", sides)


def turned_around(result: Result) -> Effect:
    """Compare, with decay, the end that looks wider without it to the other."""
    lean = result.pairs[ADAM_LOW].lean
    first, second = (np.where(np.isfinite(lean), of, np.nan) for of in result.pairs[DECAY].beyond)
    sides = {
        "the end that looks wider without decay": np.where(lean < 0, first, second),
        "the other": np.where(lean < 0, second, first),
    }
    return Ratio("training loss beyond the end, with weight decay", sides)


def has_a_barrier(result: Result) -> Effect:
    """Hold the barrier between other first weights, with SGD, against the least that matters."""
    barrier = result.parting[NESTEROV, NEVER].barrier()
    of = f"barrier of the training loss, {NESTEROV}, other first weights"
    return Bound(of, barrier, at_least=BARRIER, unit="nats")


def has_none(optimizer: str, result: Result) -> Effect:
    """Return the barrier between two orders of the images."""
    barrier = result.parting[optimizer, 0].barrier()
    of = f"barrier of the training loss, {optimizer}, the same first weights, another order"
    return Difference(of, {"": barrier}, unit="nats", absent=True)


def alike_at_equal_distance(result: Result) -> Effect:
    """Compare SGD and Adam by the barrier, where their ends lie equally far apart.

    Raises:
        NotTested: If they do not.
    """
    pairs = {optimizer: result.parting[optimizer, NEVER] for optimizer in (NESTEROV, ADAM)}
    distance = Ratio("", {name: pair.distance for name, pair in pairs.items()}).interval.factor
    if distance.n and not 1 / NEAR <= distance.mean <= NEAR:
        raise NotTested(
            f"the ends lie {distance.mean:.2g} times as far apart with SGD as with Adam, and a "
            "barrier depends on that distance"
        )
    sides = {name: pair.barrier() for name, pair in pairs.items()}
    return Ratio("barrier between ends from other first weights", sides, absent=True)
