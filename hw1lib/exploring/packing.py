"""A view as the front end takes it: a header in JSON, and all numbers one after another."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np

from hw1lib.exploring.views import (
    CELLS,
    Along,
    Array,
    Axis,
    Control,
    Joined,
    Layer,
    View,
    numbers,
)
from hw1lib.showing.palette import BLACK

DIGITS = 12  # binary ones of each number that are kept: 1 part in 4,096, less than a screen shows


def packed(view: View) -> tuple[dict[str, Any], bytes]:
    """Write the view for the front end: a header, and all numbers as float32."""
    arrays: list[dict[str, Any]] = []
    pieces: list[np.ndarray] = []
    places: dict[bytes, int] = {}  # where numbers lie that are there already

    def described(array: Array) -> dict[str, Any]:
        if isinstance(array, Joined):
            return {"each": [described(one) for one in array.each]}
        values = rounded(numbers(array))
        by = array.by if isinstance(array, Along) else ()
        written = values.tobytes()
        offset = places.setdefault(written, sum(piece.size for piece in pieces))
        if offset == sum(piece.size for piece in pieces):
            pieces.append(values.ravel())
        return {"offset": offset, "shape": list(values.shape), "by": list(by)}

    def placed(array: Array) -> int:
        arrays.append(described(array))
        return len(arrays) - 1

    header = {
        "id": view.id,
        "title": view.title,
        "alt": view.alt,
        "note": view.note,
        "offline": view.offline,
        "status": view.status,
        "table": [list(row) for row in view.table],
        "controls": [_shown(control) for control in view.controls],
        "panels": [_panel(view, n) for n in range(len(view.panels))],
        "layers": [
            {
                **_look(layer),
                "parts": {name: placed(part) for name, part in layer.parts.items()},
            }
            for layer in view.layers
        ],
        "readings": [
            {
                "label": one.label,
                "unit": one.unit,
                "words": list(one.words),
                "parts": {"value": placed(one.value)},
            }
            for one in view.readings
        ],
    }
    header["arrays"] = arrays
    return header, b"".join(piece.tobytes() for piece in pieces)


def _panel(view: View, number: int) -> dict[str, Any]:
    panel = view.panels[number]
    axes = {}
    for name in ("x", "y"):
        axis: Axis = getattr(panel, name)
        options = range(view.options(axis.by) if axis.by else 1)
        ends = [view.limits(number, name, option) for option in options]
        labels = [axis.label] * len(ends) if isinstance(axis.label, str) else list(axis.label)
        axes[name] = {
            "log": axis.log,
            "by": axis.by,
            "each": [
                {"label": label, "low": low, "high": high}
                for label, (low, high) in zip(labels, ends, strict=True)
            ],
        }
    picks = {
        axis: {"control": name, "values": [float(v) for v in values]}
        for axis, (name, values) in panel.picks.items()
    }
    shown: dict[str, Any] = {"title": panel.title, "picks": picks, "bare": panel.bare, **axes}
    if drawn := panel.sketch:
        shown["sketch"] = {"at": drawn.at.tolist(), "controls": list(drawn.controls)}
        shown["sketch"]["values"] = drawn.values.tolist()
    return shown


def offline(view: View) -> dict[str, Any]:
    """Write a view for a page without a kernel: header, state, and the numbers packed as text."""
    header, numbers = packed(view)
    text = base64.b64encode(gzip.compress(numbers, mtime=0)).decode()
    return {"header": header, "state": view.start, "numbers": text}


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to `DIGITS` binary digits, in which numbers pack to about half, as float32."""
    factor, power = np.frexp(np.asarray(values, dtype=float))
    return np.ldexp(np.round(factor * 2**DIGITS) / 2**DIGITS, power).astype(np.float32)


def _shown(control: Control) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": control.kind, "name": control.name, "label": control.label}
    more = {"options": list(control.options), "live": control.live}
    more |= {"plays": control.plays, "disabled": control.disabled}
    return shown | {name: value for name, value in more.items() if value}


def _look(layer: Layer) -> dict[str, Any]:
    colour = "currentColor" if layer.colour == BLACK else layer.colour  # seen on a dark page, too
    look: dict[str, Any] = {"kind": layer.kind, "panel": layer.panel, "label": layer.label}
    look |= {"colour": colour, "dash": layer.dash, "width": layer.width}
    if layer.kind in CELLS:
        look |= {"log": layer.log, "shape": list(numbers(layer.parts["z"]).shape[-2:])}
    if layer.texts:
        look["texts"] = list(layer.texts)
    return look
