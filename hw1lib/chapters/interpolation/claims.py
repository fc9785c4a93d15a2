"""What reports A and B say about interpolation, and what chapter 33 expects, with their tests."""

from dataclasses import replace
from functools import partial

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
    ALIGNED,
    AS_A,
    AS_B,
    B_PAIR,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    NEVER,
    OTHER,
    main,
)
from hw1lib.judging.effects import CORRELATION, POINTS, Bound, Difference, Effect, NotTested, Ratio
from hw1lib.judging.verdicts import Claim, Margin

FULL = "the full run"
EARLY = 3  # the first passes are one in so many
NEAR = 1.5  # distances that differ by a larger factor are not compared
BARRIER = 0.1  # nats, twice what a rise must have to matter
ROUND_OFF = 1e-12  # a line that is less bent than this is straight

FACTOR = Margin(1.25, "less could not be seen on the chapter's logarithmic scales")
FACTOR_LATER = replace(FACTOR, after=FULL)
TREND = Margin(0.5, "the least rank correlation that passes for a trend over the whole line")
TREND_LATER = replace(TREND, after=FULL)
TOGETHER = 0.9  # curves that follow each other agree in far more than a trend
ABOUT = Margin(0.05, "a correlation of 0.85 to 0.95 is neither surely above 0.9 nor below", FULL)
RISE = Margin(
    0.05, "a loss of 0.05 nats is near that of these networks on their test digits: it doubles it"
)
RISE_SHORT = replace(RISE, after="a short run, in which B's networks began at the same weights")
RISE_LATER = replace(RISE, after=FULL)
DIGITS = Margin(0.2, "20 of 10,000 test digits, about one standard error of an accuracy of 96 %")
CHANGES = Margin(1.0, "accuracies on a line run from chance to almost all: less is not seen there")

SGD_LOW, SGD_HIGH = (main(NESTEROV, which) for which in (BATCH_LOW, BATCH_HIGH))
ADAM_LOW = main(ADAM, BATCH_LOW)


def at_the_worst_place(pair: Pair, split: int = TRAIN) -> dict[str, np.ndarray]:
    """Find, of A's three places, the one where the loss most exceeds the blend of the ends'.

    Returns:
        Both there, (R',) in nats, of the pairs that have a line; their difference may be negative,
        unlike a barrier.
    """
    losses = pair.along(split, LOSS)
    start, end = (losses[np.flatnonzero(pair.alphas == alpha)[0]] for alpha in (0, 1))
    places = np.array(A_ALPHAS)[[*A_PLACES], None]
    seen = losses[np.abs(pair.alphas - places).argmin(axis=1)]
    blends = (1 - places) * start + places * end
    worst = (seen - blends).argmax(axis=0)[None]
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


def _falls(name: str, result: Result) -> Effect:
    pair = result.pairs[name]
    of = (
        "rank correlation of alpha with falling training loss, or training accuracy, the lesser, "
        f"from {pair.alphas[0]:g} to {pair.alphas[-1]:g}"
    )
    return Difference(of, {"": pair.trend()}, unit=CORRELATION)


def _smoother(result: Result) -> Effect:
    pair = result.pairs[SGD_LOW]
    sides = {
        name: np.maximum(pair.roughness(place), ROUND_OFF)
        for name, place in zip(_batches(pair), (1, 0), strict=True)
    }
    return Ratio("second differences of log10 of the loss around the end", sides)


def _unstable(split: int, title: str, result: Result) -> Effect:
    sides = at_the_worst_place(result.pairs[SGD_LOW], split)
    return Difference(f"{title} loss at the worst of A's three places", sides, unit="nats")


def _better(result: Result) -> Effect:
    of = "test accuracy (%) of the batch size that gains less"
    return Difference(of, at_both_rates(result), unit=POINTS)


def _milder(result: Result) -> Effect:
    sides = {
        f"{which} rate": 100 * result.pairs[name].variation(1)
        for which, name in (("low", SGD_LOW), ("high", SGD_HIGH))
    }
    of = "sum of all changes of the test accuracy (%) around the large batch's end"
    return Difference(of, sides, unit=POINTS)


def _slower(name: str, when: str, part: slice, result: Result) -> Effect:
    pair = result.pairs[name]
    ends = zip(_batches(pair), (pair.second, pair.first), strict=True)
    sides = {batch: end.reached(part) for batch, end in ends}
    return Ratio(f"training loss {when}", sides)


