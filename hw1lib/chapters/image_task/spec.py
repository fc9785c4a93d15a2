"""Settings of chapter 12, and the names of its arms and networks."""

from dataclasses import dataclass

import numpy as np

from hw1lib.data import image_sets
from hw1lib.messages import brief
from hw1lib.networks import replicas
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting
from hw1lib.training.loop import Probe

MAIN = "main"
AS_A = "as A wrote it"
CONTROL = "permuted pixels"
DEPTH = "depth at equal size"
AS_B = "as B has it"
BY_ITSELF = "every pixel by itself"
DIGITS_DEPTH = "depth at equal size, digits"

LINEAR = "linear"  # the network that takes every pixel by itself
RESIDUAL = "residual"  # in the names of networks that add a layer's input to its output

LENET, DROPOUT_CNN = "LeNet", "dropout CNN"  # B's small and large network

MOST_NETWORKS = 6  # that can be told apart in one figure

# layers and channels of networks with 20,848, 20,800 and 20,758 parameters on CIFAR-10
CNN_DEPTHS = ((2, 46), (4, 27), (6, 21))
# hidden layers and units of networks with 101,770, 102,112 and 100,855 parameters on MNIST
MLP_DEPTHS = ((1, 128), (3, 102), (6, 83))

UNSEEN = 1_000_000  # added to a seed for trainings that only choose a learning rate


def cnn_name(channels: int) -> str:
    """Name one of A's convolutional networks by the channels of its first layer."""
    return f"CNN {channels}"


def mlp_name(units: int) -> str:
    """Name one of A's perceptrons by the units of its first layer."""
    return f"MLP {units}"


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the image task; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    replicas: int = setting(6, "trainings of each network", at_least=1)
    train_examples: int = setting(
        60_000, "images that A's and B's networks learn, at most; no set has more", at_least=1
    )
    side_examples: int = setting(10_000, "images learned where depth varies, at most", at_least=1)
    written_replicas: int = setting(2, "trainings of each network as A wrote it", at_least=1)
    measured: int = setting(
        10_000, "images of each split on which loss and accuracy are measured, at most", at_least=1
    )
    epochs: int = setting(10, "epochs over the training images", at_least=1)
    evaluate_every: int = setting(1, "epochs between two measurements of both splits", at_least=1)
    learning_rate: float = setting(0.01, "of SGD, as A and B have it", above=0)
    a_batch: int = setting(
        16,
        "images per step of A's networks; A gives no number",
        at_least=1,
        within=("train_examples",),
    )
    b_batch: int = setting(
        64,
        "images per step on MNIST, as B has it, and where depth varies",
        at_least=1,
        within=("train_examples",),
    )
    momentum: float = setting(0.9, "of SGD there, as B has it; A has none", at_least=0)
    channels: tuple[int, ...] = setting((16, 44, 80), "A's CNNs: first-layer channels", at_least=1)
    units: tuple[int, ...] = setting((128, 200, 260), "A's MLPs: first-layer units", at_least=1)
    depth_epochs: int = setting(30, "epochs where depth varies", at_least=1)
    depth_rates: tuple[float, ...] = setting(
        (0.003, 0.01, 0.03, 0.1), "learning rates tried for each depth", above=0
    )
    tuning_replicas: int = setting(2, "trainings that choose among them", at_least=1)
    tuning_epochs: int = setting(10, "epochs of each of those", at_least=1)
    side_channels: tuple[int, ...] = setting(
        (16,), "A's CNNs trained on permuted pixels, too", at_least=1
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if extra := set(self.side_channels) - set(self.channels):
            raise SettingError(
                "side_channels of image_task.Spec must be among channels "
                f"{brief(list(self.channels))}, got {min(extra)}"
            )
        if len(self.channels) + len(self.units) > MOST_NETWORKS:
            raise SettingError(
                f"channels and units of image_task.Spec are at most {MOST_NETWORKS} together, as "
                f"many as colours can be told apart, got {len(self.channels) + len(self.units)}"
            )

    @property
    def tuning_seeds(self) -> tuple[int, ...]:
        """One seed for each training that chooses; others than `seeds`, or it favours itself."""
        return tuple(UNSEEN + self.seed + r for r in range(self.tuning_replicas))

    def evaluated(self, epochs: int) -> np.ndarray:
        """Epochs before each measurement of both splits in so many epochs, (K,)."""
        some = Probe(replicas.weights, self.evaluate_every)  # whatever it measures
        return some.epochs(epochs)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=2,
        train_examples=120,
        side_examples=120,
        measured=150,
        epochs=4,
        evaluate_every=2,
        a_batch=8,
        b_batch=8,
        depth_epochs=6,
        depth_rates=(0.01, 0.03),
        tuning_replicas=1,
        tuning_epochs=4,
    ),
    smoke=Spec(
        replicas=1,
        train_examples=60,
        side_examples=60,
        measured=40,
        epochs=1,
        a_batch=20,
        b_batch=20,
        depth_epochs=1,
        depth_rates=(0.01,),
        tuning_replicas=1,
        tuning_epochs=1,
    ),
)
