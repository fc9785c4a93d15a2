"""The two tables that every chapter shows: its verdicts, and the reports' slips."""

from hw1lib.judging.slips import table as slips
from hw1lib.judging.verdicts import table as verdicts

__all__ = ["slips", "verdicts"]
