"""What a claim compares; each effect is positive where the claim is right.

It keeps the values of every training, to be computed without one of them or on another scale.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property, partial

import numpy as np

from hw1lib.judging import ranks
from hw1lib.judging.statistics import (
    Interval,
    decades,
    geometric_mean,
    in_unit,
    log_ratio,
    named,
    paired_difference,
    share_interval,
    t_interval,
    tally,
    written,
)

POINTS, CORRELATION = "percentage points", "rank correlation"


class NotTested(Exception):
    """Says in one sentence why a result cannot test a claim."""


@dataclass(frozen=True)
class Effect(ABC):
    """One comparison; a subclass for each kind."""

    of: str  # what is compared, such as "final loss"
    _: KW_ONLY
    absent: bool = False  # the claim is right where the effect is too small to matter

    @abstractmethod
    def at(self, level: float) -> Interval:
        """Estimate the effect, positive where the claim is right, with limits at a level."""

    @cached_property
    def interval(self) -> Interval:
        """The effect with its 95 % interval."""
        return self.at(0.95)

    @property
    @abstractmethod
    def trainings(self) -> int:
        """Count what `without` can leave out, whether or not it has a value."""

    @property
    def measured(self) -> str:
        """Write what was measured on each side; empty where that is the effect itself."""
        return ""

    @abstractmethod
    def write(self, value: Interval | float) -> str:
        """Write an effect, or a margin's size on the effect's own scale."""

    def on_scale(self, size: float) -> float:
        """Convert a margin's size, as a reader states it, to the scale of `at`."""
        return size

    def rescaled(self, size: float) -> Iterator[tuple[str, Effect, float]]:
        """Give the same comparison on the other reasonable scale, with its name and margin."""
        yield from ()

    @abstractmethod
    def without(self, index: int) -> Effect:
        """Leave out one training, or one network of a correlation."""


def _less(values: np.ndarray, index: int) -> np.ndarray:
    return np.delete(np.asarray(values), index, axis=0)


@dataclass(frozen=True)
class _OfSides(Effect):
    sides: Mapping[str, np.ndarray]  # by name: one value per training, (R,); first and second

    @property
    def _pairs(self) -> list[np.ndarray]:
        """Values of the sides, of the trainings that have all of them."""
        values = [np.asarray(side, dtype=float) for side in self.sides.values()]
        return [side[np.isfinite(values).all(axis=0)] for side in values]

    @abstractmethod
    def _mean(self, values: np.ndarray) -> float:
        """Average the values of one side, (R,)."""

    @property
    def means(self) -> dict[str, float]:
        """Each side's mean, by its name; NaN where no training has all sides."""
        pairs = zip(self.sides, self._pairs, strict=True)
        return {name: self._mean(values) for name, values in pairs}

    @property
    def measured(self) -> str:
        return ", ".join(
            named(name, written(mean) if np.isfinite(mean) else "no value")
            for name, mean in self.means.items()
            if name
        )

    @property
    def trainings(self) -> int:
        return len(next(iter(self.sides.values())))

    def without(self, index: int) -> _OfSides:
        return replace(self, sides={name: _less(side, index) for name, side in self.sides.items()})


@dataclass(frozen=True)
class Ratio(_OfSides):
    """How many times larger the first side is than the second; margins are factors above 1."""

    def at(self, level: float) -> Interval:
        first, second = self.sides.values()
        return log_ratio(first, second, level=level)

    def _mean(self, values: np.ndarray) -> float:
        return float(geometric_mean(values).mean)

    def write(self, value: Interval | float) -> str:
        return f"× {value.factor if isinstance(value, Interval) else round(10.0**value, 9):.3g}"

    def on_scale(self, size: float) -> float:
        return float(np.log10(size))

    def rescaled(self, size: float) -> Iterator[tuple[str, Effect, float]]:
        if self.interval.n:
            plain = (size - 1) * float(np.mean(self._pairs[1]))
            yield "as a difference", Difference(self.of, self.sides, absent=self.absent), plain


@dataclass(frozen=True)
class Difference(_OfSides):
    """By how much the first side exceeds the second, or a lone side exceeds zero."""

    unit: str = ""

    def at(self, level: float) -> Interval:
        first, *second = self.sides.values()
        estimate = paired_difference if second else t_interval
        return estimate(first, *second, level=level)

    def _mean(self, values: np.ndarray) -> float:
        return t_interval(values).mean

    def write(self, value: Interval | float) -> str:
        return in_unit(value, "" if self.unit == CORRELATION else self.unit)

    def rescaled(self, size: float) -> Iterator[tuple[str, Effect, float]]:
        pairs = self._pairs
        if len(pairs) == 2 and len(pairs[0]) and all((side > 0).all() for side in pairs):
            factor = 1 + size / float(np.mean(pairs[1]))
            yield "as a factor", Ratio(self.of, self.sides, absent=self.absent), factor


