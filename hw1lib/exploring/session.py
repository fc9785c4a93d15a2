"""An explorer whose buttons begin work on a thread of its own, and lead back from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hw1lib.exploring.explorer import Explorer
from hw1lib.exploring.live import Frames, Worker
from hw1lib.exploring.views import Control, State, View

Action = Callable[[State, int], Frames]  # what the controls are at, and which press it was
STOP = Control(kind="button", name="stop", label="Stop", live=True)
BACK = Control(kind="button", name="back", label="Back to what is stored", live=True)


@dataclass(frozen=True)
class Visit:
    """Something that a view can be left for: controls to ask for it, the last of them a button."""

    controls: tuple[Control, ...]
    action: Action


class Session:
    """One explorer in a notebook: what is stored, and where its buttons lead."""

    def __init__(self, view: View, visits: Mapping[str, Visit]) -> None:
        """Show a view with the controls of its visits.

        Args:
            view: What is stored.
            visits: By the name of the button that begins each.
        """
        asked = [control for visit in visits.values() for control in visit.controls]
        self.view = replace(view, controls=[*view.controls, *asked])
        self.visits = visits
        self.shown = self.view
        self.known: dict[str, tuple[str, ...]] = _options(self.view)
        self.explorer = Explorer(self.view, pressed=self.pressed)
        self.worker = Worker(self.draw, self.failed)
        self.lock = threading.Lock()  # a press and the worker may draw at once
        self.count = 0

    def pressed(self, name: str) -> None:
        """Answer to a button, at once."""
        if name == STOP.name:
            self.worker.stop()
        elif name == BACK.name:
            self.draw(self.view)
        elif name in self.visits:
            self.count += 1
            state, number = dict(self.explorer.state), self.count
            self.worker.start(lambda: self.visits[name].action(state, number))

    def draw(self, view: View) -> None:
        """Hand a view to the front end; a control stays at what it is while its options do."""
        with self.lock:
            fresh = _options(view)
            moved = {
                name: start
                for name, start in view.start.items()
                if self.known.get(name) != fresh[name]
            }
            if moved:
                self.explorer.state = {**self.explorer.state, **moved}
            self.explorer.show(view)
            self.shown, self.known = view, {**self.known, **fresh}

    def failed(self, error: Exception) -> None:
        """Say why work ended."""
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        self.draw(replace(self.view, status=f"That failed: {first}"))


def _options(view: View) -> dict[str, tuple[str, ...]]:
    """List what each control can be set to, by its name."""
    return {one.name: one.options for one in view.controls if one.kind != "button"}
