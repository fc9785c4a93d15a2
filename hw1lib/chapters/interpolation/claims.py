"""What reports A and B say about interpolation, and what chapter 33 expects, with their tests.

All were fixed, with their margins, before any run but the smallest; that B's networks begin at
different weights was settled after a short run, in which equal ones led to no barrier.
"""

from functools import partial

import numpy as np
from scipy import stats

from hw1lib.chapters.interpolation import (
    A_ALPHAS,
    ALIGNED,
    AS_B,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    DECAY,
    OTHER,
    B,
    Result,
    main,
)
from hw1lib.chapters.interpolation.trainings import ADAM, NESTEROV, End, Pair
from hw1lib.judging import verdicts
from hw1lib.judging.statistics import paired_difference, t_interval
from hw1lib.judging.verdicts import Claim, Verdict

# A factor of 1.25 between losses; less could not be seen on the chapter's logarithmic scales.
FACTOR = float(np.log10(1.25))
# A rank correlation of a half is the least that passes for a trend over the whole line, ...
TREND = 0.5
# ... and two curves that follow each other should agree in far more than that.
TOGETHER = 0.9
# A loss of 0.05 nats is near that of these networks on their test digits: a rise by it doubles it.
RISE = 0.05  # nats
# 20 of 10,000 test digits: about one standard error of an accuracy of 96 %.
ACCURACY = 0.2  # points
# Accuracies on a line run from chance to almost all: a change by 1 point is not seen there.
CHANGES = 1.0  # points

A_INDICES = (25, 30, 35)  # where A sees instability: places in A_ALPHAS, all between the ends


def by_seed(pair: Pair, values: np.ndarray) -> np.ndarray:
    """Put values (R',) of the pairs that have a line in their places, NaN elsewhere, (R,)."""
    placed = np.full(len(pair.sound), np.nan)
    placed[pair.sound] = values
    return placed


def trend(pair: Pair) -> np.ndarray:
    """Tell how steadily the loss falls and the accuracy rises with alpha, (R',).

    Rank correlation with alpha, of the falling training loss or of the training accuracy,
    whichever is less.
    """
    found = [
        [_ranks(pair.alphas, -loss), _ranks(pair.alphas, accuracy)]
        for loss, accuracy in zip(pair.along(0, 0).T, pair.along(0, 1).T, strict=True)
    ]
    return np.array(found).reshape(-1, 2).min(axis=1)


def agreement(pair: Pair) -> np.ndarray:
    """Tell how well test and training follow each other along the line, (R',).

    Their rank correlation over alpha, of the loss or of the accuracy, whichever is less.
    """
    found = [
        [
            _ranks(train, test)
            for train, test in zip(pair.along(0, m).T, pair.along(1, m).T, strict=True)
        ]
        for m in (0, 1)
    ]
    return np.array(found).min(axis=0)


def excess(pair: Pair) -> np.ndarray:
    """Find the most by which the loss exceeds the blend of the ends' where A sees instability.

    Unlike a barrier it may be negative, (R',), in nats.
    """
    places = np.array(A_ALPHAS)[list(A_INDICES)]
    losses = pair.along(0, 0)
    ends = [losses[np.flatnonzero(pair.alphas == end)[0]] for end in (0, 1)]
    rises = [
        losses[np.abs(pair.alphas - place).argmin()] - (1 - place) * ends[0] - place * ends[1]
        for place in places
    ]
    return np.max(rises, axis=0)


def behind(first: End, second: End) -> np.ndarray:
    """Compare training losses after equal numbers of passes: log10(second / first), (R,).

    The mean over all measurements but that of the initial weights.
    """
    one, other = (np.log10(end.course[1:, :, 0, 0]) for end in (first, second))
    return (other - one).mean(axis=0)


def better_at_the_high_rate(result: Result) -> np.ndarray:
    """Compare test accuracies at the rates: points gained by the batch that gains less, (R,)."""
    low, high = (result.pairs[main(NESTEROV, which)] for which in (BATCH_LOW, BATCH_HIGH))
    gains = [
        100 * (after.final[:, 1, 1] - before.final[:, 1, 1])
        for before, after in ((low.first, high.first), (low.second, high.second))
    ]
    return np.min(gains, axis=0)


