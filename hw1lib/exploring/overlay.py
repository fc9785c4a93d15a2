"""One view's curves over another's bands: your run in front of ours."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hw1lib.exploring.views import Along, Array, Layer, Reading, View

OURS, YOURS = "ours: ", "your run: "
BOLD, THIN = 2.8, 1.0  # widths of lines


def over(yours: View, ours: View) -> View:
    """Draw the curves of one view over the bands of another that was made in the same way.

    Args:
        yours: Whose controls are kept.
        ours: Its curves that have a band are drawn where the controls are at options of the same
            name.

    Returns:
        The view, with a reading for each curve: how much of it lies inside the band.
    """
    curves = {key: found for key, *found in _curves(yours, banded=False)}
    layers, readings, covered = [], [], set()
    for key, line, band in _curves(ours, banded=True):
        if key not in curves or any(set(_by(of)) - _names(yours) for of in (line, band)):
            continue
        thin = _aligned(line, yours, ours, label=f"{OURS}{line.label}", width=THIN)
        wide = _aligned(band, yours, ours, label=f"{OURS}{line.label}")
        layers += [wide, thin]
        readings.append(_inside(yours, curves[key][0], wide))
        covered.add(key)
    for layer in yours.layers:
        if _key(layer) not in covered or layer.kind not in ("line", "band"):
            layers.append(layer)
        elif layer.kind == "line":
            layers.append(replace(layer, label=f"{YOURS}{layer.label}", width=BOLD))
    note = f"shaded: our band; bold: your median; {yours.note}".removesuffix("; ")
    kept = [*yours.readings, *readings]
    return replace(yours, layers=layers, readings=kept, note=note if covered else yours.note)


def _key(layer: Layer) -> tuple[int, str]:
    return layer.panel, layer.label


def _curves(view: View, *, banded: bool) -> Iterator[tuple[tuple[int, str], Layer, Layer]]:
    """List the named curves, each with its band; without one, with itself, unless banded."""
    bands = {_key(layer): layer for layer in view.layers if layer.kind == "band"}
    for layer in view.layers:
        if layer.kind == "line" and layer.label and (_key(layer) in bands or not banded):
            yield _key(layer), layer, bands.get(_key(layer), layer)


def _by(layer: Layer) -> tuple[str, ...]:
    """Name the controls that choose among a layer's arrays."""
    arrays = [part.by for part in layer.parts.values() if isinstance(part, Along)]
    return tuple(dict.fromkeys(name for by in arrays for name in by))


def _names(view: View) -> set[str]:
    return {control.name for control in view.controls}


def _aligned(layer: Layer, yours: View, ours: View, *, label: str, width: float = 1.6) -> Layer:
    """Order a layer's arrays by the options of the other view's controls."""
    parts = {name: _matched(part, yours, ours) for name, part in layer.parts.items()}
    return replace(layer, parts=parts, label=label, width=width, dash="1 2")


def _matched(array: Array, yours: View, ours: View) -> Array:
    if not isinstance(array, Along):
        return array
    values = np.asarray(array.values, dtype=float)
    for axis, name in enumerate(array.by):
        theirs = {text: place for place, text in enumerate(_options(ours, name))}
        places = [theirs.get(text, -1) for text in _options(yours, name)]
        values = values.take(places, axis=axis)
        unknown = [place < 0 for place in places]
        np.moveaxis(values, axis, 0)[unknown] = np.nan
    return Along(values, array.by)


def _options(view: View, name: str) -> tuple[str, ...]:
    return next(control.options for control in view.controls if control.name == name)


def _inside(view: View, line: Layer, band: Layer) -> Reading:
    """Compute how many of a curve's points lie inside a band, in %, where both are known."""
    used = {*_by(line), *_by(band)}
    by = [control.name for control in view.controls if control.name in used]
    counts = [view.options(name) for name in by]
    panel = view.panels[line.panel]
    shares = np.full(counts, np.nan)
    for places in itertools.product(*map(range, counts)):
        state = {**view.start, **dict(zip(by, places, strict=True))}
        x, y = (view.at(line.parts[name], state) for name in "xy")
        at, low, high = (view.at(band.parts[name], state) for name in ("x", "low", "high"))
        shares[places] = _share(x, y, at, low, high)
    title = f"{panel.title}, " if len(view.panels) > 1 else ""
    name = f"{title}{line.label}: points inside our band"
    return Reading(label=name, value=Along(shares, tuple(by)) if by else shares, unit="%")


def _share(
    x: np.ndarray, y: np.ndarray, at: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    """Return how many of the points (x, y) lie between low and high, (K,) at `at`, in %."""
    known = np.isfinite(at) & np.isfinite(low) & np.isfinite(high)
    here = np.isfinite(x) & np.isfinite(y)
    if known.any():
        here &= (x >= at[known].min()) & (x <= at[known].max())
    if not known.any() or not here.any():
        return float("nan")
    x, y, at, low, high = x[here], y[here], at[known], low[known], high[known]
    within = (np.interp(x, at, low) <= y) & (y <= np.interp(x, at, high))
    return 100 * float(within.mean())
