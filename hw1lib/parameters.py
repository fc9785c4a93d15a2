"""Check the parameters of a report before any of its chapters starts.

    python -m hw1lib.parameters report/report.yml -p profile quick -p data standin

Every chapter gets the parameters that it knows. One that no chapter knows is refused here, and so
is a value that a chapter refuses, each in one sentence. So is a value that somebody has saved in a
notebook while playing with it: a report holds what it was asked for, and nothing else.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.data import image_sets
from hw1lib.data.published import DataError
from hw1lib.messages import brief
from hw1lib.publish import load_report
from hw1lib.publish.given import SETTINGS, ExecutionError, add_parameters, listed, read, unknown
from hw1lib.publish.settings import PublishError
from hw1lib.results.specs import Profiles, SettingError

NO_SETTINGS = ("device",)  # parameters of a notebook that decide no number
DEFAULTS = {"profile": "quick", "data": "auto", "seed": 0, "settings": {}}  # all others have None


def check(notebooks: Sequence[Path], parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check that every parameter is known to some chapter, and every value allowed in each.

    Args:
        notebooks: The chapters that will run.
        parameters: What they will be given.

    Returns:
        By the name of each notebook: which of them it takes.

    Raises:
        ExecutionError: If no notebook has one of the names, or one has a value saved in it.
        SettingError: If a chapter refuses a value.
        DataError: If a folder of images cannot be learned.
    """
    profiles: dict[str, Profiles[Any]] = {c.notebook: c.profiles for c in discover().values()}
    profiles["00_summary"] = summary.PROFILES
    known: dict[str, list[str]] = {}
    for notebook in notebooks:
        has = listed(notebook)
        _refuse_saved(notebook, has, parameters)
        known[notebook.stem] = [name for name in has if name != SETTINGS]
        if SETTINGS in has and notebook.stem in profiles:
            known[notebook.stem] += [
                field.name for field in dataclasses.fields(profiles[notebook.stem]["full"])
            ]
    names = list(dict.fromkeys(name for of in known.values() for name in of))
    for name in parameters:
        if name not in names:
            raise ExecutionError(unknown("the report", name, names))
    images = parameters.get("data")
    if isinstance(images, str) and images.startswith("folder:"):
        image_sets.load("mnist", images)
    taken = {stem: [name for name in parameters if name in has] for stem, has in known.items()}
    for stem, takes in taken.items():
        if stem in profiles:
            given = {name: parameters[name] for name in takes if name not in NO_SETTINGS}
            try:
                profiles[stem].choose(given.pop("profile", "quick"), **given)
            except SettingError as error:
                raise SettingError(f"{stem}: {error}") from None
    return taken


def _refuse_saved(notebook: Path, saved: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a notebook whose cell of parameters holds another value than the default.

    Raises:
        ExecutionError: With the notebook, the parameter and its value.
    """
    for name, value in saved.items():
        default = DEFAULTS.get(name)
        if name not in (*NO_SETTINGS, *given) and value != default:
            raise ExecutionError(
                f"{notebook} has {name} = {brief(value)} saved in its parameters, where a report "
                f'begins with {default!r}; set it back, or ask for it by PARAMS="-p {name} ..."'
            )


def main(words: list[str] | None = None) -> int:
    """Check, and say what is wrong.

    Returns:
        The exit status: 0, or 1 after a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.parameters",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("report", type=Path, help="report.yml, whose list of chapters counts")
    parser.add_argument("--only", help="a chapter, such as 11_function_fit")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="their folder")
    parser.add_argument(
        "--out", type=Path, help="where to write which notebook takes which of them"
    )
    add_parameters(parser)
    try:
        options, parameters = read(parser, words)
        names = [options.only] if options.only else load_report(options.report).notebooks
        taken = check([options.notebooks / f"{name}.ipynb" for name in names], parameters)
        if options.out:
            options.out.write_text(json.dumps(taken) + "\n", encoding="utf-8")
    except (ExecutionError, PublishError, SettingError, DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
