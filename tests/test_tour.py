"""What the tour and the answers tell a newcomer to type is there."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from hw1lib import explore, grading

ROOT = Path(__file__).parents[1]
TEXTS = {name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("tour", "faq")}
RULES = (ROOT / "Makefile").read_text("utf-8")


def cell():
    """The lines of the first cell for Colab."""
    (found,) = re.findall(r"```python\n(.*?)```", TEXTS["tour"], re.DOTALL)
    return found


def test_the_cell_for_colab_installs_what_the_project_asks_for():
    (asked,) = re.findall(
        r'^%pip install .*--editable "\.(?:\[([\w,]+)\])?"$', cell(), re.MULTILINE
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(asked.split(",")) <= set(project["optional-dependencies"])
    assert project["name"] == "hw1lib"  # which `.` is, with all of its dependencies
    python = [line for line in cell().splitlines() if not line.startswith(("!", "%"))]
    compile("\n".join(python), "cell", "exec")


def test_binder_finds_its_environment_and_the_library_in_it():
    environment = (ROOT / "environment.yml").read_text("utf-8")
    assert environment.rstrip().endswith("- -e .")
    assert "mybinder.org/v2/gh/YOU/COPY/HEAD?urlpath=lab/tree/notebooks/" in TEXTS["tour"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_notebook_module_and_target_that_is_named_is_there(name):
    text = TEXTS[name]
    for notebook in set(re.findall(r"[\w/.]*?(\d\d_[a-z_]+)\.ipynb", text)):
        assert (ROOT / "notebooks" / f"{notebook}.ipynb").is_file(), notebook
    for module in set(re.findall(r"python -m ([\w.]+)", text)) - {"pytest", "pdoc"}:
        assert importlib.util.find_spec(module), module
    for script in set(re.findall(r"tools/\w+\.py", text)):
        assert (ROOT / script).is_file(), script
    for target in set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)):
        assert f"\n{target}:" in RULES, target


def test_commands_without_make_are_those_of_the_rules():
    for module in (
        "hw1lib.first",
        "hw1lib.doctor",
        "pdoc hw1lib",
        "pytest -n auto --dist loadfile",
    ):
        assert f"python -m {module}" in RULES
        assert f"python -m {module}" in TEXTS["faq"]


@pytest.mark.parametrize("program", [explore, grading], ids=["explore", "grading"])
def test_a_program_says_how_it_is_used(program, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(["--help"])
    assert ended.value.code == 0
    assert "--out" in capsys.readouterr().out
