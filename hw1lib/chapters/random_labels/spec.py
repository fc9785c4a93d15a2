"""Settings of chapter 31, and its networks."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.networks import builders, replicas
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting

MLP = "MLP"
CNN = "CNN"
TRUE, RANDOM = 0.0, 1.0  # shares of random labels that are always trained


@dataclass(frozen=True)
class Network:
    """One of the chapter's networks."""

    build: Callable[..., nn.Module]
    shape: tuple[int, ...]
    flat: bool  # whether it takes images as rows of pixels
    cost: int  # of an image's way through it and back, relative to the other network

    def single(self) -> nn.Module:
        """Build one replica of it."""
        return self.build(replicas.Streams([0]), *self.shape)


NETWORKS = (MLP, CNN)
MLP_UNITS = 512  # of report B's one hidden layer
SCENES = (3, 32, 32)  # colours, height and width of what report A's network takes as it is
CLASSES = 10  # likewise


def network(name: str, images: ImageSet) -> Network:
    """Return one of the two networks as some images need it: report B's MLP, or report A's CNN."""
    shape, classes = tuple(images.train.images.shape[1:]), len(images.classes)
    if name == MLP:
        return Network(builders.mlp, (math.prod(shape), MLP_UNITS, classes), flat=True, cost=1)
    own = () if (shape, classes) == (SCENES, CLASSES) else (*shape, classes)
    return Network(builders.small_cnn, own, flat=False, cost=8)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the random labels; the defaults are the full profile."""

    data: str = setting("auto", "auto, real, standin or folder:PATH", choices=image_sets.MODES)
    cnn_replicas: int = setting(6, "trainings of the CNN, one by one, at most", at_least=1)
    noise: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75), "shares of labels drawn at random, besides none and all", above=0
    )
    digits: int = setting(5_000, "training digits of the MLP, at most", at_least=1)
    scenes: int = setting(5_000, "training images of the CNN, at most", at_least=1)
    test_examples: int = setting(10_000, "test images, at most", at_least=1)
    batch_size: int = setting(
        100,
        "images per step, as A and B have it",
        at_least=1,
        within=("digits", "scenes", "scale_digits", "scale_scenes"),
    )
    epochs: int = setting(150, "epochs over the training images, at most", at_least=1)
    evaluate_every: int = setting(1, "epochs between two measurements", at_least=1)
    learning_rate: float = setting(
        1e-3, "of Adam; A and B take a tenth, and many more steps", above=0
    )
    scale_digits: int = setting(
        60_000, "training digits of the MLP at B's scale, at most", at_least=1
    )
    scale_scenes: int = setting(
        50_000, "training images of the CNN at A's scale, at most", at_least=1
    )
    scale_rate: float = setting(1e-4, "of Adam at the reports' scale, as A and B have it", above=0)
    scale_digit_epochs: int = setting(1_000, "epochs of the MLP there, as B makes", at_least=1)
    scale_scene_epochs: int = setting(
        200, "epochs of the CNN there on true labels; A makes 100", at_least=1
    )
    scale_random_epochs: int = setting(
        300, "epochs of the CNN there on random labels; A makes 100", at_least=1
    )
    scale_replicas: int = setting(6, "trainings of each network there, at most", at_least=1)
    scale_every: int = setting(10, "epochs between two measurements there", at_least=1)
    described: int = setting(
        1_000,
        "images of each split on which sensitivity and sharpness are measured, at most",
        at_least=1,
    )
    described_trainings: int = setting(
        6, "trainings of each network on which they are, at most", at_least=1
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if max(self.noise) >= 1:
            raise SettingError(
                f"noise of random_labels.Spec must be below 1, got {max(self.noise):g}; "
                "networks with all labels random are always trained"
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of random labels that are trained, ascending."""
        return (TRUE, *sorted(set(self.noise)), RANDOM)

    def seeds_of(self, network: str) -> tuple[int, ...]:
        """Return one seed per training of a network."""
        return self.seeds[: self.cnn_replicas] if network == CNN else self.seeds

    def examples_of(self, network: str) -> int:
        """Return how many images a network learns, at most."""
        return self.scenes if network == CNN else self.digits

    def examples_at_scale(self, network: str) -> int:
        """Return how many it learns at the reports' scale, at most."""
        return self.scale_scenes if network == CNN else self.scale_digits

    def epochs_at_scale(self, network: str, share: float) -> int:
        """Return how many epochs it makes there on a share of random labels, at most."""
        if network == MLP:
            return self.scale_digit_epochs
        return self.scale_random_epochs if share == RANDOM else self.scale_scene_epochs


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        noise=(0.5,),
        digits=200,
        scenes=60,
        test_examples=100,
        batch_size=20,
        epochs=40,
        learning_rate=2e-3,
        scale_digits=400,
        scale_scenes=100,
        scale_digit_epochs=20,
        scale_scene_epochs=12,
        scale_random_epochs=18,
        scale_replicas=2,
        scale_every=2,
        described=20,
        described_trainings=1,
    ),
    smoke=Spec(
        replicas=2,
        cnn_replicas=1,
        noise=(0.5,),
        digits=50,
        scenes=30,
        test_examples=40,
        batch_size=20,
        epochs=3,
        evaluate_every=2,
        scale_digits=60,
        scale_scenes=40,
        scale_digit_epochs=3,
        scale_scene_epochs=3,
        scale_random_epochs=3,
        scale_replicas=1,
        scale_every=2,
        described=10,
        described_trainings=1,
    ),
)
