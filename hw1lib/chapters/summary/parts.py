"""One figure for each part of the report, made of what its chapters draw."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.chapters.registry import discover
from hw1lib.chapters.sensitivity.findings import equal_loss_sentence
from hw1lib.chapters.sensitivity.result import COMPARED, SHORT
from hw1lib.chapters.summary.result import Result
from hw1lib.judging import correlates
from hw1lib.judging.statistics import Interval
from hw1lib.showing import figures

Panel = tuple[Callable[[Axes], None], str]  # draws, and says what is seen there

HEIGHTS = {1: 2.9, 2: 2.9, 3: 2.4, 4: 2.3}  # of a panel, in inches, by the number of panels
PLACES = {
    1: ("",),
    2: ("Left: ", "Right: "),
    3: ("Left: ", "Middle: ", "Right: "),
    4: ("Above left: ", "Above right: ", "Below left: ", "Below right: "),
}


def figure(result: Result, part: str) -> Figure:
    """Draw the panels of a part's chapters side by side, in the chapters' order."""
    panels = _panels(result, part)
    columns = 2 if len(panels) == 4 else len(panels)
    drawn, axes = figures.panels(len(panels) // columns, columns, HEIGHTS[len(panels)])
    for ax, (draw, _) in zip(axes.flat, panels, strict=True):
        draw(ax)
    return drawn


def caption(result: Result, part: str) -> str:
    """Say what each panel of a part's figure shows."""
    panels = _panels(result, part)
    return " ".join(
        place + says for place, (_, says) in zip(PLACES[len(panels)], panels, strict=True)
    )


def _panels(result: Result, part: str) -> list[Panel]:
    found: list[Panel] = []
    for section, chapter in discover().items():
        if chapter.part == part and (panel := chapter.panel):
            one = result.chapters[section]
            found.append((partial(panel.draw, result=one), panel.caption(one)))
    if any(section in result.described for section, c in discover().items() if c.part == part):
        found.append((partial(_ranks, result=result), _ranks_caption(result)))
    return found


def _ranks(ax: Axes, result: Result) -> None:
    """Draw which measures go with the gap, over the networks of all chapters that have them."""
    networks = correlates.networks(result.described)
    for given, mark, shift, label in (
        (None, "o", -0.15, "as they are"),
        ("train_loss", "s", 0.15, "at equal training loss"),
    ):
        rho = [
            correlates.between(networks, name, "accuracy_gap", given=given, by_family=True)
            for name in COMPARED
        ]
        _whiskers(ax, rho, np.arange(len(COMPARED)) + shift, mark, label)
    ax.set_yticks(range(len(COMPARED)), [SHORT[name] for name in COMPARED])
    ax.axvline(0, color="0.5", linewidth=0.8)
    ax.set(xlabel="rank correlation with the accuracy gap", xlim=(-1, 1))
    ax.invert_yaxis()
    if ax.containers:
        ax.legend(loc="lower center", bbox_to_anchor=(0.3, 1))


def _ranks_caption(result: Result) -> str:
    return (
        "rank correlation of measures with the accuracy gap over the networks of part 1-3, with "
        f"intervals over arms. {equal_loss_sentence(result.described)}"
    )


def _whiskers(
    ax: Axes, intervals: list[Interval], places: np.ndarray, mark: str, label: str
) -> None:
    """Draw means with their intervals, lying, where there are any."""
    known = [(i, place) for i, place in zip(intervals, places, strict=True) if i.n]
    if known:
        found, heights = zip(*known, strict=True)
        mean, whiskers = _ends(found)
        ax.errorbar(mean, heights, xerr=whiskers, fmt=mark, markersize=4, linewidth=1, label=label)


def _ends(intervals: Sequence[Interval]) -> tuple[np.ndarray, np.ndarray]:
    """Return means (K,) and how far the limits lie below and above them, (2, K)."""
    mean, low, high = np.array([(i.mean, i.low, i.high) for i in intervals]).T
    return mean, np.nan_to_num([mean - low, high - mean])
