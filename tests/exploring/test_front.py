"""The front end's own tests, by node where there is one, and how its files are joined."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hw1lib.exploring import front

HERE = Path(__file__).parent


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_pure_functions_do_what_they_say():
    command = ["node", "--test", str(HERE / "plot.test.mjs")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\n# pass 11\n" in ended.stdout


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
@pytest.mark.parametrize("text", [front.widget(), front.page()], ids=["widget", "page"])
def test_joined_files_are_one_module(text, tmp_path):
    (tmp_path / "joined.mjs").write_text(text, encoding="utf-8")
    command = ["node", "--check", str(tmp_path / "joined.mjs")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_a_module_imports_nothing_and_only_the_widget_exports():
    assert not re.search(r"^import ", front.widget() + front.page(), re.MULTILINE)
    assert re.findall(r"^export .*$", front.widget(), re.MULTILINE) == [
        "export default { render };"
    ]
    assert "export " not in front.page()


def test_nothing_of_the_front_end_names_an_address():
    whole = "".join(path.read_text(encoding="utf-8") for path in front.FOLDER.iterdir())
    found = set(re.findall(r"https?://[^\s\"']+", whole))
    assert found == {"http://www.w3.org/2000/svg"}  # a name, which nobody fetches


def test_what_is_drawn_by_hand_stays_small():
    lines = (front.FOLDER / "drawing.mjs").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300
    assert len(front.page().encode()) < 40_000
