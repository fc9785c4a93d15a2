"""nbconvert exporters: notebook to pandoc Markdown to Typst, PDF or one HTML page."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode
from traitlets import Bool, Enum, Unicode, default
from traitlets.config import Config

from hw1lib.marks import DROPPED, KEY
from hw1lib.publish import fences, page, paper
from hw1lib.publish.merge import check_executed, label
from hw1lib.publish.programs import by_cell, compile_pdf, run_pandoc, typst_string, without_glyph
from hw1lib.publish.provenance import provenance_chapter, provenance_rows
from hw1lib.publish.settings import CODE_PLACES, PublishError

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = TEMPLATES / "hw1"
INPUT_FORMAT = "markdown-yaml_metadata_block-pandoc_title_block"  # of fences only, see fences.py

Resources = dict[str, Any]


class ReportExporter(TemplateExporter):
    """What the exporters share: a notebook to pandoc Markdown, and pandoc from there."""

    code = Enum(CODE_PLACES, "hide", help="Where code cells are shown").tag(config=True)
    bibliography = Unicode(
        "", help="BibTeX file; empty: references.bib beside the notebook or in ../report"
    ).tag(config=True)
    paper = False  # whether the page is printed
    strict = Bool(
        False, help="Refuse unknown references and the like instead of warning of them"
    ).tag(config=True)

    @default("template_name")
    def _template_name_default(self) -> str:
        return "hw1"

    @default("template_extension")
    def _template_extension_default(self) -> str:
        return ".md.j2"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(TEMPLATES)]

    @property
    def default_config(self) -> Config:
        """Extract pictures and attachments, drop cells by their tags."""
        config = Config(
            {
                "ExtractOutputPreprocessor": {"enabled": True},
                "ExtractAttachmentsPreprocessor": {"enabled": True},
                "TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": set(DROPPED)},
            }
        )
        config.merge(super().default_config)
        return config

    def default_filters(self) -> Iterable[tuple[str, Callable[..., str]]]:
        """Add the filters of the template to nbconvert's own."""
        yield from super().default_filters()
        yield "text_fence", fences.text_fence
        yield "raw_fence", fences.raw_fence
        yield "code_fence", fences.code_fence
        yield "output_fence", fences.output_fence
        yield "back_matter", self._back_matter

    def markdown(
        self, nb: NotebookNode, resources: Resources | None
    ) -> tuple[str, NotebookNode, Resources]:
        """Write a notebook as fences of pandoc Markdown.

        Args:
            nb: An executed notebook; it is left as it is.
            resources: What nbconvert knows about it, such as its name and folder.

        Returns:
            The Markdown, the notebook with labelled cells, and the resources, whose `outputs`
            hold the pictures by the names used in the Markdown.

        Raises:
            PublishError: If a cell failed.
        """
        nb = copy.deepcopy(nb)
        resources = {"output_files_dir": "files", "metadata": {}, **(resources or {})}
        label(nb, resources["metadata"].get("name", "notebook"))
        check_executed(nb)
        if self.paper:
            paper.leave_out(nb)
        _rename_attachments(nb)
        resources["hw1_code"] = self.code
        text, resources = super().from_notebook_node(nb, resources)
        return text, nb, resources

    def _back_matter(self, nb: NotebookNode) -> str:
        """References and appendices, as fences."""
        appendices = fences.appendices(nb.cells) + fences.settings_chapter(nb.cells)
        appendices += provenance_chapter(provenance_rows(nb.cells))
        if self.code == "appendix":
            appendices += self._code_appendix(nb)
        begin = fences.fence("appendices") if appendices else ""
        return fences.fence("references", "References") + begin + appendices

    def _code_appendix(self, nb: NotebookNode) -> str:
        shown = [cell for cell in nb.cells if not DROPPED & set(cell.metadata.get("tags", ()))]
        pieces = [fences.fence("text", "# Code {#sec-code}")]
        for chapter, cells in fences.chapters(shown):
            pieces.append(fences.fence("text", f"## `{chapter}`"))
            pieces += [fences.fence("code", cell.source) for cell in cells if cell.source.strip()]
        return "".join(pieces)

    def pandoc(
        self, text: str, nb: NotebookNode, resources: Resources, *, to: str, options: Resources
    ) -> str:
        """Run pandoc with our filter on the Markdown of a notebook.

        Args:
            text: What `markdown` returned.
            nb: The notebook, for its front matter.
            resources: With the pictures in `outputs`.
            to: Format to write.
            options: Further entries of pandoc's defaults file.

        Raises:
            PublishError: If pandoc fails, or complains while `strict`.
        """
        front_matter = nb.metadata.get(KEY, {})
        bibliography = self._bibliography(resources)
        settings: Resources = {
            "from": INPUT_FORMAT,
            "to": to,
            "standalone": True,
            "filters": [str(ASSETS / "filter.lua")],
            "wrap": "none",
            "metadata": {
                "lang": "en",
                "link-citations": True,
                "pictures": sorted(resources["outputs"]),
            },
            "metadata-files": ["front-matter.json"],
            "bibliography": [str(bibliography)] if bibliography else [],
            **options,
        }
        files = {**resources["outputs"], "front-matter.json": json.dumps(front_matter).encode()}
        made, warnings = run_pandoc(text, settings, files)
        self._complain(warnings)
        return made

    def _complain(self, sentences: Iterable[str]) -> None:
        """Log what is wrong.

        Raises:
            PublishError: While `strict`, if anything is.
        """
        sentences = list(dict.fromkeys(sentences))
        if sentences and self.strict:
            raise PublishError("\n".join(sentences))
        for sentence in sentences:
            self.log.warning(sentence)

    def _bibliography(self, resources: Resources) -> Path | None:
        if self.bibliography:
            path = Path(self.bibliography)
            if not path.is_file():
                raise PublishError(f"no bibliography at {path}.")
            return path.absolute()
        folder = Path(resources["metadata"].get("path", ""))
        usual = (folder / "references.bib", folder.parent / "report" / "references.bib")
        return next((path.absolute() for path in usual if path.is_file()), None)


