"""What a figure shows, as rows: every point that is drawn, with its panel, its series and units.

The numbers behind a figure are read off what is drawn, so that no figure can show what its table
lacks. Where an artist shows less than it stands for, such as the median of many trainings, or
cannot be read, `note` names its numbers; what repeats others is left out with `omit`. An artist
that is neither read, noted nor omitted is refused.
"""

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
from matplotlib.container import Container
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from hw1lib.showing import artists
from hw1lib.showing.artists import flat

FIRST = ("panel", "series", "replica")  # columns that precede the others

_NOTES: WeakKeyDictionary[Artist, Mapping[str, Any] | None] = WeakKeyDictionary()


def note(artist: Artist | Container, **columns: Any) -> None:
    """Name the numbers of an artist, beyond those that can be read off it.

    Args:
        artist: Something drawn on axes.
        columns: Arrays that broadcast against each other and against the artist's points, by the
            name of the column; `x` and `y` replace the points and get the names of their axes,
            `series` replaces the legend entry. Colours and sizes of scattered points are then
            not read, and belong here.
    """
    for part in _parts(artist):
        _NOTES[part] = columns


def omit(*artists: Artist | Container) -> None:
    """Leave artists out of the rows: they repeat what others show."""
    for artist in artists:
        for part in _parts(artist):
            _NOTES[part] = None


