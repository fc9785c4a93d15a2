"""Figures draw the numbers they are given, and reach the report with captions and vectors."""

import base64
import gzip
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from hw1lib import marks
from hw1lib.showing import figures, lettering

RESULT = SimpleNamespace(spec=SimpleNamespace(digest="0123456789", seeds=(3, 4, 5)))


@pytest.fixture
def values():
    """Eleven replicas over five points; some end early."""
    values = np.random.default_rng(0).lognormal(size=(5, 11))
    values[3:, 2] = values[4, 7] = np.nan
    return values


@pytest.fixture
def displayed(monkeypatch):
    """Everything that is shown while a test runs: bundle and the report's entry."""
    caught = []

    def display(bundle, *, raw, metadata):
        assert raw
        caught.append((bundle, metadata["hw1"]))

    monkeypatch.setattr(figures, "display", display)
    return caught


def axes():
    return Figure().add_subplot()


def band_of(ax):
    """Lower and upper edge of the filled band, read back from the drawing."""
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    return {
        x: (corners[corners[:, 0] == x, 1].min(), corners[corners[:, 0] == x, 1].max())
        for x in np.unique(corners[:, 0])
    }


def test_a_band_goes_from_the_10th_to_the_90th_percentile_of_those_that_still_run(values):
    x = np.array([1, 2, 4, 8, 16])
    ax = axes()
    assert figures.curves(ax, x, values, label="deep", color="C1", dash="--") is ax
    band = band_of(ax)
    (line,) = ax.lines
    assert line.get_xdata().tolist() == x.tolist()
    assert (line.get_label(), line.get_linestyle()) == ("deep", "--")
    for k, where in enumerate(x):
        running = values[k][~np.isnan(values[k])]
        assert band[where] == pytest.approx(np.percentile(running, [10, 90]))
        assert line.get_ydata()[k] == pytest.approx(np.percentile(running, 50))


def test_one_replica_is_a_line_without_a_band(values):
    ax = figures.curves(axes(), np.arange(5), values[:, :1], label="", color="C0")
    assert not ax.collections
    assert ax.lines[0].get_ydata().tolist() == values[:, 0].tolist()


def test_a_curve_ends_where_every_replica_has_ended(values):
    values[3:] = np.nan
    ax = figures.curves(axes(), np.arange(5), values, label="", color="C0")
    assert np.isfinite(ax.lines[0].get_ydata()).tolist() == [True, True, True, False, False]


def test_a_curve_of_replicas_that_never_ran_is_empty():
    ax = figures.curves(axes(), np.arange(3), np.full((3, 2), np.nan), label="", color="C0")
    assert not np.isfinite(ax.lines[0].get_ydata()).any()


def test_a_replica_that_overflowed_does_not_move_the_band_of_the_others(values):
    x = np.arange(5)
    with_nan = figures.curves(axes(), x, values, label="", color="C0")
    overflowed = np.where(np.isnan(values), np.inf, values)
    with_inf = figures.curves(axes(), x, overflowed, label="", color="C0")
    assert band_of(with_inf) == band_of(with_nan)


def test_a_strip_draws_every_replica_and_the_median():
    groups = {"deep": np.array([3.0, 1.0, 2.0, 9.0]), "shallow": np.array([5.0])}
    ax = figures.strip(axes(), groups, ["C0", "C1"], ["o", "s"])
    drawn = [points.get_offsets() for points in ax.collections]
    for place, (points, group) in enumerate(zip(drawn, groups.values(), strict=True)):
        assert points[:, 1].tolist() == group.tolist()
        assert len(set(points[:, 0])) == len(group)  # side by side
        assert np.abs(points[:, 0] - place).max() < 0.5  # and nearer to their own name
    assert [list(line.get_ydata()) for line in ax.lines] == [[2.5, 2.5], [5.0, 5.0]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["deep", "shallow"]


def test_panels_are_as_wide_as_the_text_and_known_to_no_one_else():
    import matplotlib.pyplot as plt

    figure, grid = figures.panels(2, 3, 1.5, sharex=True)
    assert grid.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6.3, 3.3]
    assert not plt.get_fignums()


def test_a_grid_names_its_columns_above_and_its_rows_at_the_right():
    _, grid = figures.panels(2, 2, 1.5)
    lettering.label_grid(grid, ["left", "right"], ["upper", "lower"])
    assert [ax.get_title() for ax in grid.flat] == ["left", "right", "", ""]
    assert [[text.get_text() for text in ax.texts] for ax in grid.flat] == [
        [], ["upper"], [], ["lower"]
    ]  # fmt: skip


