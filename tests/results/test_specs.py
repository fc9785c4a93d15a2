"""Settings: a bad one is refused in one sentence that says what was given and what is allowed."""

import dataclasses
import importlib
import math
import pkgutil
import re
import typing
from dataclasses import FrozenInstanceError

import pytest

from hw1lib import chapters
from hw1lib.chapters import function_fit
from hw1lib.results.specs import Profiles, SettingError, Spec, setting

CHAPTERS = {
    name: importlib.import_module(f"{chapters.__name__}.{name}")
    for _, name, is_package in pkgutil.iter_modules(chapters.__path__)
    if is_package and name != "summary"
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Baking(Spec):
    """Settings of no chapter."""

    flour: str = setting("rye", "what to bake with", choices=("rye", "wheat", "spelt"))
    loaves: int = setting(2, "loaves", at_least=1)
    hours: float = setting(1.5, "in the oven", above=0)
    salt: float = setting(0.01, "share of the flour", at_least=0)
    tins: tuple[int, ...] = setting((1, 2), "tins of each size", at_least=1)
    heats: tuple[float, ...] = setting((2e-2, 3.0), "heats tried", above=0)
    seeded: bool = setting(False, "with seeds on top")


PROFILES = Profiles(full=Baking(), smoke=Baking(loaves=1))


def refusal(make, *arguments, **settings):
    """The sentence with which something is refused."""
    with pytest.raises(SettingError) as refused:
        make(*arguments, **settings)
    sentence = str(refused.value)
    assert sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"flour": "whaet"}, "'whaet'; known: rye, wheat, spelt; did you mean 'wheat'?"),
        ({"flour": "concrete"}, "'concrete'; known: rye, wheat, spelt"),
        ({"flour": 3}, "must be a word, got 3"),
        ({"loaves": 0}, "must be at least 1, got 0"),
        ({"loaves": -4}, "must be at least 1, got -4"),
        ({"loaves": 2.5}, "must be a whole number, got 2.5"),
        ({"loaves": 2.0}, "must be a whole number, got 2.0"),
        ({"loaves": True}, "must be a whole number, got True"),
        ({"loaves": None}, "must be a whole number, got None"),
        ({"loaves": [1]}, "must be a whole number, got [1]"),
        ({"hours": 0}, "must be above 0, got 0.0"),
        ({"hours": -1.5}, "must be above 0, got -1.5"),
        ({"hours": math.nan}, "must be finite, got nan"),
        ({"hours": math.inf}, "must be finite, got inf"),
        ({"salt": -math.inf}, "must be finite, got -inf"),
        ({"salt": -1e-9}, "must be at least 0, got -1e-09"),
        ({"hours": True}, "must be a number, got True"),
        ({"tins": ()}, "must be a list with at least one item, got ()"),
        ({"tins": []}, "must be a list with at least one item, got []"),
        ({"tins": 3}, "must be a list with at least one item, got 3"),
        ({"tins": "12"}, "must be a list with at least one item, got '12'"),
        ({"tins": [1, 0]}, "must be at least 1, got 0"),
        ({"tins": [1, 1.5]}, "must be a whole number, got 1.5"),
        ({"heats": [1, math.nan]}, "must be finite, got nan"),
        ({"seeded": 1}, "must be True or False, got 1"),
    ],
    ids=str,
)
def test_a_refusal_names_the_setting_the_value_and_what_is_allowed(settings, sentence):
    (name,) = settings
    said = refusal(Baking, **settings)
    assert said.startswith(f"{name} of test_specs.Baking ")
    assert said.endswith(sentence)


def test_a_change_is_checked_like_a_new_spec():
    assert refusal(Baking().replace, loaves=0) == refusal(Baking, loaves=0)


@pytest.mark.parametrize("name", ["loaves", "hours", "tins"])
def test_a_string_for_a_number_is_told_how_papermill_passes_numbers(name):
    said = refusal(Baking, **{name: ["50"] if name == "tins" else "50"})
    assert "got '50'" in said
    assert f"papermill passes numbers with -p {name} 5" in said


