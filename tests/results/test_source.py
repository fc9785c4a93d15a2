"""A fingerprint changes with what decides a number, and with nothing else."""

import ast
import functools
import textwrap

import pytest
import torch
from torch import nn

from hw1lib.results.source import fingerprint, is_followed, reach

TOY = {
    "__init__.py": "",
    "entry.py": """
        from __future__ import annotations
        import math
        import numpy as np
        from . import constants, figures
        from toy.layers import Layer as Block
        import toy.table as table
        from toy.settings import Spec
        from toy import checks, parity, losses

        def train(settings: Spec, x: float = 1.0) -> float:
            '''Do all of it.'''
            from .late import finish
            checks.positive(x)
            value = finish(Block(x).forward() + constants.SHIFT + table.FUNCTIONS["a"](x))
            value = parity.even(int(value)) + losses.mean(np.array([value, x]))
            value = value * settings.rate() - 3
            return constants.FIRST - value

        def plot(x: float):
            return figures.draw(train(x))
        """,
    "constants.py": """
        SHIFT: float = 1.0
        UNUSED = 2.0
        REGISTRY = {"a": 1}
        FIRST, SECOND = 3, 4
        """,
    "settings.py": """
        from dataclasses import dataclass

        class Base:
            def halved(self, value):
                return value / 2

        @dataclass(frozen=True)
        class Spec(Base):
            '''Settings.'''
            start: float = 0.5
            steps: int = 3

            def rate(self):
                return self.halved(self.start)

            def idle(self):
                return 7
        """,
    "layers.py": """
        import torch.nn as nn

        class Scaled:
            factor = 5
            def scale(self):
                return 2

        class Layer(Scaled):
            '''A layer.'''
            def __init__(self, x):
                self.x = x
            def forward(self):
                # the product
                return self.x * self.scale() * self.factor
            def unused(self):
                return 1

        class Net(nn.Module):
            def forward(self, x):
                return x + 1
            def hook(self, x):
                return x + 2
        """,
    "table.py": """
        def twice(function):
            return lambda x: 2 * function(x)
        def square(x):
            return x * x
        def cube(x):
            return x ** 3
        def other(x):
            return x
        FUNCTIONS = {"a": square}
        FUNCTIONS["b"] = cube
        """,
    "late.py": """
        try:
            from .fast import power
        except ImportError:
            def power(x):
                return x - 0.25
        if 1 < 2:
            OFFSET = 6
        else:
            OFFSET = 8
        def finish(x):
            x = power(x)
            x = x + OFFSET
            return x
        """,
    "losses.py": """
        import numpy as np
        def mean(x):
            return np.mean(x)
        def sum(x):
            return np.sum(x)
        """,
    "parity.py": """
        def even(n):
            return n == 0 or odd(n - 1)
        def odd(n):
            return n != 0 and even(n - 1)
        """,
    "checks.py": """
        def positive(x):
            if x <= 0:
                raise ValueError(f"{x} is not above 0" + " here")
            assert x < 100, "too large"
        """,
    "figures.py": """
        def draw(x):
            return x
        """,
}


@pytest.fixture
def toy(toys):
    return toys(TOY)


