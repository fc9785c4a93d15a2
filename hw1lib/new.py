"""Write a new chapter that runs and prints, as a beginning.

    python -m hw1lib.new 13_activation --question "Does the activation matter?"

copies the example in tools/chapter: a package in hw1lib/chapters, the notebook, a test, a line in
report/report.yml and a row in README.md. The example trains the deep regressor with two learning
rates; make of it what your question needs. docs/extending.md goes through it step by step.
"""

import argparse
import re
import sys
from pathlib import Path

from hw1lib.chapters.registry import PARTS, discover

CHECKOUT = Path(__file__).resolve().parents[1]
EXAMPLE = Path("tools/chapter")
QUESTION = "What is the question?"  # of the example


def written(root: Path, chapter: str, question: str) -> dict[Path, str]:
    """Return the files of a new chapter with their contents, new and changed ones.

    Args:
        root: The checkout.
        chapter: Number and name, such as 13_activation.
        question: What the chapter asks, ending with a question mark.

    Raises:
        ValueError: If the name, number or question cannot be taken, or the example is not there.
    """
    match = re.fullmatch(rf"([{''.join(PARTS)}]\d)_([a-z][a-z0-9_]*)", chapter)
    if not match:
        raise ValueError(
            f"a chapter is named by two digits, the first its part ({', '.join(PARTS)}), and a "
            f"word in lower case, such as 13_activation; got {chapter!r}"
        )
    number, name = match.groups()
    if not re.fullmatch(r'[^\n|"\\]+\?', question):
        raise ValueError(
            "the question must be one line that ends with ? and holds no quotes, bars or "
            f"backslashes, got {question!r}"
        )
    if taken := [c for c in discover().values() if number == c.number or name == c.name]:
        raise ValueError(f"there is a chapter {taken[0].notebook} already")
    if (root / "hw1lib" / "chapters" / f"{name}.py").exists() or name == "summary":
        raise ValueError(f"hw1lib/chapters/{name} is a module of all chapters; take another name")
    if not (root / EXAMPLE).is_dir():
        raise ValueError(f"{root} is no checkout of the project: it has no {EXAMPLE}")

    def renamed(text: str) -> str:
        text = text.replace("hw1lib.chapters.example", f"hw1lib.chapters.{name}")
        text = text.replace("import example as chapter", f"import {name} as chapter")
        text = text.replace('"example"', f'"{name}"').replace(QUESTION, question)
        text = text.replace("E-00", f"E-{number}").replace('number="00"', f'number="{number}"')
        text = text.replace("Chapter 00, homework 1-0", f"Chapter {number}, homework 1-{number[0]}")
        section = name.replace("_", "-")
        text = text.replace(f'section="{name}"', f'section="{section}"')
        return text.replace("-example-", f"-{section}-").replace(" example-", f" {section}-")

    package = Path("hw1lib/chapters") / name
    places = {
        **{path.name: package / path.name for path in (root / EXAMPLE).glob("*.py")},
        "test_example.py": Path(f"tests/chapters/test_{name}.py"),
        "example.ipynb": Path(f"notebooks/{chapter}.ipynb"),
    }
    files = {
        place: renamed((root / EXAMPLE / source).read_text(encoding="utf-8"))
        for source, place in places.items()
    }
    if existing := [place for place in files if (root / place).exists()]:
        raise ValueError(f"{existing[0]} is there already")
    report, readme = Path("report/report.yml"), Path("README.md")
    files[report] = _listed(root / report, chapter, f"      - {chapter}", r"      - (\d\d_\w+).*")
    link = f"[{chapter}](notebooks/{chapter}.ipynb)"
    row = f"| 1-{number[0]} {question} | not run in full yet | {link} |"
    files[readme] = _listed(root / readme, chapter, row, r"\|.*\[(\d\d_\w+)\]\(notebooks/.*")
    return files


def _listed(file: Path, chapter: str, line: str, pattern: str) -> str:
    """Return a file's text with the line of a chapter more, in the order of its part.

    Args:
        file: A list of chapters, one in a line.
        chapter: Number and name of the new one.
        line: What stands there of it.
        pattern: Finds the lines of chapters, and their names.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    found = {place: m[1] for place, text in enumerate(lines) if (m := re.fullmatch(pattern, text))}
    own = {place: name for place, name in found.items() if name[0] == chapter[0]}
    after = [place for place, name in own.items() if name < chapter]
    place = after[-1] + 1 if after else min(own)
    return "\n".join([*lines[:place], line, *lines[place:], ""])


def main(words: list[str] | None = None) -> None:
    """Write the chapter, or say in one sentence why not."""
    parser = argparse.ArgumentParser(
        prog="python -m hw1lib.new",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chapter", help="number and name, such as 13_activation")
    parser.add_argument("--question", required=True, help="what the chapter asks, in one line")
    arguments = parser.parse_args(words)
    try:
        files = written(CHECKOUT, arguments.chapter, arguments.question)
    except ValueError as error:
        sys.exit(f"nothing written: {error}")
    for place, text in files.items():
        (CHECKOUT / place).parent.mkdir(exist_ok=True)
        (CHECKOUT / place).write_text(text, encoding="utf-8")
        print(place)
    print(f"now: make chapter NAME={arguments.chapter} PROFILE=smoke")


if __name__ == "__main__":
    main()
