"""One definition as it counts in a key: its text in one spelling, and what it refers to.

Dropped are names of definitions, annotations, messages of errors, imports, and methods that may
never be called; a number stands in place of each other definition, the same wherever it is named.
"""

from __future__ import annotations

import ast
import collections
import copy
import re
import typing
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress

from hw1lib.results.bindings import Place, resolve, statements_of
from hw1lib.results.syntax import Names, bound_in, is_text, names_of, stored

# They carry numbers and decide none.
LEFT_OUT = ("hw1lib.results", "hw1lib.training.run")

# Bases of other packages that call no method of a class that extends them.
PASSIVE = {"object", "typing.Protocol", "typing.NamedTuple", "typing.Generic"}

ANY = "*"  # stands for the name of every attribute

# Functions that take an attribute's name as a value, and the place of its first argument.
BY_NAME = {"getattr": 1, "attrgetter": 0, "methodcaller": 0}


class Definition(typing.NamedTuple):
    """A top-level definition of a module, or a method of one."""

    module: str
    name: str
    method: str = ""


class Reader(ast.NodeTransformer):
    """Reads one definition.

    Args:
        definition: Which one.
        packages: Whose definitions are followed.
    """

    def __init__(self, definition: Definition, packages: Set[str]) -> None:
        self.definition, self.packages = definition, packages
        self.references: list[Definition] = []  # each once, as first met
        self.mentioned: set[str] = set()
        self.methods: dict[str, list[ast.stmt]] = collections.defaultdict(list)
        self.opened: set[Definition] = set()  # classes whose methods other packages may call
        self.scopes: list[set[str]] = []  # names that the functions around a node bind
        self.in_class = bool(definition.method)  # whose names may be methods
        self.by_name: set[ast.expr] = set()  # functions of `BY_NAME` with a name that can be read

    def read(self, statements: Iterable[ast.stmt]) -> str:
        """Return the text of the definition's statements."""
        read = (self._read(copy.deepcopy(one)) for one in statements)
        return "\n".join(ast.unparse(one) for one in read if one)

    def _read(self, statement: ast.stmt) -> ast.stmt | None:
        if isinstance(statement, ast.ClassDef):
            if self._is_called_from_elsewhere(statement):
                self.opened.update(self._ancestors(statement, self.definition.module))
            else:
                self._take_methods(statement)
        return typing.cast("ast.stmt | None", self.visit(statement))

    def _take_methods(self, node: ast.ClassDef) -> None:
        for part in list(node.body):
            if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not re.fullmatch("__.*__", part.name):  # those are called by Python itself
                self.methods[part.name].append(part)
                node.body.remove(part)
        node.body = node.body or [ast.Pass()]

    def _is_called_from_elsewhere(self, node: ast.ClassDef, module: str = "") -> bool:
        """Return whether a class extends one of another package, which may call its methods."""
        module = module or self.definition.module
        for base in node.bases:
            names = names_of(base.value if isinstance(base, ast.Subscript) else base)
            places = list(resolve(module, names, self.packages)) if names else []
            if not places and names != ("object",):
                return True
            for place in places:
                if not place.is_read:
                    if f"{place.module}.{place.name}" not in PASSIVE:
                        return True
                    continue
                for statement in statements_of(place.module, place.name):
                    if not isinstance(statement, ast.ClassDef) or self._is_called_from_elsewhere(
                        statement, place.module
                    ):
                        return True
        return False

    def _ancestors(self, node: ast.ClassDef, module: str) -> Iterator[Definition]:
        """Yield the classes that a class extends, near and far, as far as they are read."""
        for base in node.bases:
            names = names_of(base.value if isinstance(base, ast.Subscript) else base)
            for place in resolve(module, names, self.packages) if names else ():
                if place.is_read:
                    yield Definition(place.module, place.name)
                    for statement in statements_of(place.module, place.name):
                        if isinstance(statement, ast.ClassDef):
                            yield from self._ancestors(statement, place.module)

    # References

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put what a name stands for in its place."""
        if self.in_class:
            self.mentioned.add(node.id)  # as in `rate = property(_rate)`
        elif isinstance(node.ctx, ast.Store | ast.Del) and self._is_own(node.id):
            return ast.Name("_", node.ctx)
        if node.id in BY_NAME and node not in self.by_name:
            self.mentioned.add(ANY)
        return self._replaced(node, (node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Put what a name with attributes stands for in its place."""
        self.mentioned.add(node.attr)
        if node.attr in BY_NAME and node not in self.by_name:
            self.mentioned.add(ANY)
        names = names_of(node)
        if names is None:
            return typing.cast(ast.expr, self.generic_visit(node))
        self.mentioned.update(names if self.in_class else names[1:])
        return self._replaced(node, names)

    def _replaced(self, node: ast.expr, names: Names) -> ast.expr:
        if any(names[0] in scope for scope in self.scopes):
            return node
        places = list(resolve(self.definition.module, names, self.packages))
        if not places:
            return node
        return ast.Name("|".join(self._spelled(place) for place in places), ast.Load())

    def _is_own(self, name: str) -> bool:
        """Return whether a name that is bound here is the definition's, which counts for nothing.

        A method goes by its name, other definitions do not.
        """
        return name == self.definition.name and not self.scopes and not self.in_class

    def _spelled(self, place: Place) -> str:
        label = place.label and f"{place.label}="
        if not place.is_read:
            return label + f"{place.module}.{place.name}".removesuffix(".")
        if f"{place.module}.".startswith(tuple(f"{module}." for module in LEFT_OUT)):
            return label + ".".join((place.name, *place.rest))
        definition = Definition(place.module, place.name)
        if definition not in self.references:
            self.references.append(definition)
        number = self.references.index(definition) + 1
        return label + ".".join((f"#{number}", *place.rest))

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Read a function: annotations for what they refer to, and the rest for its text."""
        node.name = "_" if self._is_own(node.name) else node.name
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self._read_arguments(node.args)
        if node.returns:
            self._follow(node.returns)
            node.returns = None
        with self._scope(bound_in(node)):
            node.body = self._read_body(node.body)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Read a function without a name."""
        self._read_arguments(node.args)
        with self._scope(bound_in(node)):
            node.body = self.visit(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Read a class, in whose body the names may be methods."""
        node.name = "_" if self._is_own(node.name) else node.name
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        around, self.in_class = self.in_class, True
        node.body = self._read_body(node.body)
        self.in_class = around
        return node

    @contextmanager
    def _scope(self, names: set[str]) -> Iterator[None]:
        around, self.in_class = self.in_class, False
        self.scopes.append(names)
        yield
        self.scopes.pop()
        self.in_class = around

    def _read_arguments(self, arguments: ast.arguments) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for one in [*every, *filter(None, [arguments.vararg, arguments.kwarg])]:
            if one.annotation:
                self._follow(one.annotation)
                one.annotation = None
        arguments.defaults = [self.visit(value) for value in arguments.defaults]
        arguments.kw_defaults = [value and self.visit(value) for value in arguments.kw_defaults]

    def _follow(self, annotation: ast.expr) -> None:
        self.visit(_Unquoted().visit(annotation))

    def _read_body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [read for one in body if (read := self.visit(one))] or [ast.Pass()]

    def _read_comprehension(self, node: ast.AST) -> ast.AST:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        first = self.visit(generators[0].iter)  # the only part that is evaluated outside
        generators[0].iter = ast.Constant(None)
        self.scopes.append({n.id for g in generators for n in stored(g.target)})
        read = self.generic_visit(node)
        self.scopes.pop()
        generators[0].iter = first
        return read

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _read_comprehension

    # What decides no number

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Drop the annotation of a variable; that of a field of a class says what it is."""
        if self.in_class:
            node.annotation = _Unquoted().visit(node.annotation)
            return self.generic_visit(node)
        self._follow(node.annotation)
        if node.value is None:
            return None
        return ast.Assign([self.visit(node.target)], self.visit(node.value), lineno=node.lineno)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Drop what an error says, but no value that it carries."""
        if isinstance(node.exc, ast.Call):
            node.exc.args = [part for part in node.exc.args if not is_text(part)]
        return ast.Raise(node.exc and self.visit(node.exc), None)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """Drop what a failed assertion says."""
        return ast.Assert(self.visit(node.test), None)

    def visit_Import(self, node: ast.Import) -> None:
        """Drop imports: what they bind is followed where it is used."""

    visit_ImportFrom = visit_Import  # type: ignore[assignment]

    # Attributes that are named by strings

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Take a word for the name of an attribute, as in `getattr(model, "forward")`."""
        if isinstance(node.value, str):
            self.mentioned.update(node.value.split("."))
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        """Take the attributes that a pattern asks for, as in `case Spec(rate=0)`."""
        self.mentioned.update(node.kwd_attrs)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Take `getattr` with a name that is computed for a mention of every attribute."""
        name = (names_of(node.func) or ("",))[-1]
        if name in BY_NAME:
            words = node.args[BY_NAME[name] :]
            words = words if name == "attrgetter" else words[:1]  # the rest are other arguments
            if words and all(isinstance(word, ast.Constant) for word in words):
                self.by_name.add(node.func)
        return self.generic_visit(node)


class _Unquoted(ast.NodeTransformer):
    """Puts the expression in the place of an annotation in quotes, or of a part of one."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Parse a string, unless it is none of a type, as in `Literal["a b"]`."""
        if isinstance(node.value, str):
            with suppress(SyntaxError):
                return self.visit(ast.parse(node.value, mode="eval").body)
        return node
