"""Your run against ours: a result beside that of the full profile, which is stored.

Two things are said, and kept apart: whether what was measured lies inside our band, and whether
the conclusion, the verdict of each claim, is the same.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hw1lib.chapters.registry import Chapter, learned
from hw1lib.exploring import explorer, overlay
from hw1lib.exploring.live import Frames
from hw1lib.exploring.session import BACK, Session, Visit
from hw1lib.exploring.views import Control, View
from hw1lib.judging.effects import Bound, Share
from hw1lib.judging.verdicts import CLAIMING, NOT_TESTED, OUTCOMES, UNDECIDED, Claim, Verdict
from hw1lib.marks import typographic
from hw1lib.results.jobs import asking
from hw1lib.results.store import MissingResultError

FULL = "full"
BUTTON = Control(kind="button", name="compare", label="Your run against ours", live=True)

SAME, DIFFERENT, OPEN = "the same", "another", "open"  # what became of a conclusion
INSIDE, OUTSIDE = "inside", "outside"
HEAD = ("claim", "in our words", "your run", "ours", "your effect lies", "conclusion")


@dataclass(frozen=True)
class Beside:
    """One claim, judged on two results."""

    claim: Claim
    yours: Verdict
    ours: Verdict

    @property
    def conclusion(self) -> str:
        """Whether both conclude the same; open where one of them concludes nothing."""
        words = (self.yours.word, self.ours.word)
        if {UNDECIDED, NOT_TESTED} & set(words):
            return OPEN
        if words[0] == words[1]:
            return SAME
        claiming = all(word in CLAIMING for word in words)
        return SAME if claiming and len({OUTCOMES[word] for word in words}) == 1 else DIFFERENT

    @property
    def where(self) -> str:
        """Whether your effect lies in the 95 % interval of ours; empty where one is missing."""
        if NOT_TESTED in (self.yours.word, self.ours.word):
            return ""
        ours = self.ours.interval
        return INSIDE if ours.low <= self.yours.interval.mean <= ours.high else OUTSIDE

    def row(self) -> tuple[str, ...]:
        """Write it for a table under `HEAD`."""
        said = (_said(self.yours), _said(self.ours))
        return (self.claim.id, self.claim.sentence, *said, self.where, self.conclusion)


def _said(verdict: Verdict) -> str:
    if verdict.effect is None or verdict.word == NOT_TESTED:
        return NOT_TESTED
    effect = verdict.effect
    told = isinstance(effect, Bound | Share)  # of which the measured value says it all
    number = effect.measured if told else effect.write(verdict.interval)
    n = "" if "(n = " in number else f", n = {verdict.interval.n}"
    return typographic(f"{verdict.told}: {number}{n}")


def chapter_of(result: Any) -> Chapter:
    """Return the chapter whose `Result` this is."""
    chapter: Chapter = _sibling(result, "chapter").CHAPTER
    return chapter


def _sibling(result: Any, module: str) -> Any:
    package = type(result.spec).__module__.rpartition(".")[0]
    return importlib.import_module(f"{package}.{module}")


def reference(chapter: Chapter) -> Any:
    """Read a chapter's `Result` of the full profile; nothing is computed.

    Raises:
        MissingResultError: If some of it is not stored.
    """
    with asking():
        return chapter.run(chapter.profiles[FULL], device="cpu", progress=False)


def judged(chapter: Chapter, yours: Any, ours: Any) -> list[Beside]:
    """Judge every claim of a chapter on both results; those that answer its question first."""
    first = [claim for claim in chapter.claims if claim.id in chapter.answers]
    rest = [claim for claim in chapter.claims if claim.id not in chapter.answers]
    return [Beside(one, one.judge(yours), one.judge(ours)) for one in [*first, *rest]]


def summed_up(pairs: Iterable[Beside]) -> str:
    """Count what lies inside and what is concluded alike, each by itself."""
    pairs = [*pairs]
    ends = [pair.conclusion for pair in pairs]
    places = [pair.where for pair in pairs if pair.where]
    if not places:
        return "No claim can be tested in both runs, so the conclusions cannot be compared."
    return (
        f"Of {len(ends)} claims both runs can test {len(places)}. Your effect lies inside our "
        f"95 % interval: {places.count(INSIDE)} of {len(places)}. Apart from that, your "
        f"conclusion is the same on {ends.count(SAME)} of {len(ends)} claims, another on "
        f"{ends.count(DIFFERENT)}, and open in one run or both on {ends.count(OPEN)}."
    )


def differences(yours: Any, ours: Any) -> str:
    """Say at which settings and on which images the two results differ."""
    names = [field.name for field in dataclasses.fields(ours.spec)]
    told = [
        f"{name} {_short(getattr(yours.spec, name))} (ours {_short(getattr(ours.spec, name))})"
        for name in names
        if getattr(yours.spec, name) != getattr(ours.spec, name)
    ]
    data = [" and ".join(one.description for one in learned(of)) for of in (yours, ours)]
    if data[0] != data[1]:
        told.insert(0, f"you learned {data[0]}, we {data[1]}")
    return f"Settings that differ: {'; '.join(told)}." if told else "All settings are ours."


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_short, value))
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def beside(view: View, result: Any) -> View:
    """Put a result beside ours: curves over bands, and the verdicts of both in a table.

    Args:
        view: What the chapter's explorer shows of the result.
        result: Of the chapter.

    Returns:
        The view with our bands and a table; with one sentence if there is nothing to compare it
        with.
    """
    chapter = chapter_of(result)
    if result.spec == chapter.profiles[FULL]:
        return replace(view, status="This is our run: its settings are those of the full profile.")
    try:
        ours = reference(chapter)
    except MissingResultError as error:
        lacking = str(error).split(" is not stored")[0]
        return replace(
            view,
            status=f"Our run of this chapter's full profile is not stored yet ({lacking}), so "
            "there is nothing to compare yours with.",
        )
    pairs = judged(chapter, result, ours)
    over = overlay.over(view, _sibling(result, "exploring").view(ours))
    return replace(
        over,
        table=(HEAD, *(pair.row() for pair in pairs)),
        status=f"{summed_up(pairs)}\n{differences(result, ours)}",
    )


def frames(view: View, result: Any) -> Frames:
    """Compare as a worker does: first say that our run is being read."""
    view = replace(view, controls=[*view.controls, BACK])
    yield lambda _: replace(view, status="Reading our run of the full profile ...")
    shown = beside(view, result)
    yield lambda _: shown


def session(view: View, result: Any, visits: Mapping[str, Visit] | None = None) -> Session:
    """Make an explorer of a chapter that puts its result beside ours when it is asked to.

    Args:
        view: What the chapter shows of the result.
        result: Of the chapter.
        visits: Where else it leads, by the name of the button.
    """
    compared = Visit((BUTTON,), lambda state, number: frames(view, result))
    return Session(view, {**(visits or {}), BUTTON.name: compared})


def explore(
    view: View,
    name: str,
    caption: str,
    *,
    result: Any,
    standin: str = "",
    visits: Mapping[str, Visit] | None = None,
) -> None:
    """Show a chapter's explorer in the notebook, and its picture in the report.

    Args:
        view: What to show.
        name: Its label, such as `fig-paths-try`.
        caption: Markdown.
        result: What it is drawn from.
        standin: Data in the place of a published set.
        visits: Where it leads besides, by the name of the button.
    """
    made = session(replace(view, id=name), result, visits)
    explorer.show(made.view, name, caption, result=result, standin=standin, explorer=made.explorer)
