"""What a view hands to the front end, and that Matplotlib draws the same."""

import numpy as np
import pytest

from hw1lib.exploring import packing, pictures, views
from hw1lib.exploring.views import Along, Axis, Panel, Reading, View, choice, slider

X = np.array([1.0, 10.0, 100.0])
# by rate, of which there are two, and network, of which there are three
LOSS = np.arange(1, 19).reshape(2, 3, 3).astype(float)


def view(**changes):
    fields = {
        "id": "fig-try",
        "title": "A try",
        "alt": "Three losses.",
        "panels": [Panel(title="Loss", x=Axis(label="updates", log=True), y=Axis(label="loss"))],
        "layers": [views.line(X, Along(LOSS, ("rate", "network")), label="loss")],
        "controls": [choice("rate", "Rate", [0.1, 0.01], start=1), slider("network", "N", "abc")],
        "readings": [Reading(label="last", value=Along(LOSS[:, :, -1], ("rate", "network")))],
    }
    return View(**{**fields, **changes})


def held(header, numbers, part):
    """Read an array back as the front end does."""
    place = header["arrays"][part]
    count = int(np.prod(place["shape"]))
    flat = np.frombuffer(numbers, np.float32, count, 4 * place["offset"])
    return flat.reshape(place["shape"]), place["by"]


def test_the_numbers_lie_where_the_header_says():
    header, numbers = packing.packed(view())
    (layer,), (reading,) = header["layers"], header["readings"]
    x, by = held(header, numbers, layer["parts"]["x"])
    assert (x.tolist(), by) == ([1, 10, 100], [])
    y, by = held(header, numbers, layer["parts"]["y"])
    assert (y.tolist(), by) == (LOSS.tolist(), ["rate", "network"])
    last, _ = held(header, numbers, reading["parts"]["value"])
    assert last.tolist() == LOSS[:, :, -1].tolist()


def test_axes_are_the_same_in_every_state_and_hold_all():
    one = view()
    assert one.limits(0, "x") == pytest.approx((1, 100))
    low, high = one.limits(0, "y")
    assert low < 1 < 18 < high < 20
    fixed = Panel(title="", x=Axis(label="", low=0, high=3), y=Axis(label="", log=True, low=0.5))
    assert view(panels=[fixed]).limits(0, "x") == (0, 3)
    assert view(panels=[fixed]).limits(0, "y")[0] == 0.5


def test_a_logarithmic_axis_begins_above_zero():
    axis = Axis(label="", log=True)
    layers = [views.line(X, np.array([0.0, 1e-3, np.inf]))]
    low, high = view(panels=[Panel(title="", x=axis, y=axis)], layers=layers).limits(0, "y")
    assert 0 < low < 1e-3 < high < 1


def test_rounding_changes_no_number_by_more_than_a_screen_shows():
    values = np.random.default_rng(0).lognormal(0, 20, 1000) * np.array([[-1], [1]])
    assert np.abs(packing.rounded(values) / values - 1).max() < 1 / 4096
    assert np.isnan(packing.rounded(np.array([np.nan]))[0])
    assert packing.rounded(np.array([0.0, 1, -0.5])).tolist() == [0, 1, -0.5]


def test_an_array_that_no_control_chooses_from_is_refused():
    lost = [views.line(X, Along(LOSS, ("rate", "width")))]
    with pytest.raises(ValueError, match="the control 'width' is missing"):
        view(layers=lost)
    short = [views.line(X, Along(LOSS[:, :2], ("rate", "network")))]
    with pytest.raises(ValueError, match="'network' has 3 options"):
        view(layers=short)


def test_bands_leave_out_replicas_that_ended():
    values = np.array([[1.0, 2, 3], [4, np.inf, np.nan], [np.nan] * 3])
    band, line = views.curves(X, values)
    assert line.parts["y"][:2].tolist() == [2, 4]
    assert np.isnan(line.parts["y"][2])
    assert band.parts["low"][0] == pytest.approx(1.2)
    assert band.parts["high"][0] == pytest.approx(2.8)
    assert [layer.kind for layer in views.curves(X, values[:, :1])] == ["line"]


@pytest.mark.parametrize("state", [{}, {"rate": 0}, {"rate": 0, "network": 2}])
def test_the_picture_shows_what_the_controls_choose(state):
    figure = pictures.picture(view(), state)
    (drawn,) = figure.axes[0].lines
    rate, network = state.get("rate", 1), state.get("network", 0)
    assert drawn.get_ydata().tolist() == LOSS[rate, network].tolist()
    assert figure.get_suptitle() == f"Rate: {[0.1, 0.01][rate]}; N: {'abc'[network]}"


def test_every_label_is_named_once_in_print():
    layers = [views.line(X, X, label="a", panel=panel) for panel in (0, 1)] + [
        views.points(X, X, label="b", panel=1),
        views.rule(x=X[:1], label="c", panel=1),
    ]
    axis = Axis(label="")
    panels = [Panel(title="", x=axis, y=axis)] * 2
    figure = pictures.picture(view(layers=layers, panels=panels, controls=[], readings=[]))
    named = [[text.get_text() for text in ax.get_legend().texts] for ax in figure.axes]
    assert named == [["a"], ["b", "c"]] or named == [["a"], ["c", "b"]]


def test_every_kind_of_layer_is_drawn():
    side = np.linspace(-1, 1, 3)
    layers = [
        *views.curves(X, LOSS[0]),
        views.points(X, X),
        views.rule(x=X[:1]),
        views.rule(y=X[:1]),
        views.heat(side, side, LOSS[0], panel=1, log=True),
    ]
    axis = Axis(label="")
    panels = [Panel(title="a", x=axis, y=axis), Panel(title="b", x=axis, y=axis)]
    one = view(layers=layers, panels=panels, controls=[], readings=[])
    left, right, bar = pictures.picture(one).axes
    assert bar.get_ylabel() == "b"
    assert (len(left.lines), len(left.collections), len(right.collections)) == (3, 2, 1)
    assert one.limits(1, "x") == (-1.5, 1.5)  # half a cell beyond the outermost
    kinds = [layer["kind"] for layer in packing.packed(one)[0]["layers"]]
    assert kinds == ["band", "line", "points", "rule", "rule", "heat"]
