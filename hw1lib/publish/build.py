"""Executed chapters to a PDF, an HTML page and the merged notebook."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat

from hw1lib.publish.exporter import HTMLReportExporter, ReportExporter, TypstPDFExporter
from hw1lib.publish.merge import merge
from hw1lib.publish.settings import Report


@dataclass(frozen=True)
class Product:
    """One file of the finished report."""

    path: Path
    size: int  # bytes
    pages: int | None  # None for what has no pages
    seconds: float  # to make it

    def __str__(self) -> str:
        pages = f"{self.pages} pages, " if self.pages else ""
        return f"{self.path}: {pages}{self.size / 1e3:,.0f} kB, {self.seconds:.1f} s"


def publish(report: Report, chapters: Path, out: Path) -> list[Product]:
    """Build report.ipynb, report.html and report.pdf.

    All are made before any is written, and each replaces its predecessor in one step, so that a
    failure leaves an older report as it was.

    Args:
        report: What `load_report` read.
        chapters: Folder of the executed notebooks.
        out: Folder of the report; made if missing.

    Returns:
        The files, in the order written.

    Raises:
        PublishError: If chapters are missing or failed, or a reference, citation, formula or
            picture cannot be resolved.
        OSError: If the files cannot be written.
    """
    made = list(_contents(report, chapters))
    out.mkdir(parents=True, exist_ok=True)
    products = []
    for name, contents, seconds in made:
        path = out / name
        _replace(path, contents)
        pages = _count_pages(contents) if path.suffix == ".pdf" else None
        products.append(Product(path, len(contents), pages, seconds))
    return products


def _contents(report: Report, chapters: Path) -> Iterator[tuple[str, bytes, float]]:
    """Make the files one by one, with their names and the time each takes."""
    start = time.perf_counter()
    merged = merge(report, chapters)
    yield "report.ipynb", nbformat.writes(merged).encode(), time.perf_counter() - start
    exporters: dict[str, type[ReportExporter]] = {
        "report.html": HTMLReportExporter,
        "report.pdf": TypstPDFExporter,
    }
    for name, exporter in exporters.items():
        start = time.perf_counter()
        made, _ = exporter(
            code=report.code, bibliography=str(report.bibliography or ""), strict=True
        ).from_notebook_node(merged)
        contents = made if isinstance(made, bytes) else made.encode()
        yield name, contents, time.perf_counter() - start


def _replace(path: Path, contents: bytes) -> None:
    """Write a file under a temporary name and move it into place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _count_pages(pdf: bytes) -> int:
    """Read the number of pages off the page tree, which Typst writes uncompressed."""
    return max((int(count) for count in re.findall(rb"/Count (\d+)", pdf)), default=0)
