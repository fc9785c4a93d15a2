"""One definition as it counts: what it refers to, what it mentions, and what is dropped."""

import pytest

from hw1lib.results import reading

LOSSES = """
    import numpy as np
    def mean(x):
        return np.mean(x)
    def sum(x):
        return np.sum(x)
    """

TOY = {
    "losses.py": LOSSES,
    "entry.py": """
        from toy import losses
        def train(x):
            return losses.mean(x)
        """,
}


@pytest.fixture
def toy(toys):
    return toys(TOY)


# Each a small entry module, and what in it changes the fingerprint of `train`

FOLLOWED = {
    "a method of a class that a package calls": (
        """
        from torch import nn
        class Net(nn.Module):
            def forward(self, x): return x + 1
        def train(x): return Net()(x)
        """,
        ("x + 1", "x + 2"),
    ),
    "a method of a class that extends such a class": (
        """
        from torch import nn
        class Base(nn.Module): pass
        class Net(Base):
            def forward(self, x): return x + 1
        def train(x): return Net()(x)
        """,
        ("x + 1", "x + 2"),
    ),
    "a method that such a class inherits": (
        """
        from torch import nn
        class Forward:
            def forward(self, x): return x + 1
        class Between(Forward): pass
        class Net(Between, nn.Module): pass
        def train(x): return Net()(x)
        """,
        ("x + 1", "x + 2"),
    ),
    "any method, by a computed name": (
        """
        class Rules:
            def some(self): return 1
        def train(name): return getattr(Rules(), name)()
        """,
        ("return 1", "return 2"),
    ),
    "any method, by a name in a text with gaps": (
        """
        class Rules:
            def some(self): return 1
        def train(name): return getattr(Rules(), f"so{name}")()
        """,
        ("return 1", "return 2"),
    ),
    "any method, by getattr handed over": (
        """
        class Rules:
            def some(self): return 1
        def train(names): return list(map(getattr, [Rules()], names))
        """,
        ("return 1", "return 2"),
    ),
    "any method, by methodcaller": (
        """
        import operator
        class Rules:
            def some(self): return 1
        def train(name): return operator.methodcaller(name)(Rules())
        """,
        ("return 1", "return 2"),
    ),
    "a method named in a string": (
        """
        class Rules:
            def some(self): return 1
        NAMES = ["some"]
        def train(): return [f(Rules()) for f in NAMES], Rules
        """,
        ("return 1", "return 2"),
    ),
    "a method named in a dotted string": (
        """
        from operator import attrgetter
        class Rules:
            def some(self): return 1
        def train(x): return attrgetter("rules.some")(x), Rules
        """,
        ("return 1", "return 2"),
    ),
    "a property asked for by a pattern": (
        """
        class Rules:
            @property
            def some(self): return 1
        def train():
            match Rules():
                case Rules(some=value): return value
        """,
        ("return 1", "return 2"),
    ),
    "a method under another name": (
        """
        class Rules:
            def _some(self): return 1
            other = property(_some)
        def train(): return Rules().other
        """,
        ("return 1", "return 2"),
    ),
    "a method that decorates another": (
        """
        class Rules:
            def _twice(method): return lambda self: 2 * method(self)
            @_twice
            def some(self): return 1
        def train(): return Rules().some()
        """,
        ("2 * method", "3 * method"),
    ),
    "a method of an annotated field in quotes": (
        """
        class Rules:
            def some(self): return 1
        class Spec:
            rules: "list[Rules]"
        def train(spec: Spec): return spec.rules[0].some()
        """,
        ("return 1", "return 2"),
    ),
    "a decorator": (
        """
        import functools
        def twice(function):
            @functools.wraps(function)
            def both(x): return 2 * function(x)
            return both
        @twice
        def train(x): return x
        """,
        ("2 * function", "3 * function"),
    ),
    "an argument of a decorator": (
        """
        import functools
        SIZE = 3
        @functools.lru_cache(SIZE)
        def train(x): return x
        """,
        ("SIZE = 3", "SIZE = 4"),
    ),
    "a global of a nested function": (
        """
        SHIFT = 1
        def train(x):
            def inner(y): return y + SHIFT
            return inner(x)
        """,
        ("SHIFT = 1", "SHIFT = 2"),
    ),
    "a global of a lambda in a comprehension": (
        """
        SHIFT = 1
        def train(x): return [(lambda y: y + SHIFT)(z) for z in x]
        """,
        ("SHIFT = 1", "SHIFT = 2"),
    ),
    "a global declared so": (
        """
        COUNT = 1
        def train():
            global COUNT
            COUNT = COUNT + 1
            return COUNT
        """,
        ("COUNT = 1", "COUNT = 2"),
    ),
    "what a comprehension goes through, though its variable has that name": (
        """
        items = [1, 2]
        def train(): return [items for items in items]
        """,
        ("[1, 2]", "[1, 3]"),
    ),
    "fields of a class in a function, exchanged": (
        """
        from dataclasses import dataclass
        def train(x):
            @dataclass
            class Pair:
                low: int
                high: int
            return Pair(1, x).low
        """,
        ("low: int", "new: int", "high: int", "low: int", "new: int", "high: int"),
    ),
    "a table filled by a function": (
        """
        TABLE = {}
        def put(table, value): table["a"] = value
        put(TABLE, 1)
        def train(): return TABLE
        """,
        ("put(TABLE, 1)", "put(TABLE, 2)"),
    ),
    "a table filled in a loop": (
        """
        TABLE = {}
        for number in range(3):
            TABLE[number] = number
        def train(): return TABLE
        """,
        ("range(3)", "range(4)"),
    ),
    "a value given by with": (
        """
        import contextlib
        with contextlib.nullcontext(1) as VALUE: pass
        def train(): return VALUE
        """,
        ("nullcontext(1)", "nullcontext(2)"),
    ),
    "a value given by :=": (
        """
        if (VALUE := 1) > 0: pass
        def train(): return VALUE
        """,
        ("VALUE := 1", "VALUE := 2"),
    ),
    "names of functions, where names are read": (
        """
        def first(x): return x
        def second(x): return -x
        TABLE = {f.__name__: f for f in (first, second)}
        def train(x): return TABLE["first"](x)
        """,
        (
            *("def first", "def third", "def second", "def first", "def third", "def second"),
            *("(first, second)", "(second, first)"),
        ),
    ),
    "one of two equal objects": (
        """
        A, B = [], []
        LIST, OTHER = [], []
        def train(x): return LIST, LIST, OTHER
        """,
        ("LIST, LIST, OTHER", "LIST, OTHER, OTHER"),
    ),
    "a value that an error carries": (
        """
        class Found(Exception): pass
        def train(x):
            try: raise Found(1)
            except Found as found: return found.args[0]
        """,
        ("Found(1)", "Found(2)"),
    ),
    "an attribute of what has two sources": (
        """
        try: from .fast import Power
        except ImportError:
            class Power: low, high = 1, 2
        def train(x): return Power.low
        """,
        ("Power.low", "Power.high"),
    ),
}


