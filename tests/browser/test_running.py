"""What a reader sees of a chapter in JupyterLab while it trains."""

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, serving
from lab_pages import run_all

pytestmark = pytest.mark.browser

LOSSES = '.jp-OutputArea svg[aria-label*="median loss"]'


@pytest.fixture
def new_lab(tmp_path):
    """JupyterLab without any results."""
    with serving(tmp_path, ROOT / "tools" / "jupyter") as address:
        yield address


def test_losses_are_drawn_while_a_chapter_trains_and_are_gone_afterwards(open_page, new_lab):
    page = open_page(new_lab)
    seen = []

    def look():
        picture = page.locator(LOSSES)
        picture.wait_for(timeout=120_000)
        seen.append(picture.get_attribute("aria-label"))
        if folder := os.environ.get("HW1_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / "losses.png")

    run_all(page, new_lab, "33_interpolation", meanwhile=look)
    assert re.match(r"\d+ of \d+: .+, median loss [\d.e-]+$", seen[0])
    assert page.locator(LOSSES).count() == 0
