"""The entities of a text as files have them: JSON in a few layouts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..utf16 import in_characters


class Written(NamedTuple):
    """An entity as a file has it.

    Attributes:
        start: Number of characters before it.
        end: Number of characters up to its end.
        label: What kind of entity it is.
        text: What the file says that stands there, or None.
    """

    start: int
    end: int
    label: str
    text: str | None


def read_entities(cell: str) -> list[Written]:
    """Reads the entities of a text, in any of the layouts of `docs/entities.md`.

    Args:
        cell: JSON of a list. Each entity is `[start, end, label]`, or an object with `start` and
            `end`, or `start_offset` and `end_offset`; with `label`, or `labels`, a list of one;
            and maybe with `text`. Whatever else an object has is passed over.

    Returns:
        The entities in their order.

    Raises:
        ValueError: It is nothing of that; the message says what, and of which entity.

    Example:
        >>> read_entities('[[4, 8, "food"], {"start": 13, "end": 20, "labels": ["staff"]}]')[1]
        Written(start=13, end=20, label='staff', text=None)
    """
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    if not isinstance(found, list):
        raise ValueError("no list of entities")
    written = []
    for number, entity in enumerate(found, 1):
        try:
            written.append(_read(entity))
        except ValueError as error:
            raise ValueError(f"entity {number}: {error}") from None
    return written


def from_utf16(written: Sequence[Written], text: str) -> list[Written]:
    """Counts in characters what a program counted in units of UTF-16, as JavaScript does.

    Args:
        written: Entities of a text.
        text: The text. What is behind its end stays there.

    Returns:
        The same entities in their order.

    Raises:
        ValueError: One begins or ends in the middle of a character.

    Example:
        >>> from_utf16([Written(3, 7, "food", None)], "\U0001f642 soup")
        [Written(start=2, end=6, label='food', text=None)]
    """
    place = in_characters(text)
    counted = []
    for number, entity in enumerate(written, 1):
        try:
            counted.append(entity._replace(start=place(entity.start), end=place(entity.end)))
        except ValueError as error:
            raise ValueError(f"entity {number}: {error}") from None
    return counted


def _read(entity: Any) -> Written:
    if isinstance(entity, list):
        if len(entity) != 3:
            raise ValueError(f"has {len(entity)} values, not start, end and label")
        entity = dict(zip(("start", "end", "label"), entity, strict=True))
    elif not isinstance(entity, dict):
        raise ValueError("is neither an object nor a list")
    start = _position(entity, "start", "start_offset")
    end = _position(entity, "end", "end_offset")
    text = entity.get("text")
    if text is not None and not isinstance(text, str):
        raise ValueError("its text is no text")
    return Written(start, end, _label(entity), text)


def _position(entity: dict[str, Any], *keys: str) -> int:
    for key in keys:
        if key in entity:
            found = entity[key]
            if type(found) is not int:
                raise ValueError(f"{key} is {str(found)[:40]!r}, no whole number")
            return found
    raise ValueError(f"has neither {' nor '.join(keys)}")


def _label(entity: dict[str, Any]) -> str:
    found = entity["label"] if "label" in entity else entity.get("labels")
    if isinstance(found, list) and len(found) > 1:
        raise ValueError(f"has {len(found)} labels; an entity is of one type")
    label = found[0] if isinstance(found, list) and found else found
    if not isinstance(label, str) or not label:
        raise ValueError("has no label")
    return label
