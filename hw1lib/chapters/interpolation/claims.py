"""What reports A and B say about interpolation, and what chapter 33 expects, with their tests.

All were fixed, with their margins, before any run but the smallest; that B's networks begin at
different weights was settled after a short run, in which equal ones led to no barrier.
"""

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
    barrier_difference,
)
from hw1lib.chapters.interpolation.spec import (
    A_ALPHAS,
    ADAM,
    ALIGNED,
    AS_B,
    B_PAIR,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    NESTEROV,
    OTHER,
    main,
)
from hw1lib.judging.statistics import paired_difference, t_interval
from hw1lib.judging.verdicts import Claim, Verdict, of_effect

# A factor of 1.25 between losses; less could not be seen on the chapter's logarithmic scales.
FACTOR = float(np.log10(1.25))
# A rank correlation of a half is the least that passes for a trend over the whole line, ...
TREND = 0.5
# ... and two curves that follow each other should agree in far more than that.
TOGETHER = 0.9
# A loss of 0.05 nats is near that of these networks on their test digits: a rise by it doubles it.
RISE = 0.05  # nats
# 20 of 10,000 test digits: about one standard error of an accuracy of 96 %.
ACCURACY_MARGIN = 0.2  # points
# Accuracies on a line run from chance to almost all: a change by 1 point is not seen there.
CHANGES = 1.0  # points


def excess(pair: Pair) -> np.ndarray:
    """Find the most by which the loss exceeds the blend of the ends' where A sees instability.

    Of the pairs that have a line, (R',), in nats; unlike a barrier it may be negative.
    """
    losses = pair.along(TRAIN, LOSS)
    start, end = (losses[np.flatnonzero(pair.alphas == alpha)[0]] for alpha in (0, 1))
    rises = [
        losses[np.abs(pair.alphas - place).argmin()] - (1 - place) * start - place * end
        for place in np.array(A_ALPHAS)[[*A_PLACES]]
    ]
    return np.max(rises, axis=0)


def better_at_the_high_rate(result: Result) -> np.ndarray:
    """Compare test accuracies at the rates: points gained by the batch that gains less, (R,)."""
    low, high = (result.pairs[main(NESTEROV, which)] for which in (BATCH_LOW, BATCH_HIGH))
    gains = [
        100 * (after.final(TEST, ACCURACY) - before.final(TEST, ACCURACY))
        for before, after in zip(low.ends, high.ends, strict=True)
    ]
    return np.min(gains, axis=0)


# The reports' sentences


def _falls(result: Result) -> Verdict:
    return of_effect(
        "rank correlation of alpha with falling training loss and with training accuracy, the "
        "lesser",
        t_interval(result.pairs[main(NESTEROV, BATCH_LOW)].trend()),
        unit="",
        margin=TREND,
    )


def _smoother(result: Result) -> Verdict:
    pair = result.pairs[main(NESTEROV, BATCH_LOW)]
    large, small = (np.log10(np.maximum(pair.roughness(end), 1e-12)) for end in (1, 0))
    return of_effect(
        "second differences of the log loss around the large batch's end over those around the "
        "small batch's, log10",
        paired_difference(large, small),
        unit="decades",
        margin=FACTOR,
    )


def _unstable(result: Result) -> Verdict:
    return of_effect(
        "training loss at A's three places with the blend of the ends' losses",
        t_interval(excess(result.pairs[main(NESTEROV, BATCH_LOW)])),
        unit="nats",
        margin=RISE,
    )


def _better(result: Result) -> Verdict:
    return of_effect(
        "test accuracy at the high rate − at the low, of the batch size that gains less",
        t_interval(better_at_the_high_rate(result)),
        unit="points",
        margin=ACCURACY_MARGIN,
    )


def _milder(result: Result) -> Verdict:
    low, high = (result.pairs[main(NESTEROV, which)] for which in (BATCH_LOW, BATCH_HIGH))
    return of_effect(
        "all changes of test accuracy around the large batch's end, low rate − high rate",
        paired_difference(100 * low.variation(1), 100 * high.variation(1)),
        unit="points",
        margin=CHANGES,
    )


def _slower(name: str, after: str, result: Result) -> Verdict:
    pair = result.pairs[name]
    small, large = (end.settings.batch_size for end in pair.ends)
    return of_effect(
        f"training loss after each {after}, batch {large} over {small}, log10",
        t_interval(pair.behind()),
        unit="decades",
        margin=FACTOR,
    )


def _follow(result: Result) -> Verdict:
    return of_effect(
        "rank correlation over alpha of train with test, of loss and of accuracy, the lesser",
        t_interval(result.pairs[B_PAIR].agreement()),
        unit="",
        margin=TOGETHER,
    )


# The chapter's own expectations


def _higher_barrier(higher: str, lower: str, result: Result) -> Verdict:
    return of_effect(
        f"barrier of the training loss, {higher} − {lower}",
        barrier_difference(result, higher, lower),
        unit="nats",
        margin=RISE,
    )


def _leans(result: Result) -> Verdict:
    with_decay, without = (result.pairs[name] for name in (DECAY, main(ADAM, BATCH_LOW)))
    return of_effect(
        "log10 of the loss beyond the small batch's end over that beyond the large one's, with "
        "weight decay − without",
        paired_difference(with_decay.lean, without.lean),
        unit="decades",
        margin=FACTOR,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim("A-C28", "The training loss falls and the accuracy rises as alpha rises.", _falls),
    Claim("A-C29", "The loss is smoother in alpha near batch 64 than near batch 1024.", _smoother),
    Claim("A-C30", "The loss is unstable at A's three places, all between the ends.", _unstable),
    Claim("A-C31", "Both batch sizes do better at the higher learning rate.", _better),
    Claim("A-C32", "There the accuracy around the large batch's end varies less.", _milder),
    Claim(
        "B-C19",
        "Over equal passes the loss of batch 1000 falls slower.",
        partial(_slower, B_PAIR, "pass"),
    ),
    Claim(
        "B-C19, per update",
        "Over equal numbers of updates, too, it falls slower.",
        partial(_slower, B_STEPS, "equal number of updates"),
    ),
    Claim("B-C20", "Train and test follow each other along alpha.", _follow),
    Claim(
        "E-33a",
        "Another initialization raises the barrier.",
        partial(_higher_barrier, OTHER, main(ADAM, BATCH_LOW)),
    ),
    Claim(
        "E-33b",
        "Renumbering the units lowers it.",
        partial(_higher_barrier, OTHER, ALIGNED),
    ),
    Claim("E-33c", "With weight decay the large batch's end looks wider than without.", _leans),
    Claim(
        "E-33d",
        "B's pass of training before each measurement lowers the barrier.",
        partial(_higher_barrier, B_PAIR, AS_B),
    ),
)
