"""What a figure shows is listed point by point, as a reader of the figure would call it."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from hw1lib.showing import drawn, figures, lettering


def listed(figure):
    """The rows of a figure: its columns, then each row without what is empty."""
    found = drawn.rows(figure)
    rows = [
        tuple(value for value in row if value != "" and value == value)  # NaN is not itself
        for row in found.itertuples(index=False)
    ]
    return list(found.columns), rows


def axes():
    return Figure().add_subplot()


def test_a_known_figure_gives_exactly_the_known_rows():
    figure, grid = figures.panels(2, 2, 1.5)
    lettering.label_grid(grid, ["SGD", "Adam"], ["sine", "sign"])
    losses = np.array([[4.0, 5.0], [2.0, np.nan], [1.0, 2.5]])
    figures.curves(grid[0, 0], np.array([1, 10, 100]), losses, label="deep", color="C0")
    figures.each(grid[0, 1], np.array([1, 10]), losses[[0, 2]], color="C1")
    figures.strip(grid[1, 0], {"wide\nnet": np.array([1.0, np.nan, 3.0])}, ["C0"], ["o"])
    grid[1, 1].scatter([0.5, np.nan], [0.25, 1], label="found")
    grid[1, 1].set_xlabel("distance\n(mm)")
    grid[0, 0].set_xlabel("updates")
    figure.supylabel("loss (nats)")
    columns, rows = listed(figure)
    assert columns == [
        "panel", "series", "replica", "updates", "loss (nats)", "distance (mm)", "group"
    ]  # fmt: skip
    assert rows == [
        ("SGD, sine", "deep", 0, 1, 4.0),
        ("SGD, sine", "deep", 1, 1, 5.0),
        ("SGD, sine", "deep", 0, 10, 2.0),
        ("SGD, sine", "deep", 0, 100, 1.0),
        ("SGD, sine", "deep", 1, 100, 2.5),
        ("Adam, sine", 0, 4.0, 1),
        ("Adam, sine", 0, 1.0, 10),
        ("Adam, sine", 1, 5.0, 1),
        ("Adam, sine", 1, 2.5, 10),
        ("SGD, sign", 0, 1.0, "wide net"),
        ("SGD, sign", 2, 3.0, "wide net"),
        ("Adam, sign", "found", 0.25, 0.5),
    ]


def test_what_only_helps_the_eye_is_no_row():
    ax = axes()
    ax.plot([1, 2], [3, 4], label="shown")
    ax.axhline(1)
    ax.axvline(1)
    ax.axline((1, 1), (2, 2))
    ax.axhspan(1, 2)
    ax.fill_between([1, 2], [3, 4])
    ax.plot([], [], label="start")
    drawn.omit(*ax.plot([1], [3], "o"))
    assert listed(ax.figure) == (["series", "x", "y"], [("shown", 1, 3), ("shown", 2, 4)])


def test_a_series_without_a_name_is_called_as_the_line_that_looks_the_same():
    figure, ((left, right),) = figures.panels(1, 2, 1.5)
    left.plot([0], [1], "o-", color="C0", label="test")
    right.plot([0], [2], "o-", color="C0")
    right.plot([0], [3], "o-", color="C1")
    assert listed(figure)[1] == [("test", 0, 1), ("test", 0, 2), (0, 3)]


def test_panels_take_titles_and_labels_from_their_neighbours():
    figure, grid = figures.panels(2, 2, 1.5, sharex=True, sharey="row")
    for value, ax in enumerate(grid.flat):
        ax.plot([value], [value])
    for ax, title in zip(grid[0], ("train", "test"), strict=True):
        ax.set_title(title)
    for ax, label in zip(grid[:, 0], ("loss (nats)", "accuracy (%)"), strict=True):
        ax.set_ylabel(label)
    figure.supxlabel("passes")
    figure.colorbar(grid[0, 0].scatter([], [], c=[]), ax=grid)  # no panel
    assert listed(figure) == (
        ["panel", "passes", "loss (nats)", "accuracy (%)"],
        [("train", 0, 0), ("test", 1, 1), ("train", 2, 2), ("test", 3, 3)],
    )


def test_bars_and_error_bars_are_read_with_their_ends():
    figure, ((left, right),) = figures.panels(1, 2, 1.5)
    left.barh([0, 1], [5, 7], label="count")
    left.set_yticks([0, 1], ["deep", "shallow"])
    left.set(xlabel="networks", ylabel="network")
    right.errorbar([1, 2], [10, 20], yerr=[[1, 2], [3, 4]], label="mean")
    right.set(xlabel="size", ylabel="loss (nats)")
    columns, rows = listed(figure)
    assert columns == [
        "series", "network", "networks", "size", "loss (nats)",
        "loss (nats), low", "loss (nats), high",
    ]  # fmt: skip
    assert rows == [
        ("count", "deep", 5),
        ("count", "shallow", 7),
        ("mean", 1, 10, 9, 13),
        ("mean", 2, 20, 18, 24),
    ]


def test_error_bars_alone_have_their_places():
    ax = axes()
    ax.errorbar([1.0, 2.0], [0, 1], xerr=0.5, fmt="none")
    ax.set(xlabel="effect", ylabel="claim")
    assert listed(ax.figure) == (
        ["effect, low", "effect, high", "claim"],
        [(0.5, 1.5, 0), (1.5, 2.5, 1)],
    )


def test_an_image_has_its_value_at_every_place():
    ax = axes()
    image = ax.imshow([[1.0, 2.0], [3.0, 4.0]])
    ax.set_xticks([0, 1], ["a", "b"])
    ax.set_yticks([0, 1], ["c", "d"])
    ax.figure.colorbar(image).set_label("rank correlation")
    assert listed(ax.figure) == (
        ["column", "row", "rank correlation"],
        [("a", "c", 1), ("b", "c", 2), ("a", "d", 3), ("b", "d", 4)],
    )


def test_a_note_says_what_cannot_be_read_off():
    ax = axes()
    filled = ax.contourf([0, 1], [0, 1], [[1.0, 2.0], [3.0, 4.0]])
    drawn.note(filled, x=np.array([0, 1]), y=np.array([[0], [1]]), loss=np.array([[1, 2], [3, 4]]))
    (points,) = ax.plot([5, 6], [7, 8])
    drawn.note(points, series="path", replica=3)
    assert listed(ax.figure) == (
        ["series", "replica", "x", "y", "loss"],
        [(0, 0, 1), (1, 0, 2), (0, 1, 3), (1, 1, 4), ("path", 3, 5, 7), ("path", 3, 6, 8)],
    )


def test_a_note_of_another_length_is_refused():
    ax = axes()
    drawn.note(*ax.plot([1, 2, 3], [1, 2, 3]), replica=[0, 1])
    with pytest.raises(ValueError, match="shape mismatch"):
        drawn.rows(ax.figure)


def test_a_symbol_in_a_label_becomes_a_word():
    ax = axes()
    ax.plot([0.5], [2.0])
    ax.set(xlabel=r"position on the line, $\alpha$", ylabel="loss (nats)")
    assert listed(ax.figure)[0] == ["position on the line, alpha", "loss (nats)"]


def test_a_figure_without_points_has_its_quantities_and_no_rows():
    ax = axes()
    ax.axhline(1)
    ax.set(xlabel="updates", ylabel="loss (nats)")
    assert listed(ax.figure) == (["updates", "loss (nats)"], [])
