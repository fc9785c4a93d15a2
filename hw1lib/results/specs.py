"""What decides a number: frozen, validated settings, and the profiles that name whole sets."""

import dataclasses
import difflib
import hashlib
import html
import math
import sys
import typing
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self, TypeVar

from hw1lib.marks import KEY, SETTINGS, literal, typographic
from hw1lib.messages import brief, is_text

LARGEST = 10**9  # of the whole numbers that a setting may be
MOST_REPLICAS = 100_000


class SettingError(ValueError):
    """A setting is not allowed; the message says what was given, what is allowed and where."""

    def _render_traceback_(self) -> list[str]:
        # a notebook shows the sentence without forty lines of our own frames
        return [f"{type(self).__name__}: {self}"]


def setting(
    default: Any,
    meaning: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    within: Collection[str] = (),
    choices: Collection[str] | None = None,
) -> Any:
    """Declare a field of a spec.

    Args:
        default: Value in the full profile.
        meaning: What it is, with its unit; the chapter prints it beside the value.
        at_least: Smallest value allowed, for each item where the value is a tuple.
        above: Bound that every value must exceed, likewise.
        at_most: Largest value allowed, likewise.
        within: Names of other settings that it must not exceed.
        choices: Words allowed, likewise; one such as "folder:PATH" allows any path.
    """
    limits = {"at_least": at_least, "above": above, "at_most": at_most, "choices": choices}
    metadata = {"meaning": meaning, "within": within, **limits}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """Base of every experiment's settings: checks its own fields, and shows itself as a table."""

    chosen_from: ClassVar[str] = ""  # the name of the profile; no setting, as it decides no number

    def __post_init__(self) -> None:
        """Check every field and give it its declared type, such as a tuple for a list."""
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            where = f"{field.name} of {_name(type(self))}"
            value = _typed(getattr(self, field.name), hints[field.name], where)
            for item in value if isinstance(value, tuple) else [value]:
                _within(item, field.metadata, where)
            object.__setattr__(self, field.name, value)
        for field in dataclasses.fields(self):
            for limit in field.metadata["within"]:
                value, most = getattr(self, field.name), getattr(self, limit)
                if value > most:
                    where = f"{field.name} of {_name(type(self))}"
                    raise SettingError(
                        f"{where} must be at most {limit} ({most}), got {brief(value)}"
                    )

    def replace(self, /, **changes: Any) -> Self:
        """Change some settings; None leaves a setting as it is.

        Raises:
            SettingError: If a name is unknown or a value not allowed.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise SettingError(f"{_name(type(self))} has no setting {_unknown(name, known)}")
        return dataclasses.replace(self, **{k: v for k, v in changes.items() if v is not None})

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits that name these settings: every change of one changes them."""
        return hashlib.sha256(f"{_name(type(self))} {self}".encode()).hexdigest()[:10]

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        # for a notebook, for a report, and for a terminal
        shown = {"text/html": self._folded(), "text/markdown": self._table()}
        return {**shown, "text/plain": repr(self)}, {KEY: {"kind": SETTINGS}}

    def listed(self, *, without: Collection[str] = ()) -> str:
        """Write the settings as Markdown in one line."""
        return "; ".join(
            f"`{f.name}` {_shown(getattr(self, f.name))}"
            for f in dataclasses.fields(self)
            if f.name not in without
        )

    def _table(self) -> str:
        """List the settings as Markdown."""
        rows = [
            (f"`{f.name}`", _shown(getattr(self, f.name)), typographic(f.metadata["meaning"]))
            for f in dataclasses.fields(self)
        ]
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        table = ["| setting | value | meaning |", "|:--|:--|:-----|", *lines]
        return "\n".join([*table, "", f"Figures call these settings `{self.digest}`."])

    def _folded(self) -> str:
        """List them as HTML, folded, or they would fill a screen before the first figure."""
        rows = "".join(
            f"<tr><td><code>{f.name}</code></td><td>{html.escape(_shown(getattr(self, f.name)))}"
            f"</td><td>{html.escape(f.metadata['meaning'])}</td></tr>"
            for f in dataclasses.fields(self)
        )
        return (
            f"<details><summary>Settings, called <code>{self.digest}</code> in figures</summary>"
            f"<table><tr><th>setting</th><th>value</th><th>meaning</th></tr>{rows}</table></details>"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replicated(Spec):
    """Settings of an experiment whose trainings are repeated with consecutive seeds."""

    seed: int = setting(0, "first of the consecutive seeds, one per replica", at_least=0)
    replicas: int = setting(20, "trainings of each network, side by side", at_least=1)

    def __post_init__(self) -> None:
        """Check also that there is memory for the seeds."""
        super().__post_init__()
        if self.replicas > MOST_REPLICAS:
            where = f"replicas of {_name(type(self))}"
            raise SettingError(f"{where} must be at most {MOST_REPLICAS:,}, got {self.replicas:,}")

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per replica."""
        return tuple(range(self.seed, self.seed + self.replicas))


S = TypeVar("S", bound=Spec)


class Profiles(dict[str, S]):
    """Whole sets of settings by name: smoke, quick and full."""

    def choose(self, profile: str, /, **changes: Any) -> S:
        """Take a profile's settings and change some; None leaves one as the profile has it.

        Raises:
            SettingError: If the profile or a setting's name is unknown, or a value not allowed.
        """
        if not isinstance(profile, str) or profile not in self:
            raise SettingError(f"there is no profile {_unknown(profile, list(self))}")
        spec = self[profile].replace(**changes)
        object.__setattr__(spec, "chosen_from", profile)
        return spec


def _typed(value: Any, hint: Any, where: str) -> Any:
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or not value:
            raise SettingError(f"{where} must be a list with at least one item, got {brief(value)}")
        return tuple(_typed(item, typing.get_args(hint)[0], where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < sys.float_info.max else math.inf
    if type(value) is not hint:
        wanted = {int: "a whole number", float: "a number", str: "a word", bool: "True or False"}
        raise SettingError(
            f"{where} must be {wanted[hint]}, got {brief(value)}{_advice(value, hint, where)}"
        )
    if hint is int and abs(value) > LARGEST:
        raise SettingError(f"{where} must be at most {LARGEST:,}, got {brief(value)}")
    if hint is float and not math.isfinite(value):
        raise SettingError(f"{where} must be finite, got {value}")
    if hint is str and not is_text(value):
        raise SettingError(f"{where} has letters that are none, got {brief(value)}")
    return value


def _advice(value: Any, hint: type, where: str) -> str:
    """Say what is usually meant by a word that should be a number or a truth."""
    if not isinstance(value, str):
        return ""
    word = value.strip("'\"").replace("\N{MINUS SIGN}", "-")
    if word.capitalize() in (("True", "False", "None") if hint is bool else ("None",)):
        return f"; it is written {word.capitalize()}"
    try:
        number = f"{float(word):g}"
    except ValueError:
        return ""
    return f"; papermill passes numbers with -p {where.split()[0]} {number}, not with -r or quotes"


def _within(value: Any, limits: Mapping[str, Any], where: str) -> None:
    if limits["choices"] is not None and not _is_among(value, limits["choices"]):
        raise SettingError(f"{where} cannot be {_unknown(value, list(limits['choices']))}")
    if limits["at_least"] is not None and value < limits["at_least"]:
        raise SettingError(f"{where} must be at least {limits['at_least']}, got {brief(value)}")
    if limits["above"] is not None and value <= limits["above"]:
        raise SettingError(f"{where} must be above {limits['above']}, got {brief(value)}")
    if limits["at_most"] is not None and value > limits["at_most"]:
        raise SettingError(f"{where} must be at most {limits['at_most']}, got {brief(value)}")


def _is_among(value: str, choices: Collection[str]) -> bool:
    prefixes = tuple(choice.removesuffix("PATH") for choice in choices if choice.endswith(":PATH"))
    return value in choices or (bool(prefixes) and value.startswith(prefixes))


def _unknown(given: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(brief(given), known, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    return f"{brief(given)}; known: {', '.join(known)}{guess}"


def _name(spec: type) -> str:
    """Return the name of a class behind that of its chapter, such as `capacity.Spec`."""
    modules = spec.__module__.removesuffix(".spec").split(".")
    return f"{modules[-1]}.{spec.__name__}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, float):
        return typographic(f"{value:g}")
    return f"{value:,}" if type(value) is int else literal(str(value))