def _slower_early(result: Result) -> Effect:
    passes = max(1, result.spec.epochs // EARLY)
    when = "after the first pass" if passes == 1 else f"in the first {passes} passes"
    return _slower(B_PAIR, when, slice(passes), result)


def _follow(result: Result) -> Effect:
    of = "rank correlation over alpha of train with test, of loss or accuracy, the lesser"
    return Bound(of, result.pairs[B_PAIR].agreement(), at_least=TOGETHER)


# The chapter's own expectations, and what was asked after the full run


def _higher_barrier(higher: str, lower: str, result: Result) -> Effect:
    sides = {name: result.pairs[name].barrier() for name in (higher, lower)}
    return Difference("barrier of the training loss", sides, unit="nats")


def _large_looks_narrower(result: Result) -> Effect:
    small, large = result.pairs[ADAM_LOW].beyond
    sides = {"the large batch's end": large, "the small one's": small}
    return Ratio("training loss beyond the end, without weight decay", sides)


def _turned_around(result: Result) -> Effect:
    """Compare, with decay, the end that looks wider without it to the other."""
    lean = result.pairs[ADAM_LOW].lean
    first, second = (np.where(np.isfinite(lean), of, np.nan) for of in result.pairs[DECAY].beyond)
    sides = {
        "the end that looks wider without decay": np.where(lean < 0, first, second),
        "the other": np.where(lean < 0, second, first),
    }
    return Ratio("training loss beyond the end, with weight decay", sides)


def _has_a_barrier(result: Result) -> Effect:
    barrier = result.parting[NESTEROV, NEVER].barrier()
    of = f"barrier of the training loss, {NESTEROV}, other first weights"
    return Bound(of, barrier, at_least=BARRIER, unit="nats")


def _has_none(optimizer: str, result: Result) -> Effect:
    barrier = result.parting[optimizer, 0].barrier()
    of = f"barrier of the training loss, {optimizer}, the same first weights, another order"
    return Difference(of, {"": barrier}, unit="nats", absent=True)


def _alike_at_equal_distance(result: Result) -> Effect:
    pairs = {optimizer: result.parting[optimizer, NEVER] for optimizer in (NESTEROV, ADAM)}
    distance = Ratio("", {name: pair.distance for name, pair in pairs.items()}).interval.factor
    if distance.n and not 1 / NEAR <= distance.mean <= NEAR:
        raise NotTested(
            f"the ends lie {distance.mean:.2g} times as far apart with SGD as with Adam, and a "
            "barrier depends on that distance"
        )
    sides = {name: pair.barrier() for name, pair in pairs.items()}
    return Ratio("barrier between ends from other first weights", sides, absent=True)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C28a",
        "The training loss falls and the accuracy rises as alpha rises.",
        partial(_falls, SGD_LOW),
        TREND,
    ),
    Claim("A-C28b", "So they do over A's own range.", partial(_falls, AS_A), TREND_LATER),
    Claim(
        "A-C29",
        "The loss is smoother in alpha near batch 64 than near batch 1024.",
        _smoother,
        FACTOR,
    ),
    Claim(
        "A-C30a",
        "The training loss is unstable at A's three places, all between the ends.",
        partial(_unstable, TRAIN, "training"),
        RISE,
    ),
    Claim(
        "A-C30b",
        "So is the test loss.",
        partial(_unstable, TEST, "test"),
        RISE_LATER,
    ),
    Claim("A-C31", "Both batch sizes do better at the higher learning rate.", _better, DIGITS),
    Claim(
        "A-C32", "There the accuracy around the large batch's end varies less.", _milder, CHANGES
    ),
    Claim("B-C19a", "At first the loss of batch 1000 falls slower.", _slower_early, FACTOR_LATER),
    Claim(
        "B-C19b",
        "After all passes, too, the loss of batch 1000 is higher.",
        partial(_slower, B_PAIR, "after the last pass", slice(-1, None)),
        FACTOR_LATER,
    ),
    Claim(
        "B-C19, per update",
        "Over equal numbers of updates, too, it falls slower.",
        partial(_slower, B_STEPS, "after each equal number of updates", slice(None)),
        FACTOR,
    ),
    Claim("B-C20", "Train and test follow each other along alpha.", _follow, ABOUT),
    Claim(
        "E-33e",
        "Without weight decay the large batch's end looks narrower.",
        _large_looks_narrower,
        FACTOR_LATER,
    ),
    Claim("E-33c", "Weight decay turns that picture around.", _turned_around, FACTOR_LATER),
    Claim(
        "E-33a",
        "Another initialization raises the barrier.",
        partial(_higher_barrier, OTHER, ADAM_LOW),
        RISE,
    ),
    Claim(
        "E-33b",
        "Renumbering the units lowers it.",
        partial(_higher_barrier, OTHER, ALIGNED),
        RISE,
    ),
    Claim(
        "E-33d",
        "B's pass of training before each measurement lowers the barrier.",
        partial(_higher_barrier, B_PAIR, AS_B),
        RISE_SHORT,
    ),
    Claim(
        "33, SGD",
        "Between networks that SGD trained from other weights, too, there is a barrier.",
        _has_a_barrier,
        RISE_LATER,
    ),
    *(
        Claim(
            f"33, order, {optimizer}",
            f"Another order of the images makes no barrier ({optimizer}).",
            partial(_has_none, optimizer),
            RISE_LATER,
        )
        for optimizer in (NESTEROV, ADAM)
    ),
    Claim(
        "33, distance",
        "At equal distance the barrier is as high with SGD as with Adam.",
        _alike_at_equal_distance,
        FACTOR_LATER,
    ),
)
