"""Which columns are the text, what is said of it, and what else there is; guessed from a sample."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from ...components.review_example_gen.label_classes import MOST_CLASSES
from ...errors import UsageError
from .names import GROUP, IDENTIFIER, LABEL, RATING, SENTIMENTS, TEXT, TITLE, names, words_of
from .sampling import Column, Sample
from .scales import Value, classes_of_ratings

# Of a rating or a label that nothing but its values tells.
_MOST_GUESSED = 11
# A group that is larger makes splits of other sizes than were asked for.
_LARGEST_GROUP = 0.1
_MOST_SLICE_VALUES = 12
_MOST_SLICES = 2


@dataclasses.dataclass(frozen=True)
class Choice:
    """What columns are taken for, with the reasons.

    Attributes:
        text: Those of the text.
        rating: That of the rating, or None.
        label: That of ready-made classes, or None.
        classes: As in `data.classes`; empty where they are taken from the labels.
        id: That of an identifier, or None.
        group: That whose equal values stay together, or None.
        slices: Those by which the evaluation is broken down.
        why: Key of the configuration -> why it was chosen, in words.
    """

    text: tuple[str, ...]
    rating: str | None
    label: str | None
    classes: Mapping[str, Sequence[Value] | None]
    id: str | None
    group: str | None
    slices: tuple[str, ...]
    why: Mapping[str, str]


def choose(
    sample: Sample,
    text: Sequence[str] = (),
    rating: str | None = None,
    label: str | None = None,
) -> Choice:
    """Guesses what the columns are.

    Args:
        sample: Of the files.
        text: Columns that a person has named; none for a guess.
        rating: Likewise.
        label: Likewise.

    Raises:
        UsageError: A column is not there, or none can be taken for the text or for what is said
            of it; says how it is named.
    """
    columns = {column.name: column for column in sample.columns}
    for flag, named in (("text", text), ("rating", [rating]), ("label", [label])):
        for name in named:
            if name and name not in columns:
                raise UsageError(
                    f"init: --{flag} {name}: there is no such column with something in it; there "
                    f"are {', '.join(columns)}"
                )
    why: dict[str, str] = {}
    texts = list(text) or _texts(sample, why)
    others = [column for column in sample.columns if column.name not in texts]
    if not rating and not label:
        rating, label = _said(others, sample, why)
    classes: dict[str, Sequence[Value] | None] = {}
    if rating:
        classes.update(_classes(columns[rating], sample, why))
    elif label:
        classes.update(_labels(columns[label], sample, why))
    others = [column for column in others if column.name not in (rating, label)]
    identifier = next(_identifiers(others, len(sample.rows), why), None)
    others = [column for column in others if column.name != identifier]
    group = next(_groups(others, len(sample.rows), why), None)
    others = [column for column in others if column.name != group]
    slices = tuple(_slices(others, len(sample.rows), why))[:_MOST_SLICES]
    return Choice(tuple(texts), rating, label, classes, identifier, group, slices, why)


def _texts(sample: Sample, why: dict[str, str]) -> list[str]:
    """The column of most words, one of titles before it, and others that are called so."""
    written = [c for c in sample.columns if not c.is_numeric and c.is_full]
    main = max(
        written, key=lambda c: c.words_each * (3 if names(c.name, TEXT) else 1), default=None
    )
    if main is None or (main.words_each < 3 and not names(main.name, TEXT)):
        raise UsageError(
            "init: no column looks like the text of reviews; name it with --text; there are "
            f"{', '.join(column.name for column in sample.columns)}"
        )
    half = 0.5 * main.filled
    titles = [
        c.name
        for c in sample.columns
        if c is not main
        and names(c.name, TITLE)
        and not c.is_numeric
        and c.distinct > 20
        and c.filled > half
    ]
    more = [
        c.name
        for c in written
        if c is not main and names(c.name, TEXT) and c.words_each >= 3 and c.filled > half
    ]
    why["text"] = f"most words in the column {main.name}, {main.words_each:.0f} on average"
    if titles[:1] + more:
        why["text"] += f"; {', '.join(titles[:1] + more)} goes with it by name"
    return [*titles[:1], main.name, *more]


def _said(
    columns: Sequence[Column], sample: Sample, why: dict[str, str]
) -> tuple[str | None, str | None]:
    """The column of the rating or that of the label."""
    few = [c for c in columns if 2 <= c.distinct <= MOST_CLASSES and not c.is_full]
    of_words = [c for c in few if {word.lower() for word in c.values} <= SENTIMENTS]
    by_name = [c for c in columns if names(c.name, RATING) and c.is_numeric and c.distinct > 2]
    labelled = [c for c in few if names(c.name, LABEL)]
    # Ratings are whole numbers on a short scale; an age, a price and a count are not.
    guessed = [
        c
        for c in few
        if c.is_numeric
        and 3 <= c.distinct <= 5
        and _range_of(c, sample) in ((1, 5), (1, 4), (1, 3))
    ]
    for found, reason in (
        (of_words, "its values are names of classes"),
        (by_name, "by its name and its numbers"),
        (labelled, "by its name and its few values"),
        ([c for c in few if names(c.name, RATING)], "by its name and its few values"),
        (guessed, "its numbers look like stars"),
    ):
        if not found:
            continue
        column = found[0]
        is_rating = column.is_numeric and found in (by_name, guessed)
        why["rating" if is_rating else "label"] = reason
        return (column.name, None) if is_rating else (None, column.name)
    raise UsageError(
        "init: no column looks like a rating or a class; name it with --rating or --label; there "
        f"are {', '.join(column.name for column in columns) or 'no others'}. From texts alone "
        "`reviewlens pretrain` learns"
    )


def _range_of(column: Column, sample: Sample) -> tuple[float, float]:
    numbers = _numbers(column, sample)
    return (min(numbers), max(numbers)) if numbers else (0, 0)


def _numbers(column: Column, sample: Sample) -> list[float]:
    read = (sample.number_of(value) for value in column.values)
    return sorted({number for number in read if number is not None})


def _classes(
    column: Column, sample: Sample, why: dict[str, str]
) -> dict[str, Sequence[Value] | None]:
    numbers = _numbers(column, sample)
    if len(numbers) < 2:
        raise UsageError(
            f"init: the column {column.name!r} has fewer than 2 different numbers in it; name "
            "another one with --rating, or with --label one that names classes"
        )
    why["classes"] = (
        f"ratings are from {numbers[0]:g} to {numbers[-1]:g}; more is taken to be better"
    )
    return dict(classes_of_ratings(numbers))


def _labels(
    column: Column, sample: Sample, why: dict[str, str]
) -> dict[str, Sequence[Value] | None]:
    if not sample.whole:
        why["classes"] = "left out: those that the column has when a run begins"
        return {}
    counts = column.values.most_common()
    why["classes"] = ", ".join(f"{name} {count:,}" for name, count in counts)
    return dict.fromkeys(sorted(column.values))


def _identifiers(columns: Sequence[Column], rows: int, why: dict[str, str]) -> Iterator[str]:
    for column in columns:
        all_differ = column.filled == rows and set(column.values.values()) == {1}
        if names(column.name, IDENTIFIER) and all_differ:
            why["id"] = "by its name, and no two rows have the same"
            yield column.name


def _groups(columns: Sequence[Column], rows: int, why: dict[str, str]) -> Iterator[str]:
    for column in columns:
        repeated = column.filled >= 2 * column.distinct and column.distinct >= 50
        if not GROUP.intersection(words_of(column.name)) or not repeated:
            continue
        ((_, largest),) = column.values.most_common(1)
        if largest <= _LARGEST_GROUP * rows:
            why["group"] = (
                f"{column.distinct:,} different, so that what is learnt of one is judged by others"
            )
            yield column.name


def _slices(columns: Sequence[Column], rows: int, why: dict[str, str]) -> Iterator[str]:
    for column in columns:
        named = not column.is_numeric and column.words_each <= 3 and column.filled > 0.5 * rows
        if named and 2 <= column.distinct <= _MOST_SLICE_VALUES:
            why["slices"] = "few values, by which the figures are broken down"
            yield column.name


def equal_texts(sample: Sample, text: Sequence[str]) -> tuple[int, int]:
    """Counts rows whose text another row has, too.

    Args:
        sample: Of the files.
        text: Columns of the text.

    Returns:
        Rows beyond the first of equal texts, and those of texts that differ in no more than case,
        spaces and punctuation, the former included.
    """
    exact: collections.Counter[str] = collections.Counter()
    near: collections.Counter[str] = collections.Counter()
    for row in sample.rows:
        joined = " ".join(" ".join(row.get(name, "") for name in text).split())
        if joined:
            exact[joined] += 1
            near["".join(filter(str.isalnum, joined.casefold()))] += 1
    return exact.total() - len(exact), near.total() - len(near)
