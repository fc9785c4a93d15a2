"""Names are followed through imports to the definitions that they stand for."""

import pytest

from hw1lib.results import bindings
from hw1lib.results.bindings import Place, resolve

TOY = {
    "entry.py": """
        import math
        import toy.table as table
        import toy.table
        from toy import helper as aid
        from .table import FIRST as ONE
        import numpy as np
        def train(x):
            from .late import finish
            return finish(x)
        """,
    "helper.py": """
        from toy.table import FIRST
        def double(x):
            return 2 * x
        """,
    "table.py": """
        FIRST, (SECOND, *REST) = 1, (2, 3)
        TABLE = {}
        TABLE["a"] = FIRST
        TABLE.update(b=2)
        del SECOND
        """,
    "late.py": """
        try:
            from .fast import power
        except ImportError:
            def power(x): return x
        def finish(x): return power(x)
        """,
}


@pytest.fixture
def toy(toys):
    return toys(TOY)


def found(names, module="toy.entry"):
    return [place[:3] for place in resolve(module, tuple(names.split(".")), {"toy"})]


@pytest.mark.parametrize(
    ("names", "places"),
    [
        ("train", [("toy.entry", "train", ())]),
        ("table.TABLE.items", [("toy.table", "TABLE", ("items",))]),
        ("toy.table.TABLE", [("toy.table", "TABLE", ())]),
        ("ONE", [("toy.table", "FIRST", ())]),
        ("aid.double", [("toy.helper", "double", ())]),
        ("aid.FIRST.real", [("toy.table", "FIRST", ("real",))]),  # imported there, too
        ("finish", [("toy.late", "finish", ())]),  # imported by a function
        ("math.pi", [("math", "pi", ())]),
        ("np.linalg.norm", [("numpy", "linalg.norm", ())]),
        ("missing", []),
        ("print", []),
    ],
)
def test_a_name_stands_for_its_definition(toy, names, places):
    toy.load()
    assert found(names) == places


def test_a_name_bound_twice_stands_for_both(toy):
    toy.load({**toy.files, "fast.py": "def power(x): return -x\n"})
    assert found("power", "toy.late") == [("toy.late", "power", ()), ("toy.fast", "power", ())]


def test_a_module_by_itself_stands_for_all_that_it_binds_by_name(toy):
    toy.load()
    places = list(resolve("toy.entry", ("aid",), {"toy"}))
    assert places == [
        Place("toy.helper", "double", (), True, "double"),
        Place("toy.table", "FIRST", (), True, "FIRST"),
    ]


def test_all_statements_that_change_a_value_are_its_definition(toy):
    toy.load()
    counts = {
        n: len(bindings.statements_of("toy.table", n)) for n in ("FIRST", "SECOND", "REST", "TABLE")
    }
    assert counts == {"FIRST": 1, "SECOND": 2, "REST": 1, "TABLE": 3}
    assert bindings.statements_of("toy.table", "nothing") == []
    assert bindings.statements_of("toy.nowhere", "nothing") == []


def test_a_package_may_import_its_own_modules(toys):
    toy = toys(
        {
            "__init__.py": "from toy import helper\ndef train(x):\n    return helper.double(x)\n",
            "helper.py": "from toy import other\ndef double(x):\n    return other.f(x)\n",
            "other.py": "import toy\ndef f(x):\n    return 2 * x\n",
        }
    )
    found = toy.reached(module="toy")
    assert {one.name for one in found} == {"train", "double", "f"}


def test_a_star_import_is_refused(toy):
    with pytest.raises(ValueError, match=r"hides names behind `from toy.late import \*`"):
        toy.fingerprint(toy.edited("entry.py", "import math", "from .late import *"))


def test_a_module_edited_after_its_import_is_refused(toy, monkeypatch):
    toy.load()
    entry = toy.folder / "entry.py"
    old = entry.read_bytes()
    monkeypatch.setitem(bindings.IMPORTED, entry, old + b"# only a comment\n")
    assert toy.fingerprint()
    monkeypatch.setitem(bindings.IMPORTED, entry, old.replace(b"finish", b"other"))
    with pytest.raises(ValueError, match=r"was edited after it was imported: start this process"):
        toy.fingerprint()
