"""A key is the call: the same call has the same one anywhere, and another call another."""

import importlib
import json
import operator
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from hw1lib.data import image_sets
from hw1lib.results import keys
from hw1lib.results.keys import digest, key_of
from hw1lib.results.store import Entry


@dataclass(frozen=True)
class Rule:
    """Ends a training."""

    at: float = 0.5

    def ends(self, x):
        return x < self.at


@dataclass(frozen=True)
class OtherRule:
    """Has the same fields, and ends others."""

    at: float = 0.5

    def ends(self, x):
        return x > self.at


@dataclass(frozen=True)
class Settings:
    widths: tuple[int, ...] = (1, 5, 1)
    rate: float = 0.1
    steps: int = 3
    target: str = "sinc"
    bias: bool = True
    decay: float | None = None
    scales: tuple[float, ...] | None = (1.0, 2.0)
    pair: tuple[int, float] = (1, 2.0)
    rule: Rule = Rule()


def train(settings, build=None, *, data=None, rate: float = 0.1, loss=None):
    """Stand for a training, which asks its rule."""
    return settings.rule.ends(rate)


def collect(*parts: float, **more: float):
    """Take any arguments."""


def double(x):
    return 2 * x


def half(x):
    return x / 2


class Point(NamedTuple):
    """Two numbers."""

    x: int
    y: int


class Blocks:
    """A class with a method of its own, and one of a class."""

    def forward(self):
        return 1

    @classmethod
    def make(cls):
        return cls()


def of(*arguments, function=train, experiment="toy", **named):
    return digest(experiment, partial(function, *arguments, **named))


def test_arguments_by_name_or_by_place_are_the_same_call():
    keys = {
        of(Settings(), double),
        of(Settings(), build=double),
        of(settings=Settings(), build=double),
        of(build=double, settings=Settings()),
        digest("toy", partial(partial(train, Settings()), build=double)),
    }
    assert len(keys) == 1
    assert of(1.0, 2.0, function=collect) != of(2.0, 1.0, function=collect)
    assert of(a=1.0, b=2.0, function=collect) == of(b=2.0, a=1.0, function=collect)
    assert of(a=1.0, b=2.0, function=collect) != of(a=2.0, b=1.0, function=collect)


CHANGED = [
    replace(Settings(), widths=(1, 5, 5, 1)),
    replace(Settings(), widths=(1, 51)),
    replace(Settings(), rate=float(np.nextafter(0.1, 1))),
    replace(Settings(), steps=4),
    replace(Settings(), steps=True),
    replace(Settings(), target="sinc "),
    replace(Settings(), target=None),
    replace(Settings(), bias=False),
    replace(Settings(), decay=0.0),
    replace(Settings(), decay=-0.0),
    replace(Settings(), decay=float("nan")),
    replace(Settings(), decay=float("inf")),
    replace(Settings(), scales=None),
    replace(Settings(), scales=()),
    replace(Settings(), rule=Rule(0.25)),
    replace(Settings(), rule=OtherRule()),
]


def test_every_field_the_name_and_the_function_change_the_key():
    keys = [of(settings) for settings in (Settings(), *CHANGED)]
    keys += [of(Settings(), experiment="toy2"), of(Settings(), function=collect)]
    assert len(set(keys)) == len(keys) == len(CHANGED) + 3


def test_every_kind_of_argument_is_another_key():
    arguments = [
        *(None, True, False, 0, 1, 1.0, "", "1", (), (1,), ((1,),), (1, 2), "None"),
        *(np.zeros(2), double, half, torch.sin, torch.cos, F.relu, nn.Tanh, nn.ReLU, Blocks),
        *(operator.add, abs, np.mean, Blocks.forward, Rule(), OtherRule(), Rule(1.0)),
        *(partial(double), partial(double, 1), partial(double, 2), partial(half, 1)),
        *(partial(nn.LeakyReLU, 0.1), partial(torch.clamp, min=0), partial(torch.clamp, max=0)),
    ]
    keys = [of(Settings(), argument) for argument in arguments]
    assert len(set(keys)) == len(keys)
    assert len({of(Settings()), of(Settings(), loss=double), of(Settings(), data=double)}) == 3