def _ranks(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation; 0 where one side is constant, for it follows nothing."""
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(stats.spearmanr(first, second).statistic)


# The reports' sentences


def _falls(result: Result) -> Verdict:
    return verdicts.of_effect(
        "rank correlation of alpha with falling training loss and with training accuracy, the "
        "lesser",
        t_interval(trend(result.pairs[main(NESTEROV, BATCH_LOW)])),
        unit="",
        margin=TREND,
    )


def _smoother(result: Result) -> Verdict:
    pair = result.pairs[main(NESTEROV, BATCH_LOW)]
    large, small = (np.log10(np.maximum(pair.roughness(end), 1e-12)) for end in (1, 0))
    return verdicts.of_effect(
        "second differences of the log loss around the large batch's end over those around the "
        "small batch's, log10",
        paired_difference(large, small),
        unit="decades",
        margin=FACTOR,
    )


def _unstable(result: Result) -> Verdict:
    return verdicts.of_effect(
        "training loss at A's three places with the blend of the ends' losses",
        t_interval(excess(result.pairs[main(NESTEROV, BATCH_LOW)])),
        unit="nats",
        margin=RISE,
    )


def _better(result: Result) -> Verdict:
    return verdicts.of_effect(
        "test accuracy at the high rate − at the low, of the batch size that gains less",
        t_interval(better_at_the_high_rate(result)),
        unit="points",
        margin=ACCURACY,
    )


def _milder(result: Result) -> Verdict:
    low, high = (result.pairs[main(NESTEROV, which)] for which in (BATCH_LOW, BATCH_HIGH))
    return verdicts.of_effect(
        "all changes of test accuracy around the large batch's end, low rate − high rate",
        paired_difference(*(by_seed(pair, 100 * pair.variation(1)) for pair in (low, high))),
        unit="points",
        margin=CHANGES,
    )


def _slower(name: str, result: Result) -> Verdict:
    pair = result.pairs[name]
    per = "update" if name == B_STEPS else "pass"
    return verdicts.of_effect(
        f"training loss after each {'equal number of updates' if name == B_STEPS else per}, "
        f"batch {pair.second.settings.batch_size} over {pair.first.settings.batch_size}, log10",
        t_interval(behind(pair.first, pair.second)),
        unit="decades",
        margin=FACTOR,
    )


def _follow(result: Result) -> Verdict:
    return verdicts.of_effect(
        "rank correlation over alpha of train with test, of loss and of accuracy, the lesser",
        t_interval(agreement(result.pairs[B])),
        unit="",
        margin=TOGETHER,
    )


# The chapter's own expectations


def _higher_barrier(higher: str, lower: str, result: Result) -> Verdict:
    one, other = (result.pairs[name] for name in (higher, lower))
    return verdicts.of_effect(
        f"barrier of the training loss, {higher} − {lower}",
        paired_difference(by_seed(one, one.barrier()), by_seed(other, other.barrier())),
        unit="nats",
        margin=RISE,
    )


def _leans(result: Result) -> Verdict:
    with_decay, without = (result.pairs[name] for name in (DECAY, main(ADAM, BATCH_LOW)))
    return verdicts.of_effect(
        "log10 of the loss beyond the small batch's end over that beyond the large one's, with "
        "weight decay − without",
        paired_difference(by_seed(with_decay, with_decay.lean), by_seed(without, without.lean)),
        unit="decades",
        margin=FACTOR,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim("A-C28", "The training loss falls and the accuracy rises as alpha rises.", _falls),
    Claim("A-C29", "The loss is smoother in alpha near batch 64 than near batch 1024.", _smoother),
    Claim("A-C30", "The loss is unstable at A's three places, all between the ends.", _unstable),
    Claim("A-C31", "Both batch sizes do better at the higher learning rate.", _better),
    Claim("A-C32", "There the accuracy around the large batch's end varies less.", _milder),
    Claim("B-C19", "Over equal passes the loss of batch 1000 falls slower.", partial(_slower, B)),
    Claim(
        "B-C19, per update",
        "Over equal numbers of updates, too, it falls slower.",
        partial(_slower, B_STEPS),
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
        partial(_higher_barrier, B, AS_B),
    ),
)