# What reaches the report


def drawing():
    figure, grid = figures.panels(1, 1, 2.0)
    figures.curves(grid[0, 0], np.arange(3), np.array([[1.0], [3], [2]]), label="a", color="C0")
    grid[0, 0].set(xlabel="updates", ylabel="loss (nats)")
    grid[0, 0].legend()
    return figure


@pytest.fixture
def handed_over(displayed):
    """What was displayed, without the captions, which only the notebook shows."""
    return lambda: [(bundle, of) for bundle, of in displayed if of["kind"] != "caption"]


def test_a_figure_is_handed_over_as_vectors_with_its_caption(displayed, handed_over):
    figures.show(drawing(), "fig-loss", "Loss of **3** runs.", alt="A hill.", result=RESULT)
    ((bundle, entry),) = handed_over()
    assert entry == {
        "kind": "figure", "id": "fig-loss", "caption": "Loss of **3** runs.", "alt": "A hill.",
        "spec": "0123456789", "seeds": "3 to 5"
    }  # fmt: skip
    assert set(bundle) == {"image/svg+xml", "image/png", "text/plain", marks.DATA}
    assert bundle["text/plain"] == "A hill."
    assert "<svg" in bundle["image/svg+xml"]
    assert "<image" not in bundle["image/svg+xml"]
    with PIL.Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        assert picture.width > 600
    caption, _ = displayed[-1]
    assert caption["text/markdown"] == '<a id="fig-loss"></a>**Figure loss.** Loss of **3** runs.'


def test_a_single_seed_is_named_alone(displayed):
    alone = SimpleNamespace(spec=SimpleNamespace(digest="0123456789", seeds=(7,)))
    figures.show(drawing(), "fig-loss", "Loss.", alt="A hill.", result=alone)
    assert displayed[0][1]["seeds"] == "7"


def numbers(bundle):
    """What a bundle carries, line by line."""
    return gzip.decompress(base64.b64decode(bundle[marks.DATA])).decode().splitlines()


def test_a_figure_carries_its_numbers_with_every_replica(displayed):
    figure, grid = figures.panels(1, 1, 2.0)
    losses = np.array([[1 / 3, 2e-9], [1_234_567.0, np.nan]])
    figures.curves(grid[0, 0], np.array([0, 20_001]), losses, label="a", color="C0")
    grid[0, 0].set(xlabel="updates", ylabel="loss (nats)")
    figures.show(figure, "fig-loss", "Loss.", alt="A hill.", result=RESULT)
    assert numbers(displayed[0][0]) == [
        "series,replica,updates,loss (nats)",
        "a,0,0,0.333333",
        "a,1,0,2e-09",
        "a,0,20001,1234567",
    ]


def test_every_replica_is_a_line_of_its_own(values):
    ax = figures.each(axes(), np.arange(5), values, color="C0")
    assert len(ax.lines) == values.shape[1]
    for line, replica in zip(ax.lines, values.T, strict=True):
        assert np.array_equal(line.get_ydata(), replica, equal_nan=True)


def test_a_replica_without_a_value_has_no_point_and_moves_no_median():
    ax = figures.strip(axes(), {"deep": np.array([3.0, np.nan, 1.0])}, ["C0"], ["o"])
    assert ax.collections[0].get_offsets()[:, 1].tolist() == [3.0, 1.0]
    assert list(ax.lines[0].get_ydata()) == [2.0, 2.0]


def test_a_group_without_any_value_keeps_its_place():
    groups = {"deep": np.full(2, np.nan), "shallow": np.ones(2)}
    ax = figures.strip(axes(), groups, ["C0", "C1"], ["o", "s"])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["deep", "shallow"]
    assert len(ax.lines) == 1


def test_a_stand_in_is_named_on_the_figure_and_in_the_caption(handed_over):
    standin = "stand-in for MNIST (scikit-learn digits)"
    figure = drawing()
    figures.show(figure, "fig-loss", "Loss.", alt="A hill.", result=RESULT, standin=standin)
    ((_, entry),) = handed_over()
    assert entry["caption"] == f"Loss. **Not the real data: {standin}.**"
    assert [text.get_text() for text in figure.texts] == [standin]


