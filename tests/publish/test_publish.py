"""The report: what goes in comes out, and what cannot come out stops the build."""

import io
import logging
import re
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat
import pypdf
import pytest
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_output
from small_report import (
    FORMATS,
    NUMBERS,
    OTHER_PNG,
    PACKED,
    PNG,
    REFERENCES,
    SETTINGS,
    Page,
    code,
    display,
    figure,
    first,
    notebook,
    run_command,
    second,
    squeezed,
    table,
    text,
)

from hw1lib.publish import fences, load_report
from hw1lib.publish.__main__ import main
from hw1lib.publish.exporter import HTMLReportExporter, TypstExporter, TypstPDFExporter
from hw1lib.publish.programs import compile_pdf, without_glyph
from hw1lib.publish.settings import PublishError


@pytest.fixture
def build(tmp_path):
    return partial(run_command, tmp_path)


class Built(NamedTuple):
    out: Path
    pdf: pypdf.PdfReader
    pdf_text: str
    html: str
    notebook: nbformat.NotebookNode


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sample report, built once: its PDF, page and notebook, and the text of the PDF."""
    folder = tmp_path_factory.mktemp("report")
    status, out = run_command(folder)
    assert status == 0
    reader = pypdf.PdfReader(out / "report.pdf")
    return Built(
        out=out,
        pdf=reader,
        pdf_text="\n".join(page.extract_text() for page in reader.pages),
        html=(out / "report.html").read_text(),
        notebook=nbformat.read(out / "report.ipynb", as_version=4),
    )


SHOWN = [
    "Does it really work?",
    "A report on nothing",
    "Ada Example",
    "B. O’Hara",
    "Two chapters with a bit of everything.",
    "1-1 First part",
    "1.1 Fitting a function",
    "1.1 The loss",
    "1.2 Images",
    "See Figure 1, Table 1 and Chapter 1.2.",
    "Unlike in Chapter 1.1, and Figure 1, Figure 2.",
    "by Equation 1.",
    "As Keskar et al. (2017) and others (Zhang et al. 2017) say:",
    "The median is 0.125.",
    "printed plainly",
    "CNN 0.987",
    "of 3 runs. 11_first, cell cell-5; spec 3fa2c81b90; seeds 0 to 19",
    "Figure 2. A second one. 12_second, cell cell-3",
    "Understanding Deep Learning Requires Rethinking Generalization",
    "A Provenance",
    "MNIST (stand-in) 20 60 3 min 20 s 2026-02-03 0123456789",
    "CIFAR-10 (real) – – – –",
    "2 cores cpu, 1 thread torch 2.11.0",
]


@pytest.mark.parametrize("sentence", SHOWN)
def test_pdf_and_page_show_the_same(built, sentence):
    assert squeezed(sentence) in squeezed(built.pdf_text)
    assert squeezed(sentence) in squeezed(Page(built.html).text)


RESIDUE = [
    "model_id",
    "FigureWidget",
    "<Figure size",
    "a noisy warning",
    "dropped by its tag",
    "10%",
    "secret-parameter",
    "plot(result)",
    "shown",
    "style scoped",
    "[31m",
    "@fig",
    "tbl-",
    "eq-",
]


@pytest.mark.parametrize("residue", RESIDUE)
def test_nothing_shows_that_is_not_for_the_reader(built, residue):
    assert residue not in built.pdf_text
    assert residue not in Page(built.html).text


def test_a_browser_shows_the_title_of_the_report_or_of_a_chapter_alone(built):
    assert "<title>Does it really work?</title>" in built.html
    for cells, title in (([text("# A *chapter*")], "A chapter"), ([text("No title.")], "Notebook")):
        page, _ = HTMLReportExporter().from_notebook_node(notebook(cells))
        assert f"<title>{title}</title>" in page


def test_captions_are_numbered_and_computed(built):
    assert "Figure 1. Loss" in built.pdf_text
    assert "Table 1. Mean of" in built.pdf_text
    shown = squeezed(Page(built.html).text)
    assert squeezed("Figure 1. Loss") in shown
    assert squeezed("Table 1. Mean of") in shown


def test_captioned_figures_are_vectors_in_the_pdf(built):
    pages = {page.extract_text(): page for page in built.pdf.pages}
    images = {text: len(page.images) for text, page in pages.items() if "Figure" in text}
    chapter_1 = next(
        n for text, n in images.items() if "Fitting a function" in text and "median" in text
    )
    chapter_2 = next(n for text, n in images.items() if "A second one" in text)
    assert (chapter_1, chapter_2) == (0, 1)  # one, for the PNG that a plain cell has left


def test_headings_are_bookmarks_of_the_pdf(built):
    titles = [entry.title for entry in built.pdf.outline if not isinstance(entry, list)]
    assert titles == ["1.1 Fitting a function", "1.2 Images", "References", "A Provenance"]


def test_pdf_describes_its_figures(built):
    objects = (built.pdf.get_object(n) for n in range(1, len(built.pdf.xref[0]) + 1))
    alts = [entry["/Alt"] for entry in objects if isinstance(entry, dict) and "/Alt" in entry]
    assert {"A falling curve", 'An "M" & more'} <= set(alts)


def test_page_has_every_id_and_every_link_leads_somewhere(built):
    page = Page(built.html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert {"fig-curve", "fig-second", "tbl-numbers", "eq-loss", "sec-first"} <= set(ids)
    assert len(ids) == len(set(ids))
    inside = [href[1:] for href in page.attributes("a", "href") if href.startswith("#")]
    assert inside
    assert set(inside) <= set(ids)


def test_page_has_contents_with_parts_chapters_and_sections(built):
    start, end = built.html.index('<nav id="TOC"'), built.html.index("</nav>")
    shown = squeezed(Page(built.html[start:end]).text)
    assert shown.startswith(
        squeezed("Contents 1-1 First part 1.1 Fitting a function 1.1.1 The loss")
    )
    assert shown.endswith(squeezed("1-2 Second part 1.2 Images References A Provenance"))


def test_page_loads_nothing(built):
    page = Page(built.html)
    assert not {tag for tag, _ in page.elements} & {"link", "iframe", "object", "embed"}
    assert all(source.startswith("data:") for source in page.attributes("img", "src"))
    assert not page.attributes("script", "src")
    assert not re.search(r"url\((?!%23)|@import", built.html)


def test_page_has_vector_figures_with_alt_text_and_mathml(built):
    page = Page(built.html)
    figures = [a for tag, a in page.elements if tag == "img" and a.get("alt")]
    others = ["Picture put out by 12_second, cell cell-2"]
    assert [a["alt"] for a in figures] == ["A falling curve", *others, 'An "M" & more']
    kinds = [a["src"].partition(";")[0] for a in figures]
    assert kinds == ["data:image/svg+xml", "data:image/png", "data:image/svg+xml"]
    assert len([tag for tag, _ in page.elements if tag == "math"]) >= 4


def test_merged_notebook_has_unique_ids_and_no_widget_state(built):
    ids = [cell.id for cell in built.notebook.cells]
    assert len(ids) == len(set(ids)) == len(first()) + len(second()) + 2  # two part headings
    assert "widgets" not in built.notebook.metadata


def test_same_input_gives_the_same_bytes(built, build):
    status, out = build()
    assert status == 0
    for name in ("report.pdf", "report.html", "report.ipynb"):
        assert (out / name).read_bytes() == (built.out / name).read_bytes(), name


def test_a_single_chapter_becomes_a_pdf_and_a_page(built, capsys):
    folder = built.out.parent
    command = [folder / "report.yml", "--only", "12_second", "--chapters", folder]
    assert main([str(word) for word in [*command, "--out", folder / "single"]]) == 0
    assert {path.name for path in (folder / "single").iterdir()} == {
        "12_second.pdf", "12_second.html"
    }  # fmt: skip
    shown = pypdf.PdfReader(folder / "single" / "12_second.pdf").pages[0].extract_text()
    assert "12_second, cell" in "".join(
        page.extract_text() for page in pypdf.PdfReader(folder / "single" / "12_second.pdf").pages
    )
    assert "Does it really work?" not in shown
    command[2] = "99_none"
    capsys.readouterr()
    assert main([str(word) for word in [*command, "--out", folder / "none"]]) == 1
    assert capsys.readouterr().err.startswith("error: no executed notebook for 99_none: expected")
    assert not (folder / "none").exists()


def test_numbers_and_vectors_lie_beside_the_report_and_only_there(built):
    assert {path.name for path in (built.out / "data").iterdir()} == {
        "fig-curve.csv", "fig-second.csv", "tbl-numbers.csv"
    }  # fmt: skip
    assert (built.out / "data" / "fig-curve.csv").read_text() == NUMBERS
    for name in ("fig-curve", "fig-second"):
        assert (built.out / "figures" / f"{name}.svg").read_bytes() == FORMATS["svg"]
    assert len(list((built.out / "figures").iterdir())) == 2
    assert PACKED not in (built.out / "report.ipynb").read_text()


def test_files_of_figures_that_are_no_more_are_removed_and_others_left(build, tmp_path):
    gone = [tmp_path / "out" / name for name in ("data/fig-gone.csv", "figures/fig-gone.svg")]
    kept = tmp_path / "out" / "data" / "notes.txt"
    for path in (*gone, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("older")
    status, out = build()
    assert status == 0
    assert not any(path.exists() for path in gone)
    assert kept.read_text() == "older"
    assert (out / "data" / "fig-curve.csv").exists()


def test_code_can_go_to_an_appendix(build):
    status, out = build(settings=SETTINGS + "code: appendix\n")
    assert status == 0
    page = Page((out / "report.html").read_text()).text
    assert squeezed("B.1 11_first plot(result)") in squeezed(page)
    assert "secret-parameter" not in page


def test_code_can_stay_in_its_place(build):
    cells = [*first(), code(source="hidden_setup()", tags=["hide-input"])]
    status, out = build(settings=SETTINGS + "code: inline\n", one=cells)
    assert status == 0
    page = Page((out / "report.html").read_text()).text
    assert page.index("plot(result)") < page.index("The median is")
    assert "hidden_setup" not in page


LINKS = (
    "[Figure curve](#fig-curve), [Table numbers](12_second.ipynb#tbl-numbers), "
    "[chapter 12](12_second.ipynb), [chapter 11](11_first.ipynb), [chapter 34](34_none.ipynb), "
    '[(their paper)](https://example.org "@zhang2017rethinking") and [a page](https://example.org).'
)


def test_links_between_notebooks_become_numbers_and_citations(build):
    status, out = build(one=[*first(), text(LINKS)], two=[text("# Images\n\nNo id here.")])
    assert status == 0
    told = squeezed(
        "Figure 1, Table 1, Chapter 1.2, Chapter 1.1, chapter 34, (Zhang et al. 2017) and a page."
    )
    html = (out / "report.html").read_text()
    assert told in squeezed(Page(html).text)
    assert 'id="sec-second"' in html
    assert '<a href="https://example.org">a page</a>' in html
    pages = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(out / "report.pdf").pages)
    assert told in squeezed(pages)


def test_a_link_to_a_figure_or_paper_that_is_not_there_stops_the_report(build, capsys):
    nowhere = text('[Figure none](#fig-none) and [(X)](https://example.org "@nobody2020").')
    status, _ = build(one=[*first(), nowhere])
    assert status != 0
    said = capsys.readouterr().err
    assert "unknown reference @fig-none" in said
    assert "unknown citation @nobody2020" in said


def test_a_caption_for_the_notebook_is_not_printed_again(build):
    caption = display({"text/markdown": "**Figure curve.** Said twice.", "text/plain": ""})
    caption["metadata"] = {"hw1": {"kind": "caption"}}
    status, out = build(one=[*first(), code(caption)])
    assert status == 0
    assert "Said twice" not in (out / "report.html").read_text()


def test_settings_stand_in_an_appendix(build):
    table = "| setting | value |\n|:--|:--|\n| `epochs` | 20,000 |\n"
    shown = display({"text/markdown": table, "text/html": "<details></details>"}, kind="settings")
    status, out = build(one=[*first(), code(shown)])
    assert status == 0
    page = squeezed(Page((out / "report.html").read_text()).text)
    settings = "A Settings A.1 Chapter 1.1: Fitting a function setting value epochs 20,000"
    assert squeezed(f"{settings} B Provenance") in page
    assert page.count("20,000") == 1


ABSTRACT = text(
    "The loss is **0.125**, see @fig-curve, [@zhang2017rethinking] and $x^2$.\n\nSecond.",
    metadata={"tags": ["abstract"]},
)
WITHOUT = SETTINGS.replace("abstract: Two chapters with a bit of everything.\n", "")


@pytest.mark.parametrize(
    "cell",
    [
        ABSTRACT,
        code(display({"text/markdown": ABSTRACT.source}), source="told()", tags=["abstract"]),
    ],
    ids=["text", "output"],
)
def test_an_abstract_of_a_notebook_stands_on_the_title_page_only(build, cell):
    status, out = build(settings=WITHOUT + "code: inline\n", one=[*first(), cell])
    assert status == 0
    page = (out / "report.html").read_text()
    title_page = Page(page[: page.index('id="TOC"')]).text
    told = squeezed("The loss is 0.125, see Figure 1, (Zhang et al. 2017) and")
    assert told in squeezed(title_page)
    pages = [squeezed(sheet.extract_text()) for sheet in pypdf.PdfReader(out / "report.pdf").pages]
    assert told in pages[0]
    assert "Second." in pages[0]
    assert squeezed(Page(page).text).count(told) == "".join(pages).count(told) == 1
    assert "told()" not in page


def test_in_a_single_notebook_an_abstract_stays_where_it_is():
    cells = [text("# T"), ABSTRACT, code(figure())]
    pdf, _ = TypstPDFExporter(bibliography=str(REFERENCES)).from_notebook_node(notebook(cells))
    first, second = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert first.index("1 T") < first.index("The loss is 0.125") < first.index("Figure 1.")
    assert second.startswith("References")  # which no figure passes


def ruled(*rows):
    """Lengths of a rule as wide as the text, and of those of a table with these rows."""
    shown = table()
    shown["data"]["text/markdown"] = "\n".join("|" + row for row in rows) + "\n"
    cells = [text("# T"), text("---"), code(shown)]
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook(cells))
    lengths = []

    def measure(operator, operands, *_):
        if operator == b"m":
            measure.start = operands
        elif operator == b"l" and operands[1] == measure.start[1]:
            lengths.append(float(operands[0] - measure.start[0]))

    pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_operand_before=measure)
    *of_table, rule = sorted(map(abs, lengths))  # a table is never wider
    assert of_table
    return rule, of_table


def test_a_table_too_wide_for_the_page_shrinks_to_its_width_and_no_further():
    """Eleven columns are a little too wide."""
    rule, of_table = ruled("1 column|" * 11, ":--|" * 11, "0.25|" * 11)
    assert 0.9 * rule < max(of_table) < 1.001 * rule


def test_columns_with_equally_long_texts_share_the_page():
    """Two cells of 88 characters are too wide for the page, in neither is there a long word."""
    sentence = "nine words of four or five are quite a few w " * 2
    rule, of_table = ruled("one|two|", ":--|:--|", f"{sentence}|{sentence}|")
    assert max(of_table) > 0.7 * rule


def test_short_cells_stay_on_one_line_beside_sentences():
    sentence = "this sentence has to be wrapped to make room for the numbers beside it " * 2
    numbers = ["−0.123 [−0.2, 0.2]", "not tested", "n = 20"]
    shown = table()
    shown["data"]["text/markdown"] = (
        "| one | two | effect | verdict | replicas |\n|:--|:--|:--|:--|:--|\n"
        + f"| {sentence} | {sentence} | {' | '.join(numbers)} |\n" * 3
    )
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([text("# T"), code(shown)]))
    lines = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().splitlines()
    for number in numbers:
        assert sum(" ".join(line.split()).count(number) for line in lines) == 3


def test_no_line_of_print_ends_inside_a_number():
    numbers = ["0.5 [0.25, 0.75] pp", "n = 20", "95 %"]
    many = text("# T\n\n" + f"Of {numbers[0]} told by {numbers[1]} in {numbers[2]} it is; " * 50)
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([many]))
    shown = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert len(lines) > 20
    for number in ("[0.25, 0.75] pp", *numbers[1:]):
        assert sum(line.count(number) for line in lines) == 50


def test_no_line_of_print_ends_inside_a_name():
    names = ["CIFAR-10", "A-C14a", "E-21b"]
    many = text("# T\n\n" + f"Of {names[0]} what {names[1]} and then {names[2]} say; " * 50)
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([many]))
    lines = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().splitlines()
    assert len(lines) > 15
    for name in names:
        assert sum(line.replace(" ", "").count(name) for line in lines) == 50


@pytest.mark.parametrize(
    ("settings", "cells", "places"),
    [
        (SETTINGS, [ABSTRACT], "11_first, cell 2 (cell-1); report.yml"),
        (WITHOUT, [ABSTRACT, ABSTRACT], "11_first, cell 2 (cell-1); 11_first, cell 3 (cell-2)"),
    ],
    ids=["settings", "cells"],
)
def test_a_second_abstract_is_refused(build, capsys, settings, cells, places):
    copies = [nbformat.from_dict(cell) for cell in cells]
    status, out = build(settings=settings, one=[text("# T"), *copies], two=[text("# Second")])
    assert status == 1
    assert capsys.readouterr().err == f"error: a report has one abstract, here are 2: {places}.\n"
    assert not out.exists()


HOSTILE = {
    "hostname": '#read("/etc/hostname")',
    "ticks": '`#panic("ticks")`{=typst}',
    "blocks": '```{=typst}\n#panic("blocks")\n```',
    "elsewhere": '#import "elsewhere.typ"',
    "brackets": "]) #panic() #figure([ brackets",
    "dollars": "5 $ and 6 dollars for \\textbf{you}",
    "alert": "<script>alert(1)</script>",
    "example.org": '<object data="http://example.org/x.png">',
    "fenced": "``` a fenced block without end",
    "unclosed": "::: an unclosed div",
    "comments": "--- */ // /* comments {{ cell }} {% raw %}",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report in which every kind of text tries to speak to the machinery."""
    cells = [text("# Title")]
    for word, attack in HOSTILE.items():
        cells += [
            text(attack),
            code(display({"text/markdown": attack})),
            code(figure(f"fig-{word.split('.')[0]}", " ".join(attack.split()), attack)),
            code(new_output("stream", name="stdout", text=attack)),
        ]
    status, out = run_command(
        tmp_path_factory.mktemp("hostile"), one=[*cells, text("The end stays.")], two=[text("# B")]
    )
    assert status == 0
    pages = pypdf.PdfReader(out / "report.pdf").pages
    return Page((out / "report.html").read_text()), "".join(p.extract_text() for p in pages)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_text_is_shown_and_not_obeyed(hostile, word):
    page, pdf = hostile
    assert page.text.count(word) >= 4  # text, output, caption and stream
    assert pdf.count(word) >= 4


