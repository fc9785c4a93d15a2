"""What an explorer shows: panels with layers over arrays, and the controls that choose among them.

An array may have leading axes that belong to controls, in whose order it holds one part for each
of their values; so a control works without anything being computed. The same description is drawn
by the browser (`front/drawing.mjs`, from what `packing` writes) and by Matplotlib (`pictures`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hw1lib.exploring.arrays import quantiles
from hw1lib.exploring.limits import half_step, padded
from hw1lib.showing.palette import BLACK

CELLS = ("heat", "image")  # kinds of layers that fill places of equal size
State = dict[str, int | str]  # by control: the place of the chosen value, or a text


@dataclass(frozen=True)
class Along:
    """An array whose leading axes belong to controls."""

    values: np.ndarray  # (N of each control, ...)
    by: tuple[str, ...]  # names of controls


@dataclass(frozen=True)
class Joined:
    """Numbers side by side, each of which belongs to a control of its own."""

    each: tuple[Along, ...]


Array = np.ndarray | Along | Joined


@dataclass(frozen=True, kw_only=True)
class Control:
    """Something to set; one that is `live` is answered by Python, and missing where none runs."""

    kind: str  # slider, choice, text or button
    name: str
    label: str
    options: tuple[str, ...] = ()  # what a slider or a choice can be set to, as it is shown
    start: int | str = 0  # the place of the option that is chosen at first, or a text
    live: bool = False
    plays: bool = False  # of a slider: whether it can move by itself
    disabled: bool = False  # of a button


def slider(name: str, label: str, options: Sequence[Any], **more: Any) -> Control:
    """Return a control whose values have an order."""
    return Control(kind="slider", name=name, label=label, options=_texts(options), **more)


def choice(name: str, label: str, options: Sequence[Any], **more: Any) -> Control:
    """Return a control whose values have names."""
    return Control(kind="choice", name=name, label=label, options=_texts(options), **more)


def _texts(options: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        one if isinstance(one, str) else f"{one:,}" if isinstance(one, int) else f"{one:.4g}"
        for one in options
    )


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One direction of a panel; from the least to the largest number there unless it says."""

    label: str | tuple[str, ...]  # with the unit; one for each option of the control `by`
    log: bool = False
    low: float | None = None
    high: float | None = None
    by: str = ""  # a control whose options each have limits of their own


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A curve that is drawn by hand: each of its heights is that of a control."""

    at: np.ndarray  # (K,) on the x axis
    controls: tuple[str, ...]  # their K names
    values: np.ndarray  # (options,) on the y axis


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture."""

    title: str
    x: Axis
    y: Axis
    picks: Mapping[str, tuple[str, np.ndarray]] = field(default_factory=dict)
    # a click sets controls: by axis, x or y, the control's name and where its values lie
    sketch: Sketch | None = None  # what the pointer draws
    bare: bool = False  # without axes, as pictures are


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Something drawn in a panel."""

    kind: str  # line, band, points, rule, heat, image or words
    parts: Mapping[str, Array]  # x, y; low and high of a band; z of the last three
    panel: int = 0
    label: str = ""  # in the legend, unless empty
    colour: str = BLACK
    dash: str = ""  # lengths of ink and gap
    width: float = 1.6  # of a line; radius of points
    log: bool = False  # of a heat map's colours
    texts: tuple[str, ...] = ()  # of words, which z chooses from


def line(x: Array, y: Array, **look: Any) -> Layer:
    """Draw (x, y), (..., K) each, as a line; without y, or without x, see `rule`."""
    return Layer(kind="line", parts={"x": x, "y": y}, **look)


def points(x: Array, y: Array, **look: Any) -> Layer:
    """Draw (x, y), (..., K) each, as points."""
    return Layer(kind="points", parts={"x": x, "y": y}, **{"width": 3, **look})


def rule(*, x: Array | None = None, y: Array | None = None, **look: Any) -> Layer:
    """Draw a line across the panel at one x or one y, (..., 1)."""
    parts = {"x": x} if x is not None else {"y": y}
    return Layer(kind="rule", parts=parts, **{"dash": "2 3", **look})  # type: ignore[arg-type]


def heat(x: np.ndarray, y: np.ndarray, z: Array, **look: Any) -> Layer:
    """Draw z, (..., Y, X), as cells around x (X,) and y (Y,), both of equal steps."""
    return Layer(kind="heat", parts={"x": x, "y": y, "z": z}, **look)


def image(x: np.ndarray, y: np.ndarray, z: Array, **look: Any) -> Layer:
    """Draw z, (..., C, Y, X) from 0 to 1, as the pixels around x (X,) and y (Y,), from below."""
    return Layer(kind="image", parts={"x": x, "y": y, "z": z}, **look)


def words(x: np.ndarray, y: np.ndarray, z: Array, texts: Sequence[str], **look: Any) -> Layer:
    """Write the texts that z, (..., K), chooses around (x, y), (K,) each; none where z is NaN."""
    return Layer(kind="words", parts={"x": x, "y": y, "z": z}, texts=tuple(texts), **look)


def curves(x: Array, values: np.ndarray | Along, **look: Any) -> list[Layer]:
    """Draw the median over replicas with the band from the 10th to the 90th percentile.

    Args:
        x: Shape (..., K).
        values: Shape (..., K, R); not finite where a replica has ended.
        look: Further fields of the layers.
    """
    by = values.by if isinstance(values, Along) else ()
    every = values.values if isinstance(values, Along) else values
    low, median, high = quantiles(every)
    outline = {"x": x, "low": _along(low, by), "high": _along(high, by)}
    drawn = [line(x, _along(median, by), **look)]
    if every.shape[-1] > 1:
        plain = {name: value for name, value in look.items() if name not in ("dash", "width")}
        drawn.insert(0, Layer(kind="band", parts=outline, **plain))
    return drawn


def _along(values: np.ndarray, by: tuple[str, ...]) -> Array:
    return Along(values, by) if by else values


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number below the panels."""

    label: str
    value: Array  # (..., 1) or (...,) of the controls alone
    unit: str = ""
    words: tuple[str, ...] = ()  # to write instead of the number, which is their place


