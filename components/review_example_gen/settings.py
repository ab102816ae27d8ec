"""What a file of reviews looks like and how its rows become examples, as the configuration names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

FORMATS = ("auto", "csv", "tsv", "jsonl", "parquet")
SPLITS = ("train", "eval", "test")


@dataclasses.dataclass(frozen=True)
class DerivedColumn:
    r"""A column made from another one, before anything else looks at the row.

    Attributes:
        column: The column it is made from; may itself be a derived one that stands before it.
        pattern: Regular expression whose first group (or whole match) becomes the value.
        values: Maps the value to a name: name -> the values, ranges (`1 .. 98`) and comparisons
            (`< 3`) that get it.
    """

    column: str
    pattern: str | None = None
    values: Mapping[str, tuple[str | int | float, ...]] | None = None


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Where the reviews are and which columns mean what.

    Attributes:
        input: File, folder or glob; `package:NAME/PATH` names a file inside an installed package.
        text: Columns joined in this order with a space, empty ones skipped.
        classes: Class name -> the ratings that belong to it: values (`5`), ranges
            (`-0.5 .. 0.5`, ends included) or comparisons (`< -0.5`). With `label`, the values
            of that column; left out, each class is its own name. The order is the label index.
        rating: Column of the rating; give this or `label`.
        label: Column of ready-made class names; give this or `rating`.
        id: Column of an identifier of the row; by default file name and row number.
        group: Column whose equal values stay together in one split.
        slices: Columns by whose values the evaluation is broken down.
        derived: New column -> what it is made from.
        format: `auto` reads the file's ending; or `csv`, `tsv`, `jsonl`, `parquet`.
        splits: Relative sizes of the splits train, eval and test.
        max_reject_fraction: Share of rejected rows above which the run fails, from 0 to 1.
        allow_anomalies: Go on although the example validation found anomalies.
        schema: Path of a schema (text proto) that the data must follow; by default it is inferred.
    """

    input: str
    text: tuple[str, ...]
    classes: Mapping[str, tuple[str | int | float, ...] | None]
    rating: str | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    derived: Mapping[str, DerivedColumn] = dataclasses.field(default_factory=dict)
    format: str = "auto"
    splits: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"train": 8, "eval": 1, "test": 1}
    )
    max_reject_fraction: float = 0.05
    allow_anomalies: bool = False
    schema: str | None = None
