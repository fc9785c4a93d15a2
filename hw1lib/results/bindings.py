"""What the names in a module stand for, read off its source and not off the running program."""

from __future__ import annotations

import ast
import collections
import functools
import sys
import typing
from collections.abc import Iterator, Set
from pathlib import Path

from hw1lib.results.syntax import Names, own_nodes, root_of

# What this process imports, so that numbers are never filed under a later edit.
# Editors leave hidden files and dangling links beside a module, which nothing imports.
IMPORTED = {
    path: path.read_bytes()
    for path in Path(__file__).resolve().parents[1].rglob("*.py")
    if not path.name.startswith(".") and path.is_file()
}


class Binding(typing.NamedTuple):
    """Where a top-level name gets its value."""

    imports: list[tuple[str, Names]]  # module, and names to follow in it
    statements: list[ast.stmt]


class Place(typing.NamedTuple):
    """What a name stands for: a definition in a file that was read, or something elsewhere."""

    module: str
    name: str  # of the definition; with the attributes taken from it, where it is elsewhere
    rest: Names  # attributes taken from the definition
    is_read: bool
    label: str = ""  # its name in a module that is used as a value, which may ask for it by name


def statements_of(module: str, name: str) -> list[ast.stmt]:
    """Return the statements that define a top-level name, without docstrings; not to be changed."""
    binding = bindings(module).get(name)
    return binding.statements if binding else []


def resolve(
    module: str, names: Names, packages: Set[str], passed: frozenset[Names] = frozenset()
) -> Iterator[Place]:
    """Find what a name in a module stands for, with the attributes taken from it.

    Args:
        module: Where it is used.
        names: The name and the attributes.
        packages: Whose files are read; what is imported from others is elsewhere.
        passed: Module and name of the imports followed up to here: a package may import its own
            module under the module's name, which then is the module.

    Yields:
        Nothing for names that the module does not bind, several places for those that it binds
        several times, and all that a module binds where the module itself is meant.
    """
    found = bindings(module)
    if not names:
        for name in found:
            for place in resolve(module, (name,), packages, passed):
                yield place._replace(label=name)
    elif names[0] not in found or (module, names[0]) in passed:
        if _file_of(f"{module}.{names[0]}"):
            yield from resolve(f"{module}.{names[0]}", names[1:], packages, passed)
    else:
        passed |= {(module, names[0])}
        imports, statements = found[names[0]]
        if statements:
            yield Place(module, names[0], names[1:], True)
        for owner, path in imports:
            if owner.partition(".")[0] in packages:
                yield from resolve(owner, path + names[1:], packages, passed)
            else:
                yield Place(owner, ".".join(path + names[1:]), (), False)


@functools.cache
def bindings(module: str) -> dict[str, Binding]:
    """Return the names that a module defines or imports; none if there is no such module.

    Raises:
        ValueError: If names are hidden behind `import *`, or the module was edited after this
            process imported it.
    """
    path = _file_of(module)
    if path is None:
        return {}
    content = path.read_bytes()
    tree, imported = _parse(content), IMPORTED.get(path, content)
    if imported != content and ast.dump(tree) != ast.dump(_parse(imported)):
        raise ValueError(f"{path} was edited after it was imported: start this process again")
    table: dict[str, Binding] = collections.defaultdict(lambda: Binding([], []))
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


def _file_of(module: str) -> Path | None:
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
    for node in own_nodes([statement]):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store() | ast.Del()):
                yield node.id
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                yield from root_of(node)
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                yield node.name
            case ast.Expr(value=ast.Call() as call):  # TABLE.update(...), register(TABLE, ...)
                for part in (call.func, *call.args, *(k.value for k in call.keywords)):
                    yield from root_of(part)
