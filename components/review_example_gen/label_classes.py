"""The classes of a column of labels, where the configuration names none."""

from __future__ import annotations

import dataclasses

from ...errors import RunError
from ...files import read_records
from .finding import settled_files
from .labels import ValueMap, as_number
from .reviews import ColumnDeriver, shown
from .settings import DataSettings

# More are no classes: a column of names or of texts has been taken for one of labels.
MOST_CLASSES = 50
# What is counted of more, so that a column of texts fills no memory.
_MOST_COUNTED = 10_000


def classes_of_labels(settings: DataSettings) -> tuple[str, ...]:
    """Reads all labels of the files and says which there are.

    Args:
        settings: With a `label`; free of problems.

    Returns:
        Each label once, numbers by their size, anything else as Python sorts text. A number that
        is written in several ways, such as `1` and `1.0`, is one label, as it is when rows are
        read.

    Raises:
        RunError: The files cannot be read; there are fewer than 2 labels, or more than 50; or
            one cannot be the name of a class.

    Example:
        >>> with open("reviews.csv", "w") as file:
        ...     print("text,label", "Fell apart.,NEG", "Fits.,POS", sep="\\n", file=file)
        >>> classes_of_labels(DataSettings("reviews.csv", ("text",), label="label"))
        ('NEG', 'POS')
    """
    column = str(settings.label)
    labels = _labels(settings, column)
    where = f"{settings.input}: the column {column!r}, which data.label names,"
    if len(labels) > MOST_CLASSES:
        count = f"{len(labels):,}" if len(labels) <= _MOST_COUNTED else f"over {_MOST_COUNTED:,}"
        raise RunError(
            f"{where} has {count} different values, more than the {MOST_CLASSES} that are taken "
            "for classes; name another column, or these values in data.classes"
        )
    if len(labels) < 2:
        found = f"only {shown(labels[0])} in it" if labels else "nothing in it"
        raise RunError(f"{where} has {found}; a classifier needs at least 2 classes")
    for label in labels:
        if label != " ".join(label.split()) or not _stands_for_itself(label):
            raise RunError(
                f"{where} has {shown(label)} in it, which is no name of a class; give the classes "
                "names in data.classes, with the labels that belong to each"
            )
    return tuple(labels)


def with_classes(settings: DataSettings) -> tuple[DataSettings, str]:
    """Names the classes that the files have.

    Args:
        settings: See `classes_of_labels`.

    Returns:
        Settings that name them, and a line for a person.

    Raises:
        RunError: See `classes_of_labels`.
    """
    classes = classes_of_labels(settings)
    told = f"classes, from the column {settings.label!r}: {', '.join(classes)}"
    return dataclasses.replace(settings, classes=dict.fromkeys(classes)), told


def _labels(settings: DataSettings, column: str) -> list[str]:
    derive = ColumnDeriver(settings).derive
    found: dict[str | float, str] = {}
    for file in settled_files(settings).files:
        for record in read_records(file, settings.source_columns(), others=False):
            if record.reason or isinstance(record.values, str):
                continue
            label = derive(record.values).get(column, "").strip()
            if label and len(found) <= _MOST_COUNTED:
                number = as_number(label, file.dialect.decimal)
                key: str | float = label if number is None else number
                # The shortest, so that the order of the rows does not tell.
                found[key] = min(found.get(key, label), label, key=_shortness)
    numbers = {key: label for key, label in found.items() if isinstance(key, float)}
    texts = sorted(label for key, label in found.items() if key not in numbers)
    return [*(numbers[key] for key in sorted(numbers)), *texts]


def _shortness(label: str) -> tuple[int, str]:
    return len(label), label


def _stands_for_itself(label: str) -> bool:
    try:
        return ValueMap({label: (label,)}).find(label) == label
    except ValueError:
        return False
