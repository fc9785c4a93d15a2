"""What a reader does with a notebook in JupyterLab, and what of it is seen to change."""

# what of an explorer a reader sees change
SEEN = """box => [...box.querySelectorAll('.panels, .readings, .status')]
    .map(part => part.outerHTML).join()"""


def run_all(page, address, notebook, meanwhile=None):
    """Run a notebook in JupyterLab; return its explorers: the question, and what to try."""
    page.goto(f"{address}lab/tree/{notebook}.ipynb?reset")
    page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for(timeout=120_000)
    page.locator("li.lm-MenuBar-item", has_text="Run").click()
    page.locator('[data-command="runmenu:run-all"]').click()
    if meanwhile:
        meanwhile()
    for n in range(2):
        page.locator(".explorer").nth(n).wait_for(timeout=180_000)
    return page.locator(".explorer").nth(0), page.locator(".explorer").nth(1)


def changed(page, box, act):
    """Do something, and wait until the picture is another."""
    before = box.evaluate(SEEN)
    act()
    handle = box.element_handle()
    page.wait_for_function(f"([box, before]) => ({SEEN})(box) !== before", arg=[handle, before])
