"""Slips of reports A and B about the error surface."""

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
