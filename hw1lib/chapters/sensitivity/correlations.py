"""What goes with the generalization gap, drawn and listed over networks of several chapters."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.sensitivity.result import COMPARED, GAPS, SHORT
from hw1lib.judging import correlates
from hw1lib.judging.correlates import Described
from hw1lib.marks import typographic
from hw1lib.showing import drawn, figures, palette

Chapters = Mapping[str, Mapping[str, Described]]  # by chapter and network

COLORS = (palette.BLUE, palette.RED, palette.GREEN, palette.PINK, palette.BLACK, palette.SKY)
DRAWN = ("jacobian_test", "probability_jacobian_test", "keskar_wide", "relative_sharpness")


LOSS = "train_loss"


def with_the_gap(chapters: Chapters) -> Figure:
    """Draw the rank correlation of every measure with the gap, as it is and at equal loss."""
    found = correlates.networks(chapters)
    plain, given = (
        {
            name: correlates.between(found, name, "accuracy_gap", given=of, by_family=True)
            for name in SHORT
        }
        for of in (None, LOSS)
    )
    order = sorted(SHORT, key=lambda name: np.nan_to_num(plain[name].mean))
    figure, axes = figures.panels(1, 2, 3.4, sharex=True, sharey=True)
    headings = ("all networks as they are", "at equal training loss")
    for ax, intervals, heading in zip(axes[0], (plain, given), headings, strict=True):
        for place, name in enumerate(order):
            of = intervals[name]
            if of.n:
                sides = np.nan_to_num([[of.mean - of.low], [of.high - of.mean]])
                color = palette.BLUE if name in COMPARED else palette.GRAY
                ax.errorbar(of.mean, place, xerr=sides, fmt="o", ms=4, lw=1, color=color)
        ax.axvline(0, color="0.5", linewidth=0.8)
        ax.set(title=heading, xlim=(-1.05, 1.05), xlabel="rank correlation with the accuracy gap")
    axes[0, 0].set_yticks(range(len(order)), [typographic(SHORT[name]) for name in order])
    return figure


def gaps_drawn(chapters: Chapters) -> Figure:
    """Draw four measures of every network against its accuracy gap, chapter by chapter."""
    found = correlates.networks(chapters)
    figure, axes = figures.panels(1, len(DRAWN), 1.9, sharey=True)
    for ax, name in zip(axes[0], DRAWN, strict=True):
        for (chapter, color), mark in zip(
            zip(chapters, COLORS, strict=False), palette.MARKS, strict=False
        ):
            if chapter in found.index.get_level_values(0):
                of = found.loc[chapter]
                of = of[of[name] > 0]
                points = ax.scatter(
                    of[name], of["accuracy_gap"], s=12, color=color, marker=mark, label=chapter
                )
                drawn.note(points, network=of.index)
        ax.set(xlabel=SHORT[name], xscale="log")
    axes[0, 0].set_yscale("symlog", linthresh=1)  # most gaps are of a few points
    axes[0, 0].yaxis.set_major_formatter("{x:g}")
    axes[0, 0].margins(y=0.08)
    axes[0, 0].set_ylabel("accuracy gap\n(percentage points)")
    if len(chapters) > 1:
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def correlation_table(chapters: Chapters) -> pd.DataFrame:
    """List the rank correlation of every measure with the gaps, the closest first."""
    found = correlates.networks(chapters)
    asked: dict[str, tuple[str, str | None]] = {
        f"with the {title}": (gap, None) for gap, title in GAPS.items()
    }
    asked["with the accuracy gap at equal training loss"] = ("accuracy_gap", LOSS)
    rows = []
    for name, title in SHORT.items():
        intervals = {
            heading: correlates.between(found, name, gap, given=given, by_family=True)
            for heading, (gap, given) in asked.items()
        }
        plain = intervals[f"with the {GAPS['accuracy_gap']}"]
        told = {heading: str(of) if of.n else "–" for heading, of in intervals.items()}
        order = -np.nan_to_num(plain.mean)
        rows.append({"measure": title, **told, "networks": plain.n, "order": order})
    return pd.DataFrame(rows).sort_values("order", kind="stable").drop(columns="order")


def chapter_table(chapters: Chapters) -> pd.DataFrame:
    """List the correlations with the accuracy gap inside each chapter, and over all networks."""
    parts = {name: correlates.networks({name: of}) for name, of in chapters.items()}
    parts = {f"{name} (n = {len(of)})": of for name, of in parts.items()}
    whole = correlates.networks(chapters)
    rows = []
    for name in COMPARED:
        for given, how in ((None, SHORT[name]), (LOSS, "– at equal training loss")):
            inside = {
                part: correlates.between(found, name, "accuracy_gap", given=given)
                for part, found in parts.items()
            }
            inside[f"all (n = {len(whole)})"] = correlates.between(
                whole, name, "accuracy_gap", given=given, by_family=True
            )
            told = {part: f"{of:.2f}" if of.n else "–" for part, of in inside.items()}
            rows.append({"measure": how, **told})
    return pd.DataFrame(rows)
