"""What a message can say of a value, whatever that is."""

import reprlib
from typing import Any


def brief(value: Any) -> str:
    """Show a value in a message, in at most a line whatever it is.

    >>> brief("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    >>> brief([0] * 100), brief(10**9000)
    ('[0, 0, 0, 0, 0, 0, ...]', 'a number of very many digits')
    """
    try:
        return _BRIEF.repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of very many digits"


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 60


def is_text(word: str) -> bool:
    """Tell whether every letter of a word can be written down, which a lone surrogate cannot."""
    return word.encode(errors="replace").decode() == word
