"""Which of some names was probably meant, as the end of an error message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Says which of some names was probably meant.

    Args:
        name: What was given.
        names: What there is.
        otherwise: Said where nothing is near; by default all names are listed.

    Returns:
        Such as `did you mean data.rating?`.

    Example:
        >>> nearest("trainr", ["trainer", "pusher"])
        'did you mean trainer?'
    """
    names = list(names)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return otherwise or f"choose one of {', '.join(names)}"
