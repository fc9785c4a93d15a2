"""A small report with a bit of everything, for tests: its chapters, and what a page shows."""

import base64
import gzip
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import nbformat
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from hw1lib.marks import DATA
from hw1lib.publish.__main__ import main

REFERENCES = Path(__file__).parents[1] / "report" / "references.bib"

SETTINGS = """
title: Does it *really* work?
subtitle: A report on nothing
authors: [Ada Example, "B. O'Hara"]
abstract: Two chapters with a bit of everything.
bibliography: references.bib
chapters:
  - part: 1-1 First part
    notebooks:
      - 11_first
  - part: 1-2 Second part
    notebooks:
      - 12_second
"""


def drawn(format_):
    """A small figure; without text, whose fonts take long to embed."""
    figure = Figure(figsize=(4, 2))
    figure.add_subplot(xticks=[], yticks=[]).plot([0, 1, 2], [1, 0, 1])
    buffer = io.BytesIO()
    metadata = {"CreationDate": None} if format_ == "pdf" else {"Date": None}
    with mpl.rc_context({"svg.hashsalt": "fixed"}):
        figure.savefig(buffer, format=format_, metadata=None if format_ == "png" else metadata)
    return buffer.getvalue()


FORMATS = {kind: drawn(kind) for kind in ("pdf", "svg")}
PICTURES = {
    "application/pdf": base64.b64encode(FORMATS["pdf"]).decode(),
    "image/svg+xml": FORMATS["svg"].decode(),
}
PNG = base64.b64encode(drawn("png")).decode()
OTHER_PNG = base64.b64encode(drawn("png") + b"\n").decode()


def display(data, **entry):
    metadata = {"hw1": entry} if entry else {}
    return new_output("display_data", data=data, metadata=metadata)


NUMBERS = "step,loss (nats)\n1,0.5\n"
PACKED = base64.b64encode(gzip.compress(NUMBERS.encode(), mtime=0)).decode()


def figure(id_="fig-curve", caption="Loss $L$ of **3** runs.", alt="A falling curve", **made):
    data = {**PICTURES, "text/plain": alt, DATA: PACKED}
    return display(data, kind="figure", id=id_, caption=caption, alt=alt, **made)


def table(id_="tbl-numbers", caption="Mean of $n = 3$ runs."):
    data = {"text/markdown": "| arm | loss |\n|:--|--:|\n| deep | 0.25 |\n", "text/plain": ""}
    data[DATA] = PACKED
    return display(data, kind="table", id=id_, caption=caption)


def provenance(*rows):
    return display({"text/markdown": "| shown | here |\n|--|--|"}, kind="provenance", rows=rows)


def code(*outputs, source="pass", tags=()):
    return new_code_cell(
        source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)}
    )


text = new_markdown_cell

ROW = {
    "chapter": "11_first",
    "data": "MNIST",
    "replicas": 20,
    "trainings": 60,
    "seconds": 200.0,
    "written": "2026-02-03",
    "commits": ["0123456789"],
    "environments": [
        {"machine": "2 cores", "device": "cpu, 1 thread", "versions": {"torch": "2.11.0"}}
    ],
    "standin": True,
}

DATAFRAME = """<div>
<style scoped>
    .dataframe tbody tr th { vertical-align: top; }
</style>
<table border="1" class="dataframe">
  <thead><tr style="text-align: right;"><th></th><th>accuracy</th></tr></thead>
  <tbody><tr><th>CNN</th><td>0.987</td></tr></tbody>
</table>
</div>"""


def first():
    return [
        code(source="profile: str = 'quick'  # secret-parameter", tags=["parameters"]),
        text("# Fitting a function {#sec-first}\n\nSee @fig-curve, @tbl-numbers and @sec-second."),
        text(
            "## The loss\n\nAs @keskar2017large and others [@zhang2017rethinking] say:\n"
            "- a list\n- without a blank line before it"
        ),
        text(
            "$$ \\label{eq-loss} L(\\theta) = \\frac{1}{N} \\sum_n \\|x_n\\|^2 $$\n\nby @eq-loss."
        ),
        text("\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}"),
        code(figure(spec="3fa2c81b90", seeds="0 to 19"), source="plot(result)"),
        code(table()),
        code(display({"text/markdown": "The median is **0.125**."}), source="reading = 1"),
        code(
            new_output("stream", name="stdout", text="10%\r50%\rprinted \x1b[31mplainly\x1b[0m\n"),
            new_output("stream", name="stderr", text="a noisy warning"),
        ),
        code(
            display(
                {
                    "application/vnd.jupyter.widget-view+json": {"model_id": "abc"},
                    "text/plain": "FigureWidget({...})",
                }
            )
        ),
        code(provenance(ROW)),
        text("dropped by its tag", metadata={"tags": ["hide"]}),
    ]


def second():
    return [
        text("# Images {#sec-second}\n\nUnlike in @sec-first, and [@fig-curve; @fig-second]."),
        code(display({"text/html": DATAFRAME, "text/plain": "accuracy CNN 0.987"})),
        code(display({"image/png": PNG, "text/plain": "<Figure size 640x480 with 1 Axes>"})),
        code(figure("fig-second", "A second one.", 'An "M" & more')),
        code(provenance({"chapter": "12_second", "data": "CIFAR-10", "standin": False})),
    ]


def notebook(cells):
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"abc": {}}}}
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same ids in every chapter, as in real ones
    return new_notebook(cells=cells, metadata={"widgets": widgets})


def run_command(folder, *, settings=SETTINGS, one=None, two=None):
    """Write settings and chapters, run the command; its exit status and the report's folder."""
    (folder / "references.bib").write_bytes(REFERENCES.read_bytes())
    (folder / "report.yml").write_text(settings)
    for name, cells in {"11_first": one or first(), "12_second": two or second()}.items():
        nbformat.write(notebook(cells), folder / f"{name}.ipynb")
    out = folder / "out"
    command = [str(folder / "report.yml"), "--chapters", str(folder), "--out", str(out)]
    return main(command), out


UNSEEN = ("style", "script", "annotation")


class Page(HTMLParser):
    """What a browser would see of a page: its elements with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.skipped = [], "", 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.skipped += tag in UNSEEN

    def handle_endtag(self, tag):
        self.skipped -= tag in UNSEEN

    def handle_data(self, data):
        self.text += "" if self.skipped else data

    def attributes(self, tag, name):
        return [
            found[name] for found_tag, found in self.elements if found_tag == tag and name in found
        ]


def squeezed(text):
    """Without white space, which the extraction of text from a PDF does not keep."""
    return re.sub(r"\s", "", text)