UNCHANGED = {
    "a comment": ("layers.py", "# the product", "# the product of both"),
    "a docstring": ("layers.py", "'''A layer.'''", "'''Another docstring.'''"),
    "no docstring": ("layers.py", "'''A layer.'''\n", "\n"),
    "a docstring of the function": ("entry.py", "'''Do all of it.'''", ""),
    "formatting": ("layers.py", "self.x * self.scale()", "(self.x *\n          self.scale())"),
    "an unreached constant": ("constants.py", "UNUSED = 2.0", "UNUSED = 3.0"),
    "an entry of a registry that is not reached": ("constants.py", '{"a": 1}', '{"a": 1, "b": 2}'),
    "an unreached function": ("table.py", "return x\n", "return -x\n"),
    "a function nobody calls": ("entry.py", "figures.draw(train(x))", "figures.draw(train(2 * x))"),
    "an unreached module": ("figures.py", "return x", "return -x"),
    "a renamed helper": ("late.py", "power", "raised"),
    "a renamed constant": ("late.py", "OFFSET", "BEYOND"),
    "an alias of a package": ("entry.py", "numpy as np", "numpy", "np.array", "numpy.array"),
    "an alias of a class": ("entry.py", "Layer as Block", "Layer", "Block(", "Layer("),
    "from instead of import": (
        *("entry.py", "import toy.table as table", "from toy.table import FUNCTIONS"),
        *('table.FUNCTIONS["a"]', 'FUNCTIONS["a"]'),
    ),
    "another order of imports": (
        *("entry.py", "import math\n        import numpy as np", "import numpy as np"),
    ),
    "the message of an error": ("checks.py", "is not above 0", "must be positive"),
    "a message without values": ("checks.py", 'f"{x} is not above 0" + " here"', '"no"'),
    "the message of an assertion": ("checks.py", '"too large"', '"above 100"'),
    "no message of an assertion": ("checks.py", ', "too large"', ""),
    "an annotation": ("entry.py", "x: float = 1.0", "x: int = 1.0"),
    "an annotation of the result": ("entry.py", "-> float", "-> np.ndarray"),
    "an annotation in quotes": ("entry.py", "settings: Spec", 'settings: "Spec"'),
    "an annotation of a constant": ("constants.py", "SHIFT: float", "SHIFT: int"),
    "no annotation of a constant": ("constants.py", "SHIFT: float", "SHIFT"),
    "an annotation of a variable": ("entry.py", "value = value *", "value: float = value *"),
    "a method that nothing mentions": ("layers.py", "return 1", "return 11"),
    "a method of a base class": ("settings.py", "return 7", "return 8"),
    "an order of definitions": (
        *("losses.py", "def mean(x):\n            return np.mean(x)\n        ", ""),
        *("np.sum(x)\n", "np.sum(x)\n        def mean(x):\n            return np.mean(x)\n"),
    ),
}
UNCHANGED["a new method"] = (
    *("layers.py", "    def unused(self):"),
    "    def new(self):\n                return 3\n            def unused(self):",
)


@pytest.mark.parametrize("edit", UNCHANGED.values(), ids=UNCHANGED)
def test_what_decides_no_number_changes_no_fingerprint(toy, edit):
    assert toy.fingerprint(toy.edited(*edit)) == toy.fingerprint()


CHANGED = {
    "an operation": ("entry.py", "+ constants.SHIFT", "- constants.SHIFT"),
    "a comparison": ("checks.py", "x <= 0", "x < 0"),
    "an assertion": ("checks.py", "x < 100", "x < 200"),
    "a kind of error": ("checks.py", "ValueError", "TypeError"),
    "a constant": ("constants.py", "SHIFT: float = 1.0", "SHIFT: float = 1.5"),
    "a number in a function": ("entry.py", "- 3", "- 4"),
    "a default argument": ("entry.py", "x: float = 1.0", "x: float = 2.0"),
    "a default of a field": ("settings.py", "start: float = 0.5", "start: float = 0.6"),
    "a field's type": ("settings.py", "steps: int", "steps: float"),
    "a method of a base class": ("layers.py", "return 2", "return 3"),
    "a base class": ("layers.py", "class Layer(Scaled)", "class Layer(Scaled, nn.Module)"),
    "an own method": ("layers.py", "self.x * self.scale()", "self.x / self.scale()"),
    "the start of an object": ("layers.py", "self.x = x", "self.x = -x"),
    "a class attribute": ("layers.py", "factor = 5", "factor = 6"),
    "a method known by an annotation": ("settings.py", "(self.start)", "(self.steps)"),
    "a method that such a method calls": ("settings.py", "value / 2", "value / 3"),
    "an entry of a table": ("table.py", "x * x", "x + x"),
    "an entry added to the table": ("table.py", "x ** 3", "x ** 4"),
    "what is imported late": ("late.py", "x = power(x)", "x = -power(x)"),
    "code in an except": ("late.py", "x - 0.25", "x - 0.5"),
    "a condition of a module": ("late.py", "1 < 2", "1 > 2"),
    "code in an else": ("late.py", "OFFSET = 8", "OFFSET = 9"),
    "the order of statements": (
        *("late.py", "x = power(x)\n            x = x + OFFSET"),
        "x = x + OFFSET\n            x = power(x)",
    ),
    "one of two that call each other": ("parity.py", "n == 0 or", "n == 2 or"),
    "the other of two that call each other": ("parity.py", "n != 0 and", "n != 2 and"),
    "two that call each other, exchanged": ("entry.py", "parity.even", "parity.odd"),
    "a function of another package": ("losses.py", "np.mean", "np.median"),
    "a function of a module": ("entry.py", "losses.mean", "losses.sum"),
    "targets swapped": ("constants.py", "FIRST, SECOND", "SECOND, FIRST"),
    "values swapped": ("constants.py", "3, 4", "4, 3"),
    "another of two constants": ("entry.py", "constants.FIRST", "constants.SECOND"),
    "a new decorator": ("table.py", "def square", "@twice\n        def square"),
    "a statement removed": ("entry.py", "checks.positive(x)\n", "\n"),
    "a value assigned again": ("constants.py", "UNUSED = 2.0", "SHIFT = SHIFT + 1"),
    "a constant given in a loop": ("constants.py", "UNUSED = 2.0", "for SHIFT in (1, 2): pass"),
    "a method replaced": ("layers.py", "class Net", "Layer.forward = abs\n\n        class Net"),
}


