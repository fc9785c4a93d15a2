"""Formulas that a reader types: parsed to a tree, of which only known parts are computed.

Nothing is ever evaluated as Python. A formula holds the variable x, numbers, the constants pi and
e, signs, comparisons (which are 1 or 0) and the functions in `FUNCTIONS`; whatever else it holds
is refused, with the place of the letter where that begins.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

LONGEST, DEEPEST = 200, 30  # letters of a formula, and levels of its brackets
LARGEST = 1e30  # number in it, which float32 can hold

CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS = {  # by name: what NumPy and torch both call it, and how many arguments it takes
    **{name: (name, 1) for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "sign")},
    **{name: (name, 1) for name in ("floor", "ceil", "tanh", "arctan", "sinc")},
    "min": ("minimum", 2),
    "max": ("maximum", 2),
}
SIGNS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class FormulaError(ValueError):
    """What is wrong with a formula, in one sentence."""


@dataclass(frozen=True)
class Formula:
    """A function of x that somebody typed; made by `parse`."""

    text: str
    tree: ast.expr

    def __call__(self, x: Any, library: ModuleType = np) -> Any:
        """Compute the values at x, elementwise, of its shape and type.

        Args:
            x: Floating-point array of NumPy, or tensor of torch.
            library: The module whose functions are used, numpy or torch.
        """
        return _value(self.tree, x, library)


def parse(text: str) -> Formula:
    """Read a formula, in which `^` means power, as `**` does.

    Raises:
        FormulaError: If it is empty, too long or too deep, or holds anything that is not known.

    >>> parse("2*x^2 - 1")(np.array([0.0, 3.0])).tolist()
    [-1.0, 17.0]
    >>> parse("(x > 0) * min(x, 0.5)")(np.array([0.0, 0.25, 2.0])).tolist()
    [0.0, 0.25, 0.5]
    """
    if not text.strip():
        raise FormulaError("type a formula of x, such as sin(5*pi*x)")
    if len(text) > LONGEST:
        raise FormulaError(f"a formula has at most {LONGEST} letters, this one {len(text)}")
    if not text.isascii():
        place = next(n for n, sign in enumerate(text) if not sign.isascii())
        raise FormulaError(
            f"letter {place + 1}, {text[place]!r}, is none of a keyboard's plain ones"
        )
    letters = [(sign, n) for n, one in enumerate(text) for sign in ("**" if one == "^" else one)]
    while letters[0][0].isspace():
        del letters[0]
    origin = [n for _, n in letters] + [len(text) - 1]  # of each column: its letter, as typed
    try:
        tree = ast.parse("".join(sign for sign, _ in letters), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(_broken(text, origin, error)) from None
    except (MemoryError, RecursionError, ValueError):
        raise FormulaError("this formula cannot be read: too many brackets") from None
    _check(tree, origin, 1)
    return Formula(text, tree)


def _broken(text: str, origin: list[int], error: SyntaxError) -> str:
    """Say where a formula cannot be read further."""
    if text.count("(") != text.count(")"):
        more, less = ("(", ")") if text.count("(") > text.count(")") else (")", "(")
        return f"{text.count(more)} times {more!r}, but {text.count(less)} times {less!r}"
    place = origin[min((error.offset or 1) - 1, len(origin) - 1)]
    return (
        f"cannot be read near letter {place + 1}, {text[place]!r}: is a sign missing, "
        "such as * in 2*x?"
    )


def _refuse(node: ast.expr, origin: list[int], sentence: str) -> FormulaError:
    return FormulaError(f"letter {origin[node.col_offset] + 1}: {sentence}")


def _check(node: ast.expr, origin: list[int], depth: int) -> None:
    """Refuse what is not known, anywhere in a tree.

    Raises:
        FormulaError: At the first such part.
    """
    if depth > DEEPEST:
        raise FormulaError(f"a formula is at most {DEEPEST} levels deep")
    inner: list[ast.expr] = []
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if value > LARGEST:
                raise _refuse(node, origin, f"a number is at most {LARGEST:g}")
        case ast.Name(id=name) if name == "x" or name in CONSTANTS:
            pass
        case ast.Name(id=name) if name in FUNCTIONS:
            raise _refuse(node, origin, f"{name} needs brackets, as in {name}(x)")
        case ast.Name(id=name):
            known = ", ".join(["x", *CONSTANTS, *sorted(FUNCTIONS)])
            raise _refuse(node, origin, f"{name!r} is not known; known are {known}")
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            inner = [operand]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
            inner = [left, right]
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in COMPARISONS:
            inner = [left, right]
        case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]) if name in FUNCTIONS:
            wanted = FUNCTIONS[name][1]
            if len(inner) != wanted:
                sentence = f"{name} takes {wanted} number{'s' * (wanted > 1)}, not {len(inner)}"
                raise _refuse(node, origin, sentence)
        case ast.Call(func=ast.Name() as name):
            _check(name, origin, depth + 1)  # which says what is known
            raise _refuse(node, origin, "a sign is missing before the bracket, such as *")
        case ast.Call(func=ast.Constant() | ast.BinOp()):
            raise _refuse(node, origin, "a sign is missing before the bracket, such as *")
        case _:
            raise _refuse(node, origin, "only numbers, x, + - * / % ^, < > and functions are known")
    for part in inner:
        _check(part, origin, depth + 1)


def _value(node: ast.expr, x: Any, library: ModuleType) -> Any:
    """Compute one part of a checked tree: always an array like x, so that numbers stay small."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return library.full_like(x, float(value))
        case ast.Name(id="x"):
            return x
        case ast.Name(id=name):
            return library.full_like(x, CONSTANTS[name])
        case ast.UnaryOp(op=sign, operand=operand):
            value = _value(operand, x, library)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=sign, right=right):
            return SIGNS[type(sign)](_value(left, x, library), _value(right, x, library))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            truth = COMPARISONS[type(sign)](_value(left, x, library), _value(right, x, library))
            return library.where(truth, library.ones_like(x), library.zeros_like(x))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            function = getattr(library, FUNCTIONS[name][0])
            return function(*(_value(part, x, library) for part in arguments))
    raise AssertionError(node)  # `_check` lets nothing else pass


def values(formula: Formula, x: np.ndarray) -> np.ndarray:
    """Compute a formula on a grid, and refuse one that has no value somewhere.

    Raises:
        FormulaError: If it is not finite at some of the points.
    """
    with np.errstate(all="ignore"):
        found = np.asarray(formula(x))
    bad = ~np.isfinite(found)
    if bad.any():
        first = float(x[bad.argmax()])
        raise FormulaError(
            f"has no finite value at {bad.sum()} of {len(x)} points, x = {first:g} first"
        )
    return found
