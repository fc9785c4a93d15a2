"""Settings of chapter 11, and the names of its networks and arms."""

from dataclasses import dataclass

from hw1lib.data import functions
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.specs import setting

NETWORKS = {"deep": builders.DEEP, "medium": builders.MEDIUM, "shallow": builders.SHALLOW}

AS_A = "RMSprop, as A"
AS_B = "Adam, as B"
TUNED = "Adam, tuned"
B_SIGN = "as B wrote it"
WATCHED = "Adam, as B, watched"
ARMS = (AS_A, AS_B, TUNED)

B_SIGN_RATES = {"deep": 1.2e-3, "medium": 1.2e-3, "shallow": 1.1e-3}  # of B's sign fit

UNSEEN = 1_000_000  # added to a seed for trainings that only choose a learning rate


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the function fit; the defaults are the full profile."""

    targets: tuple[str, ...] = setting(
        ("sinc", "sine", "sign"), "functions to fit", choices=functions.TARGETS
    )
    points: int = setting(300, "training points, a uniform grid on [-1, 1]", at_least=2)
    epochs: int = setting(20_000, "full-batch updates, as A and B have at most", at_least=1)
    learning_rate: float = setting(1e-3, "of A's RMSprop and B's Adam", above=0)
    weight_decay: float = setting(1e-4, "of A's RMSprop and of B's sign fit", at_least=0)
    grid: tuple[float, ...] = setting(
        (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), "learning rates tried for each network", above=0
    )
    tuning_replicas: int = setting(20, "trainings that choose among them", at_least=2)
    tuning_epochs: int = setting(5_000, "updates of each of those", at_least=1)
    sign_epochs: int = setting(25_000, "updates of the sign fit as B wrote it", at_least=1)

    @property
    def tuning_seeds(self) -> tuple[int, ...]:
        """One seed for each training that chooses; others than `seeds`, or it favours itself."""
        return tuple(UNSEEN + self.seed + r for r in range(self.tuning_replicas))


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=6,
        points=100,
        epochs=400,
        grid=(1e-3, 3e-3, 1e-2),
        tuning_replicas=3,
        tuning_epochs=100,
        sign_epochs=400,
    ),
    smoke=Spec(
        replicas=2,
        points=20,
        epochs=30,
        grid=(1e-3, 1e-2),
        tuning_replicas=2,
        tuning_epochs=10,
        sign_epochs=30,
    ),
)
