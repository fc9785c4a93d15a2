"""Settings of chapter 34, and the names of its arms and of what it measures."""

from dataclasses import dataclass

from hw1lib.data import image_sets
from hw1lib.messages import brief
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting

AS_A = "as A wrote it"  # A's learning rate for every batch size, and equal epochs
EPOCHS = "equal epochs"
STEPS = "equal updates"
SCALED = "rate scaled"  # in proportion to the batch size, and equal epochs
ARMS = (AS_A, EPOCHS, STEPS, SCALED)

SMALL, LARGE = "small batch", "large batch"  # Keskar's setting
TRUE, RANDOM = "true labels", "random labels"
ALONE = (SMALL, LARGE, TRUE, RANDOM)
SMALL_F1, LARGE_F1 = "small batch, F1", "large batch, F1"  # the same with the widths of their F1
EQUAL_F1 = "large batch, F1, equal loss"  # ended at the training loss of the small batch
BATCHES = {  # by network
    "perceptron": (SMALL, LARGE),
    "F1": (SMALL_F1, LARGE_F1),
    "F1, equal loss": (SMALL_F1, EQUAL_F1),
}

FACTORS = (1.0, 0.1, 0.01, 0.001)  # of the first layer's weights when a trained network is rescaled
RESCALED = ("keskar", "eigenvalue", "trace", "perturbed", "relative")  # measured then
KINDS = ("outputs", "probabilities")  # what is differentiated by the image


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of sensitivity and sharpness; the defaults are the full profile.

    The sweep over batch sizes has A's network, batch sizes, first rate and epochs. The networks
    outside it, which A did not train, are smaller: they have one hidden layer, and F1 has Keskar's.
    There are 10 trainings of each instead of 20.
    """

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(10, "trainings of each network, side by side", at_least=1)
    hidden: tuple[int, ...] = setting(
        (500, 100, 50), "hidden layers of A's network, in the sweep over batch sizes", at_least=1
    )
    units: int = setting(
        100, "of the one hidden layer of the perceptron, outside the sweep", at_least=1
    )
    train_examples: int = setting(60_000, "digits to learn, at most", at_least=1)
    test_examples: int = setting(10_000, "digits to be tested on, at most", at_least=1)
    batch_sizes: tuple[int, ...] = setting(
        (10, 200, 1_000, 10_000, 20_000), "images per update, as A has them", at_least=1
    )
    epochs: int = setting(
        30, "epochs over the digits, as A makes, where they are equal", at_least=1
    )
    updates: int = setting(300, "where they are equal", at_least=1)
    learning_rate: float = setting(0.01, "of SGD, where it is the same for all", above=0)
    written_rate: float = setting(
        1e-4, "A's, of SGD; where rates are scaled, that of the smallest batch", above=0
    )
    described: int = setting(
        1_000, "images of each split on which sensitivity and sharpness are measured", at_least=1
    )
    noise_batches: int = setting(20, "minibatches of each size, for their noise", at_least=1)
    timed_updates: int = setting(100, "of an epoch that are timed, at most", at_least=1)
    timed_rounds: int = setting(8, "measurements of the time with each batch size", at_least=1)
    adam_rate: float = setting(1e-3, "learning rate of Adam, as Keskar et al. have it", above=0)
    small_batch: int = setting(
        256,
        "images per update, as Keskar et al. have it",
        at_least=1,
        within=(
            "train_examples",
            "twin_examples",
        ),
    )
    large_share: float = setting(
        0.1, "of the training images in a large batch, likewise", above=0, at_most=1
    )
    small_epochs: int = setting(20, "epochs with small batches", at_least=1)
    large_epochs: int = setting(150, "epochs with large batches", at_least=1)
    f1_units: tuple[int, ...] = setting(
        (512, 512, 512, 512, 512),
        "of the hidden layers of F1, as Keskar et al. have them",
        at_least=1,
    )
    f1_replicas: int = setting(6, "trainings of F1, at most", at_least=1)
    f1_small_epochs: int = setting(10, "epochs of F1 with small batches", at_least=1)
    f1_large_epochs: int = setting(60, "epochs of F1 with large batches", at_least=1)
    closer: int = setting(10_000, "images on which those are compared, at most", at_least=1)
    twin_examples: int = setting(
        2_000, "digits to learn with random labels", at_least=1, within=("train_examples",)
    )
    twin_epochs: int = setting(300, "epochs over those", at_least=1)

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if len(self.batch_sizes) < 3 or list(self.batch_sizes) != sorted({*self.batch_sizes}):
            raise SettingError(
                "batch_sizes of sensitivity.Spec must be at least 3, each above the one before, "
                f"got {brief(list(self.batch_sizes))}"
            )

    def scaled_rate(self, size: int) -> float:
        """Return the rate in proportion to the batch size: A's for the smallest batch."""
        return self.written_rate * (size / self.batch_sizes[0])


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        hidden=(12, 8, 6),
        units=12,
        train_examples=600,
        test_examples=500,
        batch_sizes=(4, 20, 100, 400),
        epochs=5,
        updates=40,
        described=50,
        noise_batches=6,
        timed_updates=10,
        timed_rounds=6,
        small_batch=20,
        small_epochs=20,
        large_epochs=80,
        f1_units=(12, 12),
        f1_small_epochs=10,
        f1_large_epochs=40,
        closer=200,
        twin_examples=100,
        twin_epochs=40,
    ),
    smoke=Spec(
        replicas=2,
        hidden=(5, 4, 3),
        units=5,
        train_examples=60,
        test_examples=40,
        batch_sizes=(5, 20, 50),
        epochs=1,
        updates=3,
        described=9,
        noise_batches=2,
        timed_updates=3,
        timed_rounds=2,
        small_batch=10,
        small_epochs=2,
        large_epochs=2,
        f1_units=(6, 5),
        f1_small_epochs=2,
        f1_large_epochs=2,
        closer=20,
        twin_examples=20,
        twin_epochs=2,
    ),
)
