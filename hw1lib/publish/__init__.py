"""Executed notebooks to one report: PDF, HTML page and merged notebook.

The route is notebook, nbconvert template, pandoc Markdown, then pandoc again: to Typst and PDF, or
to one HTML page. pandoc and Typst are Python wheels, so nothing outside the environment is needed.

    settings    what report.yml says
    merge       chapters to one notebook
    fences      cells and outputs to pandoc Markdown
    provenance  the last chapter
    exporter    nbconvert exporters, also for a single notebook
    beside      figures as vectors, numbers as CSV
    build       all files of a report, or none

`templates/hw1` holds the rest: the nbconvert template, the pandoc filter, the look of both pages.
"""

from hw1lib.publish.build import Product, publish, publish_chapter
from hw1lib.publish.settings import Part, PublishError, Report, load_report

__all__ = ["Part", "Product", "PublishError", "Report", "load_report", "publish", "publish_chapter"]
