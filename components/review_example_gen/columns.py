"""Which columns of a row a model reads, as its `model.json` keeps them, and the text that it
makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from .cleaning import clean_text
from .settings import DataSettings, DerivedColumn


def read_columns(settings: DataSettings) -> dict[str, Any]:
    """Says which columns a model is asked with.

    Args:
        settings: Those that it is trained with; free of problems.

    Returns:
        `text`, a list of columns; `question`, where there is one; and `derived`, where one of
        them is made from others: with what it takes, in the order of the settings. All of it can
        be JSON.

    Example:
        >>> settings = DataSettings("-", ("title", "review"), label="label", slices=("shop",))
        >>> read_columns(settings)
        {'text': ['title', 'review']}
    """
    columns: dict[str, Any] = {"text": list(settings.text)}
    if settings.question:
        columns["question"] = settings.question
    needed = {*settings.text, settings.question}
    derived: dict[str, Any] = {}
    for name, made in reversed([*settings.derived.items()]):
        if name in needed:
            needed.add(made.column)
            said = dataclasses.asdict(made)
            derived[name] = {key: value for key, value in said.items() if value is not None}
    if derived:
        columns["derived"] = dict(reversed(derived.items()))
    return columns


def settings_of_columns(columns: Mapping[str, Any], input: str) -> DataSettings:
    """Reads what `read_columns` wrote.

    Args:
        columns: Of a model.
        input: File, folder or glob of rows that it is to be asked about.

    Raises:
        ValueError: Something else is written there.

    Example:
        >>> settings_of_columns({"text": ["title", "review"]}, "new.csv").text
        ('title', 'review')
    """
    try:
        derived = {
            name: DerivedColumn(made["column"], made.get("pattern"), _tuples(made.get("values")))
            for name, made in columns.get("derived", {}).items()
        }
        text = tuple(columns["text"])
        question = columns.get("question")
        settings = DataSettings(input, text, question=question, derived=derived)
        if text and not list(settings.problems()):
            return settings
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"its columns cannot be read: {error!r}") from None
    raise ValueError(f"its columns cannot be read: {columns}")


def _tuples(values: Mapping[str, Sequence] | None) -> dict[str, tuple] | None:
    return None if values is None else {name: tuple(each) for name, each in values.items()}


def text_of(values: Mapping[str, str], columns: Sequence[str], as_given: bool = False) -> str:
    """Makes the text of a row.

    Args:
        values: Column -> text of the cell, derived columns included.
        columns: Those that it is made of, joined in this order with a space.
        as_given: Leave it as it is, for the sake of those who count its characters.

    Example:
        >>> text_of({"title": "Good", "review": "<p>It fits.</p>"}, ["title", "review"])
        'Good It fits.'
    """
    text = " ".join([values.get(column, "") for column in columns])
    return text if as_given else clean_text(text)
