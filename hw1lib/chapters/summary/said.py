"""One thing that a report says or shows, and where it is measured here."""

from __future__ import annotations

from dataclasses import dataclass

YES, PARTLY, NO = "yes", "in part", "no"


@dataclass(frozen=True)
class Said:
    """One thing that a report says or shows."""

    part: str  # of the homework
    what: str  # in our words
    claims: tuple[str, ...] = ()  # ids of the claims that judge it
    shown: tuple[str, ...] = ()  # figures and tables in which it is to be seen
    taken: str = ""  # what the report does not give, and what was taken
    lacking: str = ""  # what differs from the report, or why it was not measured

    @property
    def measured(self) -> str:
        """Whether it is measured at the report's own settings, in the full profile."""
        if not self.claims and not self.shown:
            return NO
        return PARTLY if self.lacking else YES


OPINION = "an opinion, or a reason that nothing measured here can decide"
