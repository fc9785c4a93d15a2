"""How a notebook marks what the report shows: the names that both sides use, and no other."""

from __future__ import annotations

KEY = "hw1"  # of our entries in the metadata of notebooks, cells and outputs
FIGURE, TABLE, PROVENANCE = "figure", "table", "provenance"  # an output's entry, under "kind"
DATA = "application/vnd.hw1.csv+gzip"  # media type in which a figure or table carries its numbers

# tags of cells
ABSTRACT = "abstract"  # belongs on the title page
DROPPED = frozenset({"hide", "remove-cell", "parameters", "injected-parameters"})
HIDDEN_CODE = frozenset({"hide-input", "remove-input"})
