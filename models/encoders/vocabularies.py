"""What learning a vocabulary has in common, whatever it is made of."""

from __future__ import annotations

from ...errors import RunError

# Of what was seen once nothing can be learnt.
LEAST_SEEN = 2


def too_small_a_text(size: int, found: int) -> RunError:
    """The error of a text that has not as many pieces as a vocabulary shall have.

    Args:
        size: As asked for.
        found: Pieces that there are.
    """
    return RunError(
        f"vocabulary.size is {size:,}, but the texts of the train split have only {found:,} "
        f"different pieces that are seen {LEAST_SEEN} times or more: choose "
        f"vocabulary.size={found} or less, or bring more text"
    )
