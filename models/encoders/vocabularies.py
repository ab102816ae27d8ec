"""What learning a vocabulary has in common, whatever it is made of."""

from __future__ import annotations

from ...errors import RunError

# Special tokens, the bytes that byte pairs are made of, and some pieces.
LEAST_SIZE = 300
# Of what was seen once nothing can be learnt.
LEAST_SEEN = 2


def too_small_a_text(size: int, found: int) -> RunError:
    """The error of a text that has not as many pieces as a vocabulary shall have.

    Args:
        size: As asked for.
        found: Pieces that there are.
    """
    smaller = f"choose vocabulary.size={found} or less, or " if found >= LEAST_SIZE else ""
    return RunError(
        f"vocabulary.size is {size:,}, but the texts of the train split have only {found:,} "
        f"different pieces that are seen {LEAST_SEEN} times or more: {smaller}bring more text"
    )
