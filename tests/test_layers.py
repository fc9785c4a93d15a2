"""Who may import whom, and what a notebook may hold, read off the source.

The folders of the library stand in an order, and each imports only from those above it. Modules
are discovered, so a new one is held to the rule of its folder.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Each folder, and those whose modules it may import besides its own.
MAY_IMPORT = {
    "networks": set(),
    "data": set(),
    "training": {"networks", "data"},
    "measuring": {"networks", "data", "training"},
    "judging": set(),
    "results": {"training"},  # how a training is carried out, and no more of it
    "showing": set(),
    "exploring": {"showing", "results"},
    "chapters": {
        "networks",
        "data",
        "training",
        "measuring",
        "judging",
        "results",
        "showing",
        "exploring",
    },
    "publish": {"exploring"},  # its script and style; knows executed notebooks, as files
}

# Programs that stand above all folders, and what all may know: how outputs are marked, how messages
# are cut, how a file is written.
PROGRAMS = {
    "batch",
    "comparing",
    "compute",
    "doctor",
    "explore",
    "first",
    "grading",
    "sweeps",
    "new",
    "parameters",
    "readme",
    "refile",
    "reference",
}
SHARED = {"disk", "marks", "messages"}

# Inside a chapter: each imports only those before it, but for the four of one line, which import
# none of each other. Further modules of a chapter may import its result, and all but its spec may
# import them.
STAR = {
    "spec": 0,
    "trainings": 1,
    "result": 2,
    **dict.fromkeys(("views", "findings", "claims", "slips"), 3),
    "": 4,  # the package itself, which runs the chapter
    "chapter": 5,
}

NOTEBOOKS_USE = ("hw1lib.chapters", "hw1lib.showing.figures")


def imported(source, module="", is_package=False):
    """Yield the full name of everything of the library that `source` imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = module.split(".") if is_package else module.split(".")[:-1]
            above = here[: len(here) - node.level + 1] if node.level else []
            owner = ".".join([*above, *filter(None, [node.module])])
            names = [f"{owner}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] == "hw1lib")


def folder(name):
    """The folder of the library that a name belongs to."""
    return name.split(".")[1] if "." in name else ""


def chapter(name):
    """The chapter that a name belongs to, if any: hw1lib.chapters.NAME."""
    parts = name.split(".")
    if parts[1:2] != ["chapters"] or len(parts) < 3:
        return None
    is_shared = (ROOT / "hw1lib" / "chapters" / f"{parts[2]}.py").exists()
    return None if is_shared else parts[2]


def place(name, further):
    """Where in the star of its chapter a name lies; `further` for modules that a chapter adds."""
    inner = name.split(".")[3:4]
    if not inner or inner[0] in STAR:
        return STAR["".join(inner)]
    added = (ROOT / "hw1lib" / "chapters" / chapter(name) / f"{inner[0]}.py").exists()
    return further if added else STAR[""]


def may_use(user, used):
    """Return whether one module may import from another."""
    if folder(user) in PROGRAMS:
        return True
    if folder(user) == folder(used) == "chapters" and chapter(user) and chapter(used):
        if chapter(user) != chapter(used):
            return chapter(user) == "summary"
        return place(used, further=0.5) < place(user, further=2.5)
    return folder(used) in {folder(user), *SHARED, *MAY_IMPORT.get(folder(user), ())}


def wrong_imports(module, source, is_package=False):
    """The imports of a module that its folder does not allow."""
    names = imported(source, module, is_package)
    return sorted({name for name in names if not may_use(module, name)})


def modules():
    """The modules that there are: name, file, and whether it is that of a package."""
    found = []
    for path in sorted((ROOT / "hw1lib").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        if name != "hw1lib":
            found.append(pytest.param(name, path, is_package, id=name))
    return found


@pytest.mark.parametrize(("module", "path", "is_package"), modules())
def test_imports_point_one_way(module, path, is_package):
    assert wrong_imports(module, path.read_text(encoding="utf-8"), is_package) == []


def test_the_folders_are_those_with_a_rule():
    folders = {p.parent.name: p for p in (ROOT / "hw1lib").glob("*/__init__.py")}
    assert set(folders) == set(MAY_IMPORT)
    assert {p.stem for p in (ROOT / "hw1lib").glob("*.py")} == {"__init__", *PROGRAMS, *SHARED}
    for name, path in folders.items():
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert says, name
        assert name == "publish" or "mport" in says, f"{name} does not say what it imports"


def test_a_module_of_the_library_fits_on_a_few_screens():
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "hw1lib").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("hw1lib.chapters.a", "from hw1lib.chapters import b", ["hw1lib.chapters.b"]),
        ("hw1lib.chapters.a.views", "from .. import b", ["hw1lib.chapters.b"]),
        ("hw1lib.chapters.a.views", "from ..b import run", ["hw1lib.chapters.b.run"]),
        ("hw1lib.chapters.a", "from hw1lib.training import loop, losses", []),
        (
            "hw1lib.chapters.capacity.views",
            "from hw1lib.chapters.capacity import Result",
            ["hw1lib.chapters.capacity.Result"],
        ),
        (
            "hw1lib.chapters.capacity.views",
            "from hw1lib.chapters.capacity.result import Result\n"
            "from hw1lib.chapters.capacity.spec import Spec",
            [],
        ),
        (
            "hw1lib.chapters.capacity.findings",
            "from hw1lib.chapters.capacity.views import draw",
            ["hw1lib.chapters.capacity.views.draw"],
        ),
        (
            "hw1lib.chapters.capacity.result",
            "from hw1lib.chapters.capacity import claims",
            ["hw1lib.chapters.capacity.claims"],
        ),
        ("hw1lib.chapters.capacity.result", "from hw1lib.chapters.capacity.sweeps import S", []),
        ("hw1lib.chapters.capacity", "from hw1lib.chapters.capacity.trainings import train", []),
        (
            "hw1lib.chapters.capacity",
            "from hw1lib.chapters.capacity.chapter import CHAPTER",
            ["hw1lib.chapters.capacity.chapter.CHAPTER"],
        ),
        ("hw1lib.chapters.capacity.chapter", "from hw1lib.chapters.capacity import run, views", []),
        ("hw1lib.chapters.capacity.chapter", "from hw1lib.chapters import registry", []),
        ("hw1lib.refile", "from hw1lib.chapters import registry", []),
        (
            "hw1lib.chapters.a.claims",
            "from hw1lib.chapters.b.claims import f",
            ["hw1lib.chapters.b.claims.f"],
        ),
        ("hw1lib.chapters.summary.parts", "from hw1lib.chapters.a import views", []),
        (
            "hw1lib.chapters.a",
            "from hw1lib.chapters.summary import views",
            ["hw1lib.chapters.summary.views"],
        ),
        ("hw1lib.training.loop", "from hw1lib.networks import replicas", []),
        (
            "hw1lib.training.loop",
            "def f():\n    import hw1lib.results.store",
            ["hw1lib.results.store"],
        ),
        (
            "hw1lib.networks.builders",
            "from ..training.loop import fit",
            ["hw1lib.training.loop.fit"],
        ),
        (
            "hw1lib.judging.trends",
            "from hw1lib.measuring import landscape",
            ["hw1lib.measuring.landscape"],
        ),
        (
            "hw1lib.results.jobs",
            "from hw1lib.chapters.a import train",
            ["hw1lib.chapters.a.train"],
        ),
        ("hw1lib.showing.figures", "from hw1lib.chapters import a", ["hw1lib.chapters.a"]),
        ("hw1lib.publish.build", "from hw1lib.publish.merge import merge", []),
        ("hw1lib.publish.build", "from ..results.specs import Spec", ["hw1lib.results.specs.Spec"]),
    ],
)
def test_a_wrong_import_is_noticed(module, source, wrong):
    assert wrong_imports(module, source) == wrong


