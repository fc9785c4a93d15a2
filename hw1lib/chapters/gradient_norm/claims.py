"""What reports A and B say about the gradient norm, and what chapter 22 expects."""

from functools import partial

from hw1lib.chapters.gradient_norm import comparisons
from hw1lib.chapters.gradient_norm.comparisons import OWN_UNIT, RELATIVE
from hw1lib.chapters.gradient_norm.result import EARLY, SETTLED, early, late
from hw1lib.chapters.gradient_norm.spec import ADAM, PLAIN
from hw1lib.judging.statistics import decades
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "the full run"
FALL = Margin(0.1, "40 to 60 % of the fall would be called half of it, not most")
FLATNESS = Margin(1.12, "a ninth more or less than the factor of 2 up to which a curve is flat")
LEVELNESS = Margin(FLATNESS.size, FLATNESS.why, AFTER)
ON_AXIS = Margin(0.01, "a hundredth of the axis more or less cannot be seen", AFTER)
LARGE = Margin(1.5, '"large" is half as large again, at least')
LARGE_LATER = Margin(LARGE.size, LARGE.why, AFTER)
OFTEN = Margin(0.1, '"it oscillates" must hold for six trainings in ten, at least')
HALVED = Margin(2.0, "what an oscillation is due to takes half of it away, at least")
HALVED_LATER = Margin(HALVED.size, HALVED.why, AFTER)
MORE_OFTEN = Margin(10.0, "one training in ten more or less would be no rule", AFTER)
LONGER = Margin(1.5, "half as long again, at least", "a pilot of three trainings")
TOGETHER = Margin(0.1, "rank correlations below it are called negligible")
STEADILY = Margin(0.05, "a twentieth of the updates more or less is still steady")
IN_BLOCKS = Margin(STEADILY.size, "the same of averages over a fortieth of the training", AFTER)
REGULAR = Margin(OFTEN.size, OFTEN.why, AFTER)
ALWAYS = Margin(TOGETHER.size, TOGETHER.why, AFTER)
AT_EDGE = Margin(1.25, "within a quarter is called at the edge", "a pilot of six trainings")

CLAIMS = (
    Claim(
        "A-C14a",
        "The loss falls mostly within the first 100 epochs.",
        comparisons.mostly_early,
        FALL,
    ),
    Claim(
        "A-C14b",
        "It is flat after epoch 200, on a logarithmic axis.",
        partial(comparisons.flat, EARLY, "loss"),
        FLATNESS,
    ),
    Claim(
        "A-C14c",
        "It is flat after epoch 200, on a linear axis such as A's.",
        partial(comparisons.flat_on_axis, EARLY),
        ON_AXIS,
    ),
    Claim(
        "A-C15a",
        "The norm fluctuates strongly in the first 200 epochs, relative to its level.",
        partial(comparisons.restless_early, decades, ", in decades"),
        LARGE,
    ),
    Claim(
        "A-C15b",
        "The norm fluctuates strongly in the first 200 epochs, in its own unit.",
        partial(comparisons.restless_early, comparisons.in_own_unit, ""),
        LARGE_LATER,
    ),
    Claim(
        "A-C15c", "Then the norm stabilizes.", partial(comparisons.flat, EARLY, "norm"), LEVELNESS
    ),
    Claim(
        "A-C16a",
        "From epoch 500 on the gradient norm oscillates periodically.",
        comparisons.periodic,
        OFTEN,
    ),
    Claim(
        "A-C16b",
        "Meanwhile the loss stays flat, on a logarithmic axis.",
        partial(comparisons.flat, SETTLED, "loss"),
        FLATNESS,
    ),
    Claim(
        "A-C16c",
        "Meanwhile the loss stays flat, on a linear axis such as A's.",
        partial(comparisons.flat_on_axis, SETTLED),
        ON_AXIS,
    ),
    Claim(
        "A-C17a",
        "The oscillation is due to the step size, relative to the norm's level.",
        partial(comparisons.due_to_step, RELATIVE),
        HALVED,
    ),
    Claim(
        "A-C17b",
        "The oscillation is due to the step size, in the norm's own unit, as A draws it.",
        partial(comparisons.due_to_step, OWN_UNIT),
        HALVED_LATER,
    ),
    Claim(
        "A-C17c",
        "It is due to the optimizer: relative to the level, larger than under plain descent.",
        partial(comparisons.due_to_optimizer, RELATIVE, PLAIN),
        HALVED,
    ),
    Claim(
        "A-C17d",
        "It is due to the optimizer: in its own unit, larger than under plain descent.",
        partial(comparisons.due_to_optimizer, OWN_UNIT, PLAIN),
        HALVED_LATER,
    ),
    Claim(
        "A-C17e",
        "It is due to the optimizer: relative to the level, larger than under Adam.",
        partial(comparisons.due_to_optimizer, RELATIVE, ADAM),
        HALVED,
    ),
    Claim(
        "A-C17f",
        "It is due to the optimizer: in its own unit, larger than under Adam.",
        partial(comparisons.due_to_optimizer, OWN_UNIT, ADAM),
        HALVED_LATER,
    ),
    Claim(
        "A-C17g",
        "The oscillation is due to the optimizer, since plain descent has it less often.",
        partial(comparisons.periodic_more_often, PLAIN),
        MORE_OFTEN,
    ),
    Claim(
        "A-C17h",
        "It is due to the optimizer: periodic more often than under Adam.",
        partial(comparisons.periodic_more_often, ADAM),
        MORE_OFTEN,
    ),
    Claim(
        "A-C17i",
        "The oscillation is due to the optimizer, since a longer memory makes its period longer.",
        comparisons.period_of_memory,
        LONGER,
    ),
    Claim(
        "B-C9a",
        "A lower norm goes with a lower loss, early.",
        partial(comparisons.go_together, early),
        TOGETHER,
    ),
    Claim(
        "B-C9b",
        "A lower norm goes with a lower loss, late.",
        partial(comparisons.go_together, late),
        TOGETHER,
    ),
    Claim(
        "B-C10a", "The loss decreases steadily: at every update.", comparisons.steadily, STEADILY
    ),
    Claim(
        "B-C10b",
        "The loss decreases steadily: as a smoothed curve.",
        comparisons.steadily_in_blocks,
        IN_BLOCKS,
    ),
    Claim(
        "E-22a",
        "The late oscillation is regular under each optimizer, beyond red noise.",
        comparisons.periodic_under_each,
        REGULAR,
    ),
    Claim(
        "E-22b",
        "Under each optimizer it goes away at a tenth of the step, relative to the norm's level.",
        partial(comparisons.goes_away, RELATIVE),
        HALVED_LATER,
    ),
    Claim(
        "E-22c",
        "Under each optimizer it goes away at a tenth of the step, in the norm's own unit.",
        partial(comparisons.goes_away, OWN_UNIT),
        HALVED_LATER,
    ),
    Claim(
        "E-22d",
        "Norm and loss agree in rank along every training, early and late.",
        comparisons.always_together,
        ALWAYS,
    ),
    Claim(
        "E-22e",
        "On minibatches it is the batch sharpness that settles at 2 / step.",
        comparisons.batches_at_edge,
        AT_EDGE,
    ),
    Claim(
        "E-22f",
        "On minibatches the largest eigenvalue of the whole loss stays below 2 / step.",
        comparisons.whole_below_edge,
        AT_EDGE,
    ),
)
