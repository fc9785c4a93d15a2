"""How a notebook marks what the report shows: the names that both sides use, and no other."""

from __future__ import annotations

import re

KEY = "hw1"  # of our entries in the metadata of notebooks, cells and outputs
# an output's entry, under "kind"; a caption is for the notebook, the figure or table has it too
FIGURE, TABLE, CAPTION = "figure", "table", "caption"
PROVENANCE, SETTINGS = "provenance", "settings"  # which stand in appendices
DATA = "application/vnd.hw1.csv+gzip"  # media type in which a figure or table carries its numbers

# tags of cells
ABSTRACT = "abstract"  # belongs on the title page
DROPPED = frozenset({"hide", "remove-cell", "parameters", "injected-parameters"})
HIDDEN_CODE = frozenset({"hide-input", "remove-input"})

FOLDER = "images of the folder "  # begins the phrase that names somebody's own images


def literal(text: str) -> str:
    r"""Write a text so that Markdown shows it as it is, whatever it holds.

    >>> print(literal("5_$ *best*"))
    5\_\$ \*best\*
    """
    return re.sub(r"([^\w\s.,:/-]|_)", r"\\\1", text)


def plain(markdown: str) -> str:
    r"""Write what `literal` made as it was before.

    >>> plain(literal("5_$ *best*"))
    '5_$ *best*'
    """
    return re.sub(r"\\([^\w\s]|_)", r"\1", markdown)
