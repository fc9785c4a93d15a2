"""Settings of this chapter, and the names of its arms."""

from dataclasses import dataclass

from hw1lib.results import specs
from hw1lib.results.specs import setting

SMALL, LARGE = "small steps", "large steps"
ARMS = (SMALL, LARGE)


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Replicated):
    """Settings of this chapter; the defaults are the full profile."""

    epochs: int = setting(5_000, "full-batch updates", at_least=1)
    points: int = setting(100, "training points, a uniform grid on [-1, 1]", at_least=2)
    rates: tuple[float, ...] = setting((1e-4, 1e-3), "learning rate of Adam in each arm", above=0)


PROFILES = specs.Profiles(
    full=Spec(), quick=Spec(replicas=6, epochs=400), smoke=Spec(replicas=2, epochs=10, points=20)
)
