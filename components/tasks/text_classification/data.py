"""What text classification needs of the files: a column of ratings or of labels, and classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....models.settings import ModelSettings
from ...review_example_gen.settings import DataSettings

FEATURES = ("label", "grade", "grade_shares")
NGRAMS = True
SETTINGS = {
    "data": ("rating", "label", "classes", "contradictory"),
    "evaluation": ("decide_for", "min_macro_f1", "min_accuracy"),
    "model": ("truncation", "pooling"),
}


def problems(settings: DataSettings) -> Iterator[tuple[str, str]]:
    """Yields `(key, what is wrong and what would be right)` for every bad value.

    Args:
        settings: Of the data.
    """
    yield from settings.slice_problems(FEATURES)
    if bool(settings.rating) == bool(settings.label):
        yield "rating", "give exactly one of `rating` and `label`"
    if not settings.classes:
        if not settings.label:
            yield "classes", "is missing; say which ratings belong to each class"
    elif len(settings.classes) < 2:
        yield "classes", f"has {len(settings.classes)}; a classifier needs at least 2"
    for name, values in settings.classes.items():
        if values is None and settings.rating:
            yield f"classes.{name}", "has no ratings; list those that belong to it"


def kinds(settings: DataSettings) -> list[str]:
    """The names of the classes, in the order of their index.

    Args:
        settings: Of the data.
    """
    return list(settings.classes)


def grades(settings: DataSettings) -> list[int]:
    """The class of each grade, by its index.

    Args:
        settings: Of the data.
    """
    return [grade.label for grade in settings.grades]


def distributions(settings: DataSettings) -> dict[str, int]:
    """Features that hold a distribution, by name with its length: the shares of all grades.

    Args:
        settings: Of the data.
    """
    return {"grade_shares": len(settings.grades)}


def task_config(data: DataSettings, model: ModelSettings) -> dict[str, Any]:
    """`labels` and `grades`, see `models.TextClassification`.

    Args:
        data: Its settings.
        model: Not needed.
    """
    return {"labels": kinds(data), "grades": grades(data)}
