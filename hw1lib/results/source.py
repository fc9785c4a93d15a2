"""The source that decides a number, followed from a function through all that it reaches.

A result is filed under the code that computed it. This module reads that code from the files, in
one spelling, so that a comment, a docstring or a figure costs nothing, and a changed operation is
another key. It is itself left out of what it reads, and so is the store: both carry numbers and
decide none.
"""

from __future__ import annotations

import ast
import collections
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LEFT_OUT = (__name__, "hw1lib.results.store")

# What this process imports, so that numbers are never filed under a later edit.
IMPORTED = {path: path.read_bytes() for path in Path(__file__).resolve().parents[1].rglob("*.py")}


@functools.cache
def source_of(*functions: Callable[..., Any]) -> str:
    """Return the source of everything that the functions can reach, in one spelling.

    Follows names and attributes of modules through the top-level definitions and imports of
    `hw1lib` and of each function's own package. Comments, docstrings and whatever is not reached
    leave no trace. A module used as a value (`getattr(models, name)`) is reached as a whole.
    What is bound only at run time is not seen: closures, and registries filled by decorators.
    Read once per process.

    Raises:
        ValueError: If a function is not in a file, a name is hidden behind `import *`, or a
            module was edited after this process imported it.
    """
    starts = [inspect.unwrap(function) for function in functions]
    packages = {"hw1lib", *(start.__module__.partition(".")[0] for start in starts)}
    found: dict[str, str] = {}
    pending: list[tuple[str, tuple[str, ...]]] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()

    def reach(module: str, names: tuple[str, ...]) -> None:
        step = (module, names)
        if step not in seen and module not in LEFT_OUT and module.partition(".")[0] in packages:
            seen.add(step)
            pending.append(step)

    for start in starts:
        reach(start.__module__, (start.__qualname__.partition(".")[0],))
    while pending:
        module, names = pending.pop()
        bindings = _bindings(module)
        if not names:  # the module itself is used as a value
            for name in bindings:
                reach(module, (name,))
        elif names[0] not in bindings:  # a submodule, a builtin or a local variable
            reach(f"{module}.{names[0]}", names[1:])
        else:
            imports, statements = bindings[names[0]]
            for owner, path in imports:
                reach(owner, path + names[1:])
            if statements:
                found[f"{module}.{names[0]}"] = "\n".join(map(ast.unparse, statements))
            for statement in statements:
                for path in _references(statement):
                    reach(module, path)
    if not found:
        raise ValueError(f"the source of {functions!r} is not in a file, so it cannot be a key")
    return "\n\n".join(f"# {name}\n{text}" for name, text in sorted(found.items()))


class _Binding(typing.NamedTuple):
    """Where a top-level name gets its value."""

    imports: list[tuple[str, tuple[str, ...]]]  # module, and names to follow in it
    statements: list[ast.stmt]


@functools.cache
def _bindings(module: str) -> dict[str, _Binding]:
    """Return the names that a module defines or imports; none if there is no such module."""
    path = _source_file(module)
    if path is None:
        return {}
    content = path.read_bytes()
    tree = _parse(content)
    if ast.dump(tree) != ast.dump(_parse(IMPORTED.get(path, content))):
        raise ValueError(f"{path} was edited after it was imported: start this process again")
    table: dict[str, _Binding] = collections.defaultdict(lambda: _Binding([], []))
    for statement in tree.body:
        for name in dict.fromkeys(_bound(statement)):
            table[name].statements.append(statement)
    parents = module.split(".")[: None if path.name == "__init__.py" else -1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                table[name].imports.append((alias.name if alias.asname else name, ()))
        elif isinstance(node, ast.ImportFrom):
            above = parents[: len(parents) - node.level + 1] if node.level else []
            owner = ".".join([*above, node.module] if node.module else above)
            for alias in node.names:
                if alias.name == "*":
                    raise ValueError(f"{path} hides names behind `from {owner} import *`")
                table[alias.asname or alias.name].imports.append((owner, (alias.name,)))
    return dict(table)


def _source_file(module: str) -> Path | None:
    """Return the file of a module in a package that is already imported."""
    root, *inner = module.split(".")
    file = getattr(sys.modules.get(root), "__file__", None)
    if file is None or (inner and Path(file).name != "__init__.py"):
        return None
    origin = Path(file).resolve()
    stem = origin.parent.joinpath(*inner)
    candidates = (stem / "__init__.py", stem.with_suffix(".py")) if inner else (origin,)
    return next((path for path in candidates if path.is_file()), None)


def _parse(content: bytes) -> ast.Module:
    return _WithoutDocstrings().visit(ast.parse(content))


class _WithoutDocstrings(ast.NodeTransformer):
    """Drops strings that stand as statements."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep every expression but a bare string."""
        value = node.value
        return None if isinstance(value, ast.Constant) and isinstance(value.value, str) else node


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level statement gives or changes a value of."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (names[0] for names in _references(target))
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from (names[0] for names in _references(statement.value.func))  # TABLE.update(...)
    else:
        for block in ("body", "orelse", "finalbody", "handlers"):
            for inner in getattr(statement, block, []):
                yield from _bound(inner)


def _references(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the names in `node`, each with the attributes taken from it: a.b.c as (a, b, c)."""
    attributes: list[str] = []
    head = node
    while isinstance(head, ast.Attribute):
        attributes.insert(0, head.attr)
        head = head.value
    if isinstance(head, ast.Name):
        yield (head.id, *attributes)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _references(child)
