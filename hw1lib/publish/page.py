"""What an HTML page carries with it: figures as slim vectors, and numbers packed to take away."""

from __future__ import annotations

import base64
import gzip
import html as html_
import io
import json
import mimetypes
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd
from nbformat import NotebookNode

from hw1lib.exploring import front
from hw1lib.marks import EXPLORER, FIGURE
from hw1lib.publish import beside

BUDGET = 60_000  # packed bytes of the numbers of one figure, from which a page gets too heavy
SUMMARY = "median, 10th and 90th percentile over the replicas; each replica lies beside, in data/"
FIRST = ("panel", "series", "replica")  # columns of `drawn.rows` that are no quantities


def files(nb: NotebookNode, pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """Make the files from which pandoc puts a page together.

    Args:
        nb: The notebook with its packed numbers.
        pictures: Those of its outputs, by name.

    Returns:
        The pictures, SVGs slimmed; `data/<id>.csv.gz` of each figure and table; and
        `data/<id>.txt`, which says what was left out where those are a summary.
    """
    made = {
        name: slim(data.decode()).encode() if name.endswith(".svg") else data
        for name, data in pictures.items()
    }
    for path, data in beside.files(nb).items():
        if path.suffix == ".csv":
            packed = gzip.compress(data, mtime=0)
            if len(packed) > BUDGET and (less := summary(data)):
                packed = gzip.compress(less, mtime=0)
                made[str(path.with_suffix(".txt"))] = SUMMARY.encode()
            made[f"{path}.gz"] = packed
    return made


def embedded(html: str, files: Mapping[str, bytes]) -> str:
    """Write files into the page, in place of `data:image/x,` and their name.

    An SVG stands there as its own text, which is a quarter shorter than base64.
    """

    def uri(reference: re.Match[str]) -> str:
        name = html_.unescape(reference[2])
        if name not in files:
            return reference[0]
        if name.endswith(".svg"):
            text = quote(re.sub(r"\s+", " ", files[name].decode()), safe=_SAFE)
            return f'{reference[1]}="data:image/svg+xml;charset=utf-8,{text}"'
        kind = mimetypes.guess_type(name.removesuffix(".gz"))[0]
        kind = "application/gzip" if name.endswith(".gz") else kind
        return f'{reference[1]}="data:{kind};base64,{base64.b64encode(files[name]).decode()}"'

    return re.sub(r'\b(src|href)="data:image/x,([^"]*)"', uri, html)


def explored(html: str, nb: NotebookNode) -> str:
    """Add to a page what its reader can explore: the figures' data, and one script for all."""
    found = {
        entry["id"]: data[EXPLORER]
        for entry, data in beside.shown(nb)
        if entry["kind"] == FIGURE and EXPLORER in data
    }
    if not found:
        return html
    scripts = [
        f'<script type="application/json" data-explores="{html_.escape(name)}">'
        f"{_inert(view)}</script>"
        for name, view in found.items()
    ]
    scripts.append(f'<script type="module">\n{front.page()}</script>')
    html = html.replace("</head>", f"<style>\n{front.style()}</style>\n</head>", 1)
    before, end, after = html.rpartition("</body>")
    return "\n".join([before, *scripts, end]) + after


def _inert(view: Any) -> str:
    """Write JSON that no part of can end the script it stands in."""
    return json.dumps(view, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


_SAFE = " /:;=,()!*+?@$|{}[]^~"  # signs that an attribute and a data URI may hold as they are

_UNSEEN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_PLACES = re.compile(r'(?<=\s)(d|x|y|x1|x2|y1|y2|points)="([^"]*)"')


def slim(svg: str) -> str:
    r"""Write an SVG of Matplotlib's shorter: to hundredths of a point, and nothing unseen.

    >>> slim('<svg>\n <!-- x -->\n <path d="M 1.23456 2 \nL -3.001 4 \nL -3 3.75\n"/>\n</svg>\n')
    '<svg><path d="m1.23 2l-4.23 2 0-.25"/></svg>'
    >>> slim('<use x="1.23456" y="-2.0041"/><path d="M 0 1.50001 \nC 2 3 4 5 6 7.0 \nz"/>')
    '<use x="1.23" y="-2"/><path d="M0 1.5C2 3 4 5 6 7z"/>'
    """
    return re.sub(r">\s+<", "><", _PLACES.sub(_rounded, _UNSEEN.sub("", svg))).strip()


def _rounded(attribute: re.Match[str]) -> str:
    name, value = attribute.groups()
    steps = re.findall(r"([A-Za-z])|([^A-Za-z\s]+)", value)
    if name == "d" and {letter for letter, _ in steps} <= {"M", "L", "z", ""}:
        return f'd="{_relative(steps)}"'
    pieces = [letter or _number(round(100 * float(number))) for letter, number in steps]
    return f'{name}="{_joined(pieces)}"'


def _relative(steps: list[tuple[str, str]]) -> str:
    """Write a path of straight lines by the steps from point to point, which are short numbers."""
    pieces: list[str] = []
    last, here, start = "", (0, 0), (0, 0)
    numbers = iter(steps)
    for letter, _ in numbers:
        if letter == "z":
            pieces, last, here = [*pieces, "z"], "z", start
            continue
        x, y = (round(100 * float(next(numbers)[1])) for _ in range(2))
        letter = letter.lower()
        pieces += [] if letter == last == "l" else [letter]
        pieces += [_number(x - here[0]), _number(y - here[1])]
        last, here = letter, (x, y)
        start = here if letter == "m" else start
    return _joined(pieces)


def _number(hundredths: int) -> str:
    """Write a number of hundredths without what it can do without.

    >>> [_number(n) for n in (0, -25, 1200, 105, -3110)]
    ['0', '-.25', '12', '1.05', '-31.1']
    """
    text = f"{abs(hundredths) / 100:.2f}".rstrip("0").rstrip(".")
    return ("-" if hundredths < 0 else "") + (text.removeprefix("0") or "0")


def _joined(pieces: list[str]) -> str:
    """Join the parts of a path, with spaces only between numbers that would run together."""
    return re.sub(r" ?([A-Za-z-]) ?", r"\1", " ".join(pieces))


def summary(data: bytes) -> bytes | None:
    r"""Reduce the rows of all replicas to their median and their 10th and 90th percentile.

    Args:
        data: CSV of `drawn.rows`. In each panel and series the first quantity with values is
            where replicas are measured, the others are what is measured; a series without replicas
            stays as it is.

    Returns:
        CSV with a column `percentile` in place of the replica; None where no replicas are told
        apart, or one of them was measured where no other was.

    >>> print(summary(b"replica,x,y\n0,1,10\n1,1,20\n2,1,30\n").decode())
    percentile,x,y
    10,1,12
    50,1,20
    90,1,28
    <BLANKLINE>
    """
    frame = pd.read_csv(io.BytesIO(data))
    if "replica" not in frame:
        return None
    series = [name for name in FIRST[:2] if name in frame]
    quantities = [name for name in frame.columns if name not in FIRST]
    pieces = []
    for _, group in frame.groupby(series, sort=False, dropna=False) if series else [(0, frame)]:
        place, *measured = [name for name in quantities if group[name].notna().any()]
        if group["replica"].isna().all():
            pieces.append(group)
            continue
        if not measured or len(group) < 2 * group[place].nunique():
            return None
        levels = group.groupby(place)[measured].quantile([0.1, 0.5, 0.9]).reset_index()
        levels["percentile"] = (100 * levels.pop("level_1")).round()
        pieces.append(levels.assign(**{name: group[name].iloc[0] for name in series}))
    whole = pd.concat(pieces)[[*series, "percentile", *quantities]]
    return whole.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
