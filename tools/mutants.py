#!/usr/bin/env python3
"""Change the library in small ways, one at a time, and see whether its tests notice.

Each mutant is one edit chosen by a seed: a comparison turned, a sign or an operation exchanged, a
number moved by one, a condition negated, an argument left out, a statement dropped. Only the tests
of the changed module run, in a copy of the checkout. A mutant that no test notices survives: it
shows a rule that nothing guards, or an edit that changes nothing.
"""

import argparse
import ast
import concurrent.futures
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "hw1lib", "tests", "notebooks", "report", "docs", "tools", "benchmarks", "README.md",
    "Makefile", "reference", "pyproject.toml", "environment.yml", "requirements.lock",
    "CITATION.cff",
)  # fmt: skip
SKIPPED = ("views.py", "findings.py", "slips.py", "chapter.py", "literature.py", "__main__.py")
SECONDS = 400  # that the tests of one mutant may take; longer counts as noticed

ALSO = {  # tests of such a module of every chapter
    "claims": ("chapters/test_claims", "chapters/test_margins"),
    "comparisons": ("chapters/test_claims",),
    "__init__": ("test_reference",),
}

EVERYWHERE = ("__init__", "spec", "result", "claims")  # which many tests import, to judge others

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATIONS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


class Mutant(NamedTuple):
    """One edit of one module."""

    file: Path  # in the checkout
    line: int
    before: str
    after: str
    source: str  # of the whole module, changed

    def __str__(self) -> str:
        """Say where it is and what it does."""
        return f"{self.file}:{self.line}  {self.before}  ->  {self.after}"


