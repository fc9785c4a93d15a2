"""What one artist of matplotlib shows: the coordinates of its data, or nothing but decoration."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib import collections
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import (
    Collection,
    LineCollection,
    PathCollection,
    PolyCollection,
    PolyQuadMesh,
    QuadMesh,
)
from matplotlib.container import BarContainer, Container, ErrorbarContainer, StemContainer
from matplotlib.contour import ContourSet
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import AxLine, Line2D
from matplotlib.offsetbox import AnchoredText
from matplotlib.patches import Patch, Rectangle, StepPatch
from matplotlib.quiver import QuiverKey
from matplotlib.spines import Spine
from matplotlib.text import Text

Columns = dict[str, Any]  # arrays by `x`, `y`, `x, low` and the like, or by a name of their own

DECORATIONS = (AnchoredText, Axis, AxLine, Legend, QuiverKey, Spine, Text)

# of fill_between, which had no kind of its own before matplotlib 3.10
BAND = getattr(collections, "FillBetweenPolyCollection", PolyCollection)


def contents(ax: Axes) -> Iterator[Artist | Container]:
    """List what is drawn on a panel; bars, error bars and stems as one each, not by their parts."""
    whole = [c for c in ax.containers if isinstance(c, tuple(READERS)) and c.get_children()]
    parts = {part for container in whole for part in container.get_children()}
    yield from whole
    yield from (artist for artist in ax.get_children() if artist not in parts)


def decorates(artist: Artist | Container, ax: Axes) -> bool:
    """Return True if an artist shows no data that the others of its panel do not show.

    Decorations are frames, ticks, legends and texts, lines and areas across the whole panel,
    whatever is placed in fractions of the panel, bands around a curve, and contour lines on
    filled contours.
    """
    if isinstance(artist, Container):
        return False
    if isinstance(artist, DECORATIONS) or artist is ax.patch or artist in ax.child_axes:
        return True  # axes within a panel are a panel of their own
    if type(artist) is BAND:
        return not artist.get_paths() or any(_holds(artist, line) for line in ax.lines)
    if isinstance(artist, ContourSet):
        areas = (other for other in ax.collections if isinstance(other, ContourSet))
        return not artist.filled and any(
            other.filled and set(artist.levels) <= set(other.levels) for other in areas
        )
    if isinstance(artist, Line2D | Patch | Collection):
        directions = _directions(artist, ax)
        if isinstance(artist, Line2D) and len(directions) == 1:
            return len(set(_line(artist)[directions].tolist())) == 1
        return not directions or (isinstance(artist, Rectangle) and len(directions) == 1)
    return False


def read(artist: Artist | Container, ax: Axes) -> Columns | None:
    """Read the coordinates of an artist's data, as far as they are those of the panel.

    Returns:
        Arrays that broadcast against each other; None if the artist cannot be read.
    """
    kind = next((kind for kind in READERS if isinstance(artist, kind)), None)
    if kind is None or ax.name == "3d":
        return None
    found = READERS[kind](artist)
    if found is None or isinstance(artist, Container):
        return found
    directions = _directions(artist, ax)
    return {
        name: values
        for name, values in found.items()
        if (letter := name.partition(",")[0]) not in ("x", "y") or letter in directions
    }


def shades(points: PathCollection) -> Columns:
    """Read the values behind the colours and sizes of points; nothing where all are alike."""
    colors = {_scale(points): _filled(points.get_array())} if _is_scaled(points) else {}
    sizes = {"size": points.get_sizes()} if len(points.get_sizes()) > 1 else {}
    return {**colors, **sizes}


def flat(text: str) -> str:
    r"""Flatten a label to one line, and write its symbols in words: `$\alpha$` as alpha."""
    return " ".join(re.sub(r"\$\\?(.*?)\$", r"\1", text).split())


def _directions(artist: Any, ax: Axes) -> str:
    """Name the axes, among x and y, along which an artist is placed by data."""
    patch = isinstance(artist, Patch)
    placed = [artist.get_data_transform() if patch else artist.get_transform()]
    if isinstance(artist, Collection):
        placed.append(artist.get_offset_transform())
    by_data = np.any([place.contains_branch_seperately(ax.transData) for place in placed], axis=0)
    return "".join(letter for letter, yes in zip("xy", by_data, strict=True) if yes)


def _holds(band: PolyCollection, line: Line2D) -> bool:
    """Return True if a filled area is a band around a line: the line runs inside, end to end."""
    corners = np.concatenate([path.vertices for path in band.get_paths()] or [np.empty((0, 2))])
    x, y = map(np.asarray, line.get_data(orig=False))
    for across, known in ((0, dict(zip(x, y, strict=True))), (1, dict(zip(y, x, strict=True)))):
        places, which = np.unique(corners[:, across], return_inverse=True)
        if not len(places) or not all(place in known for place in places):
            continue
        inside = np.array([known[place] for place in places])
        low, high = np.full((2, len(places)), [[np.inf], [-np.inf]])
        np.minimum.at(low, which, corners[:, 1 - across])
        np.maximum.at(high, which, corners[:, 1 - across])
        slack = 1e-9 * np.maximum(abs(low), abs(high))  # rounding of a band without width
        if ((low - slack <= inside) & (inside <= high + slack)).all():
            return True
    return False


def _line(line: Line2D) -> Columns:
    return dict(zip("xy", line.get_data(orig=False), strict=True))


def _points(points: PathCollection) -> Columns:
    return dict(zip("xy", np.ma.filled(points.get_offsets(), np.nan).T, strict=True))


def _stems(container: StemContainer) -> Columns:
    return _line(container.markerline)


def _error_bars(container: ErrorbarContainer) -> Columns:
    line, _, bars = container.lines
    columns = _line(line) if line is not None else {}
    directions = [
        d for d, has in zip("xy", (container.has_xerr, container.has_yerr), strict=True) if has
    ]
    for direction, bar in zip(directions, bars, strict=True):
        ends = np.array([path.vertices for path in bar.get_paths()])  # (points, 2 ends, x and y)
        along = "xy".index(direction)
        columns[f"{direction}, low"], columns[f"{direction}, high"] = ends[:, :, along].T
        columns.setdefault("yx"[along], ends[:, 0, 1 - along])
    return columns


def _bars(container: BarContainer) -> Columns:
    across, along = "yx" if container.orientation == "horizontal" else "xy"
    corners = np.array([patch.get_xy() for patch in container])  # (bars, x and y)
    sizes = np.array([(patch.get_width(), patch.get_height()) for patch in container])
    middles = (corners + sizes / 2)[:, "xy".index(across)]
    columns = {across: middles, along: np.asarray(container.datavalues)}
    feet = corners[:, "xy".index(along)]
    return {**columns, f"{along}, from": feet} if feet.any() else columns


def _segments(lines: LineCollection) -> Columns:
    """Read upright or level lines by their ends, other ones by all of their points."""
    pieces = [np.asarray(path.vertices) for path in lines.get_paths()]
    colors = {_scale(lines): _filled(lines.get_array())} if _is_scaled(lines) else {}
    if all(len(piece) == 2 for piece in pieces):
        ends = np.array(pieces).reshape(-1, 2, 2)  # (lines, 2 ends, x and y)
        for across, along in ((0, 1), (1, 0)):
            first, last = ends[:, :, across].T
            if np.array_equal(first, last, equal_nan=True):
                low, high = np.sort(ends[:, :, along], axis=1).T
                limits = {f"{'xy'[along]}, low": low, f"{'xy'[along]}, high": high}
                return {"xy"[across]: first, **limits, **colors}
    x, y = np.concatenate(pieces).T
    each = {"line": np.arange(len(pieces)), **colors}
    counts = [*map(len, pieces)]
    return {**{name: np.repeat(values, counts) for name, values in each.items()}, "x": x, "y": y}


def _pixels(image: AxesImage) -> Columns | None:
    values = _filled(image.get_array())
    if type(image) is not AxesImage or values.ndim != 2:  # other places, or no values but colours
        return None
    left, right, bottom, top = image.get_extent()
    high, wide = values.shape
    if image.origin == "upper":
        bottom, top = top, bottom
    x = left + (right - left) * (np.arange(wide) + 0.5) / wide
    y = bottom + (top - bottom) * (np.arange(high) + 0.5) / high
    return {"x": x, "y": y[:, None], _scale(image): values}


def _cells(mesh: Any) -> Columns | None:
    """Read the middles of a mesh's cells, or its corners where those have the values."""
    values, places = _filled(mesh.get_array()), mesh.get_coordinates()
    if values.ndim != 2:
        return None
    if places.shape[:2] != values.shape:
        places = (places[1:, 1:] + places[1:, :-1] + places[:-1, 1:] + places[:-1, :-1]) / 4
    return {"x": places[..., 0], "y": places[..., 1], _scale(mesh): values}