class TypstExporter(ReportExporter):
    """Notebook to Typst source; the pictures go beside it."""

    paper = True
    output_mimetype = "text/x-typst"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".typ"

    def from_notebook_node(
        self, nb: NotebookNode, resources: Resources | None = None, **_: Any
    ) -> tuple[Any, Resources]:
        """Convert a notebook.

        Returns:
            The Typst source and the resources, with the pictures in `outputs`.

        Raises:
            PublishError: If a cell failed or, while `strict`, anything cannot be resolved.
        """
        text, nb, resources = self.markdown(nb, resources)
        authors = nb.metadata.get(KEY, {}).get("author", [])
        options = {
            "template": str(ASSETS / "report.typ"),
            "syntax-highlighting": "idiomatic",
            "variables": {"authors-typst": "".join(f"{typst_string(a)}, " for a in authors)},
        }
        source = self.pandoc(text, nb, resources, to="typst-citations", options=options)
        resources["output_extension"] = self.file_extension
        return source, resources


class TypstPDFExporter(TypstExporter):
    """Notebook to PDF by way of Typst: no TeX, no browser, the same bytes for the same input."""

    export_from_notebook = "Report PDF"
    output_mimetype = "application/pdf"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".pdf"

    def from_notebook_node(
        self, nb: NotebookNode, resources: Resources | None = None, **_: Any
    ) -> tuple[Any, Resources]:
        """Convert a notebook.

        Returns:
            The bytes of the PDF and the resources, without `outputs`.

        Raises:
            PublishError: As from TypstExporter, or if Typst refuses its input.
        """
        source, resources = super().from_notebook_node(nb, resources)
        pictures = resources.pop("outputs")
        self._check_letters(source)
        return compile_pdf(source, pictures), resources

    def _check_letters(self, source: str) -> None:
        """Complain of letters that no font has, by the cell where each stands first.

        Raises:
            PublishError: While `strict`, if there is one.
        """
        missing = set(without_glyph("".join(sorted({x for x in source if not x.isascii()}))))
        for cell, text in by_cell(source):
            if letters := "".join(dict.fromkeys(x for x in text if x in missing)):
                missing -= set(letters)
                self._complain(
                    [f"{cell}: no font of the printed report has {letters}; the HTML page has."]
                )


class HTMLReportExporter(ReportExporter):
    """Notebook to one HTML page that needs no other file and no network."""

    export_from_notebook = "Report HTML"
    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: Resources | None = None, **_: Any
    ) -> tuple[Any, Resources]:
        """Convert a notebook.

        Returns:
            The page and the resources, without `outputs`.

        Raises:
            PublishError: If a cell failed or, while `strict`, anything cannot be resolved.
        """
        text, nb, resources = self.markdown(nb, resources)
        resources["outputs"] = page.files(nb, resources["outputs"])
        options = {
            "template": str(ASSETS / "report.html"),
            "embed-resources": True,
            "html-math-method": {"method": "mathml"},
            "css": [str(ASSETS / "report.css")],
            "variables": {"script": str(ASSETS / "report.js")},
        }
        html = self.pandoc(text, nb, resources, to="html5", options=options)
        html = page.explored(page.embedded(html, resources.pop("outputs")), nb)
        resources["output_extension"] = self.file_extension
        return html, resources


def _rename_attachments(nb: NotebookNode) -> None:
    """Give attachments names that differ between cells and hold no spaces."""
    for number, cell in enumerate(nb.cells):
        renamed = {}
        for place, (old, data) in enumerate(cell.get("attachments", {}).items()):
            new = f"attachment-{number}-{place}{re.sub(r'[^A-Za-z0-9.]', '-', Path(old).suffix)}"
            cell.source = cell.source.replace(f"attachment:{old}", f"attachment:{new}")
            renamed[new] = data
        if renamed:
            cell.attachments = NotebookNode(renamed)