def test_nothing_is_said_of_stand_ins_where_the_data_are_real(displayed):
    figure = drawing()
    figures.show(figure, "fig-loss", "Loss.", alt="A hill.", result=RESULT, standin="")
    assert not figure.texts
    assert displayed[0][1]["caption"] == "Loss."


def test_the_same_numbers_give_the_same_bytes(handed_over):
    for _ in range(2):
        figures.show(
            drawing(), "fig-loss", "Loss.", alt="A hill.", result=RESULT, standin="a stand-in"
        )
    (first, _), (second, _) = handed_over()
    assert first == second


def test_a_table_is_markdown_with_numbers_at_the_right(displayed, handed_over):
    frame = pd.DataFrame(
        {"network": ["deep", "a|b"], "loss": [0.25, 1e-3], "n": [20, 6], "shown": ["1.5", "2"]}
    )
    figures.table(frame, "tbl-loss", "Losses.")
    assert displayed[0][0]["text/plain"] == "Table loss. Losses."  # above it
    ((bundle, entry),) = handed_over()
    assert entry == {"kind": "table", "id": "tbl-loss", "caption": "Losses."}
    assert bundle["text/markdown"].splitlines() == [
        "| network | loss | n | shown |",
        "| :-- | --: | --: | :-- |",
        "| deep | 0.25 | 20 | 1.5 |",
        "| a\\|b | 0.001 | 6 | 2 |",
    ]
    assert "deep" in bundle["text/plain"]
    assert numbers(bundle)[:3] == ["network,loss,n,shown", "deep,0.25,20,1.5", "a|b,0.001,6,2"]


def test_a_pipe_in_a_header_does_not_split_its_column(handed_over):
    figures.table(pd.DataFrame({"|x|": [1], "y": [2]}), "tbl-x", "X.")
    header = handed_over()[0][0]["text/markdown"].splitlines()[0]
    assert header.replace("\\|", "").count("|") == 3


def computed(**changes):
    """A row of provenance as `jobs.record` makes it."""
    place = {"machine": "a machine", "device": "cpu, 1 thread", "versions": {"torch": "2.11.0"}}
    row = {"data": "MNIST", "standin": False, "replicas": 6, "trainings": 12, "seconds": 4321.0}
    return {**row, "commits": ["0123456789"], "environments": [place], **changes}


def test_provenance_has_a_row_per_data_set_with_the_chapters_title(displayed):
    rows = [computed(), computed(data="CIFAR-10")]
    figures.provenance("Does it help?", rows)
    ((bundle, entry),) = displayed
    assert entry["kind"] == "provenance"
    assert entry["rows"] == [{"chapter": "Does it help?", **row} for row in rows]
    lines = bundle["text/markdown"].splitlines()
    assert [line.split(":")[0] for line in lines] == ["- MNIST", "- CIFAR-10"]
    for part in ("12 trainings", "4,321 s", "a machine", "torch 2.11.0", "commit 0123456789"):
        assert part in lines[0]


def test_provenance_lists_every_machine_and_commit(displayed):
    (first,) = computed()["environments"]
    second = {"machine": "another", "device": "cuda", "versions": {"torch": "2.12.0"}}
    row = computed(environments=[first, second], commits=["0123456789", "abcdef0123"])
    figures.provenance("C", [row])
    shown = displayed[0][0]["text/markdown"]
    parts = ("a machine", "cpu, 1 thread", "2.11.0", "another", "cuda", "2.12.0", "abcdef0123")
    assert all(part in shown for part in parts)


def test_provenance_without_a_commit_says_so(displayed):
    figures.provenance("C", [computed(commits=[])])
    assert displayed[0][0]["text/markdown"].endswith("commit unknown")


def test_sentences_are_shown_as_one_paragraph():
    assert figures.say("One.", "**Two.**")._repr_markdown_() == "One. **Two.**"


@pytest.mark.parametrize(
    ("high", "expected"), [(9, ["3", "5", "7"]), (90, ["5", "10", "20", "50"])]
)
def test_a_logarithmic_axis_of_few_decades_is_labelled_with_few_numbers(high, expected):
    ax = Figure().subplots()
    ax.plot([1, 2], [2.5, high])
    ax.set(yscale="log", ylim=(2.5, high))
    lettering.few_numbers(ax.yaxis, 2.5, high)
    ax.figure.draw_without_rendering()
    labels = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    assert [label.get_text() for place, label in labels if 2.5 <= place <= high] == expected