def test_an_unknown_setting_is_refused_with_a_guess():
    said = refusal(Baking().replace, laoves=3)
    assert said.startswith("test_specs.Baking has no setting 'laoves'; known: flour, loaves, ")
    assert said.endswith("did you mean 'loaves'?")
    assert "did you mean" not in refusal(Baking().replace, zzz=None)


@pytest.mark.parametrize("profile", ["smok", "", None, 3, ["smoke"]], ids=repr)
def test_an_unknown_profile_is_refused_with_those_that_there_are(profile):
    said = refusal(PROFILES.choose, profile)
    assert said.startswith(f"there is no profile {profile!r}; known: full, smoke")
    assert ("did you mean 'smoke'?" in said) == (profile in ("smok", ["smoke"]))


def test_values_get_the_declared_type():
    spec = Baking(tins=[3, 4], hours=2, heats=[1, 2.5])
    assert (spec.tins, spec.hours, spec.heats) == ((3, 4), 2.0, (1.0, 2.5))
    assert type(spec.hours) is float
    assert list(map(type, spec.heats)) == [float, float]
    assert spec == Baking(tins=(3, 4), hours=2.0, heats=(1.0, 2.5))
    assert hash(spec) == hash(Baking(tins=(3, 4), hours=2.0, heats=(1.0, 2.5)))


def test_none_leaves_a_setting_as_the_profile_has_it():
    assert PROFILES.choose("smoke", loaves=None, hours=None) == PROFILES["smoke"]
    assert PROFILES.choose("smoke", loaves=None, hours=3) == Baking(loaves=1, hours=3.0)


def test_a_profile_is_not_changed_by_choosing_from_it():
    PROFILES.choose("full", loaves=7)
    assert PROFILES["full"].loaves == 2
    with pytest.raises(FrozenInstanceError):
        PROFILES["full"].loaves = 7


def test_a_notebook_shows_the_sentence_alone():
    error = SettingError("loaves must be at least 1, got 0")
    assert error._render_traceback_() == ["SettingError: loaves must be at least 1, got 0"]
    # a plain `except ValueError` catches it as well
    assert isinstance(error, ValueError)


# The chapters' own


def fields(kind):
    """Every field of all chapters of a type, alone or in a tuple."""
    return [
        pytest.param(chapter, field, hint is not kind, id=f"{name}.{field}")
        for name, chapter in CHAPTERS.items()
        for field, hint in typing.get_type_hints(chapter.Spec).items()
        if kind in (hint, *typing.get_args(hint))
    ]


def given(value, in_tuple):
    return [value] if in_tuple else value


@pytest.mark.parametrize("value", [0, -1, "50", 2.5, True], ids=repr)
@pytest.mark.parametrize(("chapter", "field", "in_tuple"), fields(int))
def test_every_count_of_a_chapter_refuses_what_is_no_count(chapter, field, in_tuple, value):
    if field in ("seed", "branch_epochs") and type(value) is int and value == 0:
        kept = getattr(chapter.PROFILES.choose("smoke", **{field: given(0, in_tuple)}), field)
        assert kept in (0, (0,))
        return
    said = refusal(chapter.PROFILES.choose, "smoke", **{field: given(value, in_tuple)})
    assert said.startswith(f"{field} of {chapter.__name__.rsplit('.', 1)[-1]}.Spec must be ")
    assert f"got {value!r}" in said
    assert ("at least" in said) == (type(value) is int)


@pytest.mark.parametrize("value", [-1, "0.1", math.nan, math.inf, True], ids=repr)
@pytest.mark.parametrize(("chapter", "field", "in_tuple"), fields(float))
def test_every_rate_of_a_chapter_refuses_what_is_no_rate(chapter, field, in_tuple, value):
    said = refusal(chapter.PROFILES.choose, "full", **{field: given(value, in_tuple)})
    assert said.startswith(f"{field} of {chapter.__name__.rsplit('.', 1)[-1]}.Spec must be ")


