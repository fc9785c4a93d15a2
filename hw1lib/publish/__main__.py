"""The command `python -m hw1lib.publish`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hw1lib.publish.build import publish, publish_chapter
from hw1lib.publish.settings import PublishError, load_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a report and say what was built.

    Args:
        arguments: Command line without the program; None takes that of the process.

    Returns:
        The exit status: 0, or 1 after a sentence on standard error.
    """
    options = _parser().parse_args(arguments)
    try:
        report = load_report(options.report)
        if options.only:
            products = publish_chapter(report, options.only, options.chapters, options.out)
        else:
            products = publish(report, options.chapters, options.out)
    except (PublishError, OSError) as error:
        for sentence in str(error).splitlines():
            print(f"error: {sentence}", file=sys.stderr)
        return 1
    for product in products:
        print(product)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.publish",
        description="Turn executed notebooks into report.pdf, report.html and report.ipynb, with "
        "their figures and numbers in the folders figures and data.",
        epilog="Nothing is executed here. After an error, an older report is left as it was.",
    )
    parser.add_argument(
        "report",
        type=Path,
        metavar="REPORT.yml",
        help="title, authors, chapters in order, bibliography, where to show code",
    )
    parser.add_argument(
        "--chapters",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the executed notebooks, <name>.ipynb for each chapter",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write the report to"
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        help="one chapter, to NAME.pdf and NAME.html, without a title page",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
