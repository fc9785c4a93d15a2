"""The notebooks as readers and authors run them, in seconds, and the report built from that run.

Every notebook is executed once, in the smoke profile and without the network; the report at the
end is the real one with these chapters.
"""

import ast
import html
import itertools
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import pandas as pd
import papermill
import pypdfium2 as pdfium
import pytest

from hw1lib.marks import APPENDICES, EXPLORER
from hw1lib.publish import load_report
from hw1lib.publish.build import publish
from hw1lib.publish.execute import execute, main

# Each is a third-party package's own business; anything else is still an error.
pytestmark = [
    pytest.mark.filterwarnings(warning)
    for warning in [
        # jupyter_core and nbclient ask for an event loop that no one has made yet
        "ignore:There is no current event loop:DeprecationWarning",
        # ZMQ's asynchronous sockets are collected some time after the kernel is gone
        "ignore:unclosed:ResourceWarning",
        # papermill asks for the time of day in a way that Python 3.12 calls outdated
        "ignore:datetime.datetime.utcnow:DeprecationWarning",
    ]
]

CHECKOUT = Path(__file__).parents[1]
NOTEBOOKS = {path.stem: path for path in sorted((CHECKOUT / "notebooks").glob("*.ipynb"))}
REPORT = CHECKOUT / "report" / "report.yml"


def calls(path):
    """The ids of the figures and tables that a notebook's cells ask for, in order."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                match node:
                    case ast.Call(
                        func=ast.Attribute(ast.Name("figures"), "show" | "table")
                        | ast.Attribute(ast.Name("exploring"), "ask" | "explore"),
                        args=[_, ast.Constant(name), *_],
                    ):
                        yield name


KINDS = ("str", "int", "float", "list", "dict")
SHOWN = {name: list(calls(path)) for name, path in NOTEBOOKS.items()}


@pytest.fixture(scope="session", autouse=True)
def results(tmp_path_factory):
    """A store of our own, which the kernels inherit."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("results")
        patch.setenv("HW1_RESULTS", str(folder))
        yield folder


@pytest.fixture(scope="session")
def executed(results, tmp_path_factory):
    """Execute a notebook, once, and return where the copy lies."""
    folder = tmp_path_factory.mktemp("chapters")

    def copy(name):
        target = folder / f"{name}.ipynb"
        if not target.exists():
            parameters = {"profile": "smoke", "device": "cpu"}
            if "data" in papermill.inspect_notebook(str(NOTEBOOKS[name])):
                parameters["data"] = "standin"
            execute(NOTEBOOKS[name], target, parameters)
        return target

    return copy


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def entries(path, *kinds):
    """What a chapter hands to the report, in order."""
    found = [output.get("metadata", {}).get("hw1", {}) for output in outputs(path)]
    return [entry for entry in found if entry.get("kind") in kinds]


def in_printed_order(paths):
    """The figures and tables of chapters: those in the text, then those of each appendix."""
    placed = []
    for path in paths:
        for cell in nbformat.read(path, as_version=4).cells:
            sent = [n for n, tag in enumerate(APPENDICES) if tag in cell.metadata.get("tags", ())]
            for output in cell.get("outputs", ()):
                entry = output.get("metadata", {}).get("hw1", {})
                if entry.get("kind") in ("figure", "table"):
                    placed.append((sent[0] if sent else -1, entry))
    return [entry for _, entry in sorted(placed, key=lambda place: place[0])]


def markdown(path):
    return [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]


