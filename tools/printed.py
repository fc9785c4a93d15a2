"""How a printed report uses its paper: its pages, how empty each is, and its smallest print.

    python tools/printed.py report/report.pdf

The PDF's own objects are measured, not a picture of it. Text inside figures is outlines there and
not measured; `figures.show` refuses what is too small.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

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
    with pdfium.PdfDocument(pdf) as document:
        return [_sheet(n, page) for n, page in enumerate(document, start=1)]


def _sheet(number: int, page: pdfium.PdfPage) -> Sheet:
    bottom, top = BOTTOM, page.get_height() - TOP
    inked, sizes = [], [float("inf")]
    for thing in page.get_objects(max_depth=1):
        _, low, _, high = thing.get_bounds()
        inked.append((max(low, bottom), min(high, top)))
        if thing.type == raw.FPDF_PAGEOBJ_TEXT and "Math" not in thing.get_font().get_base_name():
            matrix = thing.get_matrix()  # formulas are left out, whose exponents are smaller
            sizes.append(thing.get_font_size() * abs(matrix.d or matrix.b))
    holes, end = 0.0, float(bottom)
    for low, high in [*sorted(place for place in inked if place[0] < place[1]), (top, top)]:
        holes += low - end if low - end > LINES else 0
        end = max(end, high)
    return Sheet(number, holes / (top - bottom), min(sizes))


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
