"""Executed chapters to a PDF, an HTML page, the merged notebook, and what lies beside them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from hw1lib import disk
from hw1lib.publish import beside
from hw1lib.publish.exporter import HTMLReportExporter, ReportExporter, TypstPDFExporter
from hw1lib.publish.merge import merge, read_chapter
from hw1lib.publish.settings import PublishError, Report


@dataclass(frozen=True)
class Product:
    """One file of the finished report, or a folder of them."""

    path: Path
    size: int  # bytes
    seconds: float  # to make it; a folder's files are unpacked along with the first file
    count: str = ""  # its pages or files, if it has any

    def __str__(self) -> str:
        count = f"{self.count}, " if self.count else ""
        return f"{self.path}: {count}{self.size / 1e3:,.0f} kB, {self.seconds:.1f} s"


def publish(report: Report, chapters: Path, out: Path) -> list[Product]:
    """Build report.ipynb, report.html and report.pdf, and the folders data and figures.

    All are made before any is written, and each file replaces its predecessor in one step, so that
    a failure leaves an older report as it was. Of an older report's figures and tables only those
    that still exist are left in the folders.

    Args:
        report: What `load_report` read.
        chapters: Folder of the executed notebooks.
        out: Folder of the report; made if missing.

    Returns:
        The files and folders, in the order written.

    Raises:
        PublishError: If chapters are missing or failed, or a reference, citation, formula or
            picture cannot be resolved.
        OSError: If the files cannot be written.
    """
    start = time.perf_counter()
    merged = merge(report, chapters)
    extra = beside.files(merged)
    notebook = nbformat.writes(beside.without_data(merged)).encode()
    first = ("report.ipynb", notebook, time.perf_counter() - start)
    made = [first, *_pages(report, merged, "report")]
    products = _written(made, out)
    for folder in beside.FOLDERS:
        start = time.perf_counter()
        within = {path.name: extra[path] for path in extra if path.parent.name == folder}
        _refill(out / folder, within)
        size = sum(map(len, within.values()))
        seconds = time.perf_counter() - start
        products.append(Product(out / folder, size, seconds, f"{len(within)} files"))
    return products


def _refill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a folder, and remove those of figures and tables that are no more."""
    if files:
        folder.mkdir(exist_ok=True)
    for name, contents in files.items():
        disk.replace(folder / name, contents)
    for old in (*folder.glob("fig-*.*"), *folder.glob("tbl-*.*")):
        if old.name not in files:
            old.unlink()


def publish_chapter(report: Report, name: str, chapters: Path, out: Path) -> list[Product]:
    """Build one chapter's page and PDF, without a title page.

    References to other chapters lead nowhere: they become those chapters' names.

    Args:
        report: What `load_report` read, for its bibliography and where code is shown.
        name: Of the executed notebook, without suffix.
        chapters: Folder it lies in.
        out: Folder to write to; made if missing.

    Returns:
        The files, in the order written.

    Raises:
        PublishError: If the chapter is missing, was not executed to its end, failed, or cannot be
            typeset.
        OSError: If the files cannot be written.
    """
    path = chapters / f"{name}.ipynb"
    if not path.is_file():
        raise PublishError(f"no executed notebook for {name}: expected {path}.")
    return _written([*_pages(report, read_chapter(path), name, strict=False)], out)


def _pages(
    report: Report, nb: NotebookNode, name: str, *, strict: bool = True
) -> Iterator[tuple[str, bytes, float]]:
    """Make the HTML page and the PDF side by side, with their names and the time each takes."""

    def make(suffix: str, exporter: type[ReportExporter]) -> tuple[str, bytes, float]:
        start = time.perf_counter()
        made, _ = exporter(
            code=report.code, bibliography=str(report.bibliography or ""), strict=strict
        ).from_notebook_node(nb, {"metadata": {"name": name}})
        contents = made if isinstance(made, bytes) else made.encode()
        return f"{name}{suffix}", contents, time.perf_counter() - start

    with ThreadPoolExecutor(2) as pool:  # most of it is the work of pandoc and Typst
        yield from pool.map(make, (".html", ".pdf"), (HTMLReportExporter, TypstPDFExporter))


def _written(made: Iterable[tuple[str, bytes, float]], out: Path) -> list[Product]:
    """Put files that were made into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    products = []
    for name, contents, seconds in made:
        path = out / name
        disk.replace(path, contents)
        pages = f"{_count_pages(contents)} pages" if path.suffix == ".pdf" else ""
        products.append(Product(path, len(contents), seconds, pages))
    return products


def _count_pages(pdf: bytes) -> int:
    """Read the number of pages off the page tree, which Typst writes uncompressed."""
    return max((int(count) for count in re.findall(rb"/Count (\d+)", pdf)), default=0)
