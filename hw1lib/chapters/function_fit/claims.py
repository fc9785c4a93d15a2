"""What reports A and B say about fitting functions, and what chapter 11 expects."""

from dataclasses import replace
from functools import partial

from hw1lib.chapters.function_fit import comparisons
from hw1lib.chapters.function_fit.comparisons import on, without_target
from hw1lib.chapters.function_fit.result import LOWER
from hw1lib.chapters.function_fit.spec import AS_A, AS_B, B_SIGN
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "a first full run"

FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis of losses", AFTER)
SHARE = Margin(0.1, '"it stops" must hold for six trainings in ten at least', AFTER)
STEADY_MARGIN = Margin(0.05, "a twentieth of the updates more or less is still steady", AFTER)
VISIBLE = Margin(0.05, "what one sees in a plot of height 1", AFTER)
AT_JUMPS = Margin(0.1, "40 to 60 % of the error would be about half of it", AFTER)
OFTEN = Margin(10.0, "a difference of one training in ten would be no rule", "the full run")
LATE = replace(FACTOR, after="the full run")
WATCHED = replace(FACTOR, after="")
MOSTLY = Margin(0.1, "lowest on 40 to 60 % would be neither a rule nor its reverse", "the full run")

CLAIMS = (
    Claim(
        "A-C1a",
        "On sinc the rule stops deep before the last update.",
        on(AS_A, "sinc", partial(comparisons.stops, "deep")),
        SHARE,
    ),
    Claim(
        "A-C1b",
        "On sinc it stops medium before the last update.",
        on(AS_A, "sinc", partial(comparisons.stops, "medium")),
        SHARE,
    ),
    Claim(
        "A-C2",
        "On sinc it never stops shallow.",
        on(AS_A, "sinc", partial(comparisons.runs_on, "shallow")),
        SHARE,
    ),
    Claim(
        "A-C3a",
        "On sinc shallow ends higher than deep.",
        on(AS_A, "sinc", partial(comparisons.higher, "shallow", "deep")),
        FACTOR,
    ),
    Claim(
        "A-C3b",
        "On sinc shallow ends higher than medium.",
        on(AS_A, "sinc", partial(comparisons.higher, "shallow", "medium")),
        FACTOR,
    ),
    Claim(
        "A-C4",
        "On sin(5πx) the rule stops none of the three.",
        on(AS_A, "sine", comparisons.none_stops),
        SHARE,
    ),
    Claim(
        "A-C5",
        "On sin(5πx) medium ends lowest.",
        on(AS_A, "sine", partial(comparisons.lowest, "medium")),
        FACTOR,
    ),
    Claim(
        "A-C6",
        "On sinc the networks that stop earlier have a lower loss.",
        on(AS_A, "sinc", comparisons.early_is_low),
        FACTOR,
    ),
    Claim(
        "A-C7a",
        "More layers improve the fit.",
        partial(comparisons.better, "deep", "shallow"),
        FACTOR,
        without_target,
    ),
    Claim(
        "A-C7b",
        "More neurons improve the fit.",
        partial(comparisons.better, "shallow", "medium"),
        FACTOR,
        without_target,
    ),
    Claim(
        "A-C7c",
        f"The deep network reaches a loss below {LOWER:g} more often than the shallow one.",
        partial(comparisons.succeeds_more, "deep", "shallow"),
        OFTEN,
        without_target,
    ),
    Claim(
        "A-C7d",
        f"Where both reach a loss below {LOWER:g}, the deep one ends lower than the shallow one.",
        partial(comparisons.lower_on_success, "deep", "shallow"),
        LATE,
        without_target,
    ),
    Claim(
        "B-C1",
        "On sinc the loss of every network falls steadily.",
        on(AS_B, "sinc", comparisons.steadily),
        STEADY_MARGIN,
    ),
    Claim(
        "B-C2",
        "On sinc shallow ends slightly higher than deep.",
        on(AS_B, "sinc", partial(comparisons.stops_higher, "shallow", "deep")),
        FACTOR,
    ),
    Claim(
        "B-C3",
        "On sinc shallow converges fastest.",
        on(AS_B, "sinc", partial(comparisons.fastest, "shallow")),
        FACTOR,
    ),
    Claim(
        "B-C4",
        "On sinc shallow deviates visibly, unlike the others.",
        on(AS_B, "sinc", partial(comparisons.deviates, "shallow")),
        VISIBLE,
    ),
    Claim(
        "B-C5",
        "On the sign function shallow reaches the lowest loss.",
        on(B_SIGN, "sign", partial(comparisons.lowest, "shallow")),
        FACTOR,
    ),
    Claim(
        "B-C6",
        "On the sign function deep ends lower than medium.",
        on(B_SIGN, "sign", partial(comparisons.higher, "medium", "deep")),
        FACTOR,
    ),
    Claim(
        "B-C7",
        "Shallow's errors sit at the jumps.",
        on(B_SIGN, "sign", partial(comparisons.wrong_at_jumps, "shallow")),
        AT_JUMPS,
    ),
    Claim(
        "E-11a",
        "The deep network ends lowest on most targets and with most optimizers.",
        comparisons.mostly_lowest,
        MOSTLY,
        without_target,
    ),
    Claim(
        "E-11b",
        "Low frequencies are learned before high ones.",
        comparisons.low_first,
        WATCHED,
    ),
    Claim(
        "E-11c",
        "The fit of sin(5πx) begins at the ends of the interval.",
        comparisons.boundary_first,
        WATCHED,
    ),
    Claim(
        "E-11d",
        "The trained deep network has more straight pieces than the trained shallow one.",
        comparisons.more_pieces,
        WATCHED,
    ),
)
