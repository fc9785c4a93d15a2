"""Settings of chapter 23, and the names of its arms."""

from dataclasses import dataclass

import numpy as np

from hw1lib.data import functions
from hw1lib.messages import brief
from hw1lib.networks import builders
from hw1lib.results import specs
from hw1lib.results.specs import setting

RECIPE = "the recipe"  # the loss is left early, then the gradient's norm goes down
BOTTOM = "to the bottom"  # the objective goes down by Newton steps before
EMBEDDED = "embedded"  # smaller networks at the bottom, with silent units added
ALONE = "loss alone"  # the recipe without weight decay
SPLIT = "embedded, loss alone"  # smaller networks without weight decay, with units split
LEAKY = "leaky ReLU"  # the recipe without weight decay and with kinks
ARMS = (RECIPE, BOTTOM, EMBEDDED, ALONE, SPLIT, LEAKY)
SMOOTH = (RECIPE, BOTTOM, EMBEDDED)  # the arms with one objective, that of the main result
UNDECAYED = (ALONE, SPLIT)  # the arms of tanh networks without weight decay
MADE = (EMBEDDED, SPLIT)  # critical by construction
FOUND = (RECIPE, BOTTOM)  # critical points of the main result's objective that a search found
A_WIDTHS = builders.MEDIUM  # of report A's network, 572 parameters
B_NARROW, B_WIDE = B_NETWORKS = ("B's network", "B's wide network")  # 1-128-1 and 1-500-1
LEAST_LEVEL = 1e-3  # loss: the lowest at which the recipe leaves phase 1


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of the search for critical points; the defaults are the full profile."""

    replicas: int = setting(100, "networks of each of the main arms", at_least=1)
    hidden: int = setting(10, "units in each of the two hidden layers", at_least=2)
    sizes: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5, 6), "units per layer of the networks that are embedded", at_least=1
    )
    small_replicas: int = setting(12, "networks of each of those sizes", at_least=1)
    points: int = setting(64, "training points, a uniform grid on [-1, 1]", at_least=2)
    weight_decay: float = setting(1e-4, "of the main arms, as A's", above=0)
    learning_rate: float = setting(1e-2, "of Adam in phase 1", above=0)
    epochs: int = setting(1_000, "full-batch updates of phase 1, at most", at_least=1)
    newton: int = setting(200, "Newton steps on the objective to its bottom", at_least=1)
    steps: int = setting(200, "steps on the norm of the gradient", at_least=1)
    residual: float = setting(1e-9, "gradient norm up to which a point counts as critical", above=0)
    flat: float = setting(
        0.01, "|Hg| / (max|λ||g|) below which a rejected point is gradient-flat", above=0
    )
    tolerance: float = setting(
        1e4, "eigenvalues count as zero within so many round-offs of the largest", above=0
    )
    samples: int = setting(200, "nearby weights of the sampled ratio", at_least=1)
    radius: float = setting(1e-3, "how far each of their weights is moved, at most", above=0)

    a_replicas: int = setting(100, "trainings of A's network", at_least=1)
    a_points: int = setting(200, "training points of A's network", at_least=2)
    a_rate: float = setting(1e-3, "of A's RMSprop", above=0)
    a_updates: int = setting(2_000, "full-batch updates of A's network", at_least=2)
    a_looks: int = setting(20, "looks at its Hessian, evenly on a logarithmic axis", at_least=2)
    a_steps: int = setting(40, "steps on its gradient's norm for each bound, at most", at_least=1)
    bounds: tuple[float, ...] = setting(
        (1e-3, 1e-6, 1e-9), "gradient norms that may pass for zero, falling", above=0
    )

    b_replicas: tuple[int, ...] = setting(
        (20, 6), "trainings of each of B's networks; the wide one takes a second at each look",
        at_least=1,
    )  # fmt: skip
    b_hidden: tuple[int, ...] = setting((128, 500), "units of B's two networks", at_least=1)
    b_points: int = setting(300, "training points of B's networks", at_least=2)
    b_rates: tuple[float, ...] = setting((4e-4, 1e-3), "of B's Adam, for each", above=0)
    b_updates: int = setting(2_500, "full-batch updates of B's networks", at_least=2)
    b_looks: int = setting(20, "looks at them, evenly on a logarithmic axis", at_least=2)

    def __post_init__(self) -> None:
        """Check that what is embedded is smaller, and that B's networks are two."""
        super().__post_init__()
        for name in ("b_replicas", "b_hidden", "b_rates"):
            if len(given := getattr(self, name)) != len(B_NETWORKS):
                raise specs.SettingError(
                    f"{name} of minimal_ratio.Spec needs a value for each of B's "
                    f"{len(B_NETWORKS)} networks, got {brief(given)}"
                )
        if max(self.sizes) >= self.hidden:
            raise specs.SettingError(
                f"sizes of minimal_ratio.Spec must be below hidden = {self.hidden}, "
                f"got {max(self.sizes)}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer sizes of the network that is studied, ends included."""
        return (1, self.hidden, self.hidden, 1)

    @property
    def looks(self) -> tuple[int, ...]:
        """Updates of A's network before each look."""
        return _spread(self.a_looks, self.a_updates)

    @property
    def looks_at_b(self) -> tuple[int, ...]:
        """Updates of B's networks before each look."""
        return _spread(self.b_looks, self.b_updates)

    @property
    def a_seeds(self) -> tuple[int, ...]:
        """Seeds of A's network, one per replica."""
        return tuple(range(self.seed, self.seed + self.a_replicas))

    @property
    def constant(self) -> float:
        """Mean squared error of the best constant on the training points."""
        return float(functions.TARGETS["sinc"](functions.grid(self.points)).var(correction=0))


def _spread(looks: int, updates: int) -> tuple[int, ...]:
    """Place looks evenly on a logarithmic axis, and one before the first update."""
    late = np.geomspace(1, updates, looks).round().astype(int)
    return (0, *np.unique(late).tolist())


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(
        replicas=20, sizes=(1, 3), small_replicas=4, points=32, epochs=200, newton=100,
        steps=15, samples=50, a_replicas=6, a_updates=1_000, a_looks=5, a_steps=1,
        b_replicas=(6, 6), b_hidden=(32, 64), b_points=100, b_updates=1_000, b_looks=10,
    ),
    smoke=Spec(
        replicas=3, hidden=3, sizes=(1,), small_replicas=2, points=10, epochs=20, newton=10,
        steps=5, samples=5, a_replicas=2, a_points=20, a_updates=6, a_looks=3, a_steps=1,
        b_replicas=(2, 2), b_hidden=(4, 6), b_points=20, b_updates=6, b_looks=3,
    ),
)  # fmt: skip