@pytest.mark.parametrize(("text", "edit"), FOLLOWED.values(), ids=FOLLOWED)
def test_what_is_reached_in_a_roundabout_way_counts(toys, text, edit):
    toy = toys({"entry.py": text})
    assert toy.fingerprint(toy.edited("entry.py", *edit)) != toy.fingerprint()


# Each a small entry module that imports `losses`, of which nothing may be reached

LOCAL = {
    "a variable": "losses = [x]\n    return losses.copy()",
    "a variable of a loop": "for losses in x: losses.sum()",
    "a variable of with": "with x as losses: return losses.sum()",
    "a variable of except": "try: x()\n    except OSError as losses: return losses.args",
    "a variable of a pattern": "match x:\n        case [losses]: return losses.sum()",
    "a variable of a pattern of keys": "match x:\n        case {**losses}: return losses.sum()",
    "a variable by :=": "return [y for y in x if (losses := y)], losses.sum()",
    "a variable of a comprehension": "return [losses.sum() for losses in x]",
    "a second variable of a comprehension": "return [losses.sum() for y in x for losses in y]",
    "a key of a comprehension": "return {losses: losses.sum() for losses in x}",
    "an argument of a function in it": "def g(losses): return losses.sum()\n    return g(x)",
    "an argument of a lambda": "return (lambda losses: losses.sum())(x)",
    "a function in it": "def losses(): return 1\n    return losses()",
    "a variable of the function around": "losses = x\n    return lambda: losses.sum()",
    "an attribute": "return x.losses.sum()",
}