def test_an_int_where_a_float_belongs_is_that_float():
    whole = Settings(rate=1.0, decay=2.0, scales=(3.0,), pair=(1, 4.0), rule=Rule(1.0))
    ints = Settings(rate=1, decay=2, scales=(3,), pair=(1, 4), rule=Rule(1))
    assert of(whole) == of(ints)
    assert of(Settings(), rate=1) == of(Settings(), rate=1.0)
    assert of(Settings(pair=(1, 2.0))) != of(Settings(pair=(1.0, 2.0)))
    assert of(Settings(), data=1) != of(Settings(), data=1.0)  # a float belongs there no more


def test_a_number_of_numpy_that_is_a_float_is_that_float():
    assert of(Settings(rate=np.float64(0.1))) == of(Settings())


# Arrays


ARRAYS = [
    np.array([1, 2, 3, 4]),
    np.array([1, 2, 3, 5]),
    np.array([[1, 2], [3, 4]]),
    np.array([[1, 2, 3, 4]]),
    np.array([1, 2, 3, 4], dtype=np.int32),
    np.array([1, 2, 3, 4], dtype=">i8"),
    np.array([1.0, 2.0, 3.0, 4.0]),
    np.array([0.0]),
    np.array([-0.0]),
    np.array(0.0),
    np.empty((0, 3)),
    np.empty((3, 0)),
    np.array(["a"]),
    np.array([(1,)], dtype=[("a", "i4")]),
    np.array([(1,)], dtype=[("b", "i4")]),
]


def test_an_array_counts_by_type_shape_and_content():
    keys = [of(Settings(), data=array) for array in ARRAYS]
    assert len(set(keys)) == len(keys)


def test_an_array_counts_by_nothing_else():
    array = np.arange(6.0).reshape(2, 3)
    same = (array.copy(), np.asfortranarray(array), np.arange(12.0).reshape(2, 6)[:, ::2] / 2)
    assert {of(Settings(), data=one) for one in same} == {of(Settings(), data=array)}


# What has a fingerprint


def test_images_and_results_count_by_their_fingerprints(tmp_path):
    images = image_sets.load("mnist", "standin", sizes=(60, 40))
    fewer = image_sets.load("mnist", "standin", sizes=(50, 40))
    key = json.loads(key_of("toy", partial(train, Settings(), data=images)))
    assert key["arguments"]["data"] == {"fingerprint": images.fingerprint}
    assert of(Settings(), data=images) != of(Settings(), data=fewer)
    entries = [Entry({}, {}, {}, tmp_path / name) for name in ("a" * 64, "b" * 64)]
    assert of(Settings(), data=entries[0]) != of(Settings(), data=entries[1])
    assert of(Settings(), data=entries[0]) == of(Settings(), data=replace(entries[0], key={1: 2}))


# Functions


def test_functions_of_other_packages_count_by_name():
    key = json.loads(key_of("toy", partial(train, Settings(), partial(F.leaky_relu, inplace=True))))
    assert key["arguments"]["build"] == {
        "arguments": {"inplace": True},
        "function": {"name": "torch.nn.functional.leaky_relu"},
    }
    assert set(key["function"]) == {"source"}
    by_place, by_name = partial(nn.LeakyReLU, 0.1), partial(nn.LeakyReLU, negative_slope=0.1)
    assert of(Settings(), by_place) == of(Settings(), by_name)


def test_a_class_of_settings_counts_by_the_methods_that_the_call_mentions(toys):
    toy = toys(
        {
            "entry.py": """
                from dataclasses import dataclass
                @dataclass(frozen=True)
                class Rule:
                    at: float = 1.0
                    def ends(self, x): return x < self.at
                    def idle(self): return 1
                def train(rule, build): return rule.ends(2), build().made()
                class Build:
                    def made(self): return 3
                """
        }
    )

    def key(*edit):
        module = toy.load(toy.edited("entry.py", *edit))
        return digest("toy", partial(module.train, module.Rule(), module.Build))

    assert key("x < self", "x > self") != key()
    assert key("return 3", "return 4") != key()  # of a class that is handed over
    assert key("return 1", "return 2") == key()


SHIFT = lambda x: x + 1  # noqa: E731


