"""The sentences that chapter 34 tests, each judged from its result."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from hw1lib.chapters.sensitivity import comparisons
from hw1lib.chapters.sensitivity.result import Result
from hw1lib.chapters.sensitivity.spec import AS_A, EPOCHS, KINDS, SCALED, STEPS
from hw1lib.judging.effects import Effect
from hw1lib.judging.verdicts import Claim, Margin

FULL = "the full run"

FACTOR = Margin(1.25, "less could not be seen on the chapter's logarithmic scales")
LEVEL = Margin(1.25, "a change by less than a quarter per tenfold batch counts as level")
EXACT = Margin(
    0.1,
    "half of the 0.22 percentage points that Keskar et al. report for digits; about the standard "
    "deviation that 10,000 test images alone give an accuracy of 99 %",
)
MUCH = Margin(10.0, "the factor that stands for *much sharper*; Keskar et al. report 167")
MUCH_LATER = replace(MUCH, after=FULL)
THOUSANDFOLD = Margin(1_000.0, "the homework's texts promise orders of magnitude of rescaling")
FASTER = Margin(1.25, "a fifth of the time saved: less is no reason to choose another batch")
RELATED = Margin(0.3, "a tenth of the variance of the ranks: a weaker relation is of no use")
RELATED_LATER = replace(RELATED, after=FULL)
FACTOR_LATER = replace(FACTOR, after=FULL)
EXACT_LATER = replace(EXACT, after=FULL)


def _of_both(
    name: str,
    sentence: str,
    effect: Callable[[str, Result], Effect],
    margin: Margin,
    registered: str = "",
    **settings: Any,
) -> tuple[Claim, ...]:
    """State a sentence for either Jacobian: of the probabilities, as in the paper, and the outputs.

    Args:
        name: Of the claims, to which the kind of Jacobian is added.
        sentence: Likewise, without its full stop.
        effect: Takes the kind and a result.
        margin: As it was fixed.
        registered: The kind that was chosen before any run; the other was added after the full one.
        settings: Of the claims.
    """
    return tuple(
        Claim(
            f"{name}, {kind}",
            f"{sentence} (Jacobian of the {kind}).",
            partial(effect, kind),
            margin if kind == registered else replace(margin, after=FULL),
            **settings,
        )
        for kind in reversed(KINDS)
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C33a",
        "At A's rate the training loss rises with the batch size.",
        partial(comparisons.rises, "train_loss", "training loss", AS_A),
        FACTOR,
    ),
    Claim(
        "A-C33b",
        "At A's rate the test loss rises with the batch size.",
        partial(comparisons.rises, "test_loss", "test loss", AS_A),
        FACTOR,
    ),
    Claim(
        "A-C33c",
        "At A's rate the test accuracy falls with the batch size.",
        partial(comparisons.accuracy_falls, AS_A),
        EXACT,
    ),
    Claim(
        "A-C33, control",
        "After equally many updates, too, the test loss rises with the batch size.",
        partial(comparisons.rises, "test_loss", "test loss", STEPS),
        FACTOR,
    ),
    Claim(
        "A-C34a",
        "Small batches generalize better, where both train to the end.",
        comparisons.small_generalizes_better,
        EXACT,
    ),
    Claim(
        "A-C34b",
        "Small batches classify better after equally many epochs at a larger rate.",
        partial(comparisons.accuracy_falls, EPOCHS),
        EXACT,
    ),
    Claim(
        "A-C34c",
        "Small batches classify better where the rate grows with the batch.",
        partial(comparisons.accuracy_falls, SCALED),
        EXACT,
    ),
    Claim(
        "A-C35a",
        "Sensitivity changes strongly with small batches and levels off with large ones.",
        partial(comparisons.levels_off, False),
        LEVEL,
    ),
    Claim(
        "A-C35b",
        "A's own measure of sensitivity does so, too.",
        partial(comparisons.levels_off, True),
        LEVEL,
    ),
    Claim(
        "A-C36",
        "Small batches give more exact gradients.",
        comparisons.smaller_is_more_exact,
        FACTOR,
    ),
    Claim(
        "A-C36b",
        "An epoch with the largest batch takes less time than one with the smallest.",
        comparisons.a_pass_is_shorter,
        FASTER,
    ),
    Claim(
        "E-34g",
        "After equally many updates the largest batch does no worse on the training images.",
        comparisons.no_worse_after_equal_updates,
        FACTOR_LATER,
    ),
    Claim(
        "E-34h",
        "The variance of the gradient falls as the inverse of the batch size.",
        comparisons.falls_by_the_law,
        FACTOR_LATER,
    ),
    Claim(
        "E-34i",
        "Trained to the end, large batches lose a little test accuracy.",
        comparisons.small_generalizes_better,
        EXACT_LATER,
    ),
    Claim(
        "E-34a",
        "Trained to the end, the perceptron's large batches end in much sharper minima.",
        partial(comparisons.large_is_sharper, "perceptron"),
        MUCH,
    ),
    Claim(
        "34, perceptron",
        "Trained to the end, the perceptron's large batches end in sharper minima, by however "
        "little.",
        partial(comparisons.large_is_sharper, "perceptron"),
        replace(FACTOR, after="a short run, whose large batches ended in flatter minima"),
    ),
    *(
        Claim(
            f"34, {network}",
            f"{when}, large batches end in much sharper minima in a network with F1's widths.",
            partial(comparisons.large_is_sharper_at_equal_loss, network),
            MUCH_LATER,
        )
        for network, when in (
            ("F1", "After equally many epochs"),
            ("F1, equal loss", "At equal training loss"),
        )
    ),
    Claim(
        "E-34b",
        "Rescaling multiplies the sharpness by a thousand and changes no prediction.",
        comparisons.rescaled_is_sharper,
        THOUSANDFOLD,
    ),
    *_of_both(
        "E-34c",
        "Networks that learned random labels are more sensitive",
        comparisons.random_labels_are_more_sensitive,
        FACTOR,
        registered="outputs",
    ),
    *_of_both(
        "E-34d",
        "A network is more sensitive where it is wrong",
        comparisons.wrong_is_more_sensitive,
        FACTOR,
        registered="probabilities",
    ),
    *_of_both(
        "E-34e",
        "Networks with a larger Jacobian have a larger gap",
        comparisons.jacobian_goes_with_the_gap,
        RELATED,
        without=comparisons.without_arm,
    ),
    *_of_both(
        "34e at equal loss",
        "At equal training loss, too, a larger Jacobian goes with a larger gap",
        partial(comparisons.jacobian_goes_with_the_gap, given="train_loss"),
        RELATED,
        without=comparisons.without_arm,
    ),
    Claim(
        "E-34f",
        "Keskar's sharpness does not go with the gap.",
        comparisons.keskar_goes_with_the_gap,
        RELATED_LATER,
        comparisons.without_arm,
    ),
    Claim(
        "34f at equal loss",
        "At equal training loss, too, Keskar's sharpness does not go with the gap.",
        partial(comparisons.keskar_goes_with_the_gap, given="train_loss"),
        RELATED_LATER,
        comparisons.without_arm,
    ),
)
