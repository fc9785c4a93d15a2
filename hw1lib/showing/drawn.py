"""What a figure shows, as rows: every point that is drawn, with its panel, its series and units.

The numbers behind a figure are read off what is drawn, so that no figure can show what its table
lacks. Where an artist shows less than it stands for, such as the median of many trainings, `note`
says what that is; what only helps the eye is left out with `omit`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.lines import AxLine, Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

FIRST = ("panel", "series", "replica")  # columns that precede the others

_NOTES: WeakKeyDictionary[Artist, Mapping[str, Any] | None] = WeakKeyDictionary()


def note(artist: Artist, **columns: Any) -> None:
    """Say what an artist stands for, beyond what can be read off it.

    Args:
        artist: Something drawn on axes.
        columns: Arrays that broadcast against each other and against the artist's points, by the
            name of the column; `x` and `y` take the place of the points and get the names of
            their axes, `series` that of the legend entry.
    """
    _NOTES[artist] = columns


def omit(*artists: Artist) -> None:
    """Leave artists out of the rows: they repeat what others show."""
    for artist in artists:
        _NOTES[artist] = None


def rows(figure: Figure) -> pd.DataFrame:
    """List every point of a figure.

    Lines, scattered points, bars, error bars and images are read as they are, filled areas and
    lines across a whole panel are taken for helpers. Points that are not finite are not drawn and
    have no row.

    Returns:
        A row per point: its panel, series and replica where there are several, and a column per
        quantity, named as its axis is labelled; empty where a panel lacks the quantity. A figure
        without points has these last columns and no rows.
    """
    names = _legend(figure)
    pieces = [
        pd.DataFrame({"panel": _panel(ax), **columns})
        for ax in _panels(figure)
        for columns in _series(ax, names)
    ]
    pieces = [piece for piece in pieces if len(piece)]
    if not pieces:
        axes = [_quantity(ax, direction) for ax in _panels(figure) for direction in "xy"]
        return pd.DataFrame(columns=[*dict.fromkeys(axes)])
    whole = pd.concat(pieces, ignore_index=True)
    whole = whole.loc[
        :, [bool((column.notna() & (column != "")).any()) for _, column in whole.items()]
    ]
    first = [name for name in FIRST if name in whole]
    return whole[[*first, *whole.columns.difference(first, sort=False)]]


def _series(ax: Axes, names: Mapping[Any, str]) -> Iterator[dict[str, Any]]:
    """Yield the columns of each series of a panel, as long as each other."""
    titles = {"x": _quantity(ax, "x"), "y": _quantity(ax, "y")}
    for artist, read in _drawn(ax):
        said = _NOTES.get(artist, {}) if isinstance(artist, Artist) else {}
        if said is None:
            continue
        columns = {"series": _name(artist, names), **read, **said}
        if columns.keys() == {"series"}:
            continue
        arrays = np.broadcast_arrays(*columns.values())
        flat = {name: array.ravel() for name, array in zip(columns, arrays, strict=True)}
        finite = np.all([np.isfinite(flat[name]) for name in ("x", "y") if name in flat], axis=0)
        flat = {name: values[finite] for name, values in flat.items()}
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if name in flat:
                flat[name] = _categories(axis, flat[name])
        yield {_renamed(name, titles): values for name, values in flat.items()}


def _drawn(ax: Axes) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield what shows data on a panel, with the coordinates that can be read off it."""
    inside: set[Any] = set()
    for container in ax.containers:
        if isinstance(container, ErrorbarContainer):
            line, caps, bars = container.lines
            inside.update((line, *caps, *bars))
            yield container, _with_errors(container)
        elif isinstance(container, BarContainer):
            yield container, _bars(container)
    for artist in ax.get_children():
        if artist in inside:
            continue
        if isinstance(artist, Line2D):
            # those across the whole panel hang on its edges
            if not isinstance(artist, AxLine) and artist.get_transform() is ax.transData:
                yield artist, dict(zip("xy", artist.get_data(orig=False), strict=True))
        elif isinstance(artist, PathCollection):
            yield artist, dict(zip("xy", np.ma.filled(artist.get_offsets(), np.nan).T, strict=True))
        elif isinstance(artist, AxesImage):
            yield artist, _pixels(artist)
        elif artist in _NOTES:
            yield artist, {}


def _with_errors(container: ErrorbarContainer) -> dict[str, Any]:
    line, _, bars = container.lines
    columns = dict(zip("xy", line.get_data(orig=False), strict=True)) if line is not None else {}
    directions = [
        d for d, has in zip("xy", (container.has_xerr, container.has_yerr), strict=True) if has
    ]
    for direction, bar in zip(directions, bars, strict=True):
        ends = np.array([path.vertices for path in bar.get_paths()])  # (points, 2 ends, x and y)
        along = "xy".index(direction)
        columns[f"{direction}, low"], columns[f"{direction}, high"] = ends[:, :, along].T
        columns.setdefault("yx"[along], ends[:, 0, 1 - along])
    return columns