def test_lambdas_closures_and_inner_functions_are_refused():
    rate = 2

    def inner(x):
        return x

    def closed(x):
        return rate * x

    for function in (lambda x: x, SHIFT, inner):
        with pytest.raises(ValueError, match="cannot be told from others in its place"):
            of(Settings(), function)
    with pytest.raises(ValueError, match=r"closed uses rate of the function around it"):
        of(Settings(), closed)
    with pytest.raises(ValueError, match="cannot be told from others"):
        of(Settings(), partial(inner, 1))
    with pytest.raises(ValueError, match="cannot be told from others"):
        digest("toy", partial(inner, 1))


@pytest.mark.parametrize(
    "method",
    [Rule(0.1).ends, Blocks.make, np.random.default_rng(0).normal, "text".upper, nn.Tanh().forward],
    ids=lambda method: method.__qualname__,
)
def test_the_method_of_an_object_is_refused_for_no_key_can_see_the_object(method):
    with pytest.raises(TypeError, match=rf"build of call is the method {method.__qualname__} of"):
        of(Settings(), method)


# Refused


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (replace(Settings(), widths=[1, 2]), "widths of settings of call is list"),
        (
            replace(Settings(), scales=(1.0, np.int64(2))),
            r"scales of settings of call\[1\] is int64",
        ),
        (replace(Settings(), rule=Rule(at={1})), "at of rule of settings of call is set"),
        (replace(Settings(), target=torch.zeros(1)), "target of settings of call is Tensor"),
        ({"a": 1}, "settings of call is dict"),
        (np.array([None]), "settings of call is ndarray"),
        (np.ma.array([1, 2], mask=[0, 1]), "settings of call is MaskedArray"),
        (nn.Tanh(), "settings of call is Tanh"),
        (np.float32(1), "settings of call is float32"),
        (1j, "settings of call is complex"),
        (b"a", "settings of call is bytes"),
    ],
    ids=lambda value: value.split()[-1] if isinstance(value, str) else "",
)
def test_what_cannot_be_a_key_is_refused_by_its_place(argument, message):
    with pytest.raises(TypeError, match=f"^{message}; a key is made of str, int, float"):
        of(argument)


def test_a_tuple_with_names_is_refused_since_its_class_would_be_lost():
    with pytest.raises(TypeError, match="settings of call is Point; a key is made of"):
        of(Point(1, 2))


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", ".hidden", "a\n", "-a", "a b", "ä"])
def test_an_experiment_name_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(ValueError, match="experiment must be a plain name"):
        of(Settings(), experiment=name)


# The same everywhere


PINNED = '''
from dataclasses import dataclass
from functools import partial
import numpy as np
import torch
@dataclass(frozen=True)
class Spec:
    rate: float = 1
    widths: tuple[int, ...] = (1, 5, 1)
    def scaled(self): return self.rate * SCALE["a"]
SCALE = {"b": 2, "a": 1}
def build(width, names=frozenset({"x", "y", "z"})):
    """Make it."""
    return [width + SCALE["b"] for name in names]
def train(spec: Spec, build, act, data):
    """Scale the rate."""
    return spec.scaled()
CALL = partial(train, Spec(), partial(build, 3), act=torch.nn.Tanh, data=np.arange(3.0))
'''
PINNED_DIGEST = "ae1acd523c77db9ac9b12607924c4c15f4e28ad9ddf2d0d96c9e38bc488360c6"


def test_a_key_is_the_same_in_every_process_and_stays_what_it_was(tmp_path, monkeypatch):
    (tmp_path / "pinned.py").write_text(PINNED)
    monkeypatch.syspath_prepend(tmp_path)
    pinned = importlib.import_module("pinned")
    assert digest("toy", pinned.CALL) == PINNED_DIGEST
    code = "import pinned; from hw1lib.results.keys import digest;"
    code += "print(digest('toy', pinned.CALL))"
    other = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": other, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == PINNED_DIGEST


def test_a_key_is_json_with_one_spelling():
    content = key_of("toy", partial(train, Settings(), double))
    key = json.loads(content)
    assert json.dumps(key, indent=1, sort_keys=True).encode() + b"\n" == content
    assert list(key) == ["arguments", "experiment", "function"]
    assert key["arguments"]["settings"]["widths"] == [1, 5, 1]
    assert set(key["arguments"]["settings"]["class"]) == {"source"}


def test_a_part_that_one_key_lacks_is_a_difference_of_its_own():
    assert keys.differing({"a": {"b": 1}}, {"a": None}) == ["a (None for {'b': 1})"]
    assert keys.differing({"a": 1}, {}) == ["a (None for 1)"]
