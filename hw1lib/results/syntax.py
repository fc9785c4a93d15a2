"""What a piece of Python says: which names it takes and binds, and whether it is a text."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterable, Iterator

Names = tuple[str, ...]  # a name, and the attributes taken from it: a.b.c as (a, b, c)

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of statements without those in scopes of their own."""
    for node in body:
        yield node
        if isinstance(node, COMPREHENSIONS):  # of which `:=` binds outside
            yield from (n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        elif not isinstance(node, FUNCTIONS):
            yield from own_nodes(ast.iter_child_nodes(node))


def names_of(node: ast.expr) -> Names | None:
    """Return a name with the attributes taken from it, a.b.c as (a, b, c); None for the rest."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return (node.id, *attributes) if isinstance(node, ast.Name) else None


def root_of(node: ast.expr) -> Iterator[str]:
    """Yield the name that an expression takes an attribute or item of: a of a.b[c]."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def bound_in(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """Return the names that belong to a function: arguments, and what its own body binds."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names = {one.arg for one in [*every, *filter(None, [arguments.vararg, arguments.kwarg])]}
    body = function.body if isinstance(function.body, list) else [function.body]
    elsewhere: set[str] = set()
    for node in own_nodes(body):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.ExceptHandler(name=str()):
                names.add(typing.cast(str, node.name))
            case ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
                names.add(typing.cast(str, node.name))
            case ast.MatchMapping(rest=str()):
                names.add(typing.cast(str, node.rest))
            case ast.Global() | ast.Nonlocal():
                elsewhere.update(node.names)
    return names - elsewhere


def stored(target: ast.AST) -> Iterator[ast.Name]:
    """Yield the names that an assignment binds."""
    return (n for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def is_text(node: ast.expr) -> bool:
    """Return whether an expression is a text, and so at most part of a message."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp():
            return is_text(node.left) or is_text(node.right)
        case ast.IfExp():
            return is_text(node.body) and is_text(node.orelse)
        case ast.Call(func=ast.Attribute(value=owner)):
            return is_text(owner)  # "...".format(...), "...".join(...)
    return False
