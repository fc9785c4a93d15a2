"""How a printed report uses its paper: its pages, how empty each is, and its smallest print.

    python tools/printed.py report/report.pdf

The PDF's own commands are read, not a picture of it, so no other program is needed. Text inside
figures is outlines there and not measured; `figures.show` refuses what is too small.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdf
from pypdf.generic import ContentStream

Matrix = tuple[float, float, float, float, float, float]

TOP, BOTTOM = 70, 70  # points of a page's edges in which only its header and footer stand
LINES = 36  # points without print that are no hole: what stands around figures and headings


@dataclass(frozen=True)
class Sheet:
    """One page as printed."""

    number: int  # from 1
    empty: float  # share of the height of its text block that holds no print, from 0 to 1
    smallest: float  # size of its smallest letters, in points; infinite without any


def sheets(pdf: Path) -> list[Sheet]:
    """Measure the pages of a report."""
    return [_sheet(n, page) for n, page in enumerate(pypdf.PdfReader(pdf).pages, start=1)]


def _sheet(number: int, page: pypdf.PageObject) -> Sheet:
    bottom, top = BOTTOM, float(page.mediabox.height) - TOP
    printed = list(_printed(page))
    sizes = [size for _, _, size in printed if size]
    inked = sorted((max(low, bottom), min(high, top)) for low, high, _ in printed)
    holes, end = 0.0, float(bottom)
    for low, high in [*((a, b) for a, b in inked if a < b), (top, top)]:
        holes += low - end if low - end > LINES else 0
        end = max(end, high)
    return Sheet(number, holes / (top - bottom), min(sizes, default=float("inf")))


def _printed(page: pypdf.PageObject) -> Iterator[tuple[float, float, float]]:
    """Say from where to where each thing on a page reaches, and the size of letters, else 0."""
    known = page["/Resources"].get_object()
    shapes, fonts = (known.get(kind, {}) for kind in ("/XObject", "/Font"))
    matrix: Matrix = (1, 0, 0, 1, 0, 0)
    saved: list[Matrix] = []
    line, size = matrix, 0.0
    path: list[float] = []  # heights of the points of the shape that is being drawn
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        match operator:
            case b"q":
                saved.append(matrix)
            case b"Q":
                matrix = saved.pop()
            case b"cm":
                matrix = _times(_matrix(operands), matrix)
            case b"Tf":
                formula = "Math" in fonts[operands[0]].get_object()["/BaseFont"]
                size = 0 if formula else float(operands[1])  # whose exponents are smaller
            case b"Tm":
                line = _matrix(operands)
            case b"Tj" | b"TJ":
                placed = _times(line, matrix)
                height = size * abs(placed[3] or placed[1])
                yield placed[5] - 2, placed[5] + 8, height
            case b"m" | b"l" | b"c":
                x, y = (float(part) for part in operands[-2:])
                path.append(matrix[1] * x + matrix[3] * y + matrix[5])
            case b"f" | b"f*" | b"S" | b"B" | b"B*" | b"n":
                if path and operator != b"n":
                    yield min(path), max(path), 0
                path = []
            case b"Do":
                box = shapes[operands[0]].get_object().get("/BBox", (0, 0, 1, 1))
                corners = [(float(x), float(y)) for x in box[::2] for y in box[1::2]]
                ends = [matrix[1] * x + matrix[3] * y + matrix[5] for x, y in corners]
                yield min(ends), max(ends), 0


def _matrix(operands: object) -> Matrix:
    a, b, c, d, e, f = (float(x) for x in operands)  # type: ignore[attr-defined]
    return a, b, c, d, e, f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, x, y = then
    return (
        a * g + b * i, a * h + b * j,
        c * g + d * i, c * h + d * j,
        e * g + f * i + x, e * h + f * j + y,
    )  # fmt: skip


def main(pdf: str) -> None:
    """Print what was measured of a report."""
    pages = sheets(Path(pdf))
    half = [sheet.number for sheet in pages if sheet.empty > 0.5]
    smallest = min(pages, key=lambda sheet: sheet.smallest)
    print(
        f"{len(pages)} pages; {len(half)} more than half empty: {half}; "
        f"{sum(sheet.empty for sheet in pages):.1f} pages empty in all; "
        f"smallest print {smallest.smallest:.1f} pt, on page {smallest.number}"
    )


if __name__ == "__main__":
    main(sys.argv[1])
