r"""Cells and outputs as fenced blocks of pandoc Markdown.

Every text of a notebook travels to pandoc in a fence of its own, longer than any run of backticks
in it, and `fences.lua` reads it there with Typst and HTML passthrough switched off. So no cell can
swallow its neighbours with an unclosed bracket or speak to the typesetter, and every complaint can
name the cell it is about.

>>> print(fence("text", "The *loss*.", source="11_fit, cell 2"))
<BLANKLINE>
``` {.text source="11_fit, cell 2"}
The *loss*.
```
<BLANKLINE>
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from hw1lib import marks
from hw1lib.marks import KEY

PICTURES = {  # media types that each kind of page can show, the best first
    "print": ("application/pdf", "image/svg+xml", "image/png", "image/jpeg"),
    "web": ("image/svg+xml", "image/png", "image/jpeg"),
}


def fence(kind: str, body: str = "", **attributes: str | None) -> str:
    """Put a text into a fence.

    Args:
        kind: What `fences.lua` is to make of it, a name there.
        body: The text, which may itself contain fences.
        attributes: What else it needs to know; None is left out. `id_` becomes `id`.
    """
    longest = max((len(run) for run in re.findall(r"`{3,}", body)), default=2)
    ticks = "`" * (longest + 1)
    given = [f"{name}={_quoted(text)}" for name, text in attributes.items() if text is not None]
    return f"\n{ticks} {{{' '.join([f'.{kind}', *given])}}}\n{body}\n{ticks}\n"


def _quoted(text: str) -> str:
    """Quote the value of an attribute: one line, nothing in it is markup."""
    flat = " ".join(text.split())
    return '"' + re.sub(r'([\\"&])', r"\\\1", flat) + '"'


def place(cell: NotebookNode) -> str:
    """Name a cell for a complaint, such as `11_function_fit, cell 4 (reading)`."""
    return str(cell.metadata[KEY]["place"])


def text_fence(cell: NotebookNode) -> str:
    """Put the text of a Markdown cell into a fence; part headings get their own kind."""
    entry = cell.metadata[KEY]
    kind = entry["kind"] if entry.get("kind") in ("part", marks.TRIED) else _kind_of_text(cell)
    text = as_jupyter_reads(cell.source)
    chapter, number = entry.get("title_of"), entry.get("number")
    return fence(kind, text, source=place(cell), chapter=chapter, number=number)


_CODE = re.compile(
    r"(^(`{3,}|~{3,}).*?^\2[^\n]*$|(`+)(?!`).+?(?<!`)\3(?!`))", re.DOTALL | re.MULTILINE
)
_SPACED = re.compile(r"(?<![\\$])\$[ \t]*([^$\s](?:[^$\n]*[^$\s\\])?)[ \t]*\$(?![$\d])")


def as_jupyter_reads(text: str) -> str:
    r"""Write what Jupyter reads and pandoc does not in words that both read.

    That is a formula with spaces inside its dollar signs, and a number with a dot that begins a
    line inside a paragraph, where only the number 1 begins a list.

    >>> as_jupyter_reads("The step $ \\eta $ in `$ HOME $`")
    'The step $\\eta$ in `$ HOME $`'
    >>> print(as_jupyter_reads("They won it in\n2006. It was cold."))
    They won it in
    2006\. It was cold.
    """
    parts, end = [], 0
    codes = [code.span() for code in _CODE.finditer(text)]
    text = _NUMBERED.sub(lambda number: _no_list(number, codes), text)
    for code in _CODE.finditer(text):
        parts += [_rewritten(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _rewritten(text[end:])])


_NUMBERED = re.compile(r"(?<=[^\n]\n)( {0,3}\d+)([.)])(?= )")
_NOT_TEXT = re.compile(r"^ *([-*+>|#`~]|\d+[.)] )", re.MULTILINE)  # lists, code and the like


def _no_list(number: re.Match[str], codes: list[tuple[int, int]]) -> str:
    """Escape the dot of a number that continues a paragraph of nothing but text."""
    paragraph = number.string[: number.start()].rpartition("\n\n")[2]
    inside = any(start <= number.start() < end for start, end in codes)
    if number[1].strip() == "1" or inside or _NOT_TEXT.search(paragraph):
        return number[0]
    return f"{number[1]}\\{number[2]}"


def _rewritten(text: str) -> str:
    return _SPACED.sub(r"$\1$", text)


def is_abstract(cell: NotebookNode) -> bool:
    """Tell whether a cell's text belongs on the title page: written in it, or put out by it."""
    return marks.ABSTRACT in cell.metadata.get("tags", ())


