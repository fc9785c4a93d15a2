"""What a notebook's output carries: pictures of a figure, a table as Markdown, numbers as CSV."""

import base64
import gzip
import io
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from hw1lib import marks
from hw1lib.marks import typographic


def saved(figure: Figure, kind: str) -> bytes:
    """Draw a figure as svg or png, the same bytes for the same numbers."""
    buffer = io.BytesIO()
    # neither date nor version, so that the same numbers give the same file
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def without_constants(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Take out the counts of a wide table that are the same in every row, and say which."""
    alike = [
        name
        for name in ("n", "diverged")
        if name in frame
        and len(frame.columns) > 5
        and len(frame) > 1
        and frame[name].nunique() == 1
    ]
    said = ", ".join(f"{name} = {frame[name].iloc[0]}" for name in alike)
    return frame.drop(columns=alike), [f"In every row, {said}."] if alike else []


def pipes(frame: pd.DataFrame) -> str:
    """Write a table as Markdown."""
    aligns = ["--:" if pd.api.types.is_numeric_dtype(kind) else ":--" for kind in frame.dtypes]
    header, *rows = [
        [typographic(str(cell)).replace("|", "\\|") for cell in row]
        for row in [frame.columns, *frame.to_numpy(dtype=object)]
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, aligns, *rows])


def packed(frame: pd.DataFrame) -> str:
    """Write a table as CSV, packed for a notebook's output."""
    text = frame.to_csv(index=False, float_format=_digits, lineterminator="\n")
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def naming(caption: str, standin: str) -> str:
    """Add to a caption what was learned in the place of a published set."""
    begins = "Learned" if standin.startswith(marks.FOLDER) else "Not the real data"
    return f"{caption} **{begins}: {standin}.**"


def _digits(value: float) -> str:
    """Write six digits, and whole numbers, such as those of updates, with all of theirs."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