def test_hostile_text_does_not_swallow_what_follows(hostile):
    page, pdf = hostile
    for shown in (page.text, pdf):
        assert "The end stays." in shown
        assert f"Figure {len(HOSTILE)}." in shown
    assert [tag for tag, _ in page.elements].count("script") == 1  # the page's own
    assert all(source.startswith("data:") for source in page.attributes("img", "src"))


BROKEN = {
    "unknown reference @fig-none": [text("# T\n\nSee @fig-none.")],
    "unknown citation @nobody2020": [text("# T\n\nAs @nobody2020 says.")],
    "the id fig-twice is already taken in 11_first, cell 2 (cell-1)": [
        text("# T"),
        code(figure("fig-twice")),
        code(figure("fig-twice")),
    ],
    "cannot convert the formula \\foo{x}": [text("# T\n\n$\\foo{x}$")],
    "cannot convert the formula a = b \\tag{7}": [text("# T\n\n$$a = b \\tag{7}$$")],
    "the picture plot.png is not in the notebook": [text("# T\n\n![A plot](plot.png)")],
    "a formula between $$ that has no end": [text("# T\n\n$$\nL = a\n\n+ b\n$$")],
    "HTML in a text, which is printed as it is: <b>": [text("# T\n\n<b>bold without end")],
    "no font of the printed report has 训练": [text("# T\n\n训练 and 训")],
    "the picture http://x.org/a.png is not in": [text('# T\n\n<img src="http://x.org/a.png"/>')],
    "a link to unknown #nowhere": [text("# T\n\n[there](#nowhere)")],
    "failed with ValueError: no such data": [
        text("# T"),
        code(new_output("error", ename="ValueError", evalue="no such data", traceback=[])),
    ],
    "was not executed": [text("# T"), new_code_cell("1 + 1")],
    "no cell begins with a title": [text("just text")],
}


