"""The HTML page: whole by itself, in order, and within reach of the keyboard and of readers."""

import base64
import gzip
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from small_report import NUMBERS, PNG, code, display, figure, first, notebook, run_command, text

from hw1lib.publish import page
from hw1lib.publish.__main__ import main
from hw1lib.publish.exporter import HTMLReportExporter
from hw1lib.showing import carried, drawn, figures

VOID = {"meta", "link", "img", "br", "hr", "input", "col", "wbr"}


@dataclass
class Element:
    """An element of a page, with what it holds."""

    tag: str
    attributes: dict = field(default_factory=dict)
    children: list = field(default_factory=list)

    def __iter__(self):
        """Go through the elements in it, in reading order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, *tags, **attributes):
        return [
            one
            for one in self
            if (not tags or one.tag in tags)
            and all(one.attributes.get(name) == value for name, value in attributes.items())
        ]

    def with_class(self, name):
        return [one for one in self if name in (one.attributes.get("class") or "").split()]

    @property
    def text(self):
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join("".join(parts).split())


class Reader(HTMLParser):
    """A page as a tree."""

    def __init__(self, html):
        super().__init__()
        self.open = [Element("page")]
        self.feed(html)
        assert len(self.open) == 1, f"not closed: {self.open[-1].tag}"

    def handle_starttag(self, tag, attributes):
        self.open[-1].children.append(Element(tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(self.open[-1].children[-1])

    def handle_startendtag(self, tag, attributes):
        self.open[-1].children.append(Element(tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read(html):
    return Reader(html).open[0]


def exported(*cells):
    html, _ = HTMLReportExporter().from_notebook_node(notebook(list(cells)))
    return read(html)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The report, and one of its chapters alone."""
    folder = tmp_path_factory.mktemp("page")
    status, out = run_command(folder)
    assert status == 0
    command = [folder / "report.yml", "--only", "11_first", "--chapters", folder, "--out", out]
    assert main([str(word) for word in command]) == 0
    return {name: (out / f"{name}.html").read_text() for name in ("report", "11_first")}


@pytest.fixture(params=["report", "11_first"])
def shown(request, pages):
    return read(pages[request.param])


HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def test_there_is_one_first_heading_and_no_level_is_left_out(shown):
    levels = [int(heading.tag[1]) for heading in shown.all(*HEADINGS)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1


def test_the_contents_are_the_headings_in_order(shown):
    (nav,) = shown.all("nav")
    listed = [(link.attributes["href"], link.text) for link in nav.all("a")]
    headings = shown.all("h2", "h3")
    assert listed == [(f"#{heading.attributes['id']}", heading.text) for heading in headings]
    assert len(listed) > 2


def test_a_chapter_alone_has_its_title_above_its_contents(pages):
    page_ = read(pages["11_first"])
    tags = [one.tag for one in page_ if one.tag in ("h1", "nav", "main")]
    assert tags == ["h1", "nav", "main"]
    assert page_.all("h1")[0].text == "1.1 Fitting a function"


def test_ids_are_unique_and_every_link_inside_leads_to_one(shown):
    ids = [one.attributes["id"] for one in shown if one.attributes.get("id")]
    assert len(ids) == len(set(ids))
    inside = [link.attributes["href"] for link in shown.all("a") if "href" in link.attributes]
    assert {href[1:] for href in inside if href.startswith("#")} <= set(ids)


def test_headings_figures_tables_and_equations_lead_to_themselves(shown):
    anchors = {link.attributes["href"] for link in shown.with_class("anchor")}
    for heading in shown.all("h2", "h3"):
        assert f"#{heading.attributes['id']}" in anchors
    assert {"#fig-curve", "#tbl-numbers", "#eq-loss", "#sec-first"} <= anchors


def test_every_figure_has_its_size_its_vectors_and_its_numbers(shown):
    shown_figures = shown.all("figure")
    assert shown_figures
    for one in shown_figures:
        (image,) = one.all("img")
        assert image.attributes["alt"]
        assert int(image.attributes["width"]) == 384  # 4 inches
        assert int(image.attributes["height"]) == 192
        assert image.attributes["loading"] == "lazy"
        svg = image.attributes["src"].removeprefix("data:image/svg+xml;charset=utf-8,")
        assert ElementTree.fromstring(unquote(svg)).tag.endswith("svg")
        names = [
            link.attributes["download"] for link in one.all("a") if "download" in link.attributes
        ]
        assert names == [f"{one.attributes['id']}.svg", f"{one.attributes['id']}.csv.gz"]


def test_numbers_of_figures_and_tables_are_in_the_page(shown):
    links = [link.attributes["href"] for link in shown.with_class("csv")]
    assert len(links) >= 2
    for href in links:
        packed = href.removeprefix("data:application/gzip;base64,")
        assert gzip.decompress(base64.b64decode(packed)).decode() == NUMBERS


def test_what_scrolls_is_within_reach_of_the_keyboard_and_has_a_name(shown):
    regions = [*shown.all(role="region"), *shown.all(role="group")]
    names = [one.attributes["aria-label"] for one in shown.all(role="region")]
    assert len(names) == len(set(names))
    assert all(one.attributes["tabindex"] == "0" for one in regions)
    assert all(one.attributes["aria-label"] for one in regions)
    held = [inner for region in regions for inner in region]
    for tag in ("table", "pre"):
        assert all(any(one is inner for inner in held) for one in shown.all(tag))
    assert all(any(one is inner for inner in held) for one in shown.all("math", display="block"))
    assert "Table 1" in names


def test_a_caption_is_no_wider_than_what_scrolls(shown):
    captions = shown.all("caption")
    assert captions
    assert all(one.children[0].attributes["class"] == "caption" for one in captions)


def test_a_citation_tells_its_entry(shown):
    cited = shown.with_class("citation-link")
    assert len(cited) == 2
    assert "Understanding Deep Learning Requires Rethinking" in cited[1].attributes["title"]


def test_nothing_is_fetched(shown):
    for one in shown:
        for name in ("src", "srcset", "data", "poster"):
            assert (one.attributes.get(name) or "data:").startswith("data:")
    assert not shown.all("link", "iframe", "object", "embed")


def test_a_page_is_hardly_larger_than_what_it_shows(pages):
    for html in pages.values():
        without = re.sub(r'"data:[^"]*"', "", html)
        assert len(without) < 60_000


def test_numbers_and_identifiers_stay_on_one_line():
    shown = exported(text("# T\n\n0.5 [0.25, 0.75], n = 20, 95 %, A-C14a and `a_name`"))
    paragraph = shown.all("p")[0]
    assert "[0.25,\N{NO-BREAK SPACE}0.75]" in "".join(map(str, paragraph.children))
    assert [one.text for one in paragraph.with_class("whole")] == ["A-C14a", "a_name"]


def test_a_picture_asked_for_with_a_width_keeps_its_shape():
    cell = text('# T\n\n<img src="attachment:a.png" alt="A" width="100"/>')
    cell.attachments = {"a.png": {"image/png": PNG}}
    (image,) = exported(cell).all("img")
    assert (image.attributes["width"], image.attributes["height"]) == ("100", "50")
    assert image.attributes["src"].startswith("data:image/png;base64,")


def test_a_slim_figure_shows_the_same_points():
    figure_ = Figure(figsize=(4, 2))
    ax = figure_.add_subplot()
    x = np.linspace(0, 9, 40)
    ax.fill_between(x, np.sin(x) - 0.1, np.sin(x) + 0.1)
    (line,) = ax.plot(x, np.sin(x))
    line.set_gid("the-line")
    whole = carried.saved(figure_, "svg").decode()
    less = page.slim(whole)
    assert len(less) < 0.75 * len(whole)

    def points(svg):
        path = re.search(r'<g id="the-line">\s*<path d="([^"]*)"', svg)[1]
        steps = re.findall(r"[A-Za-z]|-?\d*\.?\d+", path)
        numbers = np.array([float(step) for step in steps if not step.isalpha()]).reshape(-1, 2)
        return numbers.cumsum(axis=0) if "m" in steps else numbers

    np.testing.assert_allclose(points(less), points(whole), atol=0.0051)
    assert ElementTree.fromstring(less).tag.endswith("svg")


def test_many_numbers_become_those_that_are_drawn():
    figure_ = Figure()
    ax = figure_.add_subplot(xlabel="update", ylabel="loss")
    values = np.random.default_rng(0).normal(size=(50, 21))
    figures.curves(ax, np.arange(50), values, label="deep", color="C0")
    ax.plot([0, 1], [2.0, 3.0], label="bound")
    data = drawn.rows(figure_).to_csv(index=False).encode()
    lines = page.summary(data).decode().splitlines()
    assert lines[0] == "series,percentile,update,loss"
    assert len(lines) == 1 + 3 * 50 + 2
    assert lines[2] == f"deep,50,0,{np.median(values[0]):.6g}"
    assert page.summary(b"x,y\n1,2\n") is None


def test_a_heavy_table_of_numbers_says_what_was_left_out(monkeypatch):
    monkeypatch.setattr(page, "BUDGET", 10)
    numbers = "replica,x,y\n0,1,10\n1,1,20\n"
    heavy = figure()
    packed = base64.b64encode(gzip.compress(numbers.encode(), mtime=0)).decode()
    heavy.data["application/vnd.hw1.csv+gzip"] = packed
    (link,) = exported(text("# T"), code(heavy)).with_class("csv")
    assert "percentile" in link.attributes["title"]


def test_without_sections_there_are_no_contents():
    assert not exported(text("# T\n\nA sentence.")).all("nav")
    assert exported(*first()).all("nav")


def test_a_picture_of_a_cell_is_described():
    cells = [text("# T"), code(display({"image/png": PNG, "text/plain": "<Figure>"}))]
    (image,) = exported(*cells).all("img")
    assert image.attributes["alt"] == "Picture put out by notebook, cell cell-1"
