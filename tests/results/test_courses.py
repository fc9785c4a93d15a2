"""The losses of a chapter's trainings, drawn while they train."""

import math
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from hw1lib.results import courses

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown(monkeypatch):
    """All pictures, however soon they come."""
    monkeypatch.setattr(courses, "BETWEEN", 0.0)
    return []


def places(line):
    return np.array([pair.split(",") for pair in line.get("points").split()], dtype=float)


def test_courses_are_lines_over_the_part_that_is_done_with_losses_as_logarithms(shown):
    found = courses.Courses(3, shown.append)
    for label, work, losses in (("a & b", 4.0, (1.0, 0.1, 0.01)), ("c", 2.0, (1.0, 0.1))):
        note = found.begin(label, work)
        for done, loss in enumerate(losses):
            note(float(done), loss)
    tree = ElementTree.fromstring(shown[-1])
    said = "2 of 3: c, median loss 0.1"
    assert tree.get("aria-label") == tree.find(f"{SVG}text").text == said
    before, now = tree.iter(f"{SVG}polyline")
    assert [line.find(f"{SVG}title").text for line in (before, now)] == ["a & b", "c"]
    assert before.get("stroke") != now.get("stroke")
    x, y = places(before).T
    width = courses.WIDTH - courses.LEFT - courses.RIGHT
    assert np.allclose(x, courses.LEFT + width * np.array([0.0, 0.25, 0.5]), atol=0.1)
    height = courses.HEIGHT - courses.TOP - courses.BOTTOM
    assert np.allclose(y, courses.TOP + height * np.array([0.0, 0.5, 1.0]), atol=0.1)


@pytest.mark.parametrize("loss", [math.nan, math.inf, 0.0, None])
def test_what_has_no_logarithm_is_left_out(shown, loss):
    note = courses.Courses(1, shown.append).begin("a", 1.0)
    note(0.0, loss)
    assert not shown
    note(0.5, 2.0)
    note(1.0, loss)
    (line,) = ElementTree.fromstring(shown[-1]).iter(f"{SVG}polyline")
    assert len(places(line)) == 1


def test_long_courses_are_thinned_and_keep_their_ends():
    course = courses.Course("a")
    for number in range(10_000):
        course.note(number / 10_000, 1.0 + number)
    assert len(course.parts) == len(course.losses) <= courses.MOST
    assert (course.losses[0], course.losses[-1]) == (1.0, 10_000.0)
    assert course.parts == sorted(course.parts)


def test_pictures_come_at_most_four_times_a_second(monkeypatch):
    now, shown = [0.0], []
    monkeypatch.setattr(courses.time, "monotonic", lambda: now[0])
    note = courses.Courses(1, shown.append).begin("a", 100.0)
    for number in range(100):
        now[0] = number / 50
        note(number, 1.0)
    assert len(shown) <= 9


def test_a_notebook_shows_one_picture_that_is_gone_at_the_end(monkeypatch, shown):
    class Handle:
        def update(self, html):
            shown.append(html.data)

    def display(html, *, display_id):
        assert display_id
        shown.append(html.data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setenv("JPY_SESSION_NAME", "here")
    with courses.watched(1, True) as found:
        note = found.begin("a", 2.0)
        note(1.0, 0.5)
        note(2.0, 0.25)
    assert [text[:4] for text in shown] == ["<svg", "<svg", ""]
    for wanted, total in ((False, 1), (True, 0)):
        with courses.watched(total, wanted) as found:
            found.begin("a", 2.0)(1.0, 0.5)
    monkeypatch.delenv("JPY_SESSION_NAME")
    with courses.watched(1, True) as found:
        found.begin("a", 2.0)(1.0, 0.5)
    assert len(shown) == 3
