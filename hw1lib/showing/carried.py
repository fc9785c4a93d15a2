"""What an output carries of a figure or a table: pictures, captions, and the numbers as CSV."""

import base64
import gzip
import io
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from hw1lib import marks


def saved(figure: Figure, kind: str) -> bytes:
    """Draw a figure as svg or png, the same bytes for the same numbers."""
    buffer = io.BytesIO()
    # neither date nor version, so that the same numbers give the same file
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def packed(frame: pd.DataFrame) -> str:
    """Write a table as CSV, packed for a notebook's output."""
    text = frame.to_csv(index=False, float_format=_digits, lineterminator="\n")
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def naming(caption: str, standin: str) -> str:
    """Add to a caption what was learned in the place of a published set."""
    begins = "Learned" if standin.startswith(marks.FOLDER) else "Not the real data"
    return f"{caption} **{begins}: {standin}.**"


def _digits(value: float) -> str:
    """Write six digits, and whole numbers, such as those of updates, with all of theirs."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
