"""What a reader of chapter 11 asks for: a function, and a network of a shape of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from hw1lib.chapters.function_fit.on_the_spot import SHOWN
from hw1lib.chapters.function_fit.spec import NETWORKS
from hw1lib.data import functions
from hw1lib.exploring import formulas
from hw1lib.exploring.formulas import FormulaError
from hw1lib.exploring.views import State
from hw1lib.networks import builders
from hw1lib.training.regression import Function

WIDEST, DEEPEST = 400, 12  # of a network that somebody asks for
GRID = functions.grid(SHOWN).numpy().astype(float)


@dataclass
class Asked:
    """What the controls ask for, where it can be understood; else why not."""

    function: Function | None = None  # typed; None: one of the chapter's targets
    text: str = ""  # of that function
    widths: tuple[int, ...] | None = None  # of a network that was typed
    wrong: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def understood(state: State) -> Asked:
    """Read what was typed."""
    asked = Asked()
    if text := str(state["formula"]).strip():
        try:
            formula = formulas.parse(text)
            formulas.values(formula, GRID)
            asked.function, asked.text = partial(formula, library=torch), text
        except FormulaError as error:
            asked.wrong.append(f"f(x): {error}.")
    if hidden := str(state["hidden"]).strip():
        try:
            asked.widths = network(hidden)
            asked.said.append(sized(asked.widths))
        except ValueError as error:
            asked.wrong.append(f"Network: {error}.")
    return asked


def network(hidden: str) -> tuple[int, ...]:
    """Read the hidden widths of a perceptron of one input and one output.

    Raises:
        ValueError: If they are not understood, too many or too large.

    >>> network("10-10")
    (1, 10, 10, 1)
    """
    if not re.fullmatch(r"\d+([-, ]+\d+)*", hidden):
        raise ValueError(f"hidden widths are whole numbers such as 12-12-12, got {hidden!r}")
    widths = [int(n) for n in re.findall(r"\d+", hidden)]
    if len(widths) > DEEPEST or not 1 <= min(widths) <= max(widths) <= WIDEST:
        raise ValueError(f"up to {DEEPEST} hidden layers of 1 to {WIDEST} units, got {hidden!r}")
    return (1, *widths, 1)


def sized(widths: tuple[int, ...]) -> str:
    """Say how large a network is, and which of its proportions is as large as the chapter's."""
    name, count = "-".join(map(str, widths)), builders.parameter_count(widths)
    wanted = builders.parameter_count(NETWORKS["deep"])
    said = f"{name} has {count:,} parameters."
    if count == wanted:
        return said
    best = min(_scaled(widths), key=lambda w: abs(builders.parameter_count(w) - wanted))
    other = "-".join(map(str, best[1:-1]))
    return f"{said} With {other} it would have {builders.parameter_count(best):,}, near {wanted}."


def _scaled(widths: tuple[int, ...]) -> list[tuple[int, ...]]:
    factors = np.geomspace(0.02, 50, 400)
    return [(1, *(max(1, round(f * w)) for w in widths[1:-1]), 1) for f in factors]
