"""Settings of chapter 32, and the names of its arms."""

from dataclasses import dataclass

from hw1lib.data import image_sets
from hw1lib.messages import brief
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting

OF_A = "A's networks"
OF_B = "B's networks"
SETTLED = "A's networks, trained on"
NOISY = "noisy labels"
BETWEEN = "sizes between A's"
LONG = "noisy labels, trained long"
ARMS = (OF_A, OF_B, SETTLED, NOISY, BETWEEN, LONG)

# A's ten networks 784-h1-h2-10, in A's order
A_HIDDEN: tuple[tuple[int, ...], ...] = (
    (50, 100),
    (5, 9),
    (25, 50),
    (60, 120),
    (280, 560),
    (150, 300),
    (200, 400),
    (100, 200),
    (350, 600),
    (250, 500),
)
LEAST_SIZES = 5  # with which a knee can be found


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the chapter on capacity; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(20, "trainings of each of A's networks, side by side", at_least=1)
    side_replicas: int = setting(
        6, "trainings of each network of the other arms, the fewest with a verdict", at_least=1
    )
    a_models: tuple[int, ...] = setting(
        tuple(range(1, len(A_HIDDEN) + 1)), "A's networks 784-h1-h2-10, by A's numbers", at_least=1
    )
    between_units: tuple[int, ...] = setting(
        (7, 9, 12, 16, 32, 40, 75, 88),
        "h of the networks 784-h-2h-10 between those, trained as they are",
        at_least=1,
    )
    b_units: tuple[int, ...] = setting(
        (50, 100, 250, 500, 550, 750, 1000, 1050, 1500, 2000),
        "hidden units of B's networks 784-h-10",
        at_least=1,
    )
    train_examples: int = setting(60_000, "digits that A's and B's networks learn", at_least=1)
    test_examples: int = setting(10_000, "test digits, at most", at_least=1)
    epochs: int = setting(10, "epochs over them", at_least=1)
    described: int = setting(
        500,
        "of them and of test digits on which sensitivity and sharpness are measured",
        at_least=1,
    )
    described_replicas: int = setting(
        6, "trainings of A's and B's networks of which they are, at most", at_least=1
    )
    a_batch_size: int = setting(
        100,
        "digits per step, A's networks",
        at_least=1,
        within=(
            "train_examples",
            "settled_examples",
        ),
    )
    a_rate: float = setting(1e-4, "learning rate of Adam, A's networks", above=0)
    b_batch_size: int = setting(
        600, "digits per step, B's networks", at_least=1, within=("train_examples",)
    )
    b_rate: float = setting(1e-3, "learning rate of Adam, B's networks", above=0)
    settled_examples: int = setting(
        10_000, "digits that A's networks learn to convergence", at_least=1
    )
    settled_epochs: int = setting(60, "epochs over those, at most", at_least=1)
    settled_every: int = setting(5, "epochs between two measurements of those", at_least=1)
    settled_rate: float = setting(1e-3, "learning rate of Adam on those", above=0)
    settled_loss: float = setting(0.01, "mean of an epoch at which they stop, in nats", above=0)
    noisy_examples: int = setting(4_000, "digits with noisy labels", at_least=2)
    noise: float = setting(
        0.15, "share of their labels replaced by random ones", at_least=0, at_most=1
    )
    noisy_units: tuple[int, ...] = setting(
        (3, 6, 12, 25, 38, 50, 65, 100, 200, 500),
        "hidden units of the networks 784-h-10 that learn those",
        at_least=1,
    )
    noisy_epochs: int = setting(300, "epochs over those", at_least=1)
    noisy_batch_size: int = setting(
        100, "of those per step", at_least=1, within=("noisy_examples",)
    )
    noisy_rate: float = setting(3e-4, "learning rate of Adam on those", above=0)
    long_examples: int = setting(4_000, "digits with noisy labels, trained long", at_least=2)
    long_noise: float = setting(
        0.2, "share of their labels replaced by random ones", at_least=0, at_most=1
    )
    long_units: tuple[int, ...] = setting(
        (4, 6, 8, 10, 12, 14, 18, 25, 40, 100, 400),
        "hidden units of the networks 784-h-10 that learn those",
        at_least=1,
    )
    long_epochs: int = setting(2_000, "epochs over those", at_least=1)
    long_every: int = setting(100, "epochs between two measurements of those", at_least=1)
    long_batch_size: int = setting(128, "of those per step", at_least=1, within=("long_examples",))
    long_rate: float = setting(0.05, "first learning rate of gradient descent on those", above=0)
    long_same_rate: int = setting(
        50, "epochs after which it falls: the first over sqrt(1 + epochs // these)", at_least=1
    )
    long_spread: float = setting(0.1, "standard deviation of their first weights", above=0)
    feature_ratios: tuple[float, ...] = setting(
        (0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0),
        "random features per digit with a noisy label",
        above=0,
    )
    bandwidth: float = setting(
        5.0, "of their kernel, in full intensities; digits lie some 10 apart", above=0
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if max(self.a_models) > len(A_HIDDEN):
            raise SettingError(
                f"a_models of capacity.Spec are numbers from 1 to {len(A_HIDDEN)}, "
                f"got {max(self.a_models)}"
            )
        if taken := {(units, 2 * units) for units in self.between_units} & set(A_HIDDEN):
            raise SettingError(
                "between_units of capacity.Spec make networks that are none of A's, got "
                f"{min(taken)[0]}"
            )
        for name in ("a_models", "b_units", "noisy_units", "long_units", "feature_ratios"):
            if len(set(getattr(self, name))) < LEAST_SIZES:
                raise SettingError(
                    f"{name} of capacity.Spec must be {LEAST_SIZES} different sizes at least, "
                    f"got {brief(list(getattr(self, name)))}"
                )

    @property
    def side_seeds(self) -> tuple[int, ...]:
        """One seed per replica of the other arms: the first ones of A's networks."""
        return tuple(range(self.seed, self.seed + self.side_replicas))


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        a_models=(2, 3, 4, 8, 10),
        b_units=(30, 50, 100, 150, 250),
        train_examples=400,
        test_examples=500,
        epochs=6,
        described=20,
        described_replicas=1,
        a_batch_size=25,
        a_rate=1e-3,
        b_batch_size=50,
        settled_examples=150,
        settled_epochs=15,
        settled_every=3,
        settled_loss=0.03,
        noisy_examples=200,
        noisy_units=(1, 2, 4, 8, 32),
        noisy_epochs=70,
        noisy_batch_size=50,
        noisy_rate=1e-3,
        between_units=(10, 16, 40, 80),
        long_examples=200,
        long_units=(4, 8, 12, 25, 100),
        long_epochs=120,
        long_every=40,
        long_batch_size=50,
    ),
    smoke=Spec(
        replicas=2,
        side_replicas=2,
        a_models=(2, 3, 1, 8, 10),
        b_units=(2, 3, 4, 5, 6),
        train_examples=60,
        test_examples=40,
        epochs=2,
        described=5,
        described_replicas=1,
        a_batch_size=20,
        b_batch_size=30,
        settled_examples=40,
        settled_epochs=2,
        settled_every=1,
        noisy_examples=20,
        noisy_units=(1, 2, 3, 4, 5),
        noisy_epochs=2,
        noisy_batch_size=10,
        between_units=(7, 12),
        long_examples=20,
        long_units=(1, 2, 3, 4, 5),
        long_epochs=3,
        long_every=2,
        long_batch_size=10,
        long_same_rate=1,
        feature_ratios=(0.1, 0.5, 1.0, 2.0, 4.0),
    ),
)
