"""Half pages to hand in, and slips as pictures; the summary's notebook draws them all."""

from types import SimpleNamespace

import numpy as np

from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary import handing_in, instructive


def test_every_part_of_the_homework_is_answered_by_a_chapter():
    assert len(handing_in.PARTS) == 10  # of the homework; a further chapter may answer none
    assert set(handing_in.PARTS) <= set(discover())
    assert {slip.section for slip in instructive.SLIPS.values()} <= set(discover())


def test_a_half_page_says_what_earns_the_points_and_comments():
    part = handing_in.PARTS["weight-paths"]
    assert part.points == "3: settings 1, figure 1, comment 1"
    paths = SimpleNamespace(name="2-1", arrived=())
    result = SimpleNamespace(chapters={"weight-paths": SimpleNamespace(paths={"A": paths})})
    said = handing_in.words(result, "weight-paths")
    assert handing_in.heading("weight-paths") == (
        "## Homework 1-2: Visualize the optimization process"
    )
    assert said.startswith("**Points:** 3: settings 1")
    assert "**Comment:** " in said
    assert "every training of 2-1 diverged" in said
    assert discover()["weight-paths"].link in said


def test_a_slip_is_drawn_beside_what_should_have_been():
    """Here of a line of three points over -1, 0, 1: against their places, and against alpha."""
    line = np.stack([np.full((4, 3), [3.0, 1.0, 2.0])] * 2, axis=-1)[..., None]  # (R, K, 2, 1)
    pair = SimpleNamespace(alphas=np.array([-1.0, 0.0, 1.0]), line=line.transpose(1, 0, 2, 3))
    chapter = SimpleNamespace(pairs={instructive.AS_A: pair})
    drawn = instructive.figure(SimpleNamespace(chapters={"interpolation": chapter}), "index")
    left, right = drawn.axes
    assert (left.get_title(), right.get_title()) == instructive.SLIPS["index"].headings
    assert left.get_lines()[0].get_xdata().tolist() == [0, 1, 2]
    assert right.get_lines()[0].get_xdata().tolist() == [-1, 0, 1]
    for ax in (left, right):
        assert ax.get_lines()[0].get_ydata().tolist() == [3, 1, 2]
