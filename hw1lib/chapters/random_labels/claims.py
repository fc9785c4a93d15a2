"""What chapter 31 expects, each sentence judged from its result.

Most is measured on a part of the images; what was measured names how many, and the learning rate.
"""

from dataclasses import replace

from hw1lib.chapters.random_labels import comparisons
from hw1lib.chapters.random_labels.result import zhangs_range
from hw1lib.chapters.random_labels.spec import CNN, MLP
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "the full run"

FIT = Margin(
    1.0,
    f"from 99 % on a network counts as fitting random labels, since Zhang et al. call "
    f"{zhangs_range('train')[0]:g} % a fit, and up to 97 % as not fitting them",
)
ALL_SHARES = replace(FIT, after=AFTER)
FACTOR = Margin(1.25, "less could not be seen on a logarithmic axis of losses or times")
FACTOR_LATER = replace(FACTOR, after=AFTER)
FORGOTTEN = Margin(
    5.0, "between two measurements a training moves by some percentage points", "the quick run"
)
AT_CHANCE = Margin(
    2.0, "two percentage points above chance would be next to nothing learned", AFTER
)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C22",
        "A CNN of 153,962 parameters fits random labels of a part of CIFAR-10.",
        comparisons.fits(CNN),
        FIT,
    ),
    Claim(
        "B-C14",
        "A perceptron, 784-512-10, fits random labels of a part of MNIST.",
        comparisons.fits(MLP),
        FIT,
    ),
    Claim(
        "A-C22, A's scale",
        "The CNN fits random labels of all 50,000 images at A's learning rate in A's 100 epochs.",
        comparisons.fits_at_scale(CNN, longer=False),
        FIT,
    ),
    Claim(
        "A-C22, trained on",
        "The CNN fits them at A's learning rate when it is trained on.",
        comparisons.fits_at_scale(CNN, longer=True),
        replace(FIT, after="a full run of 200 epochs"),
    ),
    Claim(
        "B-C14, B's scale",
        "The perceptron fits random labels of all 60,000 digits at B's learning rate in B's 1,000 "
        "epochs.",
        comparisons.fits_at_scale(MLP, longer=False),
        FIT,
    ),
    Claim(
        "B-C15",
        "While the perceptron fits random labels, its test loss rises.",
        comparisons.rise_of_test_loss(MLP),
        FACTOR,
    ),
    Claim(
        "B-C15, B's scale",
        "At B's scale, too, its test loss rises.",
        comparisons.rise_of_test_loss_at_scale,
        FACTOR,
    ),
    Claim(
        "E-31a",
        "The CNN takes longer to fit random labels than true ones.",
        comparisons.takes_longer(CNN),
        FACTOR,
    ),
    Claim(
        "E-31b",
        "The perceptron takes longer to fit random labels than true ones.",
        comparisons.takes_longer(MLP),
        FACTOR,
    ),
    Claim(
        "E-31c",
        "Where labels are partly random, the perceptron first learns the true ones, then "
        "forgets them.",
        comparisons.learns_truth_first(MLP),
        FORGOTTEN,
    ),
    Claim(
        "E-31d",
        "The CNN takes longer to get half of the random labels right.",
        comparisons.takes_longer_to_half(CNN),
        FACTOR_LATER,
    ),
    Claim(
        "E-31e",
        "The perceptron takes longer to get half of the random labels right.",
        comparisons.takes_longer_to_half(MLP),
        FACTOR_LATER,
    ),
    Claim(
        "E-31f",
        "The CNN fits all labels, whatever share of them is random.",
        comparisons.fits_any_share(CNN),
        ALL_SHARES,
    ),
    Claim(
        "E-31g",
        "The perceptron fits all labels, whatever share of them is random.",
        comparisons.fits_any_share(MLP),
        ALL_SHARES,
    ),
    Claim(
        "E-31h",
        "After random labels alone the CNN's test accuracy is that of guessing.",
        comparisons.at_chance(CNN),
        AT_CHANCE,
    ),
    Claim(
        "E-31i",
        "After random labels alone the perceptron's test accuracy is that of guessing.",
        comparisons.at_chance(MLP),
        AT_CHANCE,
    ),
    Claim(
        "E-31j",
        "While the CNN fits random labels, its test loss rises.",
        comparisons.rise_of_test_loss(CNN),
        FACTOR_LATER,
    ),
    Claim(
        "E-31k",
        "At A's scale, too, the CNN's test accuracy is that of guessing.",
        comparisons.at_chance_at_scale(CNN),
        AT_CHANCE,
    ),
    Claim(
        "E-31l",
        "At B's scale, too, the perceptron's test accuracy is that of guessing.",
        comparisons.at_chance_at_scale(MLP),
        AT_CHANCE,
    ),
)
