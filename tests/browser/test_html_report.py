"""The HTML report in a browser: no fault that axe knows, all within reach of the keyboard.

Needs Playwright for Python (the extra `browser`) and a Chromium: that of the system, that of the
variable HW1_CHROMIUM, or Playwright's own. axe-core is not part of the repository; HW1_AXE names
its file, axe.min.js.
"""

import os
from pathlib import Path

import pytest
from small_report import SETTINGS, code, display, figure, first, run_command, second, text

pytestmark = pytest.mark.browser

SEEN = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
WIDE = "|".join(["", *[f" quantity {n} " for n in range(12)], "\n"])
WIDE += "|".join(["", *[":--"] * 12, "\n"]) + "|".join(["", *["−0.25 [−0.5, 0.75]"] * 12, "\n"])


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The small report, with a table that is wider than any of the screens."""
    wide = display(
        {"text/markdown": WIDE, "text/plain": ""},
        kind="table",
        id="tbl-wide",
        caption="Wide. " * 40,
    )
    lines = text("## Much to scroll\n\n" + "A paragraph to read.\n\n" * 60)
    one = [*first(), lines, code(wide), code(figure("fig-last"))]
    folder, settings = tmp_path_factory.mktemp("browser"), SETTINGS + "code: inline\n"
    status, out = run_command(folder, settings=settings, one=one, two=second())
    assert status == 0
    return (out / "report.html").as_uri()


@pytest.fixture
def open_page(chromium, address):
    """Open the report; whatever it asks of the network or complains of fails the test."""
    contexts, heard = [], []

    def opened(width=1280, scheme="light", **settings):
        size = {"width": width, "height": 800}
        context = chromium.new_context(viewport=size, color_scheme=scheme, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: heard.append(request.url))
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [said for said in heard if not said.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.skipif("HW1_AXE" not in os.environ, reason="HW1_AXE does not name axe.min.js")
@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_axe_finds_no_serious_fault(open_page, width, scheme):
    page = open_page(width, scheme)
    page.evaluate(Path(os.environ["HW1_AXE"]).read_text())
    found = page.evaluate("axe.run()")
    assert found["passes"]
    faults = [f for f in found["violations"] if f["impact"] in ("serious", "critical")]
    assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_itself_is_no_wider_than_the_screen(open_page, width):
    page = open_page(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    caption = page.locator("#tbl-wide .caption").bounding_box()
    assert caption["x"] >= 0
    assert caption["x"] + caption["width"] <= width


def test_what_scrolls_is_reached_and_scrolled_by_the_keyboard(open_page):
    page = open_page(390)
    page.locator(".table:has(#tbl-wide)").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    narrow = page.locator(".table:has(#tbl-numbers)")
    assert narrow.get_attribute("tabindex") is None  # nothing to scroll, no stop


def test_a_figure_is_enlarged_by_the_keyboard_and_the_place_is_kept(open_page):
    page = open_page()
    button = page.get_by_role("button", name="Enlarge").first
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Figure 1, enlarged")
    large = dialog.get_by_role("img").bounding_box()
    assert large["width"] > page.locator("figure img").first.bounding_box()["width"]
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert button.evaluate("button => button === document.activeElement")


def test_a_citation_shows_its_entry_on_focus_and_on_hover(open_page):
    page = open_page()
    citation, entry = page.locator("a.citation-link").last, page.get_by_role("tooltip")
    citation.focus()
    assert "Understanding Deep Learning Requires Rethinking" in entry.inner_text()
    page.keyboard.press("Escape")
    assert not entry.is_visible()
    page.locator("a.citation-link").first.hover()
    assert "Keskar" in entry.inner_text()


def test_the_contents_show_the_place(open_page):
    page = open_page()
    page.evaluate("document.getElementById('sec-second').scrollIntoView()")
    page.wait_for_function("document.querySelector('#TOC [aria-current]')?.hash === '#sec-second'")
    assert page.locator("#TOC [aria-current]").count() == 1
    assert page.locator("#TOC").bounding_box()["y"] >= 0  # it stays beside the text


def test_figures_and_numbers_are_handed_out_as_files(open_page, tmp_path):
    page = open_page()
    contents = {}
    for kind in ("svg", "csv"):
        with page.expect_download() as download:
            page.locator(f"#fig-curve a.{kind}").click()
        path = tmp_path / kind
        download.value.save_as(path)
        contents[download.value.suggested_filename] = path.read_text()
    assert contents["fig-curve.svg"].startswith("<svg")
    assert contents["fig-curve.csv"] == "step,loss (nats)\n1,0.5\n"


def test_without_scripts_the_page_is_complete(open_page):
    with_, without = open_page(390), open_page(390, java_script_enabled=False)
    assert without.locator("#TOC a").first.is_visible()
    assert without.locator("a.svg").first.is_hidden()
    words = [page.locator("main > p").all_inner_texts() for page in (with_, without)]
    assert words[0] == words[1]
    assert without.locator("a.citation-link").last.get_attribute("title")


def test_print_has_neither_contents_nor_buttons_nor_a_dark_page(open_page):
    page = open_page(scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("#TOC").is_visible()
    assert not page.get_by_role("button", name="Enlarge").first.is_visible()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