def test_logarithmic_axes_have_few_ticks_and_keep_those_that_were_chosen():
    figure, ((decades, within, chosen, linear),) = figures.panels(1, 4, 2.0)
    for ax, top in ((decades, 1e5), (within, 8), (chosen, 8)):
        ax.plot([1, 2], [2, top])
        ax.set(yscale="log")
    chosen.yaxis.set_major_locator(LogLocator(subs=(4,)))
    lettering.few_ticks(figure)
    figure.draw_without_rendering()
    shown = [
        [y for y in ax.get_yticks() if ax.get_ylim()[0] <= y <= ax.get_ylim()[1]]
        for ax in (decades, within, chosen)
    ]
    assert set(np.log10(shown[0]) % 1) == {0}
    assert np.allclose(shown[1], [2, 3, 5, 7])
    assert np.allclose(shown[2], [4])
    assert not any(len(ax.get_yticks(minor=True)) for ax in (decades, within, chosen))
    assert len(linear.get_yticks()) > 2


def test_panels_made_logarithmic_together_carry_the_same_numbers():
    _, axes = figures.panels(1, 3, 2.0)
    for ax, top in zip(axes[0], (3, 20, np.nan), strict=True):
        ax.plot([1, 2], [1, top] if top == top else [np.nan, np.nan])
    lettering.log_scale(*axes[0])
    assert [ax.get_yscale() for ax in axes[0, :2]] == ["log", "log"]
    numbers = [{*ax.yaxis.get_major_locator().tick_values(1, 10)} for ax in axes[0, :2]]
    assert {2, 5} <= numbers[0] == numbers[1]
    assert [[text.get_text() for text in ax.texts] for ax in axes[0]] == [[], [], ["diverged"]]


def test_what_is_to_be_seen_heads_the_caption(displayed, handed_over):
    said = {
        "alt": "A hill.",
        "result": RESULT,
        "seen": "Deep wins in 0.5 % of 3. The rest is even.",
    }
    figures.show(drawing(), "fig-loss", "Loss of runs.", **said)
    ((_, entry),) = handed_over()
    assert entry["caption"] == "**Deep wins in 0.5 % of 3.** The rest is even. Loss of runs."


def test_letters_too_small_to_read_are_refused():
    figure = drawing()
    figure.axes[0].set_title("small", fontsize=7)
    with pytest.raises(ValueError, match=r"fig-loss: 'small' has 7 points, .* nothing below 8"):
        figures.show(figure, "fig-loss", "Loss.", alt="A hill.", result=RESULT)


def test_counts_that_are_the_same_in_every_row_of_a_wide_table_are_said_once(handed_over):
    wide = {name: ["1", "2"] for name in "abcd"}
    figures.table(pd.DataFrame({**wide, "n": [20, 20], "diverged": [0, 1]}), "tbl-x", "X.")
    figures.table(pd.DataFrame({"a": ["1", "2"], "n": [20, 20]}), "tbl-y", "Y.")
    (wide_one, of_wide), (narrow, of_narrow) = handed_over()
    assert of_wide["caption"] == "X. In every row, n = 20."
    assert wide_one["text/markdown"].splitlines()[0] == "| a | b | c | d | diverged |"
    assert numbers(wide_one)[0] == "a,b,c,d,n,diverged"  # the file has them all
    assert of_narrow["caption"] == "Y."
    assert "| n |" in narrow["text/markdown"]


def test_lines_are_named_at_their_ends_in_their_colours_and_apart():
    _, grid = figures.panels(1, 1, 2.0)
    ax = grid[0, 0]
    for name, end in (("low", 0.0), ("same", 1.0), ("other", 1.001)):
        ax.plot([0, 1], [0, end], label=name)
    ax.plot([0, 1], [2, np.nan], label="broken off")
    lettering.label_lines(ax)
    placed = {text.get_text(): text for text in ax.texts}
    assert set(placed) == {"low", "same", "other", "broken off"}
    for line in ax.get_lines():
        assert placed[line.get_label()].get_color() == line.get_color()
    heights = sorted(text.xy[1] for text in placed.values())
    height = 72 * ax.figure.get_figheight() * ax.get_position().height
    assert min(np.diff(heights)) * height > 9.9
