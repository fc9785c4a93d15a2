"""JupyterLab's File menu hands out an executed notebook as the report prints it."""

import json
import re

import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytestmark = pytest.mark.browser

PUT = """async ([path, content]) => {
  const cookie = document.cookie.match(/_xsrf=([^;]*)/);
  const headers = { "Content-Type": "application/json", "X-XSRFToken": cookie ? cookie[1] : "" };
  const body = JSON.stringify({ type: "notebook", format: "json", content });
  const reply = await fetch(path, { method: "PUT", headers, body });
  return reply.status;
}"""


def small():
    """A chapter of a few lines, executed."""
    said = new_output("execute_result", data={"text/plain": "42"}, execution_count=1)
    cells = [
        new_markdown_cell("# Does the menu work?\n\nOne *short* chapter.", id="question"),
        new_code_cell("6 * 7", outputs=[said], execution_count=1, id="run"),
        new_markdown_cell("## In short\n\nIt does.", id="in-short"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def test_the_file_menu_exports_a_report_as_pdf(open_page, lab, tmp_path):
    page = open_page(f"{lab}lab")
    page.locator(".jp-LauncherCard, .jp-DirListing-item").first.wait_for(timeout=60_000)
    content = json.loads(json.dumps(small()))
    assert page.evaluate(PUT, [f"{lab}api/contents/small.ipynb", content]) in (200, 201)
    with page.expect_response(re.compile("/api/nbconvert"), timeout=120_000) as formats:
        page.goto(f"{lab}lab/tree/small.ipynb?reset")
    assert "report_pdf" in formats.value.json()
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
    page.evaluate("new Promise(done => setTimeout(done))")  # the menu has them now
    page.locator("li.lm-MenuBar-item", has_text="File").click()
    page.locator(".lm-Menu-item", has_text="Save and Export Notebook As").hover()
    entry = page.locator(".lm-Menu-item", has_text="Report_pdf")  # as JupyterLab writes report_pdf
    entry.wait_for()
    with page.expect_download(timeout=120_000) as download:
        entry.click()
    path = tmp_path / "small.pdf"
    download.value.save_as(path)
    text = " ".join(p.extract_text() for p in pypdf.PdfReader(path).pages)
    assert "Does the menu work?" in text
    assert "It does." in text
