"""What a notebook's output carries of a view, and what becomes of it in pages and in print."""

import base64
import gzip
import json
import re
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_views import LOSS, view

from hw1lib import marks
from hw1lib.exploring import explorer, packing
from hw1lib.exploring.explorer import Explorer
from hw1lib.marks import WIDGET
from hw1lib.publish import beside, execute
from hw1lib.publish.exporter import HTMLReportExporter, TypstExporter

RESULT = SimpleNamespace(spec=SimpleNamespace(digest="abc123", seeds=(0, 1)))


@pytest.fixture
def output(monkeypatch):
    """What a cell puts out that shows a view."""
    shown = []

    def display(data, *, raw, metadata):
        assert raw
        shown.append(new_output("display_data", data=data, metadata=metadata))

    monkeypatch.setattr("hw1lib.showing.figures.display", display)
    explorer.show(view(title="</script><b>"), "fig-try", "A caption of some words.", result=RESULT)
    figure, _ = shown  # and its caption
    return figure


@pytest.fixture
def notebook(output):
    cells = [
        new_markdown_cell("# Chapter"),
        new_code_cell("1", outputs=[output], execution_count=1),
    ]
    return new_notebook(cells=cells)


def page(notebook):
    html, _ = HTMLReportExporter(strict=True).from_notebook_node(
        notebook, {"metadata": {"name": "chapter"}}
    )
    return html


def test_an_output_is_a_widget_a_picture_with_a_text_and_numbers(output):
    assert {WIDGET, marks.EXPLORER, marks.DATA, "image/svg+xml", "image/png", "text/plain"} == set(
        output.data
    )
    assert output.data["text/plain"] == "Three losses."
    assert output.data["image/svg+xml"].count("<svg") == 1
    assert output.metadata["hw1"]["id"] == output.data[marks.EXPLORER]["header"]["id"] == "fig-try"
    json.dumps(output.data)  # or no notebook could hold it


def test_a_page_holds_the_view_with_all_its_numbers(notebook):
    html = page(notebook)
    (held,) = re.findall(
        r'<script type="application/json" data-explores="fig-try">(.*?)</script>', html
    )
    found = json.loads(held)
    assert found["header"]["title"] == "</script><b>"  # which ended no script
    numbers = np.frombuffer(gzip.decompress(base64.b64decode(found["numbers"])), np.float32)
    place = found["header"]["arrays"][found["header"]["layers"][0]["parts"]["y"]]
    assert numbers[place["offset"] :][: LOSS.size].tolist() == LOSS.ravel().tolist()
    assert html.count('<script type="module">') == 1
    assert html.count(".explorer .controls {") == 1


def test_a_page_without_views_carries_no_script_for_them(notebook):
    del notebook.cells[1].outputs[0].data[marks.EXPLORER]
    html = page(notebook)
    assert "explorer" not in html
    assert '<script type="module">' not in html


def test_print_shows_the_picture(notebook):
    source, resources = TypstExporter(strict=True).from_notebook_node(
        notebook, {"metadata": {"name": "chapter"}}
    )
    (name,) = [name for name in resources["outputs"] if name.endswith(".svg")]
    assert name in source
    assert "A caption of some words." in source
    assert "model_id" not in source


def test_the_notebook_beside_a_report_leaves_the_view_to_the_page(notebook):
    slim = beside.without_data(notebook)
    assert marks.EXPLORER not in slim.cells[1].outputs[0].data
    assert marks.EXPLORER in notebook.cells[1].outputs[0].data


def test_an_executed_notebook_keeps_no_widget_where_a_picture_stands(notebook, tmp_path):
    bar = new_output("display_data", data={WIDGET: {}, "text/plain": "50 %"})
    notebook.cells[1].outputs.append(bar)
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path = tmp_path / "executed.ipynb"
    nbformat.write(notebook, path)
    execute._still(path)
    left = nbformat.read(path, as_version=4)
    figure, bar = left.cells[1].outputs
    assert WIDGET not in figure.data
    assert "image/svg+xml" in figure.data
    assert WIDGET in bar.data  # or its text would pass for one of the chapter
    assert "widgets" not in left.metadata


def test_a_view_that_is_replaced_is_sent_as_one_message(monkeypatch):
    shown = Explorer(view())
    sent = []
    monkeypatch.setattr(shown, "send_state", lambda key=None: sent.append(set(key or ())))
    shown.show(view(status="more"))
    assert [keys & {"header", "numbers"} for keys in sent] == [{"header"}]  # numbers are the same
    shown.show(view(layers=[]))
    assert sent[-1] >= {"header", "numbers"}
    header, numbers = packing.packed(view(layers=[]))
    assert (shown.header, shown.numbers) == (header, numbers)


def test_buttons_are_heard_and_other_messages_are_not():
    heard = []
    shown = Explorer(view(), pressed=heard.append)
    for content in ({"press": "train"}, {"other": 1}, "press", None):
        shown._heard(shown, content, [])
    assert heard == ["train"]


def test_a_press_brings_the_state_that_it_was_made_in():
    heard = []
    shown = Explorer(view(), pressed=lambda _: heard.append(dict(shown.state)))
    before = dict(shown.state)
    shown._heard(shown, {"press": "train", "state": {**before, "network": 2}}, [])
    shown._heard(shown, {"press": "train", "state": {"other": 1}}, [])
    assert heard == [{**before, "network": 2}] * 2