@pytest.mark.parametrize("complaint", BROKEN)
def test_what_cannot_be_printed_stops_the_build_and_spares_the_old_report(
    build, tmp_path, capsys, complaint
):
    old = tmp_path / "out" / "report.pdf"
    old.parent.mkdir()
    old.write_text("the report of yesterday")
    status, out = build(one=BROKEN[complaint], two=[text("# Second {#sec-second}")])
    error = capsys.readouterr().err
    assert status == 1
    assert error.startswith("error: 11_first")
    assert complaint in error
    assert error.count("\n") == 1
    assert list(out.iterdir()) == [old]
    assert old.read_text() == "the report of yesterday"


WRONG_SETTINGS = {
    "no executed notebook for 12_third": SETTINGS.replace("12_second", "12_third"),
    "unknown 'subtitel' in the file": SETTINGS.replace("subtitle", "subtitel"),
    "lacks title": SETTINGS.replace("title: Does it *really* work?", ""),
    "code must be one of hide, inline, appendix": SETTINGS + "code: everywhere\n",
    "notebooks must be a list": SETTINGS.replace("- 11_first", "11_first"),
    "listed twice as a chapter: 11_first": SETTINGS.replace("12_second", "11_first"),
    "is not YAML": "title: [",
    "'../11_first' is no name of a file": SETTINGS.replace("11_first", "../11_first"),
    "'/11_first' is no name of a file": SETTINGS.replace("11_first", "/11_first"),
    "'11\\x00first' is no name of a file": SETTINGS.replace("11_first", '"11\\0first"'),
    "aliases are refused": SETTINGS + "date: &a [x]\nabstract: *a\n",
    "'title' is given twice": SETTINGS + "title: another\n",
    "could not determine a constructor": SETTINGS + "date: !!python/object:os.system x\n",
    "is nested too deeply": "title: " + "[" * 5000 + "]" * 5000,
    "month must be in 1..12": SETTINGS + "date: 2026-13-01\n",
    "no bibliography": SETTINGS.replace("references.bib", "absent.bib"),
}


