"""Settings of chapter 00: which runs of the others are summed up."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from hw1lib.chapters.registry import discover
from hw1lib.data import image_sets
from hw1lib.results import specs
from hw1lib.results.specs import setting


@dataclass(frozen=True, kw_only=True)
class Spec(specs.Spec):
    """Which runs of the other chapters are summed up, and how the verdicts are audited."""

    profile: str = setting("full", "of every chapter", choices=("smoke", "quick", "full"))
    data: str = setting(
        "auto", "images: auto, real, standin or folder:PATH", choices=image_sets.MODES
    )
    seed: int = setting(0, "first of the consecutive seeds of every chapter", at_least=0)
    replicas: int = setting(
        0, "trainings of each network in every chapter; 0: as its profile has it", at_least=0
    )
    audited: tuple[int, ...] = setting(
        (6, 20), "pairs of trainings behind each audited verdict", at_least=6
    )
    draws: int = setting(10_000, "audited verdicts without an effect", at_least=1)
    planted: int = setting(2_000, "audited verdicts on each planted effect", at_least=1)
    effects: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0),
        "planted effects, in margins",
        above=0,
    )

    @property
    def seeds(self) -> tuple[int, ...]:
        """Every seed that a chapter uses."""
        used = {seed for section in discover() for seed in self.chapter(section).seeds}
        return tuple(sorted(used))

    def chapter(self, section: str) -> Any:
        """Return the settings of the chapter with this section."""
        profiles = discover()[section].profiles
        wanted = {"data": self.data, "seed": self.seed, "replicas": self.replicas or None}
        known = {field.name for field in dataclasses.fields(profiles[self.profile])}
        chosen = {name: value for name, value in wanted.items() if name in known}
        return profiles.choose(self.profile, **chosen)


PROFILES = specs.Profiles(
    full=Spec(),
    quick=Spec(profile="quick", audited=(6,), planted=1_000),
    smoke=Spec(profile="smoke", audited=(6,), draws=200, planted=50, effects=(1.0, 3.0)),
)
