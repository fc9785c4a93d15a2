"""Parameters of notebooks as a command line gives them, and which a notebook takes."""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat

from hw1lib.messages import brief, is_text

SHOWN = 20  # names of parameters in a message
SETTINGS = "settings"  # parameter of a notebook that holds those it does not list


class ExecutionError(Exception):
    """A notebook did not run to its end; says where and why in one sentence."""


def resolve(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as a notebook takes them; refuse those that it cannot have.

    What its cell of parameters does not list goes into `settings`, where it lists that: a dict of
    further settings of its chapter, which the chapter checks.

    Raises:
        ExecutionError: If it takes no such parameter, papermill would change a value, or the
            notebook cannot be read.
    """
    known = [*listed(source)]
    taken: dict[str, Any] = {}
    further: dict[str, Any] = {}
    for name, value in parameters.items():
        if not all(map(_is_scalar, value if type(value) is list else [value])):
            raise ExecutionError(
                f"{source.stem}, parameter {name}: {brief(value)} is refused; a value is None, a "
                "bool, an int, a finite float, a str, or a list of them"
            )
        # Known names are names that Python accepted in the cell, so nothing else gets past this.
        if name in known and name != SETTINGS:
            taken[name] = value
        elif SETTINGS in known and name.isidentifier() and name != SETTINGS:
            further[name] = value
        else:
            shown = [of for of in known if of != SETTINGS]
            raise ExecutionError(unknown(source.stem, name, shown))
    return taken | ({SETTINGS: further} if further else {})


def listed(notebook: Path) -> dict[str, Any]:
    """Return what a notebook's cell of parameters assigns, in its order.

    Python reads the cell: papermill's own list misses a parameter whose line has a second `=`, or
    whose type is written `None | str`.

    Returns:
        By name: the value; an expression as it is written, and "" where there is none.

    Raises:
        ExecutionError: If the file is no notebook, or the cell no Python.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
        source = next((cell.source for cell in cells if _holds_parameters(cell)), "")
        statements = ast.parse(source).body
    except (ValueError, SyntaxError, AttributeError, nbformat.ValidationError) as error:
        why = " ".join(str(error).split())
        raise ExecutionError(f"{notebook} is not a notebook that can be run: {why}") from error
    return {
        target.id: _value(statement.value)
        for statement in statements
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in getattr(statement, "targets", [getattr(statement, "target", None)])
        if isinstance(target, ast.Name)
    }


def _value(written: ast.expr | None) -> Any:
    if written is None:
        return ""
    try:
        return ast.literal_eval(written)
    except ValueError:
        return ast.unparse(written)


def _holds_parameters(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", ())


def unknown(where: str, name: str, known: Sequence[str]) -> str:
    """Say in one sentence that there is no parameter of this name, and which there are."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    shown = ", ".join(known[:SHOWN]) or "none"
    return f"{where} has no parameter {brief(name)}, only {shown}{more}{hint}"


def _is_scalar(value: Any) -> bool:
    """Tell whether papermill passes `value` on as it is, which it does for exact types only."""
    kinds = (type(None), bool, int, str)
    return type(value) in kinds or (type(value) is float and math.isfinite(value))


def seconds(text: str) -> float:
    """Read a time limit, for argparse."""
    if not 0 < (value := float(text)) < float("inf"):
        raise ValueError
    return value


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """Let a command's help show that it takes parameters of notebooks, by -p NAME VALUE."""
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        dest="parameters",
        metavar=("NAME", "VALUE"),
        help="value of a parameter: 3, 1e-3, True, None, a word, or a list as in JSON: [1, 2]",
    )


def read(
    parser: argparse.ArgumentParser, words: Sequence[str] | None
) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Read a command line with parameters, whose values may begin with a dash.

    Args:
        parser: Of the command, with `add_parameters`.
        words: The command line without the program; None takes that of the process.

    Returns:
        What the parser read, and the values of the parameters.

    Raises:
        ExecutionError: If a parameter is given twice, or a list is not JSON.
    """
    rest, pairs, left = [], [], list(sys.argv[1:] if words is None else words)
    while left:
        word = left.pop(0)
        if word == "-p" and len(left) >= 2:
            pairs.append((left.pop(0), left.pop(0)))
        else:
            rest.append(word)
    return parser.parse_args(rest), parse(pairs)


def parse(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Turn the words of the command line into values, each name once.

    `settings.NAME` is another way to write NAME.
    """
    parameters: dict[str, Any] = {}
    for name, word in ((plain(given), word) for given, word in pairs):
        if name in parameters:
            raise ExecutionError(f"parameter {brief(name)} is given twice")
        if not is_text(word):
            known = "set PYTHONUTF8=1, or rename what it names"
            raise ExecutionError(f"parameter {name!r} has letters unknown to the locale; {known}")
        parameters[name] = value(name, word)
    return parameters


def plain(name: str) -> str:
    """Return the name of a setting that may stand behind `settings.`."""
    return name.removeprefix(f"{SETTINGS}.")


def value(name: str, word: str) -> Any:
    """Read a scalar as papermill's own command does, and a list as JSON."""
    if word.startswith("["):
        try:
            return json.loads(word)
        except (ValueError, RecursionError) as error:
            raise ExecutionError(
                f"parameter {name!r}: {brief(word)} is no JSON list: {error}"
            ) from error
    constants = {"True": True, "False": False, "None": None}
    if word in constants:
        return constants[word]
    for kind in (int, float):
        with suppress(ValueError):
            number = kind(word)
            if number in (math.inf, -math.inf) and any(map(str.isdigit, word)):
                raise ExecutionError(f"parameter {name!r}: {brief(word)} is too large a number")
            return number
    return word
