"""What reports A and B say about zero gradients and the minimal ratio, and what is expected."""

from functools import partial

from hw1lib.chapters.minimal_ratio import comparisons
from hw1lib.chapters.minimal_ratio.spec import FOUND, MADE
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "the full run"
MAJORITY = Margin(0.1, "less than six in ten is hardly a majority")
OWN_MAJORITY = Margin(MAJORITY.size, MAJORITY.why, AFTER)
WEAK = Margin(0.3, "a medium correlation, in Cohen's words; a weaker one counts as none")
OWN_WEAK = Margin(WEAK.size, WEAK.why, AFTER)
RULE = Margin(0.05, "a rule may have one exception in twenty beside those it allows", AFTER)

CLAIMS = (
    Claim(
        "A-C18a",
        "A's training ends in a minimum of the loss.",
        comparisons.a_ends_in_minima,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C18b",
        "The smooth network's training, by Adam, ends in a minimum.",
        comparisons.tanh_ends_in_minima,
        MAJORITY,
    ),
    Claim(
        "A-C19a",
        "In most epochs the minimal ratio lies between 0.70 and 0.775, by the Hessian.",
        partial(comparisons.mostly_in_band, comparisons.HESSIAN),
        OWN_MAJORITY,
        comparisons.without_part,
    ),
    Claim(
        "A-C19b",
        "In most epochs the minimal ratio lies between 0.70 and 0.775, as A's code counts.",
        partial(comparisons.mostly_in_band, comparisons.COUNTED),
        OWN_MAJORITY,
        comparisons.without_part,
    ),
    Claim(
        "A-C19c",
        "It lies there for most smooth networks, by the Hessian, whatever their loss.",
        comparisons.trained_in_band,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C19d",
        "It lies there at most critical points that a search finds.",
        comparisons.found_in_band,
        OWN_MAJORITY,
    ),
    Claim(
        "A-C20a",
        "The minimal ratio does not depend on the loss, by the Hessian along A's training.",
        partial(comparisons.unrelated_along, comparisons.HESSIAN),
        OWN_WEAK,
        comparisons.without_part,
    ),
    Claim(
        "A-C20b",
        "The minimal ratio does not depend on the loss, as A's code counts along A's training.",
        partial(comparisons.unrelated_along, comparisons.COUNTED),
        OWN_WEAK,
        comparisons.without_part,
    ),
    Claim(
        "A-C20c",
        "It does not depend on the loss of smooth networks, by the Hessian.",
        partial(comparisons.trained_together, "positive", "ratio", True),
        OWN_WEAK,
    ),
    Claim(
        "A-C20d",
        "It does not depend on the loss at critical points that a search finds.",
        partial(comparisons.over_points, FOUND, "positive", True),
        OWN_WEAK,
    ),
    Claim(
        "A-C21",
        "The minimal ratio is a reliable measure of over-fitting.",
        partial(
            comparisons.untested,
            "the target is fitted without noise and judged on the training points alone, so "
            "nothing here over-fits",
        ),
        WEAK,
    ),
    Claim(
        "B-C11a",
        "A gradient below 0.001 means a local minimum or a vanished gradient.",
        comparisons.minimum_or_vanished,
        RULE,
    ),
    Claim(
        "B-C11b",
        "A gradient of exactly zero means a local minimum or a vanished gradient.",
        partial(
            comparisons.untested,
            "the searches that come to a zero gradient leave saddles on purpose, and most of the "
            "points that were made are saddles by their making: neither says how often it is one",
        ),
        RULE,
    ),
    Claim(
        "B-C12a",
        "As the gradient norm divided by the loss falls, the loss falls.",
        partial(comparisons.trained_together, "over_loss", "gradient norm by loss", False),
        WEAK,
    ),
    Claim(
        "B-C12b",
        "As the layers' gradient norm falls, the loss falls.",
        partial(
            comparisons.trained_together, "layer_norm", "mean gradient norm of the layers", False
        ),
        WEAK,
    ),
    Claim(
        "B-C12c",
        "As the share of positive eigenvalues falls, the loss falls.",
        partial(comparisons.trained_together, "positive", "ratio", False),
        OWN_WEAK,
    ),
    Claim(
        "B-C12a, along",
        "Along B's own training the gradient norm divided by the loss falls with the loss.",
        partial(comparisons.of_b_along, "over_loss", "gradient norm by loss"),
        WEAK,
    ),
    Claim(
        "B-C12b, along",
        "Along B's own training the layers' gradient norm falls with the loss.",
        partial(comparisons.of_b_along, "layer_norm", "mean gradient norm of the layers"),
        WEAK,
    ),
    Claim(
        "B-C12c, along",
        "Along B's own training the share of positive eigenvalues falls with the loss.",
        partial(comparisons.of_b_along, "positive", "ratio"),
        WEAK,
    ),
    Claim(
        "B-C13",
        "A high minimal ratio signals a bad initialization or step size.",
        partial(comparisons.untested, "neither initialization nor step size was varied"),
        WEAK,
    ),
    Claim(
        "E-23a",
        "The higher the loss of a critical point that a search found, the larger its index.",
        partial(comparisons.over_points, FOUND, "negative", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23b",
        "Of the points that were made, those with a higher loss have a larger index.",
        partial(comparisons.over_points, MADE, "negative", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23c",
        "The higher the loss at which a smooth network left Adam, the larger its index.",
        partial(comparisons.trained_together, "negative", "index", False),
        OWN_WEAK,
    ),
    Claim(
        "E-23d",
        "Along A's training the index falls with the loss.",
        comparisons.index_along,
        OWN_WEAK,
        comparisons.without_part,
    ),
)