# The notebooks as they are in the repository


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs_and_with_names_for_cells(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z][a-z0-9-]+", cell.id), cell.id
        assert not re.fullmatch(r"[0-9a-f]{8}", cell.id), cell.id  # made by a machine
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_shows_nothing_raw_and_no_code_in_front_of_its_figures(name):
    for cell in nbformat.read(NOTEBOOKS[name], as_version=4).cells:
        assert not re.search(r"(?<![\w\"])@\w|\{#", cell.source), cell.id
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell.metadata.get("tags", ())), cell.id


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_link_of_a_notebook_leads_somewhere(name):
    cited = set(re.findall(r"^@\w+\{(\w+),", (REPORT.parent / "references.bib").read_text(), re.M))
    for target, key in re.findall(
        r'\]\((\S+?)(?: \\?"@(\w+)\\?")?\)',
        "\n".join(cell.source for cell in nbformat.read(NOTEBOOKS[name], as_version=4).cells),
    ):
        file, _, place = target.partition("#")
        if key:
            assert key in cited
        if not target.startswith("https://"):
            assert not file or (NOTEBOOKS[name].parent / file).is_file(), target
            assert not place or place in SHOWN[Path(file).stem or name], target


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_numbers_of_parameters_are_those_of_the_widths_before_them(name):
    """In the text `784-10-20-10 with 8,280 parameters`, the biases included."""
    text = " ".join(markdown(NOTEBOOKS[name]))
    for widths, said in re.findall(r"(\d+(?:-\d+)+) with ([\d,]+) parameters", text):
        sizes = [int(width) for width in widths.split("-")]
        counted = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
        assert f"{counted:,}" == said, widths


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_help_of_a_notebook_explains_every_parameter(name):
    parameters = papermill.inspect_notebook(str(NOTEBOOKS[name]))
    assert {"profile", "seed", "replicas", "device"} <= set(parameters)
    assert ("epochs" in parameters) == (name != "00_summary")
    assert ("settings" in parameters) == (name != "00_summary")
    for parameter in parameters.values():
        assert parameter["help"].strip(), parameter["name"]
        assert parameter["inferred_type_name"] in KINDS, parameter["name"]
    assert parameters["profile"]["default"] == '"quick"'


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_does_not_train_or_define_anything_itself(name):
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            forbidden = re.search(r"^\s*(for|while|def|class) |backward\(|np\.", cell.source, re.M)
            assert not forbidden, (cell.id, forbidden)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_number_of_a_finding_is_typed_by_hand(name):
    # a share, a factor or a difference in prose would be one; sizes of networks are given
    for source in markdown(NOTEBOOKS[name]):
        assert not re.search(r"\d\s?%|\d[.,]?\d* times", source), source


def test_every_notebook_is_in_the_report_and_the_other_way_round():
    assert set(load_report(REPORT).notebooks) == set(NOTEBOOKS)


def test_nothing_refers_to_what_a_folder_of_images_leaves_out():
    """A report on a folder has no figures of the reports' digits, which stand in an `if`."""
    left_out = set()
    for path in NOTEBOOKS.values():
        for cell in nbformat.read(path, as_version=4).cells:
            if re.match(r"if .* in result\.images:", cell.source):
                left_out |= set(re.findall(r'"((?:fig|tbl)-[\w-]+)"', cell.source))
    assert left_out == {"fig-image-digits", "tbl-image-digits"}
    text = " ".join(source for path in NOTEBOOKS.values() for source in markdown(path))
    assert not left_out & set(re.findall(r"@((?:fig|tbl)-[\w-]*\w)", text))