# Notebooks


STATEMENTS = {
    ast.For: "a loop",
    ast.AsyncFor: "a loop",
    ast.While: "a loop",
    ast.FunctionDef: "a definition",
    ast.AsyncFunctionDef: "a definition",
    ast.ClassDef: "a definition",
}


def faults(notebook):
    """Say what in a notebook does not belong there."""
    for cell in notebook.cells:
        if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", cell.id):
            yield f"{cell.id}: no name"
        if cell.cell_type != "code":
            continue
        if cell.outputs or cell.execution_count is not None:
            yield f"{cell.id}: outputs"
        yield from (f"{cell.id}: {fault}" for fault in code_faults(cell.source))
    parameters = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(parameters) != 1:
        yield f"{len(parameters)} cells are tagged parameters"
    for cell in parameters:
        yield from (f"{cell.id}: {fault}" for fault in parameter_faults(cell.source))


def code_faults(source):
    for node in ast.walk(ast.parse(source)):
        if type(node) in STATEMENTS:
            yield STATEMENTS[type(node)]
        elif isinstance(node, ast.Attribute) and node.attr == "backward":
            yield "a training"
    for name in imported(source):
        if not name.startswith(NOTEBOOKS_USE):
            yield f"import of {name}"


def parameter_faults(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            yield f"line {statement.lineno} is no parameter"
        elif statement.end_lineno not in comments:
            yield f"line {statement.end_lineno} has no comment"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_tells_and_computes_nothing(path):
    assert list(faults(nbformat.read(path, as_version=4))) == []


def notebook(*, source="", parameters="seed: int = 0  # first of the seeds", **attributes):
    """A notebook as it should be, but for what is asked for."""
    cell = nbformat.v4.new_code_cell(source, **{"id": "run", **attributes})
    tagged = nbformat.v4.new_code_cell(
        parameters, id="parameters", metadata={"tags": ["parameters"]}
    )
    return nbformat.v4.new_notebook(cells=[tagged, cell])


def test_a_proper_notebook_has_no_faults():
    source = (
        "import numpy as np\nfrom hw1lib.showing import figures\nfrom hw1lib.chapters import a\n"
        "result = a.run(a.PROFILES['quick'])\n[len(x) for x in result.losses]"
    )
    assert list(faults(notebook(source=source, id="figure-2"))) == []


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"source": "if x:\n    for i in y: pass"}, "run: a loop"),
        ({"source": "while True: pass"}, "run: a loop"),
        ({"source": "def f(): pass"}, "run: a definition"),
        ({"source": "class A: pass"}, "run: a definition"),
        ({"source": "loss.backward()"}, "run: a training"),
        ({"source": "from hw1lib.training import loop"}, "run: import of hw1lib.training.loop"),
        ({"source": "import hw1lib.results.store as s"}, "run: import of hw1lib.results.store"),
        ({"source": "import hw1lib"}, "run: import of hw1lib"),
        ({"id": "1f0a92c3"}, "1f0a92c3: no name"),
        ({"id": "7"}, "7: no name"),
        ({"execution_count": 3}, "run: outputs"),
        ({"outputs": [nbformat.v4.new_output("stream", text="1")]}, "run: outputs"),
        ({"parameters": "a = 1  # one\nb: int = 2"}, "parameters: line 2 has no comment"),
        ({"parameters": "# several\na = [1,\n  2]"}, "parameters: line 3 has no comment"),
        ({"parameters": "import os  # why"}, "parameters: line 1 is no parameter"),
        ({"metadata": {"tags": ["parameters"]}}, "2 cells are tagged parameters"),
    ],
)
def test_a_fault_in_a_notebook_is_noticed(attributes, fault):
    assert list(faults(notebook(**attributes))) == [fault]
