"""The losses of a chapter's trainings while they train: a picture below the bar, in a notebook.

It is there within the first seconds, so that a setting that goes wrong can be stopped. It is no
result: nothing of it is stored, and it is gone when the trainings are done.
"""

from __future__ import annotations

import html
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hw1lib.results import bars

BETWEEN = 0.25  # seconds between two pictures
MOST = 200  # places of one course; when there are more, every other one is left out
WIDTH, HEIGHT = 640, 180  # of the picture
BLUE, GRAY = "#0072B2", "#888888"
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 22, 30  # margins


@dataclass
class Course:
    """The median loss of one training over the part of it that is done."""

    label: str
    parts: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # positive and finite

    def note(self, part: float, loss: float) -> None:
        """Note a loss; what no logarithm can show is left out."""
        if not (math.isfinite(loss) and loss > 0):
            return
        self.parts.append(part)
        self.losses.append(loss)
        if len(self.parts) > MOST:
            del self.parts[1:-1:2], self.losses[1:-1:2]


class Courses:
    """The courses of a chapter's trainings, the last of which is under way.

    Args:
        total: How many trainings there are to be.
        show: Takes each new picture.
    """

    def __init__(self, total: int, show: Callable[[str], None]) -> None:
        self.found: list[Course] = []
        self._total, self._show, self._shown = total, show, -math.inf

    def begin(self, label: str, work: float) -> Callable[[float, float | None], None]:
        """Begin the course of a training of so much work: note(work done, loss)."""
        course = Course(label)
        self.found.append(course)

        def note(done: float, loss: float | None) -> None:
            if loss is None:
                return
            course.note(done / work if work else 0.0, loss)
            if time.monotonic() - self._shown >= BETWEEN and course.parts:
                self._shown = time.monotonic()
                self._show(picture(self.found, self._total))

        return note


@contextmanager
def watched(total: int, wanted: bool) -> Iterator[Courses]:
    """Show so many trainings while they last, if this is a notebook that somebody looks at."""
    if not (wanted and total and bars.has_front_end()):
        yield Courses(total, lambda _: None)
        return
    from IPython.display import HTML, display

    handle: Any = None

    def show(drawn: str) -> None:
        nonlocal handle
        if handle is None:
            handle = display(HTML(drawn), display_id=True)
        else:
            handle.update(HTML(drawn))

    try:
        yield Courses(total, show)
    finally:
        if handle is not None:
            handle.update(HTML(""))


def picture(courses: Sequence[Course], total: int) -> str:
    """Draw courses as SVG: the last in colour, those before it in grey, losses as logarithms."""
    losses = [loss for course in courses for loss in course.losses]
    low, high = math.log10(min(losses)), math.log10(max(losses))
    if high - low < 0.1:
        low, high = low - 0.5, high + 0.5

    def x(part: float) -> float:
        return LEFT + min(part, 1.0) * (WIDTH - LEFT - RIGHT)

    def y(loss: float) -> float:
        share = (math.log10(loss) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def line(course: Course, color: str, width: int) -> str:
        pairs = zip(course.parts, course.losses, strict=True)
        places = " ".join(f"{x(part):.1f},{y(loss):.1f}" for part, loss in pairs)
        name = html.escape(course.label)
        return (
            f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width}">'
            f"<title>{name}</title></polyline>"
        )

    *before, now = courses
    said = f"{len(courses)} of {total}: {now.label}, median loss {now.losses[-1]:.2g}"
    ticks = "".join(
        f'<text x="{LEFT - 6}" y="{y(10**at) + 4:.1f}" text-anchor="end">{10**at:.2g}</text>'
        for at in (low, high)
    )
    lines = [line(course, GRAY, 1) for course in before if course.parts] + [line(now, BLUE, 2)]
    return (
        f'<svg role="img" aria-label="{html.escape(said)}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'style="max-width:{WIDTH}px" font-size="12" fill="currentColor" '
        'xmlns="http://www.w3.org/2000/svg">'
        f'<text x="{LEFT}" y="14">{html.escape(said)}</text>{ticks}'
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="{GRAY}"/>'
        f"{''.join(lines)}"
        f'<circle cx="{x(now.parts[-1]):.1f}" cy="{y(now.losses[-1]):.1f}" r="3" fill="{BLUE}"/>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">part of each training that '
        "is done; earlier trainings in grey</text></svg>"
    )