def _kind_of_text(cell: NotebookNode) -> str:
    return "abstract" if is_abstract(cell) else "text"


def code_fence(cell: NotebookNode) -> str:
    """Put the code of a cell into a fence, unless its tags hide it or it is empty."""
    hidden = marks.HIDDEN_CODE & set(cell.metadata.get("tags", ()))
    shown = cell.source.strip() and not hidden and not is_abstract(cell)
    return fence("code", cell.source) if shown else ""


def output_fence(output: NotebookNode, cell: NotebookNode) -> str:
    """Put what a report shows of an output, where its cell stands, into fences.

    Args:
        output: An output of the cell after nbconvert's ExtractOutputPreprocessor, which leaves
            the file names of its pictures in the metadata.
        cell: The cell it belongs to.

    Returns:
        The fences, or nothing for what a report does not show there: standard error, provenance,
        settings and what a tag of the cell moves to another appendix, captions (theirs is in the
        figure), and widgets that leave no picture.
    """
    return "" if _appendix(cell) else _output(output, cell)


def _appendix(cell: NotebookNode) -> str | None:
    """Return the title of the appendix that a cell's tag sends its outputs to."""
    tags = cell.metadata.get("tags", ())
    return next((title for tag, title in marks.APPENDICES.items() if tag in tags), None)


def _output(output: NotebookNode, cell: NotebookNode) -> str:
    source = place(cell)
    if output.output_type == "stream":
        return _stream(output, source) if output.name == "stdout" else ""
    entry = output.metadata.get(KEY, {})
    match entry.get("kind"):
        case marks.PROVENANCE | marks.SETTINGS | marks.CAPTION:
            return ""
        case marks.FIGURE:
            origin = _origin(entry, cell)
            labels, pictures = _labels(entry), _pictures(output)
            return fence("figure", "", source=source, origin=origin, **labels, **pictures)
        case marks.TABLE if "text/markdown" in output.data:
            table = output.data["text/markdown"]
            return fence("table", table, source=source, **_labels(entry))
    return _plain_output(output, cell)


def raw_fence(cell: NotebookNode) -> str:
    """Put the text of a raw cell into a fence, as Jupyter shows it.

    nbconvert passes over those that are meant for another format.
    """
    return fence("verbatim", cell.source, source=place(cell)) if cell.source.strip() else ""


def _labels(entry: dict[str, Any]) -> dict[str, str | None]:
    return {name: entry.get(name) for name in ("id", "caption", "alt")}


def _origin(entry: dict[str, Any], cell: NotebookNode) -> str:
    """Say what made a figure: the cell and, as far as known, the settings and the seeds."""
    known = [f"{name} {entry[name]}" for name in ("spec", "seeds") if entry.get(name)]
    return "; ".join([cell.metadata[KEY]["shown"], *known])


def _pictures(output: NotebookNode) -> dict[str, str | None]:
    """Name the file to show on each kind of page."""
    files = output.metadata.get("filenames", {})
    chosen = {
        page: next((files[media] for media in media_types if media in files), None)
        for page, media_types in PICTURES.items()
    }
    return {page: name.replace("\\", "/") if name else None for page, name in chosen.items()}


# what a terminal obeys besides colours: links and titles, sets of letters, the cursor
_ESCAPES = re.compile(r"\x1b(?:\].*?(?:\x1b\\|\x07)|[()].|\[[?=>][\d;]*[a-z]|[=>78cM])", re.DOTALL)


def _printed(text: str) -> str:
    """Leave out of a printed text what it says to a terminal."""
    return str(strip_ansi(_ESCAPES.sub("", text)))