def rows(figure: Figure) -> pd.DataFrame:
    """List every point of a figure.

    Points that are not finite are not drawn and have no row. What `artists.decorates` has none
    either.

    Returns:
        A row per point: its panel, series and replica where there are several, and a column per
        quantity, named as its axis is labelled; empty where a panel lacks the quantity. A figure
        without points has these last columns and no rows.

    Raises:
        ValueError: If an artist cannot be read, and was neither noted nor omitted.
    """
    for image in _images(figure):
        if _noted(image) is not None:
            raise ValueError(_refusal(image, "the figure"))
    names = _legend(figure)
    pieces = [
        pd.DataFrame({"panel": _panel(ax), **columns})
        for number, ax in enumerate(_panels(figure), 1)
        for columns in _series(ax, number, names)
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


def _images(figure: Figure | SubFigure) -> Iterator[Artist]:
    """Yield what lies on a figure outside its panels; `findobj` would make ticks to look there."""
    yield from figure.images
    for part in figure.subfigs:
        yield from _images(part)


def _series(ax: Axes, number: int, names: Mapping[Any, str]) -> Iterator[dict[str, Any]]:
    """Yield the columns of each series of a panel, as long as each other."""
    titles = {"x": _quantity(ax, "x"), "y": _quantity(ax, "y")}
    for artist in artists.contents(ax):
        noted = _noted(artist)
        if noted is None or (not noted and artists.decorates(artist, ax)):
            continue
        read = artists.read(artist, ax)
        if read is None and not noted:
            title = f" ({_panel(ax)})" if _panel(ax) else ""
            raise ValueError(_refusal(artist, f"panel {number}{title}"))
        columns = {"series": _name(artist, names), **(read or {}), **noted}
        if not noted and isinstance(artist, PathCollection):
            columns |= artists.shades(artist)
        if columns.keys() == {"series"}:
            continue
        arrays = np.broadcast_arrays(*columns.values())
        flattened = {name: array.ravel() for name, array in zip(columns, arrays, strict=True)}
        finite = np.ones(arrays[0].size, dtype=bool)
        for name in {"x", "y"} & flattened.keys():
            finite &= np.isfinite(flattened[name])
        flattened = {name: values[finite] for name, values in flattened.items()}
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if name in flattened:
                flattened[name] = _categories(axis, flattened[name])
        yield {_renamed(name, titles): values for name, values in flattened.items()}


def _parts(artist: Artist | Container) -> list[Artist]:
    """List what a note is kept with: bars and error bars are groups of artists."""
    return artist.get_children() if isinstance(artist, Container) else [artist]


def _noted(artist: Artist | Container) -> Mapping[str, Any] | None:
    """Return what an artist was noted for, nothing for most, or None if it was left out."""
    found = [_NOTES.get(part, {}) for part in _parts(artist)]
    if all(noted is None for noted in found):
        return None
    return next(filter(None, found), {})


def _refusal(artist: Artist | Container, where: str) -> str:
    kind, label = type(artist).__name__, str(artist.get_label())
    called = f" {flat(label)!r}" if label and not label.startswith("_") else ""
    return (
        f"the numbers of {kind}{called} in {where} cannot be read off: "
        "name them with drawn.note, or leave it out with drawn.omit"
    )


def _panels(figure: Figure | SubFigure) -> list[Axes]:
    """List the axes with data, those within other axes included."""
    every = [inner for ax in figure.axes for inner in (ax, *ax.child_axes)]
    return [ax for ax in every if isinstance(ax, Axes) and ax.get_label() != "<colorbar>"]


def _panel(ax: Axes) -> str:
    """Name a panel: by its label if it has one, else by its title or that of its column."""
    titles = [other.get_title() for other in _beside(ax, "colspan")]
    return flat(str(ax.get_label()) or ax.get_title() or next(filter(None, titles), ""))


def _quantity(ax: Axes, direction: str) -> str:
    """Name what an axis shows, by the nearest label that a reader finds for it."""
    own = f"get_{direction}label"
    named = {"x": bool(_ticks(ax.xaxis)), "y": bool(_ticks(ax.yaxis))}
    if named[direction]:
        fallback = {"x": "column", "y": "row"}[direction] if all(named.values()) else "group"
        return flat(getattr(ax, own)()) or fallback
    neighbours = _beside(ax, "colspan" if direction == "x" else "rowspan")
    labels = [getattr(other, own)() for other in (ax, *neighbours)]
    labels.append(getattr(ax.figure, f"get_sup{direction}label")())
    labels.append(_panel(ax) if direction == "y" else "")
    return flat(next(filter(None, labels), direction))


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
    """Read the names at the ticks of an axis of categories; none on other axes."""
    names, places = axis.get_major_formatter(), axis.get_major_locator()
    if not (isinstance(names, FuncFormatter) and isinstance(places, FixedLocator)):
        return {}
    at = [float(place) for place in places()]
    return dict(zip(at, map(flat, names.format_ticks(at)), strict=True))


def _categories(axis: Axis, values: np.ndarray) -> np.ndarray:
    """Replace positions by the names of the categories nearest to them."""
    ticks = _ticks(axis)
    if not ticks or not len(values):
        return values
    places = np.array([*ticks])
    return np.array([*ticks.values()])[np.abs(values[:, None] - places).argmin(axis=1)]


def _renamed(name: str, titles: Mapping[str, str]) -> str:
    """Replace the letter of an axis by its title: in `x`, or in `x, low` of an error bar."""
    letter, comma, rest = name.partition(", ")
    return f"{titles[letter]}{comma}{rest}" if letter in titles else name


def _name(artist: Any, names: Mapping[Any, str]) -> str:
    """Name a series by its legend entry, or by that of a line which looks the same."""
    label = str(artist.get_label())
    if not label or label.startswith("_"):  # matplotlib's own names for what has none
        return names.get(_look(artist), "")
    return flat(label)


def _legend(figure: Figure) -> dict[Any, str]:
    """Collect the names of all lines by their looks, where no two names share a look."""
    found: dict[Any, set[str]] = {}
    for line in (line for ax in _panels(figure) for line in ax.lines):
        label = str(line.get_label())
        if label and not label.startswith("_"):
            found.setdefault(_look(line), set()).add(flat(label))
    return {look: names.pop() for look, names in found.items() if len(names) == 1}


def _look(artist: Any) -> Any:
    if not isinstance(artist, Line2D):
        return None
    colors = (artist.get_color(), artist.get_markerfacecolor())
    return (*map(to_rgba, colors), artist.get_linestyle(), artist.get_marker())
