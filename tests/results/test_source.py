"""The source that decides a number: what is followed, what leaves no trace, what is refused."""

import importlib
import shutil
import sys

import pytest

from hw1lib.results import source
from hw1lib.results.source import source_of
from hw1lib.results.store import Checkpoint

TOY = {
    "__init__.py": "",
    "entry.py": """
        from __future__ import annotations
        import math
        from . import constants, figures
        from toy.layers import Layer as Block
        import toy.table as table

        def train(x: float) -> float:
            from .late import finish
            return finish(Block(x).forward() + constants.SHIFT + table.FUNCTIONS["a"](x))

        def plot(x):
            return figures.draw(train(x))
        """,
    "constants.py": """
        SHIFT = 1.0
        UNUSED = 2.0
        """,
    "layers.py": """
        class Base:
            def scale(self):
                return 2
        class Layer(Base):
            '''A layer.'''
            def __init__(self, x):
                self.x = x
            def forward(self):
                # the product
                return self.x * self.scale()
        """,
    "table.py": """
        def square(x):
            return x * x
        def cube(x):
            return x ** 3
        def other(x):
            return x
        FUNCTIONS = {"a": square}
        FUNCTIONS["b"] = cube
        """,
    "late.py": """
        try:
            from .fast import power
        except ImportError:
            def power(x):
                return x
        def finish(x):
            return power(x)
        """,
    "figures.py": """
        def draw(x):
            return x
        """,
}


@pytest.fixture
def toy_source(tmp_path, monkeypatch):
    """Return the source of `train` in a toy package with some text replaced."""
    monkeypatch.syspath_prepend(tmp_path)

    def text_of(file: str = "entry.py", old: str = "", new: str = "", function="train") -> str:
        for name in [n for n in sys.modules if n.partition(".")[0] == "toy"]:
            del sys.modules[name]
        source._bindings.cache_clear()
        shutil.rmtree(tmp_path / "toy", ignore_errors=True)
        (tmp_path / "toy").mkdir()
        for name, text in TOY.items():
            assert name != file or old in text
            changed = text.replace(old, new) if name == file and old else text
            (tmp_path / "toy" / name).write_text("\n".join(s[8:] for s in changed.split("\n")))
        importlib.invalidate_caches()
        return source_of(getattr(importlib.import_module("toy.entry"), function))

    yield text_of
    for name in [n for n in sys.modules if n.partition(".")[0] == "toy"]:
        del sys.modules[name]
    source._bindings.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("layers.py", "# the product", "# the product of both"),
        ("layers.py", "'''A layer.'''", "'''Another docstring.'''"),
        ("layers.py", "'''A layer.'''", ""),
        ("layers.py", "self.x * self.scale()", "(self.x *\n                    self.scale())"),
        ("constants.py", "UNUSED = 2.0", "UNUSED = 3.0"),
        ("table.py", "return x\n", "return -x\n"),
        ("figures.py", "return x", "return -x"),
        ("entry.py", "figures.draw(train(x))", "figures.draw(train(2 * x))"),
    ],
)
def test_what_the_computation_does_not_reach_leaves_its_source_alone(toy_source, file, old, new):
    assert toy_source() == toy_source(file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("entry.py", "+ constants.SHIFT", "- constants.SHIFT"),
        ("constants.py", "SHIFT = 1.0", "SHIFT = 1.5"),
        ("layers.py", "return 2", "return 3"),
        ("layers.py", "self.x = x", "self.x = -x"),
        ("table.py", "x * x", "x + x"),
        ("table.py", "x ** 3", "x ** 4"),
        ("late.py", "return power(x)", "return -power(x)"),
        ("late.py", "            return x", "            return -x"),
    ],
)
def test_what_the_computation_reaches_changes_its_source(toy_source, file, old, new):
    assert toy_source() != toy_source(file, old, new)


def test_a_module_used_as_a_value_is_reached_as_a_whole(toy_source):
    use = ("entry.py", "constants.SHIFT", "getattr(constants, 'SHIFT')")
    assert "UNUSED" in toy_source(*use)
    assert "UNUSED" not in toy_source()


def test_the_source_of_a_method_or_inner_function_is_that_of_its_owner(toy_source):
    toy_source()
    layers = importlib.import_module("toy.layers")
    assert source_of(layers.Layer.forward) == source_of(layers.Layer)

    def inner():
        """Not at the top level."""

    assert "def test_the_source_of_a_method_or_inner" in source_of(inner)


def test_the_source_follows_into_the_library_but_not_into_store_or_source():
    def uses_library(checkpoint: Checkpoint):
        from hw1lib.networks.replicas import Linear

        return Linear, source_of

    text = source_of(uses_library)
    assert "# hw1lib.replicas.Linear\nclass Linear" in text
    lines = [line for line in text.splitlines() if line.startswith("# hw1lib")]
    assert lines
    assert not any(line.startswith(("# hw1lib.store", "# hw1lib.source")) for line in lines)


def test_a_star_import_is_refused(toy_source):
    with pytest.raises(ValueError, match=r"hides names behind `from toy.late import \*`"):
        toy_source("entry.py", "import math", "from .late import *")


def test_a_function_without_a_file_is_refused():
    namespace: dict = {"__name__": "nowhere"}
    exec("def f(): pass", namespace)
    with pytest.raises(ValueError, match="is not in a file"):
        source_of(namespace["f"])


def test_a_module_edited_after_its_import_is_refused(toy_source, monkeypatch, tmp_path):
    toy_source()
    entry = tmp_path / "toy" / "entry.py"
    old = entry.read_bytes()
    monkeypatch.setitem(source.IMPORTED, entry, old + b"# only a comment\n")
    source._bindings.cache_clear()
    assert source._bindings("toy.entry")
    monkeypatch.setitem(source.IMPORTED, entry, old.replace(b"SHIFT", b"OTHER"))
    source._bindings.cache_clear()
    with pytest.raises(ValueError, match="was edited after it was imported"):
        source._bindings("toy.entry")