def _stream(output: NotebookNode, source: str) -> str:
    text = _printed(output.text)
    overwritten = re.compile(r"^.*\r(?!\n|$)", re.MULTILINE)  # what a progress line showed before
    text = overwritten.sub("", text).rstrip()
    return fence("verbatim", text, source=source) if text else ""


def _plain_output(output: NotebookNode, cell: NotebookNode) -> str:
    """Choose the richest form that both kinds of page can show."""
    data, source = output.data, place(cell)
    if "text/markdown" in data:
        return fence(_kind_of_text(cell), data["text/markdown"], source=source)
    if "text/latex" in data and "text/html" not in data:
        tex = data["text/latex"]
        return fence("latex" if "\\begin{tabular" in tex else "math", tex, source=source)
    pictures = _pictures(output)
    if any(pictures.values()):
        alt = f"Picture put out by {cell.metadata[KEY]['shown']}"
        return fence("picture", "", source=source, alt=alt, **pictures)
    if marks.WIDGET in data:
        return ""
    if "text/html" in data:
        return fence("html", data["text/html"], source=source)
    if "text/plain" in data:
        return fence("verbatim", _printed(data["text/plain"]), source=source)
    return fence("unprintable", " or ".join(data), source=source) if data else ""


def appendices(cells: list[NotebookNode]) -> str:
    """Write what tags of cells send to appendices, each chapter's under its own heading."""
    pieces = []
    for title in marks.APPENDICES.values():
        sections: dict[str, str] = {}
        for cell in cells:
            if _appendix(cell) == title:
                shown = "".join(_output(output, cell) for output in cell.get("outputs", ()))
                chapter = cell.metadata[KEY]["chapter"]
                sections[chapter] = sections.get(chapter, "") + shown
        pieces += _by_chapter(title, sections, cells)
    return "".join(pieces)


def _by_chapter(title: str, sections: Mapping[str, str], cells: list[NotebookNode]) -> list[str]:
    """Head an appendix, and in it the fences of each chapter that has any."""
    named = {}
    for cell in cells:
        if number := cell.metadata[KEY].get("number"):
            heading = next(line for line in cell.source.splitlines() if line.startswith("# "))
            words = re.sub(r"\{#[^}]*\}", "", heading.removeprefix("# ")).strip()
            named[cell.metadata[KEY]["chapter"]] = f"Chapter {number}: {words}"
    filled = {chapter: section for chapter, section in sections.items() if section}
    pieces = [] if title in marks.UNDIVIDED else [fence("divided")]
    for chapter, section in filled.items():
        heading = f"## {named.get(chapter, f'`{chapter}`')}"
        alone = title in marks.UNDIVIDED
        pieces += [] if alone else [fence("text", heading, source=f"the appendix {title}")]
        pieces.append(section)
    label = re.sub(r"\W+", "-", title.lower())
    head = fence("text", f"# {title} {{#sec-{label}}}", source=f"the appendix {title}")
    return [head, *pieces] if filled else []


def settings_chapter(cells: list[NotebookNode]) -> str:
    """Write the settings of all chapters as an appendix, or nothing where none are shown."""
    found = [
        (cell.metadata[KEY], output.data["text/markdown"])
        for cell in cells
        for output in cell.get("outputs", ())
        if output.get("metadata", {}).get(KEY, {}).get("kind") == marks.SETTINGS
    ]
    sections = {
        entry["chapter"]: fence("text", table, source=str(entry["place"])) for entry, table in found
    }
    head, *pieces = _by_chapter("Settings", sections, cells) or [""]
    return head + (fence("columns") + "".join(pieces) + fence("end") if pieces else "")


def chapters(cells: list[NotebookNode]) -> Iterator[tuple[str, list[NotebookNode]]]:
    """Group the code cells by the chapter they come from, in order."""
    groups: dict[str, list[NotebookNode]] = {}
    for cell in cells:
        if cell.cell_type == "code":
            groups.setdefault(cell.metadata[KEY]["chapter"], []).append(cell)
    yield from groups.items()
