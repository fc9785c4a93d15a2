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
from typing import Any, NamedTuple

from hw1lib.results.bindings import statements_of
from hw1lib.results.reading import ANY, Definition, Reader


class Reading(NamedTuple):
    """What a definition says; not to be changed."""

    text: str  # in one spelling, with a number in place of each reference
    references: list[Definition]  # each once, as first met
    mentioned: set[str]  # names of attributes, and words that may name one
    methods: dict[str, list[ast.stmt]]  # of a class, those that Python itself does not call
    opened: set[Definition]  # classes whose methods other packages may call


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
    return _hashed(reach(function, *beside), _start(function))


def reach(*functions: Callable[..., Any]) -> dict[Definition, Reached]:
    """Return every definition that functions or classes reach, the first itself first."""
    starts = [_start(function) for function in functions]
    packages = frozenset({"hw1lib", *(first.module.partition(".")[0] for first in starts)})
    found: dict[Definition, Reached] = {}
    idle: dict[Definition, set[str]] = {}  # by class: methods not yet mentioned
    # names of attributes, and words that may name one
    mentioned = {first.method for first in starts}
    opened: set[Definition] = set()
    pending = [first._replace(method="") for first in reversed(starts)]
    while pending:
        here = pending.pop()
        one = None if here in found else _read(here, packages)
        if one is None:
            continue
        found[here] = Reached(one.text, one.references)
        idle[here] = {*one.methods}
        mentioned |= one.mentioned
        opened |= one.opened
        pending += one.references
        for owner, methods in idle.items():
            for name in [n for n in methods if owner in opened or mentioned & {n, ANY}]:
                method = owner._replace(method=name)
                found[owner].methods.add(method)
                pending.append(method)
                methods.remove(name)
    if mentioned & {"__name__", "__qualname__"}:  # then a definition's name may decide a number
        for definition, reached in found.items():
            reached.text = f"{definition.name}: {reached.text}"
    return found


@functools.cache  # since many functions reach the same definitions
def _read(definition: Definition, packages: frozenset[str]) -> Reading | None:
    """Read a definition; None if there is no source of it.

    Args:
        definition: Which one.
        packages: Whose definitions are followed.
    """
    if definition.method:
        owner = _read(definition._replace(method=""), packages)
        statements = owner.methods.get(definition.method, []) if owner else []
    else:
        statements = statements_of(definition.module, definition.name)
    if not statements:
        return None
    reader = Reader(definition, packages)
    text = reader.read(statements)
    return Reading(text, reader.references, reader.mentioned, dict(reader.methods), reader.opened)


def _start(function: Callable[..., Any]) -> Definition:
    """Find where a function or class is defined."""
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
    if not statements_of(start.__module__, name):
        raise ValueError(f"the source of {start!r} is not in a file, so it cannot be a key")
    return Definition(start.__module__, name, method)


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
    return file is not None and not _is_installed(file)


@functools.cache  # asked for every key, and slow to find
def _is_installed(file: str) -> bool:
    paths = (sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return any(Path(file).is_relative_to(path) for path in paths)
