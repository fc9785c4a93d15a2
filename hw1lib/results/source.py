"""The source that decides a number, followed from a function through all that it reaches.

A result is filed under the code that computed it. That code is read from the files and hashed in a
form that survives maintenance: without names and places of definitions, comments, docstrings,
annotations, messages, and methods that nothing calls. What is left decides numbers, and a change
of it is another key.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw1lib.results.bindings import statements_of
from hw1lib.results.reading import ANY, Definition, Reader


@dataclass
class Reached:
    """A definition that a function reaches."""

    text: str  # in one spelling, with a number in place of each reference
    references: list[Definition]  # in the order of the numbers
    methods: set[Definition] = field(default_factory=set)  # of a class, those that are called


@functools.cache
def fingerprint(
    function: Callable[..., Any], beside: frozenset[Callable[..., Any]] = frozenset()
) -> str:
    """Return the SHA-256, in hex, of the source that a function or class can reach.

    Follows names and attributes of modules through the definitions of `hw1lib` and of the
    function's own package, through annotations too, since they say whose methods are called. A
    method counts where its name is mentioned anywhere in what is reached, or where its class
    extends one of another package, which may call it. A module used as a value
    (`getattr(losses, name)`) counts as a whole. What other packages do is known by its name alone.
    Not seen is what is bound only at run time, such as a registry that decorators fill.

    Args:
        function: A function or class at the top level of its module, or a method of such a class.
        beside: Functions and classes that work together with it, so that what they mention counts
            as mentioned, and may be methods of what is handed over.

    Raises:
        ValueError: If a function has no name at the top level of a file, a name is hidden behind
            `import *`, or a module was edited after this process imported it.
    """
    return _hashed(reach(function, *beside), _start(function)[0])


def reach(*functions: Callable[..., Any]) -> dict[Definition, Reached]:
    """Return every definition that functions or classes reach, the first itself first."""
    starts = [_start(function) for function in functions]
    packages = {"hw1lib", *(first.module.partition(".")[0] for first, _ in starts)}
    found: dict[Definition, Reached] = {}
    idle: dict[Definition, dict[str, list[ast.stmt]]] = {}  # by class: methods not yet mentioned
    # names of attributes, and words that may name one
    mentioned = {first.method for first, _ in starts}
    opened: set[Definition] = set()
    pending = [(first._replace(method=""), statements) for first, statements in reversed(starts)]
    while pending:
        here, statements = pending.pop()
        if here in found or not statements:
            continue
        text, reader = _read(here, frozenset(packages), _Same(statements))
        found[here] = Reached(text, reader.references)
        idle[here] = dict(reader.methods)
        mentioned |= reader.mentioned
        opened |= reader.opened
        pending += [(ref, statements_of(ref.module, ref.name)) for ref in reader.references]
        for owner, methods in idle.items():
            for name in [name for name in methods if owner in opened or mentioned & {name, ANY}]:
                method = owner._replace(method=name)
                found[owner].methods.add(method)
                pending.append((method, methods.pop(name)))
    if mentioned & {"__name__", "__qualname__"}:  # then a definition's name may decide a number
        for definition, one in found.items():
            one.text = f"{definition.name}: {one.text}"
    return found


class _Same(list[ast.stmt]):
    """Statements that are the same where they are the same nodes of one tree."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(map(id, self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and [*map(id, self)] == [*map(id, other)]


@functools.cache
def _read(here: Definition, packages: frozenset[str], statements: _Same) -> tuple[str, Reader]:
    """Read a definition, once for all functions that reach it."""
    reader = Reader(here, set(packages))
    return reader.read(statements), reader


def _start(function: Callable[..., Any]) -> tuple[Definition, list[ast.stmt]]:
    """Find where a function or class is defined, and the statements that do so."""
    start = inspect.unwrap(function)
    if free := getattr(getattr(start, "__code__", None), "co_freevars", ()):
        raise ValueError(
            f"{start.__qualname__} uses {', '.join(free)} of the function around it, which no key "
            "can see: hand it over as an argument"
        )
    if "<" in start.__qualname__:  # <lambda>, or <locals> of a function
        raise ValueError(
            f"{start.__qualname__} of {start.__module__} cannot be told from others in its place: "
            "a key takes functions with a name at the top level of a module"
        )
    name, _, method = start.__qualname__.partition(".")
    statements = statements_of(start.__module__, name)
    if not statements:
        raise ValueError(f"the source of {start!r} is not in a file, so it cannot be a key")
    return Definition(start.__module__, name, method), statements


def _hashed(reached: dict[Definition, Reached], first: Definition) -> str:
    """Hash the first definition with all that it refers to, however deep and in whatever circles.

    Definitions are numbered in the order in which they are met from the first one on, so that the
    result tells apart all that differs in any text, or in what a text refers to.
    """
    numbers = {first._replace(method=""): 0}
    hashed = hashlib.sha256(f"{first.method}\n".encode())
    order = list(numbers)
    for definition in order:  # which grows on the way
        one = reached[definition]
        parts = [*one.references, *sorted(one.methods)]
        order += [part for part in parts if part not in numbers]
        met = [numbers.setdefault(part, len(numbers)) for part in parts]
        hashed.update(f"{len(one.text)} {one.text} {met}\n".encode())
    return hashed.hexdigest()


def is_followed(function: Callable[..., Any]) -> bool:
    """Return whether a function's source counts; of installed packages only the name does."""
    module = getattr(inspect.unwrap(function), "__module__", None) or ""
    if module.partition(".")[0] in ("hw1lib", "__main__"):
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    installed = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    return file is not None and not any(Path(file).is_relative_to(path) for path in installed)
