"""What goes with the generalization gap, drawn and listed over networks of several chapters."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hw1lib.chapters.sensitivity.result import GAPS, SHORT
from hw1lib.judging import correlates
from hw1lib.judging.correlates import Described
from hw1lib.showing import drawn, figures, palette

Chapters = Mapping[str, Mapping[str, Described]]  # by chapter and network

COLORS = (palette.BLUE, palette.RED, palette.GREEN, palette.PINK, palette.BLACK, palette.SKY)
DRAWN = ("jacobian_test", "input_gradient_test", "keskar_wide", "relative_sharpness")


def correlation_map(chapters: Chapters) -> Figure:
    """Draw the rank correlations of all measures with each other and with both gaps."""
    found, names = correlates.networks(chapters), {**GAPS, **SHORT}
    rho = np.array([[correlates.between(found, a, b).mean for b in names] for a in names])
    figure = Figure(figsize=(6.3, 5.6))
    ax = figure.subplots()
    image = ax.imshow(rho, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    ax.set_xticks(range(len(names)), list(names.values()), rotation=90, fontsize=6.5)
    ax.set_yticks(range(len(names)), list(names.values()), fontsize=6.5)
    ax.grid(visible=False)
    for (row, column), value in np.ndenumerate(rho):
        if row != column and np.isfinite(value):
            shade = "white" if abs(value) > 0.6 else "black"
            text = f"{100 * value:.0f}".replace("-", "−")
            ax.text(column, row, text, ha="center", va="center", fontsize=5.5, color=shade)
    for side in (-0.5, len(GAPS) - 0.5):
        ax.axhline(side, color="black", linewidth=0.8)
        ax.axvline(side, color="black", linewidth=0.8)
    bar = figure.colorbar(image, ax=ax, fraction=0.045, pad=0.02)
    bar.set_label("Spearman's rank correlation", fontsize=7.5)
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
        figures.few_numbers(ax.xaxis, *ax.get_xlim())
    axes[0, 0].set_ylabel("accuracy gap (points)")
    if len(chapters) > 1:
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def correlation_table(chapters: Chapters) -> pd.DataFrame:
    """List the rank correlation of every measure with both gaps, the closest first."""
    found = correlates.networks(chapters)
    rows = []
    for name, title in SHORT.items():
        with_gaps = {gap: correlates.between(found, name, gap) for gap in GAPS}
        rows.append(
            {
                "measure": title,
                **{f"with the {title}": str(with_gaps[gap]) for gap, title in GAPS.items()},
                "networks": with_gaps["accuracy_gap"].n,
                "order": -np.nan_to_num(with_gaps["accuracy_gap"].mean),
            }
        )
    return pd.DataFrame(rows).sort_values("order", kind="stable").drop(columns="order")
