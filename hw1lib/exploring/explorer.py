"""One view in its three lives: a widget where a kernel runs, a page without one, and a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anywidget
import traitlets

from hw1lib import marks
from hw1lib.exploring import front
from hw1lib.exploring.packing import offline, packed
from hw1lib.exploring.pictures import picture
from hw1lib.exploring.views import View
from hw1lib.showing import figures


class Explorer(anywidget.AnyWidget):
    """A view in a notebook; what it shows can be replaced, from any thread."""

    _esm = front.widget()
    _css = front.style()
    header = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    kernel = traitlets.Bool(True).tag(sync=True)

    def __init__(self, view: View, *, pressed: Callable[[str], None] | None = None) -> None:
        """Show a view.

        Args:
            view: What to show at first.
            pressed: Called with the name of a button that was pressed. It must return at once:
                front ends may call it on another thread than the one that runs cells.
        """
        header, numbers = packed(view)
        super().__init__(header=header, numbers=numbers, state=view.start)
        self._pressed = pressed
        self.on_msg(self._heard)

    def show(self, view: View) -> None:
        """Replace what is shown; the controls stay at what they are."""
        header, numbers = packed(view)
        with self.hold_sync():  # as one message
            self.header, self.numbers = header, numbers

    def _heard(self, _: Any, content: Any, buffers: Any) -> None:
        if self._pressed and isinstance(content, dict) and "press" in content:
            told = content.get("state")
            if isinstance(told, dict) and set(told) == set(self.state):
                self.state = told
            self._pressed(str(content["press"]))


def show(
    view: View,
    name: str,
    caption: str,
    *,
    result: figures.Result,
    standin: str = "",
    explorer: Explorer | None = None,
    printed: View | None = None,
) -> None:
    """Show a view in the notebook, and hand its picture and its numbers to the report.

    Args:
        view: What to show.
        name: Its label, such as `fig-fit-try`.
        caption: Markdown, as of every figure.
        result: What it is drawn from.
        standin: Data in the place of a published set, named on the figure.
        explorer: One that already shows the view, since it answers to buttons.
        printed: What the picture shows, where that is not the view as it begins.
    """
    view = replace(view, id=name)
    explorer = explorer or Explorer(view)
    widget = {"version_major": 2, "version_minor": 0, "model_id": explorer.model_id}
    figures.show(
        picture(printed or view),
        name,
        caption,
        alt=view.alt,
        result=result,
        standin=standin,
        beside={marks.WIDGET: widget, marks.EXPLORER: offline(view)},
    )