@pytest.mark.parametrize("complaint", WRONG_SETTINGS)
def test_wrong_settings_are_refused_in_one_sentence(build, capsys, complaint):
    status, out = build(settings=WRONG_SETTINGS[complaint])
    error = capsys.readouterr().err
    assert status == 1
    assert complaint in error
    assert error.count("\n") == 1
    assert not list(out.glob("*"))


def test_settings_in_another_encoding_are_refused(tmp_path):
    path = tmp_path / "report.yml"
    path.write_bytes("title: Größe".encode("latin-1"))
    with pytest.raises(PublishError, match=r"report\.yml is not written in UTF-8\.$"):
        load_report(path)


def test_what_is_said_of_a_wrong_setting_is_short(tmp_path):
    path = tmp_path / "report.yml"
    path.write_text(f"title: T\nchapters: {'x' * 100_000}")
    with pytest.raises(PublishError) as refused:
        load_report(path)
    assert len(str(refused.value)) < 200 + len(str(path))


def test_real_settings_name_chapters_and_bibliography():
    report = load_report(REFERENCES.with_name("report.yml"))
    assert "11_function_fit" in report.notebooks
    assert report.bibliography == REFERENCES


FORMULAS = {
    r"\operatorname{Tr}(H)": 'op("Tr")',
    r"\operatorname*{arg\,min}_{x} f": "limits: #true",
    r"\frac{a}{b}\;c": "a / b med c",
    r"a\!b": "a b",
    r"p(a \mid b)": "a divides b",
    r"\bigl( x \bigr]": r"#scale(x: 120%, y: 120%)[\]]",  # see report.typ
    r"\bigl\| x \bigr\|": "#scale(x: 120%, y: 120%)[‖]",
    r"\begin{align} a &= b & c &= d \end{align}": "#h(2em) & c",
    r"\begin{cases} a & x > 0 \\ b & x < 0 \end{cases}": "& quad x > 0",
    r"\begin{Vmatrix} a \end{Vmatrix}": "‖",
    r"|x| + \|y\|_2 + \left\lVert z \right\rVert": "bar.v.double",
    r"x \in [0, 1], \{1, 2\}, \Big|_{x=0}": r"#scale(x: 180%, y: 180%)[\|]_(x = 0)",
    r"A \otimes B \odot C \ominus D": "A times.o B dot.o C minus.o D",
    r"A \cap B, \bigcap_i A_i, A \sqcap B": "A inter B",
    r"\bigotimes_i A_i \bigodot_i B_i \circleddash": "times.o.big",
    r'\text{if "a" | divides} + \hat\theta^\top \mathbb{R}^n': "divides",
}


