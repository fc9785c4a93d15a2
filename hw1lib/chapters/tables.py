"""The tables that every chapter shows, its verdicts and the reports' slips, and their words."""

from hw1lib.judging.slips import table as slips
from hw1lib.judging.tables import answer, expectation, margins
from hw1lib.judging.tables import table as verdicts

__all__ = ["answer", "expectation", "margins", "slips", "verdicts"]
