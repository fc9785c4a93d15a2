"""What reports A and B say about the number of parameters, each sentence with its test."""

from dataclasses import replace

from hw1lib.chapters.capacity import comparisons
from hw1lib.chapters.capacity.result import without_size
from hw1lib.chapters.capacity.spec import LONG, OF_A, OF_B, SETTLED
from hw1lib.judging.verdicts import Claim, Margin

AFTER = "the full run"

FALL = Margin(1.1, "ten times the parameters must change the loss by a tenth")
BEND = Margin(0.02, "a hundredth of the loss of guessing is what a figure shows", AFTER)
NEAR = Margin(1.1, "A's neighbouring sizes there differ by factors of 1.2 to 1.4", AFTER)
LITTLE = Margin(1.0, "a hundredth of the range is what a figure shows", AFTER)
STEEP = Margin(1.0, "steep and flat must differ by a percentage point, to be seen in a figure")
TENTH = Margin(0.1, "a tenth of a percentage point is little beside half of one")
LOSS_GAP = Margin(0.005, "a tenth of what is called small", AFTER)
WIDER = Margin(0.25, "a quarter of a gap that is called small", AFTER)
RISE = Margin(1.02, "two hundredths of a loss are the noise of 10,000 test digits")
RISE_OF_A = replace(RISE, after=AFTER)
UNDERFIT = Margin(1.0, "a percentage point is what a figure from 0 to 100 % shows")
AT_REST = replace(UNDERFIT, after=AFTER)
BEHIND = Margin(0.1, "B's own large networks are 0.1 percentage points apart")
PEAK_OF_LOSS = Margin(
    0.1,
    "published trainings rise by 0.13 to 0.84 nats in 2,000 epochs",
    "those, and after a full run of shorter trainings",
)
PEAK = Margin(1.0, "at 15 % wrong of 10,000 digits two standard errors are 0.7 points")
NOISE = Margin(1.25, "less could not be seen on a logarithmic axis", AFTER)
SLOPE = Margin(0.5, "half a percentage point per tenfold size is what the figure shows", AFTER)
GROWTH = Margin(1.1, "a test loss that rises by a tenth has risen", AFTER)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "A-C23a",
        "With more parameters the training loss falls.",
        comparisons.falls(OF_A, "train"),
        FALL,
        without_size(OF_A),
    ),
    Claim(
        "A-C23b",
        "With more parameters the test loss falls.",
        comparisons.falls(OF_A, "test"),
        FALL,
        without_size(OF_A),
    ),
    Claim(
        "A-C24a",
        "Returns diminish with size.",
        comparisons.bends,
        BEND,
        without_size(OF_A),
    ),
    Claim(
        "A-C24b",
        "Returns begin to diminish at about 300,000 parameters.",
        comparisons.near,
        NEAR,
    ),
    Claim(
        "A-C24c",
        "Beyond 300,000 parameters the test loss falls little.",
        comparisons.little_loss,
        LITTLE,
        without_size(OF_A),
    ),
    Claim(
        "A-C24d",
        "Beyond 300,000 parameters the test accuracy rises little.",
        comparisons.little_accuracy,
        TENTH,
        without_size(OF_A),
    ),
    Claim(
        "A-C25a",
        "Below 100,000 parameters the accuracy rises steeply.",
        comparisons.steep,
        STEEP,
        without_size(OF_A),
    ),
    Claim(
        "A-C25b",
        "Above 300,000 parameters the training accuracy is about 98 %.",
        comparisons.plateau("train"),
        TENTH,
        without_size(OF_A),
    ),
    Claim(
        "A-C25c",
        "Above 300,000 parameters the test accuracy is about 98 %.",
        comparisons.plateau("test"),
        TENTH,
        without_size(OF_A),
    ),
    Claim(
        "A-C26a",
        "Training and test loss differ little at every size.",
        comparisons.small_loss_gap,
        LOSS_GAP,
        without_size(OF_A),
    ),
    Claim(
        "A-C26b",
        "Further training does not widen the gap: the accuracies stay as far apart.",
        comparisons.no_wider,
        WIDER,
        without_size(SETTLED),
    ),
    Claim(
        "A-C26c",
        "Large networks do not overfit: the test loss does not rise with size.",
        comparisons.no_rise,
        RISE_OF_A,
        without_size(OF_A),
    ),
    Claim(
        "A-C26d",
        "Training and test accuracy differ little at every size.",
        comparisons.small_gap,
        TENTH,
        without_size(OF_A),
    ),
    Claim(
        "A-C27a",
        "Very small networks underfit.",
        comparisons.underfit,
        UNDERFIT,
        without_size(OF_A),
    ),
    Claim(
        "A-C27b",
        "They underfit because they are small, not because they had little time.",
        comparisons.underfit_at_rest,
        AT_REST,
        without_size(SETTLED),
    ),
    Claim(
        "B-C16",
        "With more parameters the training loss falls.",
        comparisons.falls(OF_B, "train"),
        FALL,
        without_size(OF_B),
    ),
    Claim(
        "B-C17",
        "With more parameters the test loss does not fall consistently.",
        comparisons.inconsistent,
        RISE,
        without_size(OF_B),
    ),
    Claim(
        "B-C18",
        "Some large networks do worse than moderate ones.",
        comparisons.large_behind,
        BEHIND,
        without_size(OF_B),
    ),
    Claim(
        "E-32a",
        "With noisy labels, learned for long, the networks' test loss has a peak.",
        comparisons.peak_of_networks,
        PEAK_OF_LOSS,
        without_size(LONG),
    ),
    Claim(
        "E-32b",
        "With noisy labels the test error of random features has a peak.",
        comparisons.peak_of_features,
        PEAK,
    ),
    Claim(
        "E-32c",
        "Where random features can just learn all labels, noise makes their error larger.",
        comparisons.noise_raises,
        NOISE,
    ),
    Claim(
        "E-32d",
        "Trained until the loss stands still, larger networks still test better.",
        comparisons.size_helps,
        SLOPE,
        without_size(SETTLED),
    ),
    Claim(
        "E-32e",
        "With further training, the largest network's test loss rises again.",
        comparisons.loss_grows,
        GROWTH,
    ),
)