@pytest.mark.parametrize("tex", FORMULAS)
def test_formula_becomes_typst_that_compiles(tex):
    exporter = TypstExporter(strict=True)
    source, resources = exporter.from_notebook_node(notebook([text(f"$${tex}$$ and ${tex}$")]))
    assert FORMULAS[tex] in source
    assert compile_pdf(source, resources["outputs"]).startswith(b"%PDF")


@pytest.mark.parametrize("spaced", [r"$ \eta_t $", "$\t\\eta_t$", r"$\eta_t $", r"`x` $ \eta_t $"])
def test_a_formula_with_spaces_inside_its_dollars_is_one(spaced):
    exporter = TypstExporter(strict=True)
    source, _ = exporter.from_notebook_node(notebook([text(f"The step {spaced} shrinks.")]))
    assert "eta_t$" in source


@pytest.mark.parametrize(
    "code", ["`$ HOME $`", "```\n$ HOME $ <img src=x>\n```", "~~~\n$ a $\n~~~", "``a ` $ b $``"]
)
def test_what_is_code_is_left_alone(code):
    assert fences.as_jupyter_reads(code) == code


def test_a_failure_of_typst_names_its_cell():
    source = "// from 11_fit, cell 1\n\nfine\n\n// from 11_fit, cell 2\n\n#nothing\n"
    with pytest.raises(PublishError, match=r"^11_fit, cell 2: Typst failed: unknown variable"):
        compile_pdf(source, {})


