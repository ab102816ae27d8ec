"""Tags in the scheme BIO: none, or the beginning or the inside of an entity of some type."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import array_namespace, like

# Of what is in no entity.
OUTSIDE = 0


def begin(kind: Any) -> Any:
    """The tag of the first word of an entity.

    Args:
        kind: Index of its type; a number or an array.
    """
    return 1 + 2 * kind


def inside(kind: Any) -> Any:
    """The tag of the words after the first one of an entity.

    Args:
        kind: Index of its type; a number or an array.
    """
    return 2 + 2 * kind


def num_tags(types: int) -> int:
    """How many tags there are of so many types."""
    return 1 + 2 * types


def is_inside(tags: int) -> np.ndarray:
    """Which of so many tags only follow others: those of the inside, bool [tags]."""
    return (np.arange(tags) % 2 == 0) & (np.arange(tags) > 0)


def allowed_transitions(tags: int) -> np.ndarray:
    """Which tag may follow which.

    Args:
        tags: How many there are.

    Returns:
        bool [tags, tags], rows are earlier tags: the inside of an entity follows its beginning
        or its inside.

    Example:
        >>> allowed_transitions(3).astype(int)
        array([[1, 1, 0],
               [1, 1, 1],
               [1, 1, 1]])
    """
    allowed = np.ones((tags, tags), bool)
    of_inside = is_inside(tags)
    kinds = (np.arange(tags) - 1) // 2
    allowed[:, of_inside] = kinds[:, None] == kinds[of_inside]
    return allowed


def entities_of(tags: Any, rows: Any) -> tuple[Any, Any, Any]:
    """The entities that tags stand for.

    An inside that follows no word of its type begins an entity, as CoNLL's own script and
    seqeval's default have it; a decision gives none of these, files may have them.

    Args:
        tags: Of the words of all texts, one after the other, int64 [words], of NumPy or of
            TensorFlow.
        rows: Which text each is in, int64 [words].

    Returns:
        Of each entity its first word, its last word, and its type, int64 [entities]; the words
        counted over all texts.

    Example:
        >>> entities_of(np.array([1, 2, 0, 4, 3, 2]), np.array([0, 0, 0, 0, 0, 1]))
        (array([0, 3, 4, 5]), array([1, 3, 4, 5]), array([0, 1, 1, 0]))
    """
    xp = array_namespace(tags)
    kinds = (tags - 1) // 2
    named = tags > 0
    same_kind = kinds == _shifted(xp, kinds)
    goes_on = named & (tags % 2 == 0) & same_kind & (rows == _shifted(xp, rows))
    goes_on_behind = xp.concatenate([goes_on, like(goes_on, [False])])[1:]
    (first,) = xp.nonzero(named & xp.logical_not(goes_on))
    (last,) = xp.nonzero(named & xp.logical_not(goes_on_behind))
    return first, last, xp.take(kinds, first)


def _shifted(xp: Any, values: Any) -> Any:
    """For each value the one before it; for the first one what no row and no type is."""
    return xp.concatenate([like(values, [-1]), values])[:-1]
