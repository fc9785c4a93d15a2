"""Check the parameters of a report before any of its chapters starts.

    python -m hw1lib.parameters report/report.yml -p profile quick -p data standin

Every chapter gets the parameters that it knows. One that no chapter knows is refused here, and so
is a value that a chapter refuses, each in one sentence.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import papermill

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.publish import load_report
from hw1lib.publish.given import ExecutionError, add_parameters, read, unknown
from hw1lib.publish.settings import PublishError
from hw1lib.results.specs import Profiles, SettingError

NO_SETTINGS = ("device",)  # parameters of a notebook that decide no number


def check(notebooks: Sequence[Path], parameters: Mapping[str, Any]) -> None:
    """Check that every parameter is known to some chapter, and every value allowed in each.

    Args:
        notebooks: The chapters that will run.
        parameters: What they will be given.

    Raises:
        ExecutionError: If no notebook has one of the names.
        SettingError: If a chapter refuses a value.
    """
    known = {notebook: list(papermill.inspect_notebook(str(notebook))) for notebook in notebooks}
    names = list(dict.fromkeys(name for of in known.values() for name in of))
    for name in parameters:
        if name not in names:
            raise ExecutionError(unknown("the report", name, names))
    profiles: dict[str, Profiles[Any]] = {c.notebook: c.profiles for c in discover().values()}
    profiles["00_summary"] = summary.PROFILES
    for notebook, has in known.items():
        if notebook.stem in profiles:
            given = {k: v for k, v in parameters.items() if k in has and k not in NO_SETTINGS}
            try:
                profiles[notebook.stem].choose(given.pop("profile", "quick"), **given)
            except SettingError as error:
                raise SettingError(f"{notebook.stem}: {error}") from None


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
    add_parameters(parser)
    try:
        options, parameters = read(parser, words)
        names = [options.only] if options.only else load_report(options.report).notebooks
        check([options.notebooks / f"{name}.ipynb" for name in names], parameters)
    except (ExecutionError, PublishError, SettingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
