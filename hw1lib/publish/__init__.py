"""Executed notebooks to one report: PDF, HTML page and merged notebook.

The route is notebook, nbconvert template, pandoc Markdown, then pandoc again: to Typst and PDF, or
to one HTML page. pandoc and Typst are Python wheels, so nothing outside the environment is needed.

    settings    what report.yml says
    merge       chapters to one notebook
    fences      cells and outputs to pandoc Markdown
    provenance  the last chapter
    programs    pandoc and Typst
    exporter    nbconvert exporters, also for a single notebook
    beside      figures as vectors, numbers as CSV
    build       all files of a report, or none

`templates/hw1` holds the rest: the nbconvert template; the pandoc filter, with what fences and
formulas are to it in files of their own; the look of both pages.
"""

import sys

from hw1lib.publish.settings import Part, PublishError, Report, load_report

# not `build`, whose programs are slow to load for those who need only the settings
__all__ = ["Part", "PublishError", "Report", "load_report"]

# jsonschema, which nbformat imports, would load a grammar of internationalized addresses for a
# second; no notebook holds such, and without the package it goes on without
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
