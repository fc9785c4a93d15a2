"""What a reader may write in a cell is printed as JupyterLab shows it, or refused with its cell."""

import io
import logging
import re

import pypdf
import pytest
from nbformat.v4 import new_output, new_raw_cell
from small_report import Page, code, display, notebook, squeezed, text

from hw1lib.publish.exporter import HTMLReportExporter, TypstExporter, TypstPDFExporter
from hw1lib.publish.fences import as_jupyter_reads

TABULAR = r"\begin{tabular}{r|lr} & fruit & price\\ \hline 1 & apple & 3.60\\ \end{tabular}"

ALIKE = {  # what is written, by what stands on the page
    # a year that begins a line is no list
    "won in the month of July 2006. It was cold.": text(
        "won in the month of July\n2006. It was cold."
    ),
    "(a) first A. Smith a. last": text("(a) first\nA. Smith\na. last"),
    # HTML that JupyterLab obeys
    "H2O and x2 and Ctrl": text("H<sub>2</sub>O and x<sup>2</sup> and <kbd>Ctrl</kbd>"),
    "both bold and plain": text("<b>both <i>bold</i></b> and plain<!-- a remark -->"),
    "left right": text('<table>\n<tr><td rowspan="2">left</td>\n\n<td>right</td></tr>\n</table>'),
    "More a strong word": text(
        "<details><summary>More</summary>\n\na **strong** word\n\n</details>"
    ),
    "in the middle": text('<div align="center">\n\nin the *middle*\n\n</div>'),
    # and what it does not
    "[x]{onclick=go()} and {y}": text("[x]{onclick=go()} and {y}"),
    "::: {onclick=go()} inside :::": text("::: {onclick=go()}\ninside\n:::"),
    "Term : no definition": text("Term\n: no definition"),
    "& <b>escaped</b>": text("&amp; \\<b\\>escaped\\</b\\>"),
    "a|b in a table": text("| code | |\n|:--|:--|\n| `a\\|b` | in a table |"),
    "raw {braces} and # signs": new_raw_cell("raw {braces} and # signs"),
    # outputs
    "fruit price 1 apple 3.60": code(display({"text/latex": TABULAR})),
    "apple in HTML": code(
        display(
            {
                "text/latex": r"\begin{tabular}{l} apple\\ \end{tabular}",
                "text/html": "apple in HTML",
            }
        )
    ),
    "said with a hat": code(
        display(
            {"text/html": '<p onclick="go()">said <span style="color: red">with a hat</span></p>'}
        )
    ),
}


@pytest.fixture(scope="module")
def printed():
    """A notebook with all of it, as a page and as the text of its PDF."""
    nb = notebook([text("# T"), *ALIKE.values()])
    page, _ = HTMLReportExporter(strict=True).from_notebook_node(nb)
    pdf, _ = TypstPDFExporter(strict=True).from_notebook_node(nb)
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return Page(page), squeezed(" ".join(p.extract_text() for p in pages))


@pytest.mark.parametrize("shown", ALIKE)
def test_what_is_written_is_printed_as_jupyterlab_shows_it(printed, shown):
    page, pdf = printed
    assert squeezed(shown) in squeezed(page.text)
    assert squeezed(shown) in pdf


@pytest.mark.parametrize(
    "text_",
    [
        "~~~\none\n\ntwo\n2006. three\n~~~",
        "```\none\n\ntwo\n2006. three\n```",
        "- a list\n7. and another",
        "some words\n1. a list of one",
    ],
)
def test_numbers_in_code_and_lists_stay_as_they_are(text_):
    assert as_jupyter_reads(text_) == text_


def test_a_line_may_begin_with_any_number():
    assert as_jupyter_reads("words\n" + "9" * 5000 + ". end").endswith("9\\. end")


def test_no_attribute_of_a_reader_gets_into_the_page(printed):
    page, _ = printed
    given = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in given if name.startswith("on")}
    assert "remark" not in page.text


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (text("<b>bold, and no end"), "HTML in a text, which is printed as it is: <b>."),
        (
            code(display({"application/javascript": "go()"})),
            "no page can show an output of type application/javascript.",
        ),
        (
            code(display({"application/geo+json": {}, "application/json": {}})),
            "no page can show an output of type application/geo+json or application/json.",
        ),
    ],
)
def test_what_cannot_be_printed_is_named_with_its_cell(caplog, cell, complaint):
    with caplog.at_level(logging.WARNING):
        HTMLReportExporter().from_notebook_node(notebook([text("# T"), cell]))
    assert [record.message for record in caplog.records] == [
        f"notebook, cell 2 ({cell.id}): {complaint}"
    ]


def test_what_a_text_says_to_a_terminal_is_not_printed():
    link = "\x1b]8;;http://example.org\x1b\\the link\x1b]8;;\x1b\\"
    said = f"see {link}, \x1b[1;31mred\x1b[0m\x1b(B\x1b[?25l end"
    shown = code(new_output("stream", name="stdout", text=said))
    page, _ = HTMLReportExporter(strict=True).from_notebook_node(notebook([text("# T"), shown]))
    assert "see the link, red end" in Page(page).text


def rows(count):
    """A table as pandas writes one, without cells that span rows."""
    body = "".join(f"<tr><th>{i}</th><td>value {i}</td></tr>\n" for i in range(count))
    return f"<table><thead><tr><th></th><th>v</th></tr></thead><tbody>{body}</tbody></table>"


def test_a_long_table_is_read_in_pieces_and_is_whole():
    cells = [code(display({"text/html": rows(count)})) for count in (199, 200, 201, 450)]
    page, _ = HTMLReportExporter(strict=True).from_notebook_node(notebook([text("# T"), *cells]))
    shown = squeezed(Page(page).text)
    for count in (199, 200, 201, 450):
        assert squeezed("".join(f"{i}value {i}" for i in range(count))) in shown
    assert [tag for tag, _ in Page(page).elements].count("table") == 4


def test_long_printed_text_is_set_in_blocks_of_a_few_pages():
    """One block over all pages takes the typesetter time by the square of its length."""
    lines = [f"line {i}" for i in range(1000)]
    shown = code(new_output("stream", name="stdout", text="\n".join(lines)))
    source, _ = TypstExporter(strict=True).from_notebook_node(notebook([text("# T"), shown]))
    blocks = re.findall(r"^```\n(.*?)\n```$", source, re.DOTALL | re.MULTILINE)
    assert "\n".join(blocks).splitlines() == lines
    assert max(block.count("\n") + 1 for block in blocks) <= 200
