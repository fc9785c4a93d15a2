"""Settings of chapter 21, and the names of its networks."""

from dataclasses import dataclass

import numpy as np

from hw1lib.data import image_sets
from hw1lib.networks import replicas
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting
from hw1lib.training.loop import Probe

OF_A, OF_B = "A", "B"  # by the report whose network it is


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the weight paths; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(8, "trainings of each network, as the homework asks", at_least=1)
    epochs: int = setting(45, "epochs over the training images", at_least=1)
    every: int = setting(3, "epochs between two snapshots of the weights", at_least=1)
    train_examples: int = setting(60_000, "training images used, at most", at_least=1)
    test_examples: int = setting(10_000, "test images used, at most", at_least=1)
    learning_rate: float = setting(4e-4, "of Adam, as A and B have it", above=0)
    weight_decay: float = setting(1e-4, "L2 penalty, as A and B have it", at_least=0)
    a_hidden: tuple[int, ...] = setting((10, 20), "hidden layers of A's network", at_least=1)
    a_batch: int = setting(
        64, "images per step of A's network", at_least=1, within=("train_examples",)
    )
    b_hidden: tuple[int, ...] = setting((500, 50), "hidden layers of B's network", at_least=1)
    b_batch: int = setting(
        1000, "images per step of B's network", at_least=1, within=("train_examples",)
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if self.every >= self.epochs:
            raise SettingError(
                f"every of weight_paths.Spec must be less than epochs ({self.epochs}), or a path "
                f"has fewer than the three snapshots that its components need, got {self.every}"
            )

    @property
    def snapshots(self) -> np.ndarray:
        """Epochs before each snapshot, (T,)."""
        return Probe(replicas.weights, self.every).epochs(self.epochs)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(epochs=15, every=1, train_examples=1500, test_examples=1000, b_batch=250),
    smoke=Spec(
        replicas=3,
        epochs=2,
        every=1,
        train_examples=60,
        test_examples=40,
        a_batch=20,
        b_hidden=(30, 20),
        b_batch=25,
    ),
)