def edits(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """Yield the edits of a node, each a function that changes it or returns what replaces it."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield lambda n: _set(n, ops=[COMPARISONS[type(n.ops[0])]()])
        case ast.BinOp(op=op) if type(op) in OPERATIONS and not _is_text(node):
            yield lambda n: _set(n, op=OPERATIONS[type(n.op)]())
        case ast.BoolOp(op=op):
            yield lambda n: _set(n, op=ast.Or() if isinstance(n.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield lambda n: n.operand
        case ast.Constant(value=bool()):
            yield lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int() | float()):
            yield lambda n: ast.Constant(n.value + 1)
        case ast.If(test=test) if not isinstance(test, ast.UnaryOp):
            yield lambda n: _set(n, test=ast.UnaryOp(ast.Not(), n.test))
        case ast.Call(keywords=[_, *_]):
            for place, keyword in enumerate(node.keywords):
                if keyword.arg is not None:
                    yield lambda n, place=place: _set(
                        n, keywords=[k for i, k in enumerate(n.keywords) if i != place]
                    )
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield lambda n: ast.Pass()


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in ast.walk(node)
    )


def _set(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def sites(file: Path) -> list[tuple[Path, int, int]]:
    """List where a module can be edited: the number of a node, and which of its edits.

    Annotations, messages and declared settings are left as they are.
    """
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    left_alone = {id(n) for part in _left_alone(tree) for n in ast.walk(part)}
    return [
        (file, index, which)
        for index, node in enumerate(ast.walk(tree))
        if id(node) not in left_alone
        for which, _ in enumerate(edits(node))
    ]


def mutant(file: Path, index: int, which: int) -> Mutant:
    """Make the mutant of a site."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    node = next(n for place, n in enumerate(ast.walk(tree)) if place == index)
    before = ast.unparse(node)
    keywords = {k.arg for k in getattr(node, "keywords", [])}
    replaced = list(edits(node))[which](node)
    dropped = keywords - {k.arg for k in getattr(replaced, "keywords", [])}
    if replaced is not node:
        _replace(tree, node, replaced)
    source = ast.unparse(ast.fix_missing_locations(tree))
    after = f"without {min(dropped)}" if dropped else ast.unparse(replaced)
    return Mutant(file, getattr(node, "lineno", 0), _short(before), _short(after), source)


def _left_alone(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Raise() | ast.Assert() | ast.JoinedStr():
                yield node
            case ast.AnnAssign(value=ast.Call(func=ast.Name(id="setting"))):
                yield node
            case ast.AnnAssign(annotation=annotation):
                yield annotation
            case ast.Call(func=ast.Name(id="Spec" | "Claim" | "Slip")):
                yield node
            case ast.FunctionDef(name=name) if name.startswith("__") and name != "__init__":
                yield node
            case ast.arg(annotation=ast.AST() as annotation):
                yield annotation
            case ast.FunctionDef(returns=ast.AST() as returns):
                yield returns


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                setattr(parent, name, [new if item is old else item for item in value])


def _short(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= 70 else f"{line[:67]}..."


@functools.cache
def imports_of_tests() -> dict[str, set[str]]:
    """Return the modules that each test file imports, by its path."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names |= {node.module, *(f"{node.module}.{part.name}" for part in node.names)}
        found[str(path.relative_to(ROOT))] = names
    return found


def tests_of(file: Path) -> list[str]:
    """Return the test files of a module, and itself for its doctests; none without a test file."""
    folder, *rest = file.parts[1:]
    if folder == "chapters" and len(rest) > 1:
        chapter, module = rest[0], file.stem
        own = [f"tests/chapters/test_{name}.py" for name in (chapter, module)]
        own += [f"tests/{name}.py" for name in ALSO.get(module, ())]
        if module not in EVERYWHERE:
            name = ".".join(file.with_suffix("").parts)
            own += [test for test, imported in imports_of_tests().items() if name in imported]
    else:
        own = [f"tests/{folder}/test_{file.stem}.py"]
    found = [name for name in dict.fromkeys(own) if (ROOT / name).exists()]
    return [*found, str(file)] if found else []


def chosen(count: int, seed: int) -> list[Mutant]:
    """Choose mutants by a seed, spread evenly over the modules that have tests of their own."""
    draw = random.Random(seed)
    files = [
        path.relative_to(ROOT)
        for path in sorted((ROOT / "hw1lib").rglob("*.py"))
        if path.name not in SKIPPED and tests_of(path.relative_to(ROOT))
    ]
    pools = {file: sites(file) for file in files}
    for pool in pools.values():
        draw.shuffle(pool)
    taken: list[tuple[Path, int, int]] = []
    while len(taken) < count and any(pools.values()):
        for file in draw.sample(files, len(files)):
            if pools[file] and len(taken) < count:
                taken.append(pools[file].pop())
    return [mutant(*site) for site in taken]


class Bench:
    """A copy of the checkout for each worker, in which mutants are tried."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mine = folder, threading.local()
        self.names = iter(range(1000))

    def copy(self) -> Path:
        """Return this worker's copy."""
        if not hasattr(self.mine, "copy"):
            self.mine.copy = self.folder / str(next(self.names))
            self.mine.copy.mkdir()
            for name in COPIED:
                source = ROOT / name
                if source.is_dir():
                    unwanted = shutil.ignore_patterns("__pycache__", "build")
                    shutil.copytree(source, self.mine.copy / name, ignore=unwanted)
                elif source.exists():
                    shutil.copy(source, self.mine.copy / name)
        return self.mine.copy

    def passes(self, mutant: Mutant | None, tests: list[str]) -> bool:
        """Run tests on a mutant, or on the library as it is, and put the module back."""
        here = self.copy()
        original = ""
        if mutant:
            original = (here / mutant.file).read_text(encoding="utf-8")
            (here / mutant.file).write_text(mutant.source, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        limit = SECONDS if mutant else None
        try:
            done = subprocess.run(
                command, cwd=here, env=environment, capture_output=True, text=True, timeout=limit
            )
            if done.returncode and not mutant:
                print(done.stdout[-2000:])
            return done.returncode == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if mutant:
                (here / mutant.file).write_text(original, encoding="utf-8")


def main() -> None:
    """Try the mutants, and list those that survive."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, help="mutants to try (100)")
    parser.add_argument("--seed", type=int, default=0, help="chooses them (0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="at a time")
    parser.add_argument("--list", action="store_true", help="list them, and try none")
    words = parser.parse_args()
    taken = chosen(words.count, words.seed)
    if words.list:
        print(*taken, sep="\n")
        return
    with (
        tempfile.TemporaryDirectory(prefix="hw1-mutants-") as folder,
        concurrent.futures.ThreadPoolExecutor(words.workers) as pool,
    ):
        bench = Bench(Path(folder))
        tests = sorted({test for one in taken for test in tests_of(one.file)})
        if not bench.passes(None, tests):
            sys.exit("the tests fail without any mutant; mend them first")
        results = pool.map(lambda one: bench.passes(one, tests_of(one.file)), taken)
        survivors = []
        for number, (mutant, survives) in enumerate(zip(taken, results, strict=True), start=1):
            print(
                f"{number}/{len(taken)} {'SURVIVES' if survives else 'noticed '} {mutant}",
                flush=True,
            )
            survivors += [mutant] if survives else []
    print(f"{len(taken) - len(survivors)} of {len(taken)} mutants were noticed; survivors:")
    print(*survivors, sep="\n")


if __name__ == "__main__":
    main()
