"""How a notebook marks what the report shows: the names that both sides use, and no other."""

from __future__ import annotations

import re
from decimal import Decimal

KEY = "hw1"  # of our entries in the metadata of notebooks, cells and outputs
# an output's entry, under "kind"; a caption is for the notebook, the figure or table has it too
FIGURE, TABLE, CAPTION = "figure", "table", "caption"
TRIED = "tried"  # of a text cell: it stands for figures that are to be tried by hand
PROVENANCE, SETTINGS = "provenance", "settings"  # which stand in appendices
DATA = "application/vnd.hw1.csv+gzip"  # media type in which a figure or table carries its numbers
EXPLORER = "application/vnd.hw1.explorer+json"  # in which it carries what a page can explore
WIDGET = "application/vnd.jupyter.widget-view+json"  # Jupyter's, of what a kernel draws

# tags of cells
APPENDICES = {  # what such a cell shows stands in the appendix of this title, in this order
    "appendix-hand-in": "What to hand in",
    "appendix-instructive": "Five instructive slips",
    "appendix-verdicts": "Verdicts",
    "appendix-slips": "Slips of reports A and B",
    "appendix-tables": "Further figures and tables",
}
UNDIVIDED = ("What to hand in", "Five instructive slips")  # that need no heading for a chapter
BESIDE = "beside"  # of its table print has the caption, and the numbers lie beside the report
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


def headed(text: str) -> str:
    """Write the first sentence of a text in bold.

    >>> headed("Deep wins in 0.5 [0.2, 0.8] %. The rest: 3.")
    '**Deep wins in 0.5 [0.2, 0.8] %.** The rest: 3.'
    """
    first = re.match(r".*?[.?!](?=\s+[A-Z]|\s*$)", text, re.DOTALL)
    return f"**{first[0]}**{text[first.end() :]}" if first else f"**{text}**"


_AS_IT_IS = re.compile(r"(`+).+?\1|\$[^$]+\$|\]\([^)]*\)|<[^>\s]*>|\{#[^}]*\}", re.DOTALL)
_POWER = re.compile(r"(?<![\w.])(\d(?:\.\d+)?e[+-]?\d{1,3})(?!\w)")
_MINUS = re.compile(r"(?:(?<=[\s(\[|,;:=<>≤≥×±~*“\"])|^)-(?=\.?\d|inf\b|∞)", re.MULTILINE)
# where a count is one, such as "1 trainings" of a template
_ONE = re.compile(
    r"((?<![\w.,/×⁻-])(?<!\d of )1 (?:percentage )?"
    r"(?:training|epoch|update|pair|image|network|seed|walk|point|layer|unit))s\b"
)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def typographic(text: str) -> str:
    """Write the numbers of a Markdown text as they are printed, and leave all else as it is.

    Code, formulas and links are left alone, and so is a hyphen after a letter or a digit.

    >>> typographic("-0.3 [-0.5, 6e-14] in `x = -1`, 784-500-10, CIFAR-10, 1-1, 2026-02-03")
    '−0.3 [−0.5, 6×10⁻¹⁴] in `x = -1`, 784-500-10, CIFAR-10, 1-1, 2026-02-03'
    >>> typographic("1e-05, -1.0e-05, 5.8e-01, 2.7e+00, 1.5e+03, 0e+00, 1e10; a1e-05, 6e36da")
    '10⁻⁵, −1.0×10⁻⁵, 0.58, 2.7, 1,500, 0, 10¹⁰; a1e-05, 6e36da'
    >>> typographic("1 trainings of 1 epochs, 1 percentage points, 1 of 1 trainings, 0.1 points")
    '1 training of 1 epoch, 1 percentage point, 1 of 1 trainings, 0.1 points'
    """
    parts, end = [], 0
    for kept in _AS_IT_IS.finditer(text):
        parts += [_printed(text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, _printed(text[end:])])


def _printed(text: str) -> str:
    return _ONE.sub(r"\1", _POWER.sub(_power, _MINUS.sub("−", text)))


def _power(number: re.Match[str]) -> str:
    """Write a power of ten; between a thousandth and ten thousand without one."""
    digits, exponent = number[1].split("e")
    power = int(exponent)
    if not float(digits):
        return "0"
    if -3 <= power <= 3:
        return f"{Decimal(number[1]):,f}"
    raised = f"10{str(power).translate(_RAISED)}"
    return raised if digits == "1" else f"{digits}×{raised}"