def test_letters_that_no_font_has_are_found_by_reading_them_back():
    assert without_glyph("aé训βテ→") == "训テ"
    assert without_glyph("") == ""


def test_a_long_printed_word_ends_on_the_page():
    line = "weights:" + ",".join(f"{i / 7:.6f}" for i in range(60)) + "x" * 300 + "END"
    shown = code(new_output("stream", name="stdout", text=line))
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([text("# T"), shown]))
    lines = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().splitlines()
    printed = "".join(lines).replace("\u200b", "")
    assert line in printed
    assert max(map(len, lines)) < 160


def test_an_image_in_html_is_shown_with_its_width(build):
    cell = text('# T\n\n<img src="attachment:a.png" alt="A" width="30"/>')
    cell.attachments = {"a.png": {"image/png": PNG}}
    source, resources = TypstExporter(strict=True).from_notebook_node(notebook([cell]))
    assert "width: 22.5pt" in source
    assert compile_pdf(source, resources["outputs"]).startswith(b"%PDF")


def test_attachments_whose_names_differ_in_other_letters_stay_apart():
    cell = text("# T\n\n![](attachment:α.png) ![](attachment:β.png)")
    cell.attachments = {"α.png": {"image/png": PNG}, "β.png": {"image/png": OTHER_PNG}}
    page, _ = HTMLReportExporter(strict=True).from_notebook_node(notebook([cell]))
    sources = Page(page).attributes("img", "src")
    assert len(sources) == len(set(sources)) == 2