@pytest.mark.parametrize("body", LOCAL.values(), ids=LOCAL)
def test_a_local_name_reaches_nothing_of_a_module_of_that_name(toys, body):
    entry = f"from toy import losses\ndef train(x):\n    {body}\n"
    reached = toys({"entry.py": entry, "losses.py": LOSSES}).reached()
    assert {one.module for one in reached} == {"toy.entry"}


@pytest.mark.parametrize("arguments", ["losses", "*losses", "**losses", "*, losses", "losses, /"])
def test_an_argument_reaches_nothing_of_a_module_of_that_name(toys, arguments):
    entry = f"from toy import losses\ndef train({arguments}):\n    return losses.sum()\n"
    reached = toys({"entry.py": entry, "losses.py": LOSSES}).reached()
    assert {one.module for one in reached} == {"toy.entry"}


# Modules as values, packages, and what is left out


def test_a_module_used_as_a_value_is_reached_as_a_whole_and_by_name(toy):
    use = toy.edited("entry.py", "losses.mean(", "getattr(losses, 'mean')(")
    whole = toy.fingerprint(use)
    assert ("toy.losses", "sum", "") in toy.reached(use)
    assert ("toy.losses", "sum", "") not in toy.reached()
    swapped = {**use, "losses.py": _swapped(LOSSES, "def mean", "def sum")}
    assert toy.fingerprint(swapped) != whole
    elsewhere = {**use, "losses.py": "from .impl import mean, sum", "impl.py": LOSSES}
    changed = {**elsewhere, "impl.py": LOSSES.replace("np.mean", "np.max")}
    assert toy.fingerprint(elsewhere) != toy.fingerprint(changed)


def _swapped(text, one, other):
    return text.replace(one, "<>").replace(other, one).replace("<>", other)


def test_the_library_is_followed_from_outside_and_what_carries_results_is_not(toys, monkeypatch):
    toy = toys(
        {
            "entry.py": """
                from hw1lib.networks import replicas
                from hw1lib.results.specs import Spec
                from hw1lib.results.store import Checkpoint
                from hw1lib.training.run import Run
                def train(spec: Spec, checkpoint: Checkpoint, run: Run):
                    return replicas.Linear
                """
        }
    )
    modules = {one.module for one in toy.reached()}
    assert modules == {"toy.entry", "hw1lib.networks.replicas"}
    assert set(reading.LEFT_OUT) == {"hw1lib.results", "hw1lib.training.run"}
    # a module whose name only begins like one that is left out is not left out
    monkeypatch.setattr(reading, "LEFT_OUT", ("hw1lib.networks.rep",))
    assert {one.module for one in toy.reached()} >= {"hw1lib.networks.replicas"}


def test_a_changed_module_that_is_left_out_changes_nothing(toy, monkeypatch):
    monkeypatch.setattr(reading, "LEFT_OUT", ("toy.losses",))
    changed = toy.edited("losses.py", "np.mean(x)", "np.max(x)")
    assert toy.fingerprint(changed) == toy.fingerprint()
    other = toy.edited("entry.py", "losses.mean", "losses.sum")
    assert toy.fingerprint(other) != toy.fingerprint()  # what is used of it still counts


def test_a_module_whose_name_begins_like_one_that_is_left_out_counts(toy, monkeypatch):
    monkeypatch.setattr(reading, "LEFT_OUT", ("toy.loss",))
    changed = toy.edited("losses.py", "np.mean(x)", "np.max(x)")
    assert toy.fingerprint(changed) != toy.fingerprint()
