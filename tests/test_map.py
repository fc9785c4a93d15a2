"""The map in the documentation is that of the library."""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load():
    """Import tools/map.py, which is no package."""
    described = importlib.util.spec_from_file_location("map_of_library", ROOT / "tools" / "map.py")
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def test_the_map_is_that_of_the_library():
    command = [sys.executable, ROOT / "tools" / "map.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_folder_and_module_is_on_the_map():
    drawn = load()
    found = list(drawn.modules())
    folders = {path.parent.name for path in (ROOT / "hw1lib").glob("*/__init__.py")}
    assert {module.folder for module in found} == folders
    assert all(module.says.endswith(".") for module in found)
    picture = drawn.picture(found)
    assert all(f">{module.name}<" in picture for module in found if module.name)


def test_arrows_that_follow_from_others_are_left_out():
    drawn = load()
    uses = {"training": {"networks"}, "measuring": {"training", "networks"}}
    found = [drawn.Module(name, "m", "It.", frozenset(used)) for name, used in uses.items()]
    assert drawn.arrows(found) == [("training", "networks"), ("measuring", "training")]
