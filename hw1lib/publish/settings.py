"""What `report.yml` says: the title page, the chapters in order, the bibliography, the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from hw1lib.messages import brief

CODE_PLACES = ("hide", "inline", "appendix")
OPTIONAL = ("subtitle", "authors", "date", "abstract", "bibliography", "code")


class PublishError(ValueError):
    """A report that cannot be built; the message says what and where, one sentence a line."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Chapters that stand under one part heading."""

    title: str  # empty: no heading above these chapters
    notebooks: tuple[str, ...]  # names without folder and suffix, in reading order


@dataclass(frozen=True, kw_only=True)
class Report:
    """The settings of a report."""

    title: str
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""  # as printed; never today's date, which would change the PDF every day
    abstract: str = ""
    parts: tuple[Part, ...]
    bibliography: Path | None = None  # BibTeX file
    code: str = "hide"  # one of CODE_PLACES

    def __post_init__(self) -> None:
        if self.code not in CODE_PLACES:
            known = ", ".join(CODE_PLACES)
            raise PublishError(f"code must be one of {known}, got {brief(self.code)}.")
        names = self.notebooks
        if not names:
            raise PublishError("the report has no chapters.")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PublishError(f"listed twice as a chapter: {', '.join(twice)}.")

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Names of all chapters in reading order."""
        return tuple(name for part in self.parts for name in part.notebooks)

    @property
    def front_matter(self) -> dict[str, str | list[str]]:
        """What the title page shows, without what is empty."""
        shown: dict[str, str | list[str]] = {
            "title": self.title,
            "subtitle": self.subtitle,
            "author": list(self.authors),
            "date": self.date,
            "abstract": self.abstract,
        }
        return {name: value for name, value in shown.items() if value}


class _Plain(yaml.SafeLoader):
    """YAML without what multiplies or hides a text: aliases, and keys given twice."""

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            where = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="aliases are refused", problem_mark=where)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := [key for key in keys if keys.count(key) > 1]:
            problem = f"{brief(twice[0])} is given twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def load_report(path: Path) -> Report:
    """Read the settings of a report.

    Args:
        path: YAML file with `title`, `chapters` and any of `subtitle`, `authors`, `date`,
            `abstract`, `bibliography` (beside the file) and `code`. `chapters` is a list of
            entries with `notebooks` (a list of names) and, if wanted, `part` (a heading).

    Raises:
        PublishError: If the file is missing or not YAML, or a setting is unknown, missing or
            of the wrong kind.
    """
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=_Plain)
    except OSError as error:
        raise PublishError(f"cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise PublishError(f"{path} is not written in UTF-8.") from None
    except RecursionError:
        raise PublishError(f"{path} is nested too deeply.") from None
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        raise PublishError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
    try:
        return _report(given, path.parent)
    except PublishError as error:
        raise PublishError(f"{path}: {error}") from None


def _report(given: Any, folder: Path) -> Report:
    settings = _mapping(
        given,
        "the file",
        known=("title", "chapters", *OPTIONAL),
        needed=("title", "chapters"),
    )
    texts = {
        name: str(settings[name]).strip()
        for name in ("title", "subtitle", "date", "abstract", "code")
        if settings.get(name) is not None
    }
    bibliography = settings.get("bibliography")
    return Report(
        **texts,
        authors=_names(settings.get("authors") or [], "authors"),
        parts=tuple(_part(entry) for entry in _list(settings["chapters"], "chapters")),
        bibliography=folder / str(bibliography) if bibliography else None,
    )


def _part(given: Any) -> Part:
    entry = _mapping(
        given, "an entry of chapters", known=("part", "notebooks"), needed=("notebooks",)
    )
    return Part(
        title=str(entry.get("part") or "").strip(),
        notebooks=_files(entry["notebooks"], "notebooks"),
    )


def _mapping(
    given: Any, what: str, *, known: tuple[str, ...], needed: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise PublishError(f"{what} must be a mapping, got {brief(given)}.")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise PublishError(f"unknown {brief(unknown[0])} in {what}; known: {', '.join(known)}.")
    missing = [name for name in needed if not given.get(name)]
    if missing:
        raise PublishError(f"{what} lacks {', '.join(missing)}.")
    return cast("dict[str, Any]", given)


def _list(given: Any, what: str) -> list[Any]:
    if not isinstance(given, list):
        raise PublishError(f"{what} must be a list, got {brief(given)}.")
    return given


def _names(given: Any, what: str) -> tuple[str, ...]:
    names = _list(given, what)
    wrong = [name for name in names if not isinstance(name, str) or not name.strip()]
    if wrong:
        raise PublishError(f"{what} must be a list of names, got {brief(wrong[0])} among them.")
    return tuple(name.strip() for name in names)


def _files(given: Any, what: str) -> tuple[str, ...]:
    """Names of files in one folder, which lead nowhere else."""
    names = _names(given, what)
    wrong = [name for name in names if not re.fullmatch(r"\w[\w .-]*", name)]
    if wrong:
        raise PublishError(f"{what}: {brief(wrong[0])} is no name of a file without its folder.")
    return names
