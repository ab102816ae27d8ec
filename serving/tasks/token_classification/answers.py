"""From what a model that finds entities answers to predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..predictions import Ask, Inputs, Reply, is_list_of

if TYPE_CHECKING:
    import numpy as np

    from ....files.writing import Cell

TASK = "token-classification"
# Of these each text has as many values as the text with the most entities has.
_PADDED = ("start", "end", "label", "score", "entity")
OUTPUTS = (*_PADDED, "count")


@dataclasses.dataclass(frozen=True)
class Entity:
    """What a part of a text is about.

    Attributes:
        start: Where it begins, in characters of the text; of Python's `str`, too.
        end: Where it ends, exclusive.
        label: Its kind, such as a type of thing or what is thought of it.
        score: Calibrated probability that it is an entity of this kind and these bounds.
        text: The part; `text[start:end]` of a text that is UTF-8.
    """

    start: int
    end: int
    label: str
    score: float
    text: str


@dataclasses.dataclass(frozen=True)
class Entities:
    """The answer for one text.

    Attributes:
        entities: Those found, in the order of the text; none overlaps another.
    """

    entities: tuple[Entity, ...]

    def cells(self) -> list[tuple[str, str]]:
        """How many there are; what they are stands in the text."""
        return [("entities", str(len(self.entities)))]

    def shown(self, text: str) -> str:
        """The text with its entities marked.

        Args:
            text: That was asked about.

        Example:
            >>> Entities((Entity(0, 5, "food", 0.98, "Pasta"),)).shown("Pasta to die for")
            '[Pasta|food 0.98] to die for'
        """
        parts, done = [], 0
        for entity in self.entities:
            marked = text[entity.start : entity.end]
            parts += [text[done : entity.start], f"[{marked}|{entity.label} {entity.score:.2f}]"]
            done = entity.end
        return "".join([*parts, text[done:]])

    def rows(self) -> list[dict[str, Cell]]:
        """A row an entity, with `predicted_entity` and `entity_label`, `entity_start`, …

        A text without any has one row of empty cells, so that it does not get lost.
        """
        found = [
            _row(each.text, each.label, each.start, each.end, round(float(each.score), 6))
            for each in self.entities
        ]
        return found or [_row()]

    def record(self) -> dict[str, Any]:
        """A list `predicted_entities` of objects, in the layout that training reads."""
        return {
            "predicted_entities": [
                dataclasses.asdict(entity) | {"score": round(entity.score, 6)}
                for entity in self.entities
            ]
        }

    def at_least(self, confidence: float) -> Entities:
        """Those of them that are as likely as that.

        Args:
            confidence: From 0 to 1.
        """
        return Entities(tuple(each for each in self.entities if each.score >= confidence))


def _row(
    text: str = "", label: str = "", start: Cell = int, end: Cell = int, score: Cell = float
) -> dict[str, Cell]:
    return {
        "predicted_entity": text,
        "entity_label": label,
        "entity_start": start,
        "entity_end": end,
        "entity_score": score,
    }


def read_arrays(outputs: Mapping[str, np.ndarray], labels: Sequence[str]) -> Iterator[Entities]:
    """Yields the entities of each text.

    Args:
        outputs: Of `serving_default`.
        labels: Names of the kinds; the answers have them.
    """
    columns = [outputs[name] for name in _PADDED]
    for count, *values in zip(outputs["count"], *columns, strict=True):
        start, end, label, score, text = (value[:count].tolist() for value in values)
        names, parts = ([value.decode() for value in texts] for texts in (label, text))
        yield Entities(tuple(map(Entity, start, end, names, score, parts)))


def make_reader(model: str, ask: Ask, error: Callable[[str], Exception]) -> EntityReader:
    """What reads the answers of a server; see `EntityReader`."""
    return EntityReader(model, error)


class EntityReader:
    """Takes the entities of each text out of what pads them.

    Args:
        model: Name of the model, for messages.
        error: Makes an exception of what is wrong with an answer.
    """

    def __init__(self, model: str, error: Callable[[str], Exception]):
        self._model = model
        self._error = error

    async def read(self, inputs: Inputs, reply: Reply) -> list[Entities]:
        """Returns the entities of each text; see `AnswerReader.read`."""
        tensors = reply.tensors
        counts: Any = tensors.get("count")
        if not is_list_of(int, counts) or len(counts) != len(inputs["text"]):
            raise self._error(
                f"the model {self._model} has no count, int64 [batch], of the entities of each text"
            )
        columns = [
            self._values(name, kind, tensors.get(name), counts)
            for name, kind in zip(_PADDED, (int, int, str, (int, float), str), strict=True)
        ]
        return [
            Entities(tuple(map(Entity, start, end, label, map(float, score), text)))
            for start, end, label, score, text in zip(*columns, strict=True)
        ]

    def _values(self, name: str, kind: Any, rows: Any, counts: list[int]) -> list[list]:
        """What is no padding of an output."""
        if (
            not is_list_of(list, rows)
            or len(rows) != len(counts)
            or any(not 0 <= count <= len(row) for count, row in zip(counts, rows, strict=True))
        ):
            raise self._error(f"{name} of the model {self._model} does not fit the texts")
        found = [row[:count] for count, row in zip(counts, rows, strict=True)]
        if not all(is_list_of(kind, row) for row in found):
            raise self._error(f"{name} of the model {self._model} is of another type")
        return found