@dataclass(frozen=True)
class Bound(Effect):
    """How far the values stay on the right side of a bound that the claim states."""

    values: np.ndarray  # (R,)
    at_most: float = np.nan  # one of the two is given
    at_least: float = np.nan
    unit: str = ""
    factor: bool = False  # compared as a ratio; margins are factors then
    whole: bool = False  # percentages of a whole, none of which lies below 0 or above 100

    @property
    def _upper(self) -> bool:
        return np.isfinite(self.at_most)

    @property
    def bound(self) -> float:
        """The bound, in the unit of the values."""
        return self.at_most if self._upper else self.at_least

    def at(self, level: float) -> Interval:
        values, bound = np.asarray(self.values, dtype=float), np.array(self.bound)
        if self.factor:
            values, bound = decades(values), decades(bound)
        return t_interval(bound - values if self._upper else values - bound, level=level)

    @property
    def predicted(self) -> str:
        """The bound in words."""
        return f"at {'most' if self._upper else 'least'} {self.bound:,g} {self.unit}".strip()

    @property
    def mean(self) -> Interval:
        """The mean of the values, in their own unit."""
        mean = geometric_mean if self.factor else partial(t_interval, whole=self.whole)
        return mean(self.values)

    @property
    def measured(self) -> str:
        return f"{in_unit(self.mean, self.unit)}; {self.predicted}"

    def write(self, value: Interval | float) -> str:
        if self.factor:
            return Ratio.write(self, value)  # type: ignore[arg-type]
        return in_unit(value, self.unit)

    def on_scale(self, size: float) -> float:
        return float(np.log10(size)) if self.factor else size

    def rescaled(self, size: float) -> Iterator[tuple[str, Effect, float]]:
        if self.factor:
            yield "as a difference", replace(self, factor=False), (size - 1) * self.bound
        elif self.bound > 0 and (np.asarray(self.values) > 0).all():
            yield "as a factor", replace(self, factor=True), 1 + size / self.bound

    @property
    def trainings(self) -> int:
        return len(self.values)

    def without(self, index: int) -> Bound:
        return replace(self, values=_less(self.values, index))


@dataclass(frozen=True)
class Share(Effect):
    """How far the share of trainings that did something lies above a bound, or below it."""

    which: np.ndarray  # (R,) of bool
    at_least: float = 0.5
    at_most: float = np.nan  # in place of `at_least`

    def at(self, level: float) -> Interval:
        if np.isfinite(self.at_most):
            share = share_interval(self.which, beyond=self.at_most, level=level)
            return replace(share, mean=-share.mean, low=-share.high, high=-share.low)
        return share_interval(self.which, beyond=self.at_least, level=level)

    @property
    def measured(self) -> str:
        upper = np.isfinite(self.at_most)
        word, bound = ("at most", self.at_most) if upper else ("at least", self.at_least)
        return f"{tally(self.which)}; {word} {100 * bound:g} %"

    def write(self, value: Interval | float) -> str:
        if isinstance(value, Interval):
            ends = {name: 100 * getattr(value, name) for name in ("mean", "low", "high")}
            return in_unit(replace(value, **ends), POINTS, ".2g")
        return f"{100 * value:.3g} {POINTS}"

    @property
    def trainings(self) -> int:
        return len(self.which)

    def without(self, index: int) -> Share:
        return replace(self, which=_less(self.which, index))


@dataclass(frozen=True)
class Correlation(Effect):
    """Spearman's rank correlation of two measures over networks, or over trainings."""

    first: np.ndarray  # (n,)
    second: np.ndarray  # (n,)
    given: np.ndarray | None = None  # (n,) a third measure, at equal ranks of which they compare
    families: np.ndarray | None = None  # (n,) labels; those of one label are no independent points

    def at(self, level: float) -> Interval:
        sides = [side for side in (self.first, self.second, self.given) if side is not None]
        known = np.isfinite(sides).all(axis=0)
        first, second, *given = (np.asarray(side)[known] for side in sides)
        if self.families is None:
            return ranks.correlation(first, second, *given, level=level)
        labels = np.asarray(self.families)[known]
        return ranks.over_families(labels, first, second, *given, level=level)

    def write(self, value: Interval | float) -> str:
        return f"{value:.3g}"

    @property
    def trainings(self) -> int:
        return len(self.first)

    def without(self, index: int) -> Correlation:
        return replace(
            self,
            first=_less(self.first, index),
            second=_less(self.second, index),
            given=None if self.given is None else _less(self.given, index),
            families=None if self.families is None else _less(self.families, index),
        )
