"""A Chromium, and a JupyterLab on this machine, for the tests that look at pages."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from short_notebooks import ROOT, short

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SYSTEM = os.environ.get("HW1_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium():
    """A Chromium: that of HW1_CHROMIUM, of the system, or Playwright's own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra browser")
    with sync_api.sync_playwright() as playwright:
        path = SYSTEM or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium here; HW1_CHROMIUM may name one")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open an address; what it asks of other machines or complains of fails the test."""
    contexts, asked, errors = [], [], []

    def opened(address, **settings):
        context = chromium.new_context(viewport={"width": 1280, "height": 1000}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    ours = r"(file|data|blob):|(http|ws)://(127\.0\.0\.1|localhost)[:/]"
    assert [url for url in asked if not re.match(ours, url)] == []
    assert errors == []


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab as `make lab` starts it, on short copies of all chapters: its address."""
    with serving(tmp_path_factory.mktemp("lab"), ROOT / "tools" / "jupyter") as address:
        yield address


@pytest.fixture(scope="session")
def usual_lab(tmp_path_factory):
    """JupyterLab with nobody's settings, which hands messages of widgets to other threads."""
    folder = tmp_path_factory.mktemp("usual")
    with serving(folder, folder / "no-settings") as address:
        yield address


@contextlib.contextmanager
def serving(folder, settings):
    """Start a server, and end it with all its kernels."""
    (folder / "notebooks").mkdir()
    for path in sorted((ROOT / "notebooks").glob("[1-9]*.ipynb")):
        short(path.stem, folder / "notebooks")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_PATH": str(settings),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "HW1_RESULTS": str(folder / "results"),
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1"]
    command += ["--port=0", "--allow-root", "--IdentityProvider.token=", "--ServerApp.password="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [*command, "--LabApp.news_url=", str(folder / "notebooks")],
            env=env,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            yield _address(server, folder)
        finally:
            server.terminate()
            server.wait(30)


def _address(server, folder):
    """Read where the server listens, once it answers."""
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        for file in [*(folder / "runtime").glob("jpserver-*.json")]:
            url = json.loads(file.read_text())["url"]
            try:
                urllib.request.urlopen(f"{url}api/status", timeout=5).close()
            except OSError:
                continue
            return url
        time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start: {(folder / 'log').read_text()[-2000:]}")
