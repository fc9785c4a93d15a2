"""What a stored result is filed under: the call that makes it.

A key says, as JSON with one spelling, which function is called with which arguments. A function
counts by its source with all that it reaches, an array by its bytes, an image set or another
result by its fingerprint, settings by their class and their values.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hw1lib.results.source import fingerprint, is_followed


def digest(experiment: str, call: functools.partial[Any]) -> str:
    """Return the SHA-256, in hex, of a call's key."""
    return hashlib.sha256(key_of(experiment, call)).hexdigest()


def key_of(experiment: str, call: functools.partial[Any]) -> bytes:
    """Return the key of a call, the content of spec.json.

    An int given for a field annotated as float counts as that float, so `1` and `1.0` are the same
    there.

    Args:
        experiment: Name of the experiment, a plain word.
        call: A function with every argument that decides a number: str, int, float, bool, None,
            arrays, functions and classes with a name and partials of them, objects with a
            `fingerprint` such as image sets, and tuples and dataclasses of all these. What it is
            called with beyond that (device, checkpoint) must decide none.

    Raises:
        ValueError: If the experiment is no plain word, or a function's source cannot be followed.
        TypeError: If an argument is of another kind, or a method of an object.
    """
    if not re.fullmatch(r"\w[\w.-]*", experiment, re.ASCII):
        raise ValueError(
            f"experiment must be a plain name of letters and digits, got {experiment!r}"
        )
    key = {"experiment": experiment, **_call(call, "call")}
    together = frozenset(_followed(key))
    return write(key, lambda function: fingerprint(function, together))


def functions(call: functools.partial[Any]) -> list[str]:
    """Return the names of the functions and classes whose source is in a call's key, its own last.

    The names are no part of the key, so that a definition can be moved.
    """
    named = _followed(_call(call, "call"))
    return [f"{function.__module__}.{function.__qualname__}" for function in named]


def write(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """Write JSON with one spelling; `default` turns what is none into it."""
    return json.dumps(value, indent=1, sort_keys=True, default=default).encode() + b"\n"


def _followed(key: Any) -> Iterator[Callable[..., Any]]:
    """Yield the functions and classes in a key, in the order of the places of their sources."""
    if isinstance(key, dict):
        for name in sorted(key):
            yield from _followed(key[name])
    elif isinstance(key, list):
        for part in key:
            yield from _followed(part)
    elif callable(key):
        yield key


def _call(call: functools.partial[Any], where: str) -> dict[str, Any]:
    """Return a function with its arguments by name, whether they were given by name or place."""
    given = _arguments(call)
    hints = typing.get_type_hints(call.func) if is_followed(call.func) else {}
    return {
        "function": _function(call.func, f"function of {where}"),
        "arguments": {
            name: _canonical(value, hints.get(name), f"{name} of {where}")
            for name, value in given.items()
        },
    }


def _arguments(call: functools.partial[Any]) -> dict[str, Any]:
    """Return arguments by name, those of `**more` by their own, and by place where torch hides it.

    A function of C says nothing about its arguments, so they count as they are given.
    """
    try:
        bound = inspect.signature(call.func).bind_partial(*call.args, **call.keywords)
    except ValueError:
        return {"*": call.args, **call.keywords}
    given = dict(bound.arguments)
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= given.pop(name, {})
    return given


def _function(function: Any, where: str) -> dict[str, Any]:
    """Return what stands for a function or class; its source is put in when the key is written."""
    owner = getattr(function, "__self__", None)  # of functions of C, their module or type
    if is_followed(function) and owner is None:
        return {"source": function}
    if isinstance(owner, type | types.ModuleType | None) and not is_followed(function):
        return {"name": f"{function.__module__}.{function.__qualname__}"}
    raise TypeError(
        f"{where} is the method {function.__qualname__} of an object, which no key can see: use a "
        "function, and hand the object over as an argument"
    )


def _canonical(value: Any, hint: Any, where: str) -> Any:
    """Turn a value, annotated with `hint`, into JSON that has one spelling."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        kinds = typing.get_args(hint) or (hint,)
        return float(value) if float in kinds and int not in kinds else int(value)
    if isinstance(value, float):
        return float(value)
    if type(value) is tuple:
        items = _item_hints(hint, len(value))
        pairs = enumerate(zip(value, items, strict=True))
        return [_canonical(item, kind, f"{where}[{place}]") for place, (item, kind) in pairs]
    if type(value) is np.ndarray and not value.dtype.hasobject:
        kind = np.lib.format.dtype_to_descr(value.dtype)
        content = f"{kind}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
        return {"array": hashlib.sha256(content).hexdigest()}
    if isinstance(value, functools.partial):
        return _call(value, where)
    if isinstance(getattr(value, "fingerprint", None), str):
        return {"fingerprint": value.fingerprint}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        fields = {
            field.name: _canonical(
                getattr(value, field.name), hints[field.name], f"{field.name} of {where}"
            )
            for field in dataclasses.fields(value)
        }
        return {"class": _function(type(value), where), **fields}  # no field has that name
    if isinstance(value, type) or inspect.isroutine(value):
        return _function(value, where)
    raise TypeError(
        f"{where} is {type(value).__name__}; a key is made of str, int, float, bool, None, arrays, "
        "functions, what has a fingerprint, and tuples and dataclasses of these"
    )


def _item_hints(hint: Any, length: int) -> list[Any]:
    """Return the annotation of each item of a tuple annotated with `hint`."""
    for kind in (hint, *typing.get_args(hint)):  # the tuple itself, or a member of a union
        items = typing.get_args(kind)
        if typing.get_origin(kind) is tuple and items[-1:] == (...,):
            return [items[0]] * length
        if typing.get_origin(kind) is tuple and len(items) == length:
            return list(items)
    return [None] * length


def differing(key: Any, other: Any, where: str = "") -> list[str]:
    """List in which places two keys differ, each with what it is and what the other has."""
    if isinstance(key, dict) and isinstance(other, dict):
        names = sorted(key.keys() | other.keys())
        parts = [
            differing(key.get(name), other.get(name), f"{where}.{name}" if where else name)
            for name in names
        ]
        return [place for part in parts for place in part]
    if key == other:
        return []
    place = where.removeprefix("arguments.").removesuffix(".fingerprint")
    if place.endswith("source"):
        return [f"the {place}"]
    return [f"{place} ({other} for {key})" if len(f"{key}{other}") < 60 else place]