@pytest.mark.parametrize("edit", CHANGED.values(), ids=CHANGED)
def test_what_decides_a_number_changes_the_fingerprint(toy, edit):
    assert toy.fingerprint(toy.edited(*edit)) != toy.fingerprint()


def test_a_definition_that_moved_and_a_renamed_module_change_nothing(toy):
    moved = {
        **TOY,
        "layers.py": TOY["layers.py"]
        .replace("class Scaled:", "class Gone:")
        .replace(
            "import torch.nn as nn", "import torch.nn as nn\n        from .base import Scaled"
        ),
        "base.py": """
            class Scaled:
                factor = 5
                def scale(self):
                    return 2
            """,
    }
    assert toy.fingerprint(moved) == toy.fingerprint()
    renamed = {n.replace("layers", "blocks"): t.replace("layers", "blocks") for n, t in TOY.items()}
    assert toy.fingerprint(renamed) == toy.fingerprint()
    whole = {n.replace("entry", "start"): t for n, t in TOY.items()}
    assert toy.fingerprint(whole, module="toy.start") == toy.fingerprint()


def test_a_helper_of_the_same_name_elsewhere_is_another(toy):
    switched = toy.edited("entry.py", "parity, losses", "parity, more as losses")
    more = TOY["losses.py"].replace("np.mean", "np.max")
    assert toy.fingerprint({**switched, "more.py": more}) != toy.fingerprint()
    same = {**switched, "more.py": TOY["losses.py"]}
    assert toy.fingerprint(same) == toy.fingerprint()


# Methods, classes, and what stands beside


def test_two_methods_of_a_class_are_different_functions(toy):
    layer = toy.load(module="toy.layers").Layer
    prints = {fingerprint(one) for one in (layer, layer.forward, layer.unused)}
    assert len(prints) == 3
    before = fingerprint(layer.unused)
    changed = toy.load(toy.edited("layers.py", "return 1", "return 11"), "toy.layers").Layer
    assert fingerprint(changed.unused) != before


def test_a_class_counts_with_the_methods_that_its_companions_mention(toys):
    toy = toys(
        {
            "entry.py": """
                class Rule:
                    def __init__(self): self.at = 1
                    def ends(self): return self.at > 3
                    def idle(self): return 0
                def train(rule): return rule.ends()
                """
        }
    )

    def prints(*edit):
        module = toy.load(toy.edited("entry.py", *edit))
        together = frozenset({module.Rule, module.train})
        return fingerprint(module.Rule), fingerprint(module.Rule, together)

    alone, beside = prints()
    assert prints("> 3", "> 4")[0] == alone  # by itself, nobody calls it
    assert prints("> 3", "> 4")[1] != beside
    assert prints("return 0", "return 1") == (alone, beside)


# Refused


def test_a_function_without_a_file_is_refused():
    namespace = {"__name__": "nowhere"}
    exec("def f(): pass", namespace)
    with pytest.raises(ValueError, match="is not in a file, so it cannot be a key"):
        fingerprint(namespace["f"])


def test_a_closure_is_refused():
    rate, factor = 2, 3

    def scaled(x):
        return rate * factor * x

    with pytest.raises(ValueError, match=r"scaled uses factor, rate of the function around it"):
        fingerprint(scaled)


TOP = lambda x: x  # noqa: E731


def test_functions_that_a_name_does_not_tell_apart_are_refused():
    def inner(x):
        return x

    for function in (inner, TOP, lambda x: x):
        with pytest.raises(ValueError, match="cannot be told from others in its place"):
            fingerprint(function)


# Whose source counts


def test_installed_packages_count_by_name_and_others_by_source(toys, tmp_path):
    toy = toys({"entry.py": "def train(): return 1\n"})
    assert is_followed(toy.load().train)
    assert is_followed(fingerprint)
    assert is_followed(test_a_function_without_a_file_is_refused)
    for function in (torch.sin, nn.ReLU, nn.functional.relu, functools.partial, ast.parse, abs):
        assert not is_followed(function)


