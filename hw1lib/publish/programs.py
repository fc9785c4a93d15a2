"""The two programs that set a report, pandoc and Typst: files in, a text or a PDF out."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pypandoc
import pypdf
import typst

from hw1lib.publish.settings import PublishError


def run_pandoc(
    text: str, settings: Mapping[str, Any], files: Mapping[str, bytes]
) -> tuple[str, list[str]]:
    """Convert a text with pandoc.

    Args:
        text: What to convert.
        settings: Entries of pandoc's defaults file.
        files: Contents of the files that the text or the settings name.

    Returns:
        What pandoc has made of it, and the warnings of pandoc and its filters as sentences.

    Raises:
        PublishError: If pandoc fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        defaults = json.dumps({**settings, "log-file": "log.json"})
        _write_files(folder, {**files, "settings.json": defaults.encode()})
        result = subprocess.run(
            [pypandoc.get_pandoc_path(), "--defaults=settings.json"],
            input=text,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
        )
        if result.returncode:
            raise PublishError(f"pandoc failed: {' '.join(result.stderr.split())}")
        log = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    warnings = [
        entry["message"] if entry["type"] == "ScriptingWarning" else entry["pretty"]
        for entry in log
        if entry["verbosity"] != "INFO"
    ]
    return result.stdout, [f"{' '.join(warning.split())}." for warning in warnings]


def compile_pdf(source: str, pictures: Mapping[str, bytes]) -> bytes:
    """Compile Typst source to PDF, with the fonts of the wheel only and no date.

    Args:
        source: The main file.
        pictures: Contents of the files it names.

    Raises:
        PublishError: If Typst refuses it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder, {**pictures, "main.typ": source.encode()})
        try:
            return typst.compile(
                str(folder / "main.typ"), root=name, ignore_system_fonts=True, timestamp=0
            )
        except typst.TypstError as error:
            raise PublishError(f"{_origin(source, error)}Typst failed: {error.message}.") from None


def by_cell(source: str) -> Iterator[tuple[str, str]]:
    """Divide Typst source by the cells it was made from, which comments name: place and text."""
    pieces = re.split(r"^// from (.*)$", source, flags=re.MULTILINE)
    yield "the title page", pieces[0]
    yield from zip(pieces[1::2], pieces[2::2], strict=True)


def _origin(source: str, error: typst.TypstError) -> str:
    """Name the cell whose text Typst refuses, if its complaint points to one."""
    line = re.search(r"main\.typ:(\d+):", str(error.diagnostic))
    before = "\n".join(source.splitlines()[: int(line[1])]) if line else ""
    *_, (cell, _) = by_cell(before)
    return f"{cell}: " if line else ""


def without_glyph(letters: str) -> str:
    """Find letters that no font of the printed report has, by setting them and reading them back.

    Args:
        letters: Different ones.
    """
    if not letters:
        return ""
    pages = "#pagebreak()".join(f"#text({typst_string(letter)})" for letter in letters)
    read = pypdf.PdfReader(io.BytesIO(compile_pdf(pages, {})))
    return "".join(
        letter
        for letter, page in zip(letters, read.pages, strict=True)
        if "\0" in page.extract_text()
    )


def typst_string(text: str) -> str:
    """Quote a text for Typst, on one line."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
