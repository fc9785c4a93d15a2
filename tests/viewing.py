"""Checks of what a chapter shows: its figures, tables and sentences."""

import re

import pandas as pd
from matplotlib.figure import Figure

from hw1lib.showing import figures, lettering


def shown(view, result):
    """Run a view as a notebook does, figures drawn."""
    made = view(result)
    if isinstance(made, pd.DataFrame):
        assert len(made)
        assert not re.search(r"\bnan\b|\binf\b|None", made.to_string())
    elif isinstance(made, Figure):
        lettering.few_ticks(made)
        made.draw_without_rendering()
    else:
        text = " ".join([made] if isinstance(made, str) else made)
        words = re.split(r"[\s(),;:.\[\]]+", text)
        assert not {"nan", "inf", "infinity"} & set(words), text


def of_panel(panel):
    """Make a figure of what a chapter draws in the summary."""

    def view(result):
        figure, ((ax,),) = figures.panels(1, 1, 2.5)
        panel(ax, result)
        return figure

    return view


def labels_and_units(figure):
    """Check that every axis is named, on the axes or for the whole figure, and draws."""
    lettering.few_ticks(figure)
    figure.draw_without_rendering()
    down = figure.get_supylabel()
    across = figure.get_supxlabel()
    for row in axes_by_row(figure):
        assert down or row[0].get_ylabel(), "no label at the left"
    for ax in figure.axes:
        named = [text.get_text() for text in ax.get_xticklabels()]
        words = any(word and word.strip("−-0123456789.") != "" for word in named)
        assert across or ax.get_xlabel() or words, "no label below"
    return f"{down} {across} " + " ".join(ax.get_ylabel() + ax.get_xlabel() for ax in figure.axes)


def axes_by_row(figure):
    rows = {}
    for ax in figure.axes:
        rows.setdefault(ax.get_subplotspec().rowspan.start, []).append(ax)
    return rows.values()


def no_text_lacks_a_number(tables, texts):
    """Check that tables and texts hold no word of a number that is none."""
    said = " ".join([*texts, *(table.to_string() for table in tables.values())])
    words = said.replace("(", " ").replace("[", " ").replace(",", " ").split()
    assert not {"nan", "NaN", "None"} & set(words)
