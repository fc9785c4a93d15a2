"""What print leaves to the page keeps its number and says where it is."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from hw1lib import marks
from hw1lib.publish.exporter import HTMLReportExporter, TypstExporter

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"/>'


def figure(name, tried=False):
    data = {"image/svg+xml": SVG, "text/plain": "A dot."}
    if tried:
        data[marks.EXPLORER] = {"header": {}, "numbers": ""}
    entry = {"kind": "figure", "id": name, "caption": f"Of {name}.", "alt": "A dot."}
    return new_output("display_data", data=data, metadata={"hw1": entry})


def table(name):
    data = {"text/markdown": "| loss |\n|--:|\n| 0.125 |", "text/plain": "0.125"}
    entry = {"kind": "table", "id": name, "caption": f"Of {name}."}
    return new_output("display_data", data=data, metadata={"hw1": entry})


def code(*outputs, tags=()):
    return new_code_cell(
        "1", outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)}
    )


@pytest.fixture
def notebook():
    return new_notebook(
        cells=[
            new_markdown_cell("# Chapter\n\nSee [Table numbers](#tbl-numbers)."),
            code(figure("fig-seen")),
            new_markdown_cell("## Predict\n\nSet the slider of [Figure guess](#fig-guess)."),
            code(figure("fig-guess", tried=True)),
            new_markdown_cell("## Try\n\nChoose in [Figure try](#fig-try)."),
            code(figure("fig-try", tried=True)),
            new_markdown_cell("## Both kinds\n\nThis stays."),
            code(figure("fig-mixed", tried=True), figure("fig-after")),
            code(table("tbl-numbers"), tags=["appendix-tables", "beside"]),
        ]
    )


def typst(notebook):
    source, _ = TypstExporter(strict=True).from_notebook_node(
        notebook, {"metadata": {"name": "chapter"}}
    )
    return source


def test_sections_to_be_tried_become_one_sentence_and_their_figures_are_counted(notebook):
    before = copy.deepcopy(notebook)
    source = typst(notebook)
    assert notebook == before
    assert "Set the slider" not in source
    assert "Choose in" not in source
    assert source.count("#hw1-tried(2)") == 1
    assert "Of fig-mixed." in source
    assert source.index("Of fig-seen.") < source.index("#hw1-tried(2)") < source.index("This stays")


def test_a_table_beside_the_report_keeps_its_caption_and_loses_its_numbers(notebook):
    source = typst(notebook)
    assert "Of tbl-numbers." in source
    assert "data/tbl-numbers.csv" in source
    assert "0.125" not in source


def test_the_page_has_all_of_it(notebook):
    html, _ = HTMLReportExporter(strict=True).from_notebook_node(
        notebook, {"metadata": {"name": "chapter"}}
    )
    assert all(name in html for name in ("Set the slider", "Choose in", "0.125", "Of fig-try."))
