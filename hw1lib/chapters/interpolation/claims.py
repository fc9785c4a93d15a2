"""What reports A and B say about interpolation, and what chapter 33 expects, with their tests."""

from dataclasses import replace
from functools import partial

from hw1lib.chapters.interpolation import comparisons
from hw1lib.chapters.interpolation.result import TEST, TRAIN
from hw1lib.chapters.interpolation.spec import (
    ADAM,
    ALIGNED,
    AS_A,
    AS_B,
    B_PAIR,
    B_RATE,
    B_STEPS,
    BATCH_HIGH,
    BATCH_LOW,
    NESTEROV,
    ON_B,
    OTHER,
    main,
)
from hw1lib.judging.verdicts import Claim, Margin

FULL = "a full run of 15 epochs"

FACTOR = Margin(1.25, "less could not be seen on the chapter's logarithmic scales")
FACTOR_LATER = replace(FACTOR, after=FULL)
TREND = Margin(0.5, "a weaker rank correlation is no trend over the whole line")
TREND_LATER = replace(TREND, after=FULL)
ABOUT = Margin(0.05, "a correlation of 0.85 to 0.95 is neither clearly above 0.9 nor below")
ABOUT_LATER = replace(ABOUT, after=FULL)
RISE = Margin(
    0.05, "the test loss of these networks is near 0.05 nats, so a rise by as much doubles it"
)
RISE_SHORT = replace(RISE, after="a short run, in which B's networks began at the same weights")
RISE_LATER = replace(RISE, after=FULL)
DIGITS = Margin(0.2, "20 of 10,000 test digits, about one standard error of an accuracy of 96 %")
CHANGES = Margin(1.0, "accuracies on a line run from chance to almost 100 %: less is not seen")
SOONER = Margin(
    DIGITS.size, "a lead on the way must be as large as a difference that matters at the end"
)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C28a",
        "The training loss falls and the accuracy rises as alpha rises.",
        partial(comparisons.falls, main(NESTEROV, BATCH_LOW)),
        TREND,
    ),
    Claim(
        "A-C28b",
        "They do so over A's own range, too.",
        partial(comparisons.falls, AS_A),
        TREND_LATER,
    ),
    Claim(
        "A-C29",
        "The loss is smoother in alpha near batch 64 than near batch 1024.",
        comparisons.smoother,
        FACTOR,
    ),
    Claim(
        "A-C30a",
        "The training loss is unstable at A's three places, all between the ends.",
        partial(comparisons.unstable, TRAIN, "training"),
        RISE,
    ),
    Claim(
        "A-C30b",
        "The test loss is unstable there.",
        partial(comparisons.unstable, TEST, "test"),
        RISE_LATER,
    ),
    Claim("A-C30c", "The test accuracy is unstable there.", comparisons.less_accurate, CHANGES),
    *(
        Claim(
            f"A, faster, {which}",
            f"Batch 64 reaches a higher accuracy faster ({which}).",
            partial(comparisons.faster, main(NESTEROV, contrast)),
            SOONER,
        )
        for which, contrast in (("low rate", BATCH_LOW), ("high rate", BATCH_HIGH))
    ),
    Claim(
        "A-C31",
        "Both batch sizes do better at the higher learning rate.",
        comparisons.better,
        DIGITS,
    ),
    Claim(
        "A-C32",
        "At the higher rate the accuracy around the large batch's end varies less.",
        comparisons.milder,
        CHANGES,
    ),
    Claim(
        "B-C19a",
        "At first the loss of batch 1000 falls slower.",
        comparisons.slower_early,
        FACTOR_LATER,
    ),
    Claim(
        "B-C19b",
        "After all epochs, too, the loss of batch 1000 is higher.",
        partial(comparisons.slower, B_PAIR, "after the last epoch", slice(-1, None)),
        FACTOR_LATER,
    ),
    Claim(
        "B-C19, per update",
        "Over equal numbers of updates, too, the loss of batch 1000 falls slower.",
        partial(comparisons.slower, B_STEPS, "after each equal number of updates", slice(None)),
        FACTOR,
    ),
    Claim(
        "B-C20",
        "Train and test follow each other along alpha.",
        partial(comparisons.follow, B_PAIR),
        ABOUT_LATER,
    ),
    Claim(
        "B-C20, rate",
        "Between B's two rates, too, train and test follow each other.",
        partial(comparisons.follow, B_RATE),
        ABOUT,
    ),
    Claim(
        "E-33e",
        "Without weight decay the large batch's end looks narrower.",
        comparisons.large_looks_narrower,
        FACTOR_LATER,
    ),
    Claim(
        "E-33c",
        "With weight decay the other end looks wider than without.",
        comparisons.turned_around,
        FACTOR_LATER,
    ),
    Claim(
        "E-33a",
        "Another initialization raises the barrier.",
        partial(comparisons.higher_barrier, OTHER, main(ADAM, BATCH_LOW)),
        RISE,
    ),
    Claim(
        "E-33b",
        "Renumbering the units lowers the barrier.",
        partial(comparisons.higher_barrier, OTHER, ALIGNED),
        RISE,
    ),
    Claim(
        "E-33d",
        "B's epoch of training before each measurement lowers the barrier.",
        partial(comparisons.higher_barrier, ON_B, AS_B),
        RISE_SHORT,
    ),
    Claim(
        "33, SGD",
        "Between networks that SGD trained from other weights, too, there is a barrier.",
        comparisons.has_a_barrier,
        RISE_LATER,
    ),
    *(
        Claim(
            f"33, order, {optimizer}",
            f"Another order of the images makes no barrier ({optimizer}).",
            partial(comparisons.has_none, optimizer),
            RISE_LATER,
        )
        for optimizer in (NESTEROV, ADAM)
    ),
    Claim(
        "33, distance",
        "At equal distance the barrier is as high with SGD as with Adam.",
        comparisons.alike_at_equal_distance,
        FACTOR_LATER,
    ),
)
