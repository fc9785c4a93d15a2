"""What is measured of a printed report, against pages whose measures are known."""

import runpy
from pathlib import Path

import pytest

from hw1lib.publish.programs import compile_pdf

printed = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "printed.py"))
TOP, BOTTOM, PAGE = printed["TOP"], printed["BOTTOM"], 842  # points; a page of A4


def sheets(tmp_path, body):
    path = tmp_path / "report.pdf"
    path.write_bytes(compile_pdf(f'#set page(paper: "a4", margin: {TOP}pt)\n{body}', {}))
    return printed["sheets"](path)


def test_a_page_with_one_line_is_empty_and_one_with_a_picture_as_high_as_it_is_not(tmp_path):
    line, full = sheets(tmp_path, "A line.#pagebreak()#rect(width: 50%, height: 100%)")
    assert line.empty > 0.95
    assert full.empty == 0


def test_the_empty_part_is_what_lies_below_and_between(tmp_path):
    height = PAGE - TOP - BOTTOM
    (page,) = sheets(
        tmp_path,
        f"#rect(width: 50%, height: {0.25 * height}pt)\n#v({0.25 * height}pt)"
        f"#rect(width: 50%, height: {0.125 * height}pt)",
    )
    assert page.empty == pytest.approx(0.625, abs=0.05)


def test_what_stands_around_a_heading_is_no_hole(tmp_path):
    lines = "#v(20pt)".join(["A line.\n\n"] * 17)
    (page,) = sheets(tmp_path, lines)
    assert page.empty < 0.25


def test_the_smallest_print_is_that_of_letters_and_not_of_exponents(tmp_path):
    one, two = sheets(
        tmp_path,
        "#text(10pt)[Large $x^(2 n)$]#pagebreak()#text(12pt)[Large #text(7.5pt)[small]]",
    )
    assert one.smallest == pytest.approx(10)
    assert two.smallest == pytest.approx(7.5)