def _bars(container: BarContainer) -> dict[str, Any]:
    across, along = "yx" if container.orientation == "horizontal" else "xy"
    middles = [
        patch.get_x() + patch.get_width() / 2
        if across == "x"
        else patch.get_y() + patch.get_height() / 2
        for patch in container
    ]
    return {across: np.array(middles), along: np.asarray(container.datavalues)}


def _pixels(image: AxesImage) -> dict[str, Any]:
    values: np.ndarray = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    left, right, bottom, top = image.get_extent()
    high, wide = values.shape
    if image.origin == "upper":
        bottom, top = top, bottom
    x = left + (right - left) * (np.arange(wide) + 0.5) / wide
    y = bottom + (top - bottom) * (np.arange(high) + 0.5) / high
    unit = image.colorbar.ax.get_ylabel() if image.colorbar else ""
    return {"x": x, "y": y[:, None], _flat(unit) or "value": values}


def _panels(figure: Figure | SubFigure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def _panel(ax: Axes) -> str:
    """Name a panel: by its label if it has one, else by its title or that of its column."""
    titles = [other.get_title() for other in _beside(ax, "colspan")]
    return _flat(str(ax.get_label()) or ax.get_title() or next(filter(None, titles), ""))


def _quantity(ax: Axes, direction: str) -> str:
    """Name what an axis shows, by the nearest label that a reader finds for it."""
    own = f"get_{direction}label"
    named = {"x": bool(_ticks(ax.xaxis)), "y": bool(_ticks(ax.yaxis))}
    if named[direction]:
        fallback = {"x": "column", "y": "row"}[direction] if all(named.values()) else "group"
        return _flat(getattr(ax, own)()) or fallback
    neighbours = _beside(ax, "colspan" if direction == "x" else "rowspan")
    labels = [getattr(other, own)() for other in (ax, *neighbours)]
    labels.append(getattr(ax.figure, f"get_sup{direction}label")())
    labels.append(_panel(ax) if direction == "y" else "")
    return _flat(next(filter(None, labels), direction))


def _beside(ax: Axes, span: str) -> list[Axes]:
    """List the panels of the same column (`colspan`) or row (`rowspan`), its own included."""
    place = ax.get_subplotspec()
    if place is None:
        return [ax]
    return [
        other
        for other in _panels(ax.figure)
        if (there := other.get_subplotspec()) is not None
        and there.get_gridspec() is place.get_gridspec()
        and getattr(there, span) == getattr(place, span)
    ]


def _ticks(axis: Axis) -> dict[float, str]:
    """Take the names that stand at the ticks of an axis of categories; none on other axes."""
    names, places = axis.get_major_formatter(), axis.get_major_locator()
    if not (isinstance(names, FuncFormatter) and isinstance(places, FixedLocator)):
        return {}
    at = [float(place) for place in places()]
    return dict(zip(at, map(_flat, names.format_ticks(at)), strict=True))


def _categories(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Put the names of categories in place of their positions, nearest to each."""
    ticks = _ticks(axis)
    if not ticks or not len(values):
        return values
    places = np.array([*ticks])
    return np.array([*ticks.values()])[np.abs(values[:, None] - places).argmin(axis=1)]


def _renamed(name: str, titles: Mapping[str, str]) -> str:
    """Put an axis's title in place of its letter: `x`, or `x, low` of an error bar."""
    letter, comma, rest = name.partition(", ")
    return f"{titles[letter]}{comma}{rest}" if letter in titles else name


def _name(artist: Any, names: Mapping[Any, str]) -> str:
    """Name a series by its legend entry, or by that of a line which looks the same."""
    label = str(artist.get_label())
    if not label or label.startswith("_"):  # matplotlib's own names for what has none
        return names.get(_look(artist), "")
    return _flat(label)


def _legend(figure: Figure) -> dict[Any, str]:
    """Collect the names of all lines by their looks, where no two names share a look."""
    found: dict[Any, set[str]] = {}
    for line in (line for ax in _panels(figure) for line in ax.lines):
        label = str(line.get_label())
        if label and not label.startswith("_"):
            found.setdefault(_look(line), set()).add(_flat(label))
    return {look: names.pop() for look, names in found.items() if len(names) == 1}


def _look(artist: Any) -> Any:
    if not isinstance(artist, Line2D):
        return None
    colors = (artist.get_color(), artist.get_markerfacecolor())
    return (*map(to_rgba, colors), artist.get_linestyle(), artist.get_marker())


def _flat(text: str) -> str:
    r"""Put a label on one line, and its symbols in words: `$\alpha$` as alpha."""
    return " ".join(re.sub(r"\$\\?(.*?)\$", r"\1", text).split())