def test_larger_brackets_are_larger_signs_and_not_enlarged_text():
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([text(r"$$\bigl( x \bigr)$$")]))
    drawn_ = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].get_contents().get_data()
    assert b"Tf" in drawn_
    assert not re.search(rb"\b1\.2 0 0 -?1\.2 ", drawn_)


def test_attachments_of_different_chapters_do_not_meet(build):
    cells = {
        "one": [
            text("# A\n\n![](attachment:a b.png)", attachments={"a b.png": {"image/png": PNG}})
        ],
        "two": [
            text("# B\n\n![](attachment:a b.png)", attachments={"a b.png": {"image/png": PNG}})
        ],
    }
    status, out = build(**cells)
    assert status == 0
    assert len(Page((out / "report.html").read_text()).attributes("img", "src")) == 2


def test_long_table_repeats_its_header_and_keeps_its_caption():
    rows = "".join(f"| row {n} | {n / 7:.3f} |\n" for n in range(90))
    long_table = table()
    long_table.data["text/markdown"] = f"| header | loss |\n|:--|--:|\n{rows}"
    pdf, _ = TypstPDFExporter().from_notebook_node(notebook([text("# T"), code(long_table)]))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) > 1
    assert all("header" in page for page in pages)
    assert "Table 1." in pages[0]
    assert "row 89" in pages[-1]


