"""Half pages to hand in, and slips as pictures: on the smallest trainings of every chapter."""

import pytest
from viewing import shown

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.chapters.summary import handing_in, instructive


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HW1_RESULTS", str(tmp_path_factory.mktemp("results")))
        spec = summary.PROFILES.choose("smoke", data="standin")
        yield summary.run(spec, device="cpu", progress=False)


def test_every_part_of_the_homework_has_its_half_page(result):
    assert set(handing_in.PARTS) == set(discover())
    for section, part in handing_in.PARTS.items():
        shown(lambda result, of=section: handing_in.figure(result, of), result)
        said = handing_in.words(result, section)
        assert said.startswith(f"**{part.title}.** *Points:*")
        assert discover()[section].link in said
        assert handing_in.caption(result, section)[0].isupper()


def test_every_slip_is_drawn_beside_what_should_have_been(result):
    for name, slip in instructive.SLIPS.items():
        drawn = instructive.figure(result, name)
        drawn.draw_without_rendering()
        assert tuple(ax.get_title() for ax in drawn.axes) == slip.headings
        left, right = drawn.axes
        assert left.get_lines()
        assert right.get_lines()
        said = instructive.words(result, name)
        assert slip.lesson in said
        assert "Measured here: " in said