def test_a_learning_rate_of_zero_is_refused():
    named = [c for c in CHAPTERS.values() if hasattr(c.PROFILES["full"], "learning_rate")]
    assert len(named) > 1
    for chapter in named:
        assert "above 0, got 0.0" in refusal(chapter.PROFILES.choose, "full", learning_rate=0)


def test_an_unknown_target_is_refused_with_a_guess():
    said = refusal(function_fit.PROFILES.choose, "smoke", targets=["sinc", "sign", "sin"])
    assert said.startswith("targets of function_fit.Spec cannot be 'sin'; known: sinc, sine, sign")
    assert "did you mean 'sin" in said


def test_a_single_point_is_no_grid():
    assert "at least 2" in refusal(function_fit.PROFILES.choose, "smoke", points=1)


def markdown(spec):
    """What a report prints of settings."""
    shown, metadata = spec._repr_mimebundle_()
    assert metadata == {"hw1": {"kind": "settings"}}
    return shown["text/markdown"]


def test_a_notebook_folds_the_settings():
    spec = Baking(loaves=20_000)
    shown = spec._repr_mimebundle_()[0]["text/html"]
    assert shown.startswith("<details><summary>Settings")
    assert spec.digest in shown
    assert "<td><code>loaves</code></td><td>20,000</td>" in shown


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=CHAPTERS)
@pytest.mark.parametrize("profile", ["full", "quick", "smoke"])
def test_a_spec_shows_itself_as_a_table_with_a_row_per_setting(chapter, profile):
    spec = chapter.PROFILES[profile]
    header, rule, *rows, _, digest = markdown(spec).splitlines()
    assert header == "| setting | value | meaning |"
    assert set(rule) == set("|:-")
    names = [field.name for field in dataclasses.fields(spec)]
    assert [row.split("`")[1] for row in rows] == names
    for row in rows:
        # a bar in a cell ends it, unless it is escaped
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))]
        assert len(cells) == 3
        assert all(cells), row
    assert f"`{spec.digest}`" in digest


def test_a_digest_names_the_settings_and_the_chapter():
    digests = [of.PROFILES[name].digest for of in CHAPTERS.values() for name in ("full", "smoke")]
    assert len(set(digests)) == len(digests)
    assert all(re.fullmatch("[0-9a-f]{10}", digest) for digest in digests)
    assert Baking(hours=2).digest == Baking(hours=2.0).digest != Baking(hours=3).digest


def test_values_are_shown_as_people_write_them():
    shown = markdown(Baking(loaves=20_000, hours=1e-3, tins=(1, 2500)))
    for cell in ("| 20,000 |", "| 0.001 |", "| 1, 2,500 |", "| False |", "| rye |"):
        assert cell in shown


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=CHAPTERS)
def test_the_profiles_are_smoke_quick_and_full_and_full_is_the_default(chapter):
    assert set(chapter.PROFILES) == {"smoke", "quick", "full"}
    assert chapter.PROFILES["full"] == chapter.Spec()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawing(Spec):
    """Settings of no chapter, one of which bounds another."""

    drawn: int = setting(2, "cards drawn", at_least=1, within=("deck", "hand"))
    deck: int = setting(52, "cards", at_least=1)
    hand: int = setting(5, "cards that fit in a hand", at_least=1)
    share: float = setting(0.5, "of red ones", at_least=0, at_most=1)


def test_a_setting_is_refused_where_another_or_a_number_is_smaller():
    assert Drawing(drawn=5, share=1).drawn == 5
    with pytest.raises(
        SettingError, match=r"^drawn of .*Drawing must be at most hand \(5\), got 6$"
    ):
        Drawing(drawn=6)
    with pytest.raises(
        SettingError, match=r"^drawn of .*Drawing must be at most deck \(1\), got 2$"
    ):
        Drawing().replace(deck=1)
    with pytest.raises(SettingError, match=r"^share of .*Drawing must be at most 1, got 1\.5$"):
        Drawing(share=1.5)
