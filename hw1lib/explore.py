"""Draw what somebody explored: a chapter's view at a state, as vectors and as numbers.

    python -m hw1lib.explore 11_function_fit --state "optimizer=1;target=2" --out fit.svg
    python -m hw1lib.explore 21_weight_paths -p profile quick --against --out paths.svg

A state is what the address of the HTML report holds after the name of the figure; the explorer
shows it, too. Beside the picture lie its numbers, as CSV of the same name. With `--against` the
run is drawn over that of the full profile, and the verdicts of both are printed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hw1lib.chapters import against, registry
from hw1lib.exploring.pictures import picture
from hw1lib.exploring.views import State, View
from hw1lib.publish.given import ExecutionError, add_parameters, read
from hw1lib.results.specs import SettingError
from hw1lib.results.store import StoreError
from hw1lib.showing import carried, drawn


class StateError(ValueError):
    """What is wrong with a state, in one sentence."""


def state_of(view: View, text: str) -> State:
    """Read a state, such as `optimizer=1;formula=sin(x)`.

    Args:
        view: Whose controls it sets; those that it does not name stay as they are.
        text: What the address holds after the name of the figure, or all of that.

    Raises:
        StateError: If a control is unknown, or has no such option.
    """
    state = view.start
    controls = {control.name: control for control in view.controls if control.name in state}
    for pair in filter(None, text.rpartition(":")[2].split(";")):
        name, equals, value = pair.partition("=")
        if name not in controls:
            raise StateError(f"there is no control {name!r}; known: {', '.join(controls)}")
        options = controls[name].options
        if not options:
            state[name] = unquote(value)
        elif equals and value.isdecimal() and int(value) < len(options):
            state[name] = int(value)
        else:
            raise StateError(f"{name} is a number from 0 to {len(options) - 1}, got {value!r}")
    return state


def view_of(notebook: str, parameters: dict[str, Any], *, compared: bool = False) -> View:
    """Compute or read a chapter, and describe what it lets its reader try.

    Args:
        notebook: The chapter's.
        parameters: As the notebook takes them.
        compared: Whether to put the run beside that of the full profile.

    Raises:
        StateError: If there is no such chapter.
    """
    known = {chapter.notebook: chapter for chapter in registry.discover().values()}
    chapter = known.get(notebook)
    if chapter is None:
        raise StateError(f"there is no chapter {notebook!r}; known: {', '.join(known)}")
    given = {"profile": "full", **parameters}
    device = given.pop("device", "cpu")
    spec = chapter.profiles.choose(given.pop("profile"), **given)
    result = chapter.run(spec, device=device)
    view: View = importlib.import_module(f"hw1lib.chapters.{chapter.name}.exploring").view(result)
    return against.beside(view, result) if compared else view


@contextmanager
def reading_only(profile: str) -> Iterator[None]:
    """Compute nothing of the full profile within: a missing result would take hours.

    What the user has set decides first.
    """
    asked = "HW1_COMPUTE" in os.environ
    if profile == "full" and not asked:
        os.environ["HW1_COMPUTE"] = "no"
    try:
        yield
    finally:
        if not asked:
            os.environ.pop("HW1_COMPUTE", None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a view, and write its numbers beside it.

    Args:
        arguments: Command line without the program; None takes that of the process.

    Returns:
        The exit status: 0; 1 after a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.explore", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("notebook", help="chapter, such as 11_function_fit")
    parser.add_argument("--state", default="", help='of its controls, "optimizer=1;target=2"')
    parser.add_argument("--out", type=Path, required=True, metavar="PICTURE.svg")
    parser.add_argument("--against", action="store_true", help="your run over ours, and verdicts")
    add_parameters(parser)
    try:
        options, parameters = read(parser, arguments)
        with reading_only(parameters.get("profile", "full")):
            view = view_of(options.notebook, parameters, compared=options.against)
        figure = picture(view, state_of(view, options.state))
        numbers = drawn.rows(figure).to_csv(index=False)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(carried.saved(figure, "svg"))
        options.out.with_suffix(".csv").write_text(numbers, encoding="utf-8")
    except (StateError, SettingError, ExecutionError, StoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in [*view.status.splitlines(), *map(" | ".join, view.table)]:
        print(line)
    print(f"{options.out}, and its numbers in {options.out.with_suffix('.csv').name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
