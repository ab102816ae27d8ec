"""What token classification needs of the files: a text as it is, and the entities in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....models.settings import ModelSettings
from ...review_example_gen.settings import SPLITS, TRAIN, DataSettings

FEATURES = ("spans",)
TEXT_AS_GIVEN = True
SETTINGS = {
    "data": ("entities", "offsets", "classes"),
    "evaluation": ("min_f1",),
    "model": ("stride", "label_pieces"),
}


def problems(settings: DataSettings) -> Iterator[tuple[str, str]]:
    """Yields `(key, what is wrong and what would be right)` for every bad value.

    Args:
        settings: Of the data.
    """
    yield from settings.slice_problems(FEATURES)
    yield from settings.counted_problems("entities")
    if not settings.entities:
        yield "entities", "is missing; name the column of the entities of a text"
    if not settings.classes:
        yield "classes", "is missing; list the types of the entities"


def kinds(settings: DataSettings) -> list[str]:
    """The names of the types, in the order of their index.

    Args:
        settings: Of the data.
    """
    return list(settings.classes)


def lacking(settings: DataSettings, kinds: Mapping[str, Sequence[int]]) -> str:
    """What is not there to be learnt or to be tested, in words, or "".

    Every type has to be learnt. One that is rare may happen to be in no text of the other
    splits, but some entity has to be there.

    Args:
        settings: Of the data.
        kinds: Split -> texts with an entity of each type.
    """
    if not any(map(any, kinds.values())):
        return f"no text has an entity (data.entities is {settings.entities!r}); a model needs some"
    for split in SPLITS:
        if not any(kinds[split]):
            return (
                f"no text of the split {split} has an entity; bring more texts that have some, or "
                "give that split more in data.splits"
            )
    for name, *found in zip(settings.classes, *(kinds[split] for split in SPLITS), strict=True):
        if not found[SPLITS.index(TRAIN)]:
            spread = ", ".join(f"{split} {n:,}" for split, n in zip(SPLITS, found, strict=True))
            return (
                f"no text of the split {TRAIN} has an entity of the type {name!r} (texts with "
                f"one: {spread}); bring more of them, or take it out of data.classes"
            )
    return ""


def task_config(data: DataSettings, model: ModelSettings) -> dict[str, Any]:
    """`labels` and `label_pieces`, see `models.tasks.token_classification`.

    Args:
        data: Whose classes are the types.
        model: Says which pieces have labels.
    """
    return {"labels": kinds(data), "label_pieces": model.label_pieces}