def _steps(stairs: StepPatch) -> Columns:
    values, edges, feet = stairs.get_data()
    across, along = "yx" if stairs.orientation == "horizontal" else "xy"
    columns = {f"{across}, low": edges[:-1], f"{across}, high": edges[1:], along: values}
    return {**columns, f"{along}, from": feet} if np.any(feet) else columns


def _rectangle(patch: Rectangle) -> Columns | None:
    if patch.get_angle():
        return None
    (left, low), (right, high) = np.sort(patch.get_bbox().get_points(), axis=0)
    ends = {"x, low": left, "x, high": right, "y, low": low, "y, high": high}
    return {name: np.array([end]) for name, end in ends.items()}


def _filled(values: Any) -> np.ndarray:
    values = np.ma.asarray(values)
    return np.ma.filled(values.astype(float), np.nan) if np.ma.is_masked(values) else values.data


def _is_scaled(colored: Any) -> bool:
    """Return True if colours stand for values."""
    return colored.get_array() is not None


def _scale(colored: Any) -> str:
    """Name the values behind colours, by the label of their colorbar."""
    bar = colored.colorbar.ax if colored.colorbar else None
    return flat(bar.get_ylabel() or bar.get_xlabel()) if bar else "value"


# of each kind that can be read; what is no instance of these kinds must be noted or omitted
READERS: dict[type, Callable[[Any], Columns | None]] = {
    ErrorbarContainer: _error_bars,
    BarContainer: _bars,
    StemContainer: _stems,
    Line2D: _line,
    PathCollection: _points,
    LineCollection: _segments,
    AxesImage: _pixels,
    PolyQuadMesh: _cells,
    QuadMesh: _cells,
    StepPatch: _steps,
    Rectangle: _rectangle,
}