def test_exporters_are_registered_with_nbconvert():
    pdf, _ = get_exporter("report_pdf")().from_notebook_node(notebook(second()))
    assert pdf.startswith(b"%PDF")
    assert get_exporter("typst") is TypstExporter


def test_single_chapter_warns_of_what_it_cannot_resolve_and_shows_it(caplog):
    cells = [text("# T\n\nSee @sec-other-work of @nobody2020 and @keskar2017large.")]
    exporter = TypstPDFExporter(
        log=logging.getLogger("publish"), bibliography=str(REFERENCES), strict=False
    )
    pdf, _ = exporter.from_notebook_node(notebook(cells))
    shown = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "@sec-other-work" in caplog.text
    assert "@nobody2020" in caplog.text
    assert "See other work of @nobody2020 and Keskar et al. (2017)." in shown


def test_help_says_what_goes_in_and_out(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("--chapters", "--out", "report.pdf", "report.html"))


def test_a_tag_sends_outputs_to_an_appendix(build):
    long = table("tbl-long", "All of it.")
    cells = [
        text("# A chapter {#sec-first}\n\n## Verdicts\n\nBefore."),
        code(long, tags=["appendix-verdicts"]),
        text("After."),
        code(figure("fig-moved", "A moved one."), tags=["appendix-tables"]),
    ]
    status, out = build(one=cells, two=[text("# Images {#sec-second}\n\n@fig-moved.")])
    assert status == 0
    page = squeezed(Page((out / "report.html").read_text()).text)
    after, full = (page.index(squeezed(x)) for x in ("After.", "All of it."))
    assert after < page.index("AVerdictsA.1Chapter1.1:Achapter", after) < full
    assert squeezed("B Further figures and tables B.1 Chapter 1.1: A chapter") in page
    assert squeezed("Figure 1. A moved one.") in page
    assert page.index("Images") < page.index(squeezed("Verdicts A.1"))


def test_a_reference_says_what_stands_in_the_appendix(build):
    cells = [
        text("# A chapter {#sec-first}\n\nSee @fig-here, @tbl-long and @fig-moved."),
        text("Again: [Table long](#tbl-long)."),
        code(figure("fig-here", "In the text.")),
        code(
            table("tbl-long", "Beside [Figure moved](#fig-moved)."),
            figure("fig-moved", "A moved one."),
            tags=["appendix-tables"],
        ),
    ]
    status, out = build(one=cells, two=[text("# Images {#sec-second}")])
    assert status == 0
    printed = pypdf.PdfReader(out / "report.pdf").pages
    texts = (page.extract_text() for page in printed)
    for said in (Page((out / "report.html").read_text()).text, "\n".join(texts)):
        sentence = "See Figure 1, Table 1 in the appendix and Figure 2."  # named once
        assert squeezed(f"{sentence} Again: Table 1 in the appendix.") in squeezed(said)
        assert squeezed("Beside Figure 2.") in squeezed(said)
