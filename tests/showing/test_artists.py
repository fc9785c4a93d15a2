"""Every kind of artist is read, noted or omitted, is decoration, or is refused: never dropped."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib import collections, image, lines, offsetbox, patches
from matplotlib.figure import Figure

from hw1lib.showing import drawn

SQUARE = [[1.0, 2.0], [3.0, 4.0]]
CORNERS = ([0, 1, 0, 1], [0, 0, 1, 1])


def axes(**settings):
    return Figure().add_subplot(**settings)


def table(ax):
    """The rows of a figure, as records without what is empty."""
    return [row.dropna().to_dict() for _, row in drawn.rows(ax.figure).iterrows()]


# Read


def test_lines_at_places_are_read_with_their_ends():
    ax = axes()
    ax.vlines([1, np.nan, 3], 0, [2, 5, -4], label="rises")
    ax.hlines([7], 1, 2)
    assert table(ax) == [
        {"series": "rises", "x": 1, "y, low": 0, "y, high": 2},
        {"series": "rises", "x": 3, "y, low": -4, "y, high": 0},
        {"series": "", "y": 7, "x, low": 1, "x, high": 2},
    ]


def test_events_are_read_at_their_places():
    ax = axes()
    ax.eventplot([1, 4], lineoffsets=2, linelengths=1)
    assert table(ax) == [
        {"x": 1, "y, low": 1.5, "y, high": 2.5},
        {"x": 4, "y, low": 1.5, "y, high": 2.5},
    ]


def test_places_marked_across_the_panel_have_no_height():
    ax = axes()
    ax.vlines([1, 2], 0, 1, transform=ax.get_xaxis_transform())
    ax.plot([3, 4], [0.1, 0.1], "|", transform=ax.get_xaxis_transform())
    assert table(ax) == [{"x": x} for x in (1, 2, 3, 4)]


def test_lines_of_any_shape_are_read_point_by_point():
    ax = axes()
    pieces = [[(0, 0), (1, 1), (2, 0)], [(5, 5), (6, 7)]]
    ax.add_collection(collections.LineCollection(pieces, array=[8.0, 9.0]))
    assert table(ax) == [
        {"line": line, "value": 8 + line, "x": x, "y": y}
        for line, piece in enumerate(pieces)
        for x, y in piece
    ]


@pytest.mark.parametrize("method", ["pcolormesh", "pcolor"])
def test_a_mesh_is_read_at_the_middles_of_its_cells(method):
    ax = axes()
    mesh = getattr(ax, method)([0, 1, 3], [0, 2, 4], np.ma.masked_equal(SQUARE, 2))
    ax.figure.colorbar(mesh, orientation="horizontal", label="loss\n(nats)")
    assert table(ax) == [
        {"x": 0.5, "y": 1, "loss (nats)": 1},
        {"x": 2, "y": 1},  # masked, so that it has a place and no value
        {"x": 0.5, "y": 3, "loss (nats)": 3},
        {"x": 2, "y": 3, "loss (nats)": 4},
    ]


def test_a_shaded_mesh_is_read_at_its_corners():
    ax = axes()
    ax.pcolormesh([0, 1], [0, 2], SQUARE, shading="gouraud")
    assert [row["value"] for row in table(ax)] == [1, 2, 3, 4]
    assert [(row["x"], row["y"]) for row in table(ax)] == [(0, 0), (1, 0), (0, 2), (1, 2)]


def test_a_histogram_of_two_quantities_is_read():
    ax = axes()
    counts, *_ = ax.hist2d([0, 0, 1], [0, 0, 1], bins=2)
    assert [row["value"] for row in table(ax)] == counts.T.ravel().tolist()


def test_stairs_are_read_step_by_step():
    left, right = Figure().subplots(1, 2)
    left.stairs([5, 6], [0, 1, 3])
    assert table(left) == [{"x, low": 0, "x, high": 1, "y": 5}, {"x, low": 1, "x, high": 3, "y": 6}]
    right = axes()
    right.stairs([5, 6], [0, 1, 3], orientation="horizontal", baseline=2)
    assert table(right)[1] == {"y, low": 1, "y, high": 3, "x": 6, "x, from": 2}


def test_bars_are_read_with_the_foot_they_stand_on():
    ax = axes()
    ax.bar([1, 2], [3, 4], label="lower")
    ax.bar([1, 2], [5, -6], bottom=[3, 4], label="upper")
    assert table(ax) == [
        {"series": "lower", "x": 1, "y": 3},
        {"series": "lower", "x": 2, "y": 4},
        {"series": "upper", "x": 1, "y": 5, "y, from": 3},
        {"series": "upper", "x": 2, "y": -6, "y, from": 4},
    ]
    ax = axes()
    ax.barh([1], [3], left=2)
    assert table(ax) == [{"y": 1, "x": 3, "x, from": 2}]


def test_a_histogram_is_read_bin_by_bin():
    ax = axes()
    ax.hist([0, 1, 1, 2], bins=[0, 1, 3])
    assert table(ax) == [{"x": 0.5, "y": 1}, {"x": 2, "y": 3}]


def test_bars_with_errors_are_read_as_both():
    ax = axes()
    ax.bar([1], [4], yerr=1, label="mean")
    found = drawn.rows(ax.figure)
    assert found["y"].dropna().tolist() == [4]
    assert found[["y, low", "y, high"]].dropna().to_numpy().tolist() == [[3, 5]]


def test_a_rectangle_is_read_by_its_sides():
    ax = axes()
    ax.add_patch(patches.Rectangle((3, 2), -2, 5, label="box"))
    assert table(ax) == [{"series": "box", "x, low": 1, "x, high": 3, "y, low": 2, "y, high": 7}]


def test_stems_are_read_once():
    ax = axes()
    ax.stem([1, 2], [3, 4], label="seen")
    assert table(ax) == [{"series": "seen", "x": x, "y": y} for x, y in ((1, 3), (2, 4))]


def test_colours_and_sizes_of_points_are_read_unless_a_note_names_them():
    ax = axes()
    points = ax.scatter([1, 2], [3, 4], s=[5, 6], c=[7.0, 8.0])
    ax.scatter([9], [9], s=5, c="red")
    ax.figure.colorbar(points).set_label("loss (nats)")
    assert table(ax) == [
        {"x": 1, "y": 3, "loss (nats)": 7, "size": 5},
        {"x": 2, "y": 4, "loss (nats)": 8, "size": 6},
        {"x": 9, "y": 9},
    ]
    drawn.note(points, accuracy=[0, 1])
    assert table(ax)[:2] == [{"x": 1, "y": 3, "accuracy": 0}, {"x": 2, "y": 4, "accuracy": 1}]


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ax.plot([1], [2]),
        lambda ax: ax.step([1], [2]),
        lambda ax: ax.loglog([1], [2]),
        lambda ax: ax.scatter([1], [2]),
        lambda ax: ax.errorbar([1], [2]),
        lambda ax: ax.bar([1], [2]),
        lambda ax: ax.imshow([[2]], extent=(0.5, 1.5, 0, 4)),
        lambda ax: ax.twinx().plot([1], [2]),
        lambda ax: ax.add_line(lines.Line2D([1], [2])),
    ],
)
def test_points_have_their_place_whatever_draws_them(draw):
    ax = axes()
    draw(ax)
    (row,) = table(ax)
    assert (row["x"], row["y"]) == (1, 2)


def test_a_panel_within_a_panel_is_a_panel():
    ax = axes()
    ax.plot([0], [0])
    inner = ax.inset_axes([0.5, 0.5, 0.4, 0.4], label="close up", xlabel="x", ylabel="y")
    inner.plot([1], [2])
    assert table(ax)[1:] == [{"panel": "close up", "x": 1, "y": 2}]


def test_an_ecdf_and_a_box_plot_are_read_by_their_lines():
    for draw in (lambda ax: ax.ecdf([1, 2]), lambda ax: ax.boxplot([1, 2, 3])):
        ax = axes()
        draw(ax)
        assert len(table(ax)) >= sum(len(line.get_xdata()) for line in ax.lines) - 1  # -inf


# Decorations


DECORATIONS = {
    "grid": lambda ax: ax.grid(),
    "text": lambda ax: ax.text(1, 2, "x"),
    "title": lambda ax: ax.set_title("x"),
    "arrow of a text": lambda ax: ax.annotate("x", (1, 1), (2, 2), arrowprops={}),
    "axhline": lambda ax: ax.axhline(1),
    "axvline": lambda ax: ax.axvline(1),
    "axline": lambda ax: ax.axline((0, 0), slope=1),
    "axhspan": lambda ax: ax.axhspan(1, 2),
    "axvspan": lambda ax: ax.axvspan(1, 2),
    "legend": lambda ax: ax.legend([patches.Patch()], ["x"]),
    "legend of the figure": lambda ax: ax.figure.legend([patches.Patch()], ["x"]),
    "boxed text": lambda ax: ax.add_artist(offsetbox.AnchoredText("x", "upper left")),
    "line in fractions": lambda ax: ax.plot([0, 1], [0, 1], transform=ax.transAxes),
    "points in fractions": lambda ax: ax.scatter([0, 1], [0, 1], transform=ax.transAxes),
    "patch in fractions": lambda ax: ax.add_patch(
        patches.Circle((0.5, 0.5), 0.1, transform=ax.transAxes)
    ),
    "second axis": lambda ax: ax.secondary_yaxis("right"),
    "line of the figure": lambda ax: ax.figure.add_artist(lines.Line2D([0, 1], [0, 1])),
    "area without a point": lambda ax: ax.fill_between([1, 2], [np.nan] * 2, [1, 1]),
    "line without a point": lambda ax: ax.plot([], []),
}


@pytest.mark.parametrize("draw", DECORATIONS.values(), ids=DECORATIONS)
@pytest.mark.parametrize("saved", [False, True], ids=["fresh", "saved"])
def test_decorations_have_no_rows_and_are_not_refused(draw, saved):
    ax = axes()
    draw(ax)
    if saved:
        ax.figure.savefig(io.BytesIO())
    assert table(ax) == []


@pytest.mark.parametrize("projection", [None, "polar"])
def test_an_empty_panel_is_not_refused(projection):
    assert table(axes(projection=projection)) == []


def test_a_band_around_a_curve_needs_no_word():
    x, y = np.array([1.0, 2.0, np.nan]), np.array([3.0, 5.0, 1.0])
    for fill, order in (("fill_between", 1), ("fill_betweenx", -1)):
        ax = axes()
        ax.plot(*(x, y)[::order])
        getattr(ax, fill)(x, y - 1, y)
        assert len(table(ax)) == 2


@pytest.mark.parametrize(
    ("low", "high"), [([3.1, 4], [4, 6]), ([2, 4], [4, 4.9]), ([5, 7], [6, 8])]
)
def test_an_area_that_a_curve_leaves_is_refused(low, high):
    ax = axes()
    ax.plot([1, 2, 3], [3, 5, 7])
    ax.fill_between([1, 2], low, high)
    with pytest.raises(ValueError, match=r"the numbers of .*PolyCollection in panel 1 cannot"):
        table(ax)


def test_an_area_beyond_a_curve_is_refused():
    ax = axes()
    ax.plot([1, 2], [3, 5])
    ax.fill_between([1, 2, 3], [0] * 3, [9] * 3)
    with pytest.raises(ValueError, match="PolyCollection"):
        table(ax)


def test_contour_lines_on_noted_areas_need_no_word_of_their_own():
    ax = axes()
    filled = ax.contourf(SQUARE, [1, 2, 3])
    drawn.note(filled, x=[0, 1], y=[[0], [1]], loss=SQUARE)
    ax.contour(SQUARE, [2, 3])
    assert [row["loss"] for row in table(ax)] == [1, 2, 3, 4]
    ax.contour(SQUARE, [2.5])
    with pytest.raises(ValueError, match="QuadContourSet"):
        table(ax)


# Refused


UNREADABLE = {
    "Polygon": lambda ax: ax.hist([1, 2], histtype="step")[2][0],
    "PolyCollection": lambda ax: ax.hexbin([1, 2], [3, 4], gridsize=2),
    "Quiver": lambda ax: ax.quiver([1], [2], [3], [4]),
    "Barbs": lambda ax: ax.barbs([1], [2], [3], [4]),
    "QuadContourSet": lambda ax: ax.contour(SQUARE),
    "TriContourSet": lambda ax: ax.tricontourf(*CORNERS, [1, 2, 3, 4]),
    "TriMesh": lambda ax: ax.tripcolor(*CORNERS, [1, 2, 3, 4], shading="gouraud"),
    "FancyArrow": lambda ax: ax.arrow(0, 0, 1, 1),
    "Table": lambda ax: ax.table([["1"]]),
    "PcolorImage": lambda ax: ax.pcolorfast([0, 1, 3], [0, 1, 2], SQUARE),
    "AxesImage": lambda ax: ax.imshow(np.ones((2, 2, 3))),
    "NonUniformImage": lambda ax: ax.add_image(image.NonUniformImage(ax)),
    "QuadMesh": lambda ax: ax.pcolormesh(np.ones((2, 2, 3))),
    "Wedge": lambda ax: ax.pie([1])[0][0],
    "Circle": lambda ax: ax.add_patch(patches.Circle((1, 1), 1)),
    "Ellipse": lambda ax: ax.add_patch(patches.Ellipse((1, 1), 1, 2)),
    "Rectangle": lambda ax: ax.add_patch(patches.Rectangle((1, 1), 1, 2, angle=30)),
    "EllipseCollection": lambda ax: ax.add_collection(
        collections.EllipseCollection(1, 1, 0, offsets=[(1, 1)], offset_transform=ax.transData)
    ),
    "AnnotationBbox": lambda ax: ax.add_artist(
        offsetbox.AnnotationBbox(offsetbox.OffsetImage(np.ones((2, 2))), (1, 1))
    ),
}


@pytest.mark.parametrize(("kind", "draw"), UNREADABLE.items(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_until_it_is_noted_or_omitted(kind, draw):
    _, ax = Figure().subplots(1, 2)
    ax.plot([0], [0])
    ax.set(title="test\nset", xlabel="x", ylabel="y")
    artist = draw(ax)
    artist.set_label("shown")
    remedy = "name them with drawn.note, or leave it out with drawn.omit"
    message = (
        rf"^the numbers of {kind} 'shown' in panel 2 \(test set\) cannot be read off: {remedy}$"
    )
    with pytest.raises(ValueError, match=message):
        drawn.rows(ax.figure)
    drawn.note(artist, x=[5, 6], y=7, height=8)
    last = drawn.rows(ax.figure).iloc[-1]
    assert (last["series"], last["x"], last["y"], last["height"]) == ("shown", 6, 7, 8)
    drawn.omit(artist)
    assert len(drawn.rows(ax.figure)) == 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ax.violinplot([1.0, 2, 4]),
        lambda ax: ax.stackplot([1, 2], [1, 2], [3, 4]),
        lambda ax: ax.streamplot(*np.ogrid[:3.0, :3.0][::-1], *np.ones((2, 3, 3))),
        lambda ax: ax.fill([0, 1, 1], [0, 0, 1]),
        lambda ax: ax.fill_between([1, 2], [1, 2]),
        lambda ax: ax.broken_barh([(1, 2)], (0, 1)),
        lambda ax: ax.boxplot([1, 2, 3], patch_artist=True),
        lambda ax: ax.figure.figimage(np.ones((2, 2))),
    ],
)
def test_plots_with_a_part_that_cannot_be_read_are_refused(draw):
    ax = axes()
    draw(ax)
    with pytest.raises(ValueError, match="cannot be read off"):
        drawn.rows(ax.figure)


def test_depth_is_not_dropped():
    for draw in ("plot", "scatter"):
        ax = axes(projection="3d")
        getattr(ax, draw)([1], [2], [3])
        with pytest.raises(ValueError, match="3D"):
            drawn.rows(ax.figure)


# Notes of groups


def test_bars_and_error_bars_are_noted_and_omitted_as_a_whole():
    ax = axes()
    bars, errors = ax.bar([1, 2], [3, 4]), ax.errorbar([5], [6], yerr=1)
    drawn.note(bars, replica=[7, 8])
    drawn.omit(errors)
    assert table(ax) == [{"replica": 7, "x": 1, "y": 3}, {"replica": 8, "x": 2, "y": 4}]
    drawn.omit(*bars)
    assert table(ax) == []
    pd.testing.assert_index_equal(drawn.rows(ax.figure).columns, pd.Index(["x", "y"]))


def test_bars_of_which_one_is_omitted_are_all_listed():
    ax = axes()
    drawn.omit(ax.bar([1, 2], [3, 4])[0])
    assert len(table(ax)) == 2
