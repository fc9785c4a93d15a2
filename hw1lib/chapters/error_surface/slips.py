"""Slips of reports A and B about the error surface."""

import pandas as pd

from hw1lib.chapters.error_surface import Result
from hw1lib.judging import slips
from hw1lib.judging.slips import Slip

SLIPS = (
    Slip(
        "B15",
        "left the bonus out",
        "lines, planes and eigenvalues around solutions",
        slips.not_rebuilt("there is no number of B's to change"),
    ),
)


def slip_table(result: Result) -> pd.DataFrame:
    """List the reports' slips with what they change."""
    return slips.table(SLIPS, result)
