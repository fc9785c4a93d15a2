"""Settings of chapter 22, and the names of its arms and of their parts."""

from dataclasses import dataclass

from hw1lib.data import image_sets
from hw1lib.judging import oscillation
from hw1lib.results import specs
from hw1lib.results.specs import SettingError, setting
from hw1lib.training import optimizers
from hw1lib.training.optimizers import Optimizer

RMSPROP, ADAM, PLAIN = "RMSprop", "Adam", "plain gradient descent"
OPTIMIZERS: dict[str, Optimizer] = {  # of report A's network
    RMSPROP: optimizers.rmsprop,
    ADAM: optimizers.adam,
    PLAIN: optimizers.sgd,
}
B_NETWORK, DIGITS = "1-500-1", "digits"

MAIN = "main"  # the training itself, beside the ways in which it goes on:
SAME = "same"  # at the same step
TENTH = "tenth"  # at a tenth of the step
RERUN = "rerun"  # with an optimizer that has forgotten what it saw
LATE = "late"  # of the main part: from a quarter of its updates on

USUAL = 0.99  # torch's smoothing of RMSprop, which A has

RERUN_EPOCHS = 6  # that report B's figure shows, of a network trained before
B_WIDTHS = (1, 500, 1)  # 1,501 parameters
DIGITS_HIDDEN = (10, 20)  # of the classifier


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the gradient norm's chapter; the defaults are the full profile."""

    data: str = setting(
        "auto", "images: auto, real, standin or folder:PATH", choices=image_sets.MODES
    )
    epochs: int = setting(2_000, "full-batch updates of A's network", at_least=40)
    more: int = setting(
        1_000, "updates after those, at the same step and at a tenth of it", at_least=24
    )
    points: int = setting(200, "training points of A's network", at_least=2)
    learning_rate: float = setting(1e-3, "of RMSprop, as A, and of Adam, as B", above=0)
    plain_rate: float = setting(0.4, "of plain gradient descent in their place", above=0)
    weight_decay: float = setting(1e-4, "of A's and B's networks", at_least=0)
    epochs_b: int = setting(
        2_500, "full-batch updates of B's network, as B has at most", at_least=40
    )
    points_b: int = setting(300, "training points of B's network", at_least=2)
    epochs_digits: int = setting(5, "epochs over the digits", at_least=1)
    train_examples: int = setting(60_000, "digits learned, at most", at_least=1)
    batch_size: int = setting(64, "digits per step", at_least=1, within=("train_examples",))
    edge_rates: tuple[float, ...] = setting(
        (0.1, 0.2, 0.4), "steps of gradient descent whose curvature is followed", above=0
    )
    edge_epochs: int = setting(5_000, "full-batch updates of each of those", at_least=1)
    edge_every: int = setting(50, "updates between two looks at the curvature", at_least=1)
    smoothings: tuple[float, ...] = setting(
        (0.9, 0.97, 0.995), "of RMSprop, beside its usual 0.99: longer memories", above=0
    )
    batch_sizes: tuple[int, ...] = setting(
        (10, 50),
        "points per step of gradient descent whose batch sharpness is followed",
        at_least=1,
    )
    batch_rate: float = setting(0.2, "step of gradient descent on minibatches", above=0)
    batch_updates: int = setting(20_000, "updates of each of those", at_least=1)
    batch_looks: int = setting(50, "looks at their curvature", at_least=1)
    window: int = setting(
        250,
        "updates over which the norm's course counts as straight; periods up to a third of it",
        at_least=oscillation.SHORTEST,
    )

    def __post_init__(self) -> None:
        """Check also what no field can check alone."""
        super().__post_init__()
        if max(self.batch_sizes) > self.points:
            raise SettingError(
                f"batch_sizes of gradient_norm.Spec must be at most points ({self.points}), "
                f"got {max(self.batch_sizes)}"
            )


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        epochs=1_000,
        more=300,
        epochs_b=300,
        epochs_digits=3,
        train_examples=2_000,
        edge_rates=(0.4,),
        edge_epochs=1_000,
        edge_every=50,
        batch_sizes=(10,),
        batch_updates=2_000,
        batch_looks=10,
    ),
    smoke=Spec(
        replicas=2,
        epochs=60,
        more=24,
        points=20,
        epochs_b=40,
        points_b=20,
        epochs_digits=1,
        train_examples=60,
        batch_size=20,
        edge_rates=(0.1, 0.4),
        edge_epochs=20,
        edge_every=10,
        smoothings=(0.9, 0.995),
        batch_sizes=(7,),
        batch_updates=6,
        batch_looks=2,
        window=15,
    ),
)
