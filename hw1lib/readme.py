"""Write what the README says that each chapter found, from the published results.

    python -m hw1lib.readme

takes the first sentences of each chapter's answer, with their verdicts and the means that decided
them, computed from the full profile's results in reference/ and results/, and puts them into the
README's table. A chapter of which a result is missing keeps its row. Nothing
is trained.
"""

import argparse
import os
import re
from pathlib import Path

from hw1lib.chapters.registry import Chapter, discover
from hw1lib.marks import typographic
from hw1lib.results.store import MissingResultError

README = Path(__file__).resolve().parents[1] / "README.md"


def finding(chapter: Chapter) -> str:
    """Return what a chapter found in its full profile, which is computed where it may be.

    Raises:
        MissingResultError: If one of its results is not stored, and none may be computed.
    """
    result = chapter.run(chapter.profiles["full"], device="cpu", progress=False)
    return typographic(chapter.in_brief(result))


def rows(text: str) -> dict[str, str]:
    """Find the findings in the README's table, by notebook."""
    found = re.findall(r"^\| .+? \| (.+) \| \[(\d\d_\w+)\]\(notebooks/\2\.ipynb\) \|$", text, re.M)
    return {notebook: cell for cell, notebook in found}


def main(words: list[str] | None = None) -> None:
    """Write the table, and say which chapters kept their row."""
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.readme",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(words)
    os.environ["HW1_COMPUTE"] = "no"
    text = README.read_text(encoding="utf-8")
    before = rows(text)
    for chapter in discover().values():
        try:
            now = finding(chapter)
        except MissingResultError as missing:
            print(f"{chapter.notebook}: kept, since {str(missing).splitlines()[0]}")
            continue
        link = f" | [{chapter.notebook}]("
        text = text.replace(f"| {before[chapter.notebook]}{link}", f"| {now}{link}")
        print(f"{chapter.notebook}: written")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