@dataclass(frozen=True, kw_only=True)
class View:
    """All that an explorer shows at one time."""

    title: str
    alt: str  # what is seen, for those who do not see it
    panels: Sequence[Panel]
    layers: Sequence[Layer]
    controls: Sequence[Control] = ()
    readings: Sequence[Reading] = ()
    note: str = ""  # beside the legend, such as what a band is
    offline: str = ""  # what needs a kernel, in one sentence for a page without one
    status: str = ""
    table: tuple[tuple[str, ...], ...] = ()  # below, its first row the heads of its columns
    id: str = ""  # of the figure, such as "fig-fit-try"

    def __post_init__(self) -> None:
        """Refuse arrays that the controls cannot choose from.

        Raises:
            ValueError: If an axis belongs to no control, or is as long as no control has options.
        """
        lengths = {control.name: len(control.options) for control in self.controls}
        for what, array in self._arrays():
            for one in of_controls(array):
                for name, length in zip(one.by, one.values.shape, strict=False):
                    if lengths.get(name) != length:
                        has = f"has {lengths[name]} options" if name in lengths else "is missing"
                        told = f"the control {name!r} {has}, {length=}"
                        raise ValueError(f"{what} of {self.id}: {told}")

    def _arrays(self) -> list[tuple[str, Array]]:
        drawn = [
            (f"{name} of the {layer.kind} {layer.label!r}", part)
            for layer in self.layers
            for name, part in layer.parts.items()
        ]
        return [*drawn, *((reading.label, reading.value) for reading in self.readings)]

    @property
    def start(self) -> State:
        """What every control but buttons is at in the beginning."""
        return {c.name: c.start for c in self.controls if c.kind != "button"}

    def at(self, array: Array, state: State) -> np.ndarray:
        """Return the part of an array that the controls choose."""
        if isinstance(array, Joined):
            return np.hstack([self.at(one, state) for one in array.each])
        if not isinstance(array, Along):
            return np.asarray(array)
        places = tuple(int(state[name]) for name in array.by)
        return np.asarray(array.values[places])

    def settled(self, state: State) -> View:
        """Return what is shown at a state alone, which is less to send."""

        def part(array: Array) -> np.ndarray:
            return self.at(array, state)

        layers = [
            replace(layer, parts={name: part(a) for name, a in layer.parts.items()})
            for layer in self.layers
        ]
        readings = [replace(one, value=part(one.value)) for one in self.readings]
        return replace(self, layers=layers, readings=readings)

    def options(self, name: str) -> int:
        """Count the options of a control."""
        return next(len(c.options) for c in self.controls if c.name == name)

    def limits(self, panel: int, axis: str, option: int = 0) -> tuple[float, float]:
        """Return where an axis begins and ends, in all states with this option of its control."""
        chosen: Axis = getattr(self.panels[panel], axis)
        names = {axis} if axis == "x" else {"y", "low", "high"}
        layers = [layer for layer in self.layers if layer.panel == panel]
        found = [np.empty(0)]
        for layer in layers:
            for name in names & set(layer.parts):
                values = _of_option(layer.parts[name], chosen.by, option)
                half = half_step(values) if layer.kind in CELLS else 0.0
                found += [values.ravel() - half, values.ravel() + half]
        values = np.concatenate(found)
        values = values[np.isfinite(values) & ((values > 0) | (not chosen.log))]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.1, 1.0)
        if not any(layer.kind in CELLS for layer in layers):
            full = axis == "x" and all(layer.kind != "points" for layer in layers)
            low, high = padded(low, high, log=chosen.log, share=0.0 if full else 0.05)
        return (
            low if chosen.low is None else chosen.low,
            high if chosen.high is None else chosen.high,
        )


def _of_option(array: Array, name: str, option: int) -> np.ndarray:
    """Return the numbers of an array that one option of a control leaves."""
    values = numbers(array)
    if isinstance(array, Along) and name in array.by:
        return values.take(option, axis=array.by.index(name))
    return values


def of_controls(array: Array) -> tuple[Along, ...]:
    """Return the parts of an array that controls choose from."""
    if isinstance(array, Joined):
        return array.each
    return (array,) if isinstance(array, Along) else ()


def numbers(array: Array) -> np.ndarray:
    """Return all numbers of an array, for every state of the controls."""
    if isinstance(array, Joined):
        return np.hstack([numbers(one).ravel() for one in array.each])
    return np.asarray(array.values if isinstance(array, Along) else array, dtype=float)
