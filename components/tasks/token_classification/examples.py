"""From the entities of a row to the spans that its example holds."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from ...review_example_gen.labels import ValueMap
from ...review_example_gen.reviews import Rejection, Targets, shown
from ...review_example_gen.settings import UTF16, DataSettings
from ..spans import spans_text
from .layouts import Written, from_utf16, read_entities

NO_ENTITIES = "no-entities"
MALFORMED_ENTITIES = "malformed-entities"
OUT_OF_RANGE = "entity-out-of-range"
MISMATCH = "entity-mismatch"
UNKNOWN = "unknown-entity"
OVERLAPPING = "overlapping-entities"


def make_maker(settings: DataSettings) -> SpanMaker:
    """What finds the spans of rows; see `SpanMaker`."""
    return SpanMaker(settings)


class SpanMaker:
    """Finds the spans of a row.

    Args:
        settings: Free of problems.

    Example:
        >>> settings = DataSettings("-", ("text",), {"food": None}, entities="entities")
        >>> SpanMaker(settings).make({"entities": '[[4, 8, "food"]]'}, "The fish!").features
        {'spans': '4:8:0'}
    """

    def __init__(self, settings: DataSettings):
        self._column = settings.entities or ""
        self._in_utf16 = settings.offsets == UTF16
        self._types = ValueMap(dict(enumerate(settings.class_values.values())))

    def make(
        self, values: Mapping[str, str], text: str, decimal: str | None = None
    ) -> Targets | Rejection:
        """Returns `spans` of a row, or why it has none.

        They are `start:end:type` each, with a space between them and in the order of the text:
        characters of the text, and the index of the type. White space at the ends of an entity
        is not part of it, and one that is there twice is there once.

        Args:
            values: Column -> text of the cell.
            text: The text of the row, as given.
            decimal: Makes no difference.
        """
        cell = values.get(self._column, "")
        if not cell.strip():
            detail = f"{self._column} is empty; of a text without entities it is []"
            return Rejection(NO_ENTITIES, detail)
        try:
            written = read_entities(cell)
            if self._in_utf16:
                written = from_utf16(written, text)
        except ValueError as error:
            return Rejection(MALFORMED_ENTITIES, f"{self._column}: {error}")
        spans = set()
        for number, entity in enumerate(written, 1):
            span = self._span(entity, text)
            if isinstance(span, Rejection):
                return span._replace(detail=f"{self._column}: entity {number}: {span.detail}")
            spans.add(span)
        ordered = sorted(spans)
        for (start, end, _), (other_start, other_end, _) in itertools.pairwise(ordered):
            if other_start < end:
                return Rejection(
                    OVERLAPPING,
                    f"{self._column}: {shown(text[start:end])} ({start} to {end}) and "
                    f"{shown(text[other_start:other_end])} ({other_start} to {other_end}) overlap",
                )
        named = spans_text(ordered)
        return Targets({"spans": named}, shows=tuple({kind for _, _, kind in ordered}))

    def _span(self, entity: Written, text: str) -> tuple[int, int, int] | Rejection:
        start, end = entity.start, entity.end
        place = f"{start} to {end}"
        if not 0 <= start <= end <= len(text):
            return Rejection(OUT_OF_RANGE, f"{place}, where the text has {len(text):,} characters")
        found = text[start:end]
        if entity.text is not None and entity.text.split() != found.split():
            return Rejection(
                MISMATCH, f"{place} is {shown(found)}, not {shown(entity.text)} as it says"
            )
        if not found.strip():
            return Rejection(OUT_OF_RANGE, f"{place} is empty")
        kind = self._types.find(entity.label)
        if kind is None:
            detail = f"its label {shown(entity.label)} belongs to no type of data.classes"
            return Rejection(UNKNOWN, detail)
        start += len(found) - len(found.lstrip())
        return start, start + len(found.strip()), kind
