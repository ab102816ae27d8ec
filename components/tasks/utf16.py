"""Places in a text that a program counted in units of UTF-16, as JavaScript does."""

from __future__ import annotations

import array
import bisect
import itertools
from collections.abc import Callable

# Characters behind it take two units.
_LAST_OF_ONE_UNIT = "\uffff"


def in_characters(text: str) -> Callable[[int], int]:
    """Gives what counts in characters of a text what was counted in units of UTF-16.

    Args:
        text: The text.

    Returns:
        A function of a place. What is behind the end of the text stays there, by as much. It
        raises ValueError of a place in the middle of a character.

    Example:
        >>> place = in_characters("\U0001f642 soup")
        >>> place(3), place(7)
        (2, 6)
    """
    if text.isascii() or max(text) <= _LAST_OF_ONE_UNIT:
        return lambda place: place
    widths = (2 if character > _LAST_OF_ONE_UNIT else 1 for character in text)
    # Of each character the units before it; a list would take ten times the memory.
    units = array.array("L", itertools.accumulate(widths, initial=0))

    def characters(place: int) -> int:
        if not 0 <= place <= units[-1]:
            return place if place < 0 else place - units[-1] + len(text)
        found = bisect.bisect_left(units, place)
        if units[found] != place:
            raise ValueError(f"{place} is in the middle of a character")
        return found

    return characters
