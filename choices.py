"""Settings that take one of a few values: said once, checked alike, and told to editors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

_OPTIONS = "options"


def choice(default: str, options: Sequence[str]) -> Any:
    """A field of a dataclass that takes one of a few values.

    Args:
        default: What it is where nothing is said.
        options: All of them.

    Example:
        >>> @dataclasses.dataclass
        ... class Settings:
        ...     optimizer: str = choice("adamw", ("adamw", "lamb"))
        >>> list(choice_problems(Settings("sgd")))
        [('optimizer', "is 'sgd'; choose one of adamw, lamb")]
    """
    return dataclasses.field(default=default, metadata={_OPTIONS: tuple(options)})


def choices_of(settings: Any) -> dict[str, tuple[str, ...]]:
    """The values that fields made by `choice` take, by the names of the fields.

    Args:
        settings: A dataclass, or one of its instances.
    """
    return {
        field.name: field.metadata[_OPTIONS]
        for field in dataclasses.fields(settings)
        if _OPTIONS in field.metadata
    }


def choice_problems(settings: Any) -> Iterator[tuple[str, str]]:
    """Yields `(key, what is wrong and what would be right)` for every value that is no choice.

    Args:
        settings: An instance of a dataclass.
    """
    for key, options in choices_of(settings).items():
        value = getattr(settings, key)
        if value not in options:
            yield key, f"is {value!r}; choose one of {', '.join(options)}"
