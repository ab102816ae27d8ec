"""Texts that somebody else has written, made fit to stand on a page."""

from __future__ import annotations

import unicodedata

LONGEST = 600


def presentable(text: str, longest: int = LONGEST) -> str:
    """A text without what a page cannot hold, and cut where it is too long.

    Marks that change the direction of all that follows are kept; the page isolates each text.

    Args:
        text: Whatever a file had.
        longest: Characters that are kept.

    Returns:
        The text; where it was cut, with how much is missing.

    Example:
        >>> presentable("Fits." + "!" * 20, longest=10)
        'Fits.!!!!! … (15 more characters)'
    """
    cut = text[:longest]
    shown = "".join(_shown(character) for character in cut)
    missing = len(text) - len(cut)
    return f"{shown} … ({missing:,} more characters)" if missing else shown


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs", "Cn"):
        return character
    return "\N{REPLACEMENT CHARACTER}"
