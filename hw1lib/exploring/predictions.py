"""Predict, then look: a question whose answer is hidden until a prediction was made.

A prediction is kept with its time and the settings of what it is about, in `predictions.json`
in the folder of the results, and then scored against the band of the trainings. What can be
asked is in `questions`.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hw1lib import disk
from hw1lib.exploring import explorer
from hw1lib.exploring.explorer import Explorer
from hw1lib.exploring.questions import PREDICTION, SHOWN, Question
from hw1lib.exploring.views import State, View
from hw1lib.marks import typographic
from hw1lib.results.store import Store
from hw1lib.showing import figures

FILE = "predictions.json"
_LOCK = threading.Lock()  # of that file, within this process


def ask(question: Question, name: str, *, result: figures.Result, standin: str = "") -> None:
    """Ask in the notebook; the report's printed picture has the answer.

    Args:
        question: What to ask.
        name: Label of its figure.
        result: What the answer was measured on.
        standin: Data in the place of a published set.
    """
    Asking(question, name, result, standin).show()


def answered(asked: View) -> View:
    """Return the view of a question as it is printed: with the answer, and no prediction."""
    shown = asked.settled({**asked.start, "look": SHOWN})
    layers = [layer for layer in shown.layers if layer.label != PREDICTION]
    return replace(shown, layers=layers, controls=())


class Asking:
    """A question in a notebook, and the prediction that was made."""

    def __init__(
        self, question: Question, name: str, result: figures.Result, standin: str = ""
    ) -> None:
        self.question, self.result, self.standin = question, result, standin
        self.view = replace(question.view(), id=name)
        self.explorer = Explorer(self.view, pressed=self.pressed)

    def show(self) -> None:
        """Show it in the notebook, and its picture with the answer in the report."""
        explorer.show(
            self.view,
            self.view.id,
            f"{self.question.text} {self.question.how}",
            result=self.result,
            standin=self.standin,
            explorer=self.explorer,
            printed=answered(self.view),
        )

    def pressed(self, name: str) -> None:
        """Keep what is predicted, and show the answer."""
        state: State = self.explorer.state
        try:
            path = keep(self.entry(state))
        except OSError as error:
            said = f"Your prediction could not be kept: {error}"
        else:
            said = f"Kept in {path.name}: {typographic(self.question.score(state))}"
        self.explorer.show(replace(self.view, status=f"{self.view.status}\n{said}"))
        self.explorer.state = {**state, "look": SHOWN}

    def entry(self, state: State) -> dict[str, Any]:
        """Write for the file what a state predicts."""
        return {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "figure": self.view.id,
            "question": self.question.text,
            "quantity": self.question.quantity,
            "predicted": self.question.predicted(state),
            "looked_before": state["look"] == SHOWN,
            "settings": self.result.spec.digest,
            "seeds": [int(seed) for seed in self.result.spec.seeds],
            "measured": self.question.measured(),
            "verdict": self.question.verdict(state),
        }


def keep(entry: dict[str, Any], folder: Path | None = None) -> Path:
    """Add a prediction to the file of all; return where that is.

    Args:
        entry: What to keep.
        folder: By default that of the results.

    Raises:
        OSError: If the file cannot be read or written, or holds something else.
    """
    path = (folder or Store().root) / FILE
    with _LOCK:
        before = disk.read_file(path)
        try:
            entries = json.loads(before) if before else []
        except ValueError:
            entries = None
        if not isinstance(entries, list):
            raise OSError(f"{path} holds no list of predictions; move it away")
        text = json.dumps([*entries, entry], indent=1, ensure_ascii=False)
        disk.make_folder(path.parent)
        disk.replace(path, f"{text}\n".encode())
    return path