# Executed


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_to_its_end_without_complaint(executed, name):
    notebook = nbformat.read(executed(name), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count is not None, cell.id
    for output in outputs(executed(name)):
        assert output.output_type != "error"
        if output.output_type == "stream":
            assert output.name == "stderr", output.text
            assert "Warning" not in output.text


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_shows_its_figures_and_tables_with_caption_and_alt_text(executed, name):
    shown = entries(executed(name), "figure", "table")
    assert shown
    assert [entry["id"] for entry in shown] == SHOWN[name]
    for entry in shown:
        assert len(entry["caption"].split()) > 5
        assert not re.search(r"\bnan\b|\bNone\b|\binf\b", entry["caption"]), entry["caption"]
        if entry["kind"] == "figure":
            assert len(entry["alt"].split()) > 5


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_ends_with_its_provenance(executed, name):
    (entry,) = entries(executed(name), "provenance")
    heading = re.match(r"# (.*?) *(\{.*\})?$", markdown(NOTEBOOKS[name])[0].splitlines()[0])[1]
    for row in entry["rows"]:
        assert row["chapter"] == heading
        assert (row["trainings"] > 0) == (name != "00_summary")  # which only permutes labels
        assert row["seconds"] > 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_reference_of_a_notebook_leads_to_something_it_shows(executed, name):
    text = " ".join(markdown(NOTEBOOKS[name]))
    text += " ".join(e["caption"] for e in entries(executed(name), "figure", "table"))
    # the summary leads to all of them
    shown = (
        SHOWN[name] if name != "00_summary" else [key for keys in SHOWN.values() for key in keys]
    )
    for reference in set(re.findall(r"@((?:fig|tbl)-[\w-]*\w)", text)):
        assert reference in shown


TRIED = [name for name, ids in SHOWN.items() if any(key.endswith("-try") for key in ids)]


def test_ten_chapters_end_with_something_to_try():
    assert len(TRIED) >= 10  # a new one may do without


@pytest.mark.parametrize("name", TRIED)
def test_a_chapter_ends_with_a_prediction_and_something_to_try(executed, name):
    held = [o.data[EXPLORER] for o in outputs(executed(name)) if EXPLORER in o.get("data", {})]
    assert [view["header"]["id"].rpartition("-")[2] for view in held] == ["guess", "try"]
    for view in held:
        arrays = view["header"]["arrays"]
        parts = [part for array in arrays for part in array.get("each", [array])]
        chosen = {control for part in parts for control in part["by"]}
        controls = view["header"]["controls"]
        idle = {c["name"] for c in controls if not c.get("live")} - chosen
        assert idle == set(), f"controls that choose nothing: {idle}"
        assert any(len(c["options"]) > 1 for c in controls if c["name"] in chosen)
        assert set(view["state"]) == {c["name"] for c in controls if c["kind"] != "button"}


def test_stand_ins_are_named_in_every_caption_of_chapter_12_that_shows_them(executed):
    for entry in entries(executed("12_image_task"), "figure"):
        assert "**Not the real data: stand-in for" in entry["caption"]
    rows = entries(executed("12_image_task"), "provenance")[0]["rows"]
    assert [row["standin"] for row in rows] == [True, True]


# Bad parameters


BAD = [
    (
        "11_function_fit",
        ["epochs", "0"],
        "SettingError: epochs of function_fit.Spec must be at least 1, got 0",
    ),
    (
        "12_image_task",
        ["profile", "nonsense"],
        "SettingError: there is no profile 'nonsense'; known: full, quick, smoke",
    ),
    (
        "11_function_fit",
        ["epochs", '"50"'],
        "SettingError: epochs of function_fit.Spec must be a whole number, got '\"50\"'; "
        "papermill passes numbers with -p epochs 50, not with -r or quotes",
    ),
]


def left_by_a_failure(target):
    """The error that the failed copy shows; there must be no other copy."""
    assert not target.exists()
    (error,) = (
        output
        for output in outputs(target.with_suffix(".failed.ipynb"))
        if output.output_type == "error"
    )
    return error.traceback


@pytest.mark.parametrize(("name", "parameter", "sentence"), BAD[1:], ids=["profile", "string"])
def test_a_bad_value_ends_in_one_sentence(tmp_path, capsys, name, parameter, sentence):
    target = tmp_path / "copy.ipynb"
    assert main([str(NOTEBOOKS[name]), str(target), "-p", *parameter]) == 1
    running, error = capsys.readouterr().err.splitlines()
    assert running.startswith(f"{name}: running with {parameter[0]}=")
    assert error == f"error: {name}, cell 'setup': {sentence}"
    assert left_by_a_failure(target) == [sentence]


def test_the_command_itself_fails_with_that_sentence(tmp_path):
    name, parameter, sentence = BAD[0]
    target = tmp_path / "copy.ipynb"
    command = [
        sys.executable,
        "-m",
        "hw1lib.publish.execute",
        NOTEBOOKS[name],
        target,
        "-p",
        *parameter,
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == f"error: {name}, cell 'setup': {sentence}"
    assert len(done.stderr.splitlines()) == 2
    assert left_by_a_failure(target) == [sentence]


# The report


class Built(NamedTuple):
    out: Path
    pages: list[str]  # text of each page of the PDF
    html: str
    shown: list[dict]  # figures and tables of all chapters, in the order of their numbers
    tried: set[str]  # ids of figures that are to be tried by hand, which print leaves out


class Text(str):
    """What a reader of either form sees."""

    printed: bool


@pytest.fixture(scope="session")
def built(executed, tmp_path_factory):
    """The report of the executed notebooks."""
    out = tmp_path_factory.mktemp("report")
    report = load_report(REPORT)
    chapters = [executed(name) for name in report.notebooks]
    publish(report, chapters[0].parent, out)
    with pdfium.PdfDocument(out / "report.pdf") as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    return Built(
        out=out,
        pages=pages,
        html=(out / "report.html").read_text(),
        shown=in_printed_order(chapters),
        tried={
            output.metadata["hw1"]["id"]
            for path in chapters
            for output in outputs(path)
            if EXPLORER in output.get("data", {})
        },
    )


def test_the_printed_report_fills_its_pages_with_letters_that_can_be_read(built):
    printed = runpy.run_path(str(CHECKOUT / "tools" / "printed.py"))
    pages = printed["sheets"](built.out / "report.pdf")
    assert len(pages) == len(built.pages)
    half = [page.number for page in pages if page.empty > 0.5]
    assert len(half) <= 3, half  # the title page, and where a report happens to end
    assert min(page.smallest for page in pages) > 7.99


def squeezed(text):
    """Without white space and hyphens, which line breaks move, and with one kind of apostrophe."""
    return re.sub(r"[\s\u00ad\u2010\ufffe-]", "", text).replace("’", "'")


def of_page(source):
    """The text that a browser shows of a page, embedded pictures left out."""
    source = re.sub(r"<(style|script|svg|annotation)\b.*?</\1>", "", source, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", "", source))


@pytest.fixture(scope="session", params=["pdf", "html"])
def text(built, request):
    """What a reader of either form sees."""
    printed = request.param == "pdf"
    found = Text("\n".join(built.pages) if printed else of_page(built.html))
    found.printed = printed
    return found


def test_the_report_has_the_chapters_as_headings(text):
    for name, path in NOTEBOOKS.items():
        number = "S" if name.startswith("00") else f"{name[0]}.{name[1]}"
        first, *others = (line for cell in markdown(path) for line in cell.splitlines())
        assert squeezed(f"{number} {first.lstrip('# ').split(' {')[0]}") in squeezed(text)
        sections = [line[3:] for line in others if line.startswith("## ")]
        assert sections
        for place, section in enumerate(sections, start=1):
            left_out = text.printed and section in ("Predict, then look", "Try it yourself")
            assert (squeezed(f"{number}.{place} {section}") in squeezed(text)) != left_out


def test_every_figure_and_table_has_its_number_and_caption(built, text):
    counts = {"figure": 0, "table": 0}
    for entry in built.shown:
        counts[entry["kind"]] += 1
        label = f"{entry['kind'].capitalize()} {counts[entry['kind']]}."
        # as far as no formatting begins
        words = re.split(r'[*@$\[`"]', entry["caption"].removeprefix("**"))[0][:60]
        assert len(words) > 10
        left_out = text.printed and entry["id"] in built.tried
        assert (squeezed(label + words) in squeezed(text)) != left_out, label
    shown = [name for names in SHOWN.values() for name in names]
    assert counts["figure"] == sum(name.startswith("fig-") for name in shown)
    assert counts["table"] == sum(name.startswith("tbl-") for name in shown)


def test_every_figure_and_table_is_in_both_forms_with_its_files_beside_them(built):
    assert len(built.shown) == sum(map(len, SHOWN.values()))
    files = {"data": set(), "figures": set()}
    for entry in built.shown:
        assert f'id="{entry["id"]}"' in built.html
        files["data"].add(f"{entry['id']}.csv")
        if entry["kind"] == "figure":
            files["figures"].add(f"{entry['id']}.svg")
    for folder, names in files.items():
        assert {path.name for path in (built.out / folder).iterdir()} == names
        assert all(path.stat().st_size for path in (built.out / folder).iterdir())


def test_what_made_a_figure_stands_below_it(built, text):
    said = squeezed(text)
    for name, ids in SHOWN.items():
        figures = [entry for entry in built.shown if entry["id"] in ids and "spec" in entry]
        assert len(figures) == sum(id_.startswith("fig-") for id_ in ids)
        ((spec, seeds),) = {(entry["spec"], entry["seeds"]) for entry in figures}
        if text.printed:
            figures = [entry for entry in figures if entry["id"] not in built.tried]
        found = re.findall(f"{name},cell([a-z0-9]+);spec{spec};seeds{squeezed(seeds)}", said)
        assert len(set(found)) == len(found) == len(figures)


BARE = {  # so short a run has no certified point, no fitted labels, and no verdict
    "fig-hand-in-minimal-ratio",
    "fig-ratio-loss",
    "fig-ratio-tolerance",
    "fig-summary-verdicts",
    "fig-random-guess",
}
WORDS = {"panel", "series", "group", "column", "row", "network", "outcome", "certified", "fitted"}


def test_the_numbers_of_every_figure_are_named_as_its_axes_are(built):
    for path in sorted((built.out / "data").glob("fig-*.csv")):
        found = pd.read_csv(path)
        assert len(found) or path.stem in BARE, path.name
        numbers = [name for name in found if name not in WORDS]
        assert numbers, path.name
        for name in numbers:
            assert found.empty or pd.api.types.is_numeric_dtype(found[name]), (path.name, name)
        # what has no label would be called so; of all figures these show functions of x
        assert not {"y", "value"} & set(numbers), path.name
        assert "x" not in numbers or path.stem in OF_X, path.name
        assert not re.search(r"[$\n]|Unnamed|\.1\b", "".join(numbers)), path.name


OF_X = ("fig-fit-prediction", "fig-fit-together", "fig-fit-try")

LEARN_IMAGES = (
    "fig-image",
    "fig-paths",
    "fig-norm-course",
    "fig-surface",
    "fig-random",
    "fig-capacity",
    "fig-interpolation",
    "fig-sensitivity",
    "fig-summary",
)
# among them, but of no image
FORMULAS = (
    "fig-surface-fit-line",
    "fig-surface-direction",
    "fig-summary-audit",
    "fig-summary-words",
)


def test_a_figure_that_shows_stand_ins_says_so_beside_its_caption(built):
    of_images = [
        e for e in built.shown if e["id"].startswith(LEARN_IMAGES) and e["id"] not in FORMULAS
    ]
    says = "Not the real data: stand-in for"
    assert of_images
    assert all(says in entry["caption"] for entry in of_images)
    said = squeezed("\n".join(built.pages))
    printed = [entry for entry in built.shown if entry["id"] not in built.tried]
    assert said.count(squeezed(says)) == sum(says in entry["caption"] for entry in printed)
    # and once more in the picture itself, above the axes
    for entry in of_images:
        picture = (built.out / "figures" / f"{entry['id']}.svg").read_text()
        assert "stand-in for" in picture


RESIDUE = [
    *("model_id", "VBox(", "HBox(", "IntProgress", "display_data", "it/s]", "Traceback", "Warning"),
    *("<Figure", "<hw1lib", "hw1lib.", "<matplotlib", "Axes(", "object at 0x"),
    *("array(", "tensor(", "dtype=", "DataFrame", "np.float64"),
]


@pytest.mark.parametrize("residue", RESIDUE)
def test_nothing_of_the_machinery_shows(text, residue):
    assert residue not in text


def test_nothing_in_the_report_is_not_a_number(text):
    assert not re.findall(r"\b(nan|NaN|None|inf)\b", text)


def test_no_reference_is_left_unresolved(text):
    assert not re.findall(r"@\w+|\{#|\?\?", text)


def test_the_provenance_page_has_a_row_for_every_data_set(text):
    for data in ("the targets' formulas", "stand-in for CIFAR-10", "stand-in for MNIST"):
        assert squeezed(data) in squeezed(text)
