"""Whatever a reader gives as a parameter is taken as it is, or refused with its name.

The fuzzing makes 2,000 sets of parameters, or as many as HW1_FUZZ says (`make test-faults`).
"""

import dataclasses
import os
import random
import textwrap

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill.translators import PythonTranslator

from hw1lib.chapters import summary
from hw1lib.chapters.registry import discover
from hw1lib.messages import brief, is_text
from hw1lib.publish.given import ExecutionError, listed, parse, resolve
from hw1lib.results.specs import SettingError

SETS = int(os.environ.get("HW1_FUZZ", "2000"))
CHAPTERS = [*(chapter.profiles for chapter in discover().values()), summary.PROFILES]


class Unshowable:
    def __repr__(self):
        raise ValueError


LETTERS = [*"ab 0-.[]{}'\"\\#$%`<>|_\n\r\t\0\x1b\x85", "é", "训", "\u2028", "\u202e", "\ud800", "𝒳"]
ODD = [
    *(None, True, False, 0, 1, -1, 2, 10**9, 10**9 + 1, -(10**30), 10**5000),
    *(0.0, -0.0, 0.5, 1e-300, 1e308, float("inf"), float("-inf"), float("nan")),
    *(
        "",
        "auto",
        "folder:",
        "folder:/",
        "1e5",
        "True",
        "x" * 100_000,
        Unshowable(),
        b"",
        {},
        [],
        (),
    ),
    *([[]], [1, [2]], [True], [None], [10**400, 1], [0.5] * 1000, {1: 2}, object, Ellipsis, 1j),
]


def odd(draw):
    kind = draw.randrange(4)
    if kind == 0:
        return "".join(draw.choices(LETTERS, k=draw.randrange(12)))
    if kind == 1:
        return [draw.choice(ODD) for _ in range(draw.randrange(1, 4))]
    if kind == 2:
        return draw.choice((draw.randrange(1, 300), draw.uniform(0, 2) ** 9))
    return draw.choice(ODD)


def refusal(call, kind):
    """What a call returns, and what it says if it refuses instead."""
    try:
        return call(), None
    except kind as error:
        str(error).encode()  # can be printed
        return None, str(error)


def test_every_set_of_parameters_is_taken_as_it_is_or_refused_with_a_name():
    draw = random.Random(0)
    taken = 0
    for _ in range(SETS):
        profiles = draw.choice(CHAPTERS)
        known = [field.name for field in dataclasses.fields(profiles["full"])]
        names = draw.sample(
            [*known, "profile", "self", "device", "x;y", "é" * 99], draw.randrange(4)
        )
        given = {name: odd(draw) for name in names}
        profile = draw.choice(["smoke", "quick", "full"])
        spec, sentence = refusal(lambda: profiles.choose(profile, **given), SettingError)  # noqa: B023
        if sentence:
            # how the others are limited can name one that was not given
            assert any(name in sentence for name in [*given, *known])
            # a line, but for the list of what is known
            assert len(sentence) < 300 + sum(map(len, known)) + 2 * len(known)
            assert "\n" not in sentence
            continue
        taken += 1
        for name, value in given.items():
            got = getattr(spec, name)
            if value is not None:
                assert got == (tuple(value) if isinstance(value, list) else value)
    assert taken > SETS / 20


def test_every_word_of_a_command_line_is_a_value_or_refused_with_its_name():
    draw = random.Random(1)
    for _ in range(SETS):
        word = "".join(draw.choices([*LETTERS, *"0123456789", "e", "[", ","], k=draw.randrange(9)))
        values, sentence = refusal(lambda: parse([("name", word)]), ExecutionError)  # noqa: B023
        if sentence:
            assert sentence.startswith("parameter 'name'")
            continue
        value = values["name"]
        assert type(value) in (str, int, float, list, bool, type(None))
        assert type(value) is not str or value == word


def test_a_word_that_papermill_is_given_is_the_word_that_the_notebook_reads():
    draw = random.Random(2)
    for _ in range(SETS):
        word = "".join(draw.choices(LETTERS, k=draw.randrange(9)))
        read = {}
        exec(PythonTranslator.codify({"word": word}), read)
        assert read["word"] == word


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("9" * 5000, f"parameter 'seed': {brief('9' * 5000)} is too large a number"),
        ("-1e400", "parameter 'seed': '-1e400' is too large a number"),
        ("[1, 2", "parameter 'seed': '[1, 2' is no JSON list: Expecting ',' delimiter"),
        (
            "[" * 100_000,
            "parameter 'seed': '[[[[[[[[[[[[[[[[[[[[[[[[[[[...[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        ),
        ("folder:\udcff", "parameter 'seed' has letters unknown to the locale"),
    ],
)
def test_a_word_that_is_no_value_is_refused(word, sentence):
    with pytest.raises(ExecutionError) as refused:
        parse([("seed", word)])
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"profile": "full"}, "has no setting 'profile'"),
        ({"self": 1}, "has no setting 'self'"),
        ({"replicas": 10**8}, "replicas of capacity.Spec must be at most 100,000, got 100,000,000"),
        (
            {"seed": 10**5000},
            "seed of capacity.Spec must be at most 1,000,000,000, got a number of",
        ),
        ({"data": "folder:\ud800"}, r"data of capacity.Spec has letters that are none"),
        ({"seed": "−3"}, "papermill passes numbers with -p seed -3, not with -r or quotes"),
        ({"seed": "null"}, "seed of capacity.Spec must be a whole number, got 'null'"),
    ],
)
def test_an_odd_setting_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(SettingError) as refused:
        discover()["capacity"].profiles.choose("smoke", **given)
    assert sentence in str(refused.value)


def with_parameters(tmp_path, source):
    path = tmp_path / "own.ipynb"
    cell = new_code_cell(textwrap.dedent(source), metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[cell], metadata=kernel), path)
    return path


def test_parameters_are_what_python_assigns_in_their_cell(tmp_path):
    own = with_parameters(
        tmp_path,
        """
        title = "a=b"  # a second =, which papermill takes for no parameter
        limit: None | str = None
        first = second = 1
        third: int  # nothing yet
        long = [
            1, 2,
        ]
        print("not one")
        """,
    )
    assert [*listed(own)] == ["title", "limit", "first", "second", "third", "long"]
    assert resolve(own, {"title": "c=d", "limit": "x"}) == {"title": "c=d", "limit": "x"}


def test_parameters_of_every_notebook_are_those_that_papermill_finds():
    for chapter in discover().values():
        path = f"notebooks/{chapter.notebook}.ipynb"
        assert [*listed(path)] == [*papermill.inspect_notebook(path)]


def test_a_cell_of_parameters_that_is_no_python_is_named(tmp_path):
    own = with_parameters(tmp_path, "seed = = 1")
    with pytest.raises(ExecutionError, match=r"own.ipynb is not a notebook that can be run: inv"):
        listed(own)


def test_is_text():
    assert is_text("训练 é")
    assert not is_text("\udcff")
