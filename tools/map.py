#!/usr/bin/env python3
"""Draw the map of the library, docs/map.svg and docs/map.md, from its imports and docstrings.

A box is a folder with its modules, an arrow says that one folder imports another. What follows from
two arrows has none of its own. `--check` compares only.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "hw1lib"
ORDER = (
    "networks", "data", "training", "measuring", "judging", "results", "showing", "exploring",
    "chapters", "publish",
)  # fmt: skip
# where each box stands, column and row, and over how many columns
PLACES = {
    "networks": (0, 0, 1), "data": (1, 0, 1),
    "training": (0.5, 1, 1),
    "measuring": (0, 2, 1), "results": (1, 2, 1), "showing": (2, 2, 1), "judging": (3, 2, 1),
    "exploring": (1.5, 3, 1),
    "chapters": (0, 4, 3), "publish": (3, 4, 1),
}  # fmt: skip
COLUMN, LINE, GAP, PAD = 220, 15, 46, 12  # pixels


class Module(NamedTuple):
    """A module of the library."""

    folder: str
    name: str  # "" for the folder's own
    says: str  # first line of its docstring
    uses: frozenset[str]  # folders that it imports from, besides its own


def modules() -> Iterator[Module]:
    """Read every module; a chapter counts as one."""
    for folder in ORDER:
        for path in sorted((LIBRARY / folder).glob("*.py")):
            yield _module(folder, path.stem.replace("__init__", ""), [path])
        for package in sorted(p.parent for p in (LIBRARY / folder).glob("*/__init__.py")):
            yield _module(folder, package.name, sorted(package.rglob("*.py")))


def _module(folder: str, name: str, files: list[Path]) -> Module:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    says = (ast.get_docstring(trees[0]) or "").splitlines()[0]
    imported = {
        node.module.split(".")[1]
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hw1lib.")
    }
    return Module(folder, name, says, frozenset(imported & set(ORDER) - {folder}))


def arrows(found: list[Module]) -> list[tuple[str, str]]:
    """Return which folder imports which, without what follows: a to c where a to b and b to c."""
    uses = {folder: {u for m in found if m.folder == folder for u in m.uses} for folder in ORDER}
    return [
        (user, used)
        for user in ORDER
        for used in ORDER
        if used in uses[user] and not any(used in uses[between] for between in uses[user])
    ]


def picture(found: list[Module]) -> str:
    """Return the map as SVG."""
    names = {folder: [m.name for m in found if m.folder == folder and m.name] for folder in ORDER}
    per_line = {folder: 2 * PLACES[folder][2] for folder in ORDER}
    high = {f: 2 * PAD + LINE * (1 + -(-len(names[f]) // per_line[f])) for f in ORDER}
    rows = [max(high[f] for f in ORDER if PLACES[f][1] == row) for row in range(4)]
    left = {f: 20 + PLACES[f][0] * (COLUMN + 20) for f in ORDER}
    top = {f: 20 + sum(rows[: PLACES[f][1]]) + GAP * PLACES[f][1] for f in ORDER}
    wide = {f: PLACES[f][2] * (COLUMN + 20) - 20 for f in ORDER}
    size = (20 + 4 * (COLUMN + 20), 40 + sum(rows) + 3 * GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        'font-family="sans-serif" font-size="12" role="img" '
        'aria-label="The folders of hw1lib with their modules, and which imports which">',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
    ]
    for user, used in arrows(found):
        # from the nearest place on the user's upper edge to the middle of the used one's lower
        x = left[used] + wide[used] / 2
        start = min(max(x, left[user] + 40), left[user] + wide[user] - 40)
        lines.append(
            f'<path d="M{start:g} {top[user]:g} L{x:g} {top[used] + high[used] + 2:g}" '
            'stroke="#555" marker-end="url(#head)"/>'
        )
    for folder in ORDER:
        x, y = left[folder], top[folder]
        lines.append(
            f'<rect x="{x:g}" y="{y:g}" width="{wide[folder]:g}" height="{high[folder]}" rx="6" '
            'fill="#eef4fa" stroke="#0072B2"/>'
            f'<text x="{x + PAD:g}" y="{y + PAD + 9:g}" font-weight="bold">{folder}/</text>'
        )
        for place, name in enumerate(names[folder]):
            row, column = divmod(place, per_line[folder])
            lines.append(
                f'<text x="{x + PAD + column * (wide[folder] - PAD) / per_line[folder]:g}" '
                f'y="{y + PAD + 9 + LINE * (row + 1):g}">{escape(name)}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def page(found: list[Module]) -> str:
    """Return the page with the picture and a line for each module."""
    lines = [
        "# Map of the library",
        "",
        "Written by `make map` from the imports and the docstrings.",
        "",
        "![Folders with their modules; arrows point from a folder to those it imports](map.svg)",
        "",
        "A folder may also import what lies behind an arrow's end; a test holds each to that. "
        "Inside a chapter everything is built around its `result`: views, findings, claims "
        "and slips read it and never each other.",
    ]
    for folder in ORDER:
        (own,) = (m for m in found if m.folder == folder and not m.name)
        lines += ["", f"## {folder}", "", own.says, "", "| module | knows |", "|:--|:--|"]
        lines += [
            f"| `{m.name}` | {m.says.replace('|', chr(92) + '|')} |"
            for m in found
            if m.folder == folder and m.name
        ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write both files, or with --check say whether they are what would be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, and write nothing")
    check = parser.parse_args().check
    found = list(modules())
    for name, content in {"map.svg": picture(found), "map.md": page(found)}.items():
        file = ROOT / "docs" / name
        if not check:
            file.write_text(content, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != content:
            sys.exit(f"docs/{name} does not follow from the library: make map")


if __name__ == "__main__":
    main()
