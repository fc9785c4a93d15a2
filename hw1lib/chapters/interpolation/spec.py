"""Settings of chapter 33, and the names of its pairs of trainings."""

from dataclasses import dataclass

import numpy as np

from hw1lib.data import image_sets
from hw1lib.results import specs
from hw1lib.results.specs import setting
from hw1lib.training import optimizers
from hw1lib.training.optimizers import Optimizer

NESTEROV, ADAM = "SGD", "Adam"
OPTIMIZERS: dict[str, Optimizer] = {NESTEROV: optimizers.nesterov, ADAM: optimizers.adam}

# Pairs of A's network. The contrast between two ends, for either optimizer:
BATCH_LOW, BATCH_HIGH, RATE = "batch, low rate", "batch, high rate", "rate"
CONTRASTS = (BATCH_LOW, BATCH_HIGH, RATE)
# and variations of Adam's pair by batch size at the low rate.
STEPS, OTHER = "equal updates", "another initialization"
ALIGNED, DECAY = "another initialization, aligned", "weight decay"
SIDE = (STEPS, OTHER, ALIGNED, DECAY)
# Pairs of B's network, which begin at different weights: B makes one network after the other.
B_PAIR, B_STEPS, B_RATE = "B's pair", "B's pair, equal updates", "B's pair by rate"
OF_B = (B_PAIR, B_RATE)
# What the reports did otherwise: A's range; B's ranges, as mixed and with B's further training.
AS_A, AS_B, AS_B_RATE = "as A drew it", "as B measured it", "as B measured it, by rate"
ON_B, ON_B_RATE = "B's pair, B's range", "B's pair by rate, B's range"

# Pairs trained in one way, the small batch, which leave each other's path after so many epochs;
# by optimizer: at the rate at which it ends lower.
NEVER = -1  # together: they begin at different weights

APART = 1_000  # between the seeds of two initializations
A_ALPHAS = tuple(np.linspace(-2, 2, 50).tolist())  # as A's script has them
# as B's script has them; the first lack the second end, without which there is no barrier
B_ALPHAS = tuple(sorted([*np.linspace(-2, 2, 31).tolist(), 1.0]))
B_RATE_ALPHAS = tuple(np.linspace(0, 1, 10).tolist())


def optimizer_name(optimizer: Optimizer) -> str:
    """Name one of the optimizers."""
    return next(name for name, known in OPTIMIZERS.items() if known is optimizer)


def main(optimizer: str, contrast: str) -> str:
    """Name one of the main pairs of A's network."""
    return f"{optimizer}, {contrast}"


MAIN_SGD, MAIN_ADAM = (
    tuple(main(optimizer, contrast) for contrast in CONTRASTS) for optimizer in OPTIMIZERS
)
MAIN = (*MAIN_SGD, *MAIN_ADAM)
# whose ends are compared by what is called flatness
DESCRIBED = (*MAIN, OTHER, DECAY, *OF_B)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the interpolation; the defaults are the full profile.

    A's network trains for A's 30 epochs, B's for B's 15 by batch size and 5 by rate. Cut to spare
    time: lines are measured on the first images of each split.
    """

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(8, "pairs of trainings in each comparison", at_least=1)
    epochs: int = setting(
        30, "epochs of A's network over the training images, as A makes", at_least=1
    )
    b_epochs: int = setting(15, "epochs of B's network by batch size, as B makes", at_least=1)
    b_rate_epochs: int = setting(5, "epochs of B's network by rate, as B makes", at_least=1)
    train_examples: int = setting(60_000, "training images used, at most", at_least=1)
    measured: int = setting(
        10_000, "images of either split on which networks are measured, at most", at_least=1
    )
    described: int = setting(
        1_000, "images of each split on which sensitivity and sharpness are measured", at_least=1
    )
    described_replicas: int = setting(
        8, "trainings of each network that get described so, at most", at_least=1
    )
    hidden: tuple[int, ...] = setting((500, 100, 50), "hidden layers of A's network", at_least=1)
    b_hidden: tuple[int, ...] = setting((500,), "hidden layers of B's network", at_least=1)
    small_batch: int = setting(
        64,
        "images per step at one end, as A and B have it",
        at_least=1,
        within=(
            "large_batch",
            "b_batch",
        ),
    )
    large_batch: int = setting(
        1024, "images per step at A's other end", at_least=1, within=("train_examples",)
    )
    b_batch: int = setting(
        1000, "images per step at B's other end", at_least=1, within=("train_examples",)
    )
    low_rate: float = setting(1e-3, "learning rate at one end, as A and B have it", above=0)
    high_rate: float = setting(1e-2, "learning rate at the other end", above=0)
    b_rate: float = setting(1.5e-3, "learning rate of B's pair by batch size", above=0)
    b_decay: float = setting(1e-4, "L2 penalty of B's Adam", at_least=0)
    decay: float = setting(5e-4, "L2 penalty where A's network has one", at_least=0)
    line_steps: int = setting(
        20, "steps from one end to the other; each line goes on as far beyond both", at_least=2
    )
    branch_epochs: tuple[int, ...] = setting(
        (0, 1, 5), "epochs after which two trainings of one way see other orders", at_least=0
    )


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        epochs=4,
        b_epochs=4,
        b_rate_epochs=2,
        train_examples=1_000,
        measured=250,
        described=20,
        described_replicas=1,
        hidden=(50, 30, 20),
        b_hidden=(50,),
        small_batch=20,
        large_batch=100,
        b_batch=100,
        line_steps=10,
        branch_epochs=(0, 1, 3),
    ),
    smoke=Spec(
        replicas=2,
        epochs=2,
        b_epochs=3,
        b_rate_epochs=1,
        train_examples=60,
        measured=40,
        described=5,
        described_replicas=1,
        hidden=(12, 8),
        b_hidden=(10,),
        small_batch=10,
        large_batch=30,
        b_batch=30,
        line_steps=4,
        branch_epochs=(0, 1),
    ),
)