def test_a_folder_without_an_init_file_is_refused_and_not_taken_by_name(toys, tmp_path):
    toy = toys({"entry.py": "def train(): return 1\n"})
    toy.load()
    toy.forget()
    (toy.folder / "__init__.py").unlink()
    train = __import__("toy.entry").entry.train
    assert is_followed(train)
    with pytest.raises(ValueError, match="is not in a file"):
        fingerprint(train)


# Any small edit


class Edits(ast.NodeTransformer):
    """Makes one small edit, the `wanted`-th of those that there are, and counts them."""

    def __init__(self, wanted):
        self.wanted, self.seen = wanted, 0

    def now(self):
        self.seen += 1
        return self.seen - 1 == self.wanted

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self.now():
            return node.left  # an operation dropped
        if self.now() and ast.dump(node.left) != ast.dump(node.right):
            node.left, node.right = node.right, node.left
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if self.now():
            node.left, node.comparators[0] = node.comparators[0], node.left
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        return node.values[0] if self.now() else node

    def visit_Call(self, node):
        self.generic_visit(node)
        if node.args and self.now():
            node.args = node.args[:-1]  # an argument dropped
        return node

    def visit_Constant(self, node):
        if isinstance(node.value, int | float) and self.now():
            return ast.Constant(node.value + 1)
        return node

    def visit_Raise(self, node):
        return node  # its message counts for nothing

    def visit_Assert(self, node):
        node.test = self.visit(node.test)
        return node


REACHED = {
    "entry.py": ["train"],
    "constants.py": ["SHIFT", "FIRST"],
    "settings.py": ["halved", "rate", "Spec"],
    "layers.py": ["scale", "factor", "__init__", "forward"],
    "table.py": ["square", "cube"],
    "late.py": ["power", "finish", "OFFSET"],
    "losses.py": ["mean"],
    "parity.py": ["even", "odd"],
    "checks.py": ["positive"],
}


def reached_nodes(file, tree):
    """List the blocks and places of the definitions that `train` reaches in a file."""
    blocks = [(tree, tree.body)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.ExceptHandler):
            blocks += [(node, block) for block in (node.body, getattr(node, "orelse", [])) if block]
    return [
        (block, place)
        for parent, block in blocks
        if getattr(parent, "name", "") != "Net"
        for place, node in enumerate(block)
        if not isinstance(node, ast.ClassDef | ast.If | ast.Try)
        and names_in(node) & set(REACHED[file])
    ]


def names_in(node):
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def all_edits():
    """List every small edit of what is reached: the file and its new text."""
    edits = []
    for file in REACHED:
        text = textwrap.dedent(TOY[file])
        for number in range(len(reached_nodes(file, ast.parse(text)))):
            for wanted in range(1000):
                tree = ast.parse(text)
                block, place = reached_nodes(file, tree)[number]
                old, edit = ast.dump(block[place]), Edits(wanted)
                block[place] = edit.visit(block[place])
                if edit.seen <= wanted:
                    break
                if ast.dump(block[place]) != old:
                    edits.append((file, ast.unparse(ast.fix_missing_locations(tree))))
    return edits


def test_any_small_edit_of_what_is_reached_changes_the_fingerprint(toy):
    before, edits = toy.fingerprint(), all_edits()
    assert len(edits) > 60
    changed = 0
    for file, text in edits:
        try:
            after = toy.fingerprint({**TOY, file: text})
        except (TypeError, IndexError):  # the edited module cannot be imported
            continue
        assert after != before, (file, text)
        changed += 1
    assert changed > 0.9 * len(edits)


def test_statements_in_another_order_change_the_fingerprint(toy):
    before, count = toy.fingerprint(), 0
    for file in ("entry.py", "late.py"):
        text = textwrap.dedent(TOY[file])
        name = {"entry.py": "train", "late.py": "finish"}[file]
        function = next(n for n in ast.parse(text).body if getattr(n, "name", "") == name)
        for place in range(len(function.body) - 1):
            tree = ast.parse(text)
            body = next(n for n in tree.body if getattr(n, "name", "") == name).body
            one, other = body[place], body[place + 1]
            skipped = (ast.Expr, ast.ImportFrom)
            if any(isinstance(n, skipped) for n in (one, other)) and place < 2:
                continue  # docstrings and imports count for nothing
            body[place], body[place + 1] = other, one
            assert toy.fingerprint({**TOY, file: ast.unparse(tree)}) != before
            count += 1
    assert count >= 5


def test_reach_names_itself_first_and_every_definition_once():
    found = reach(fingerprint)
    assert next(iter(found)).name == "fingerprint"
