"""What a page is made of: sections of blocks, which say nothing of how they look."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar, Literal

_NUMBER = re.compile(r"[<±+−-]?\s?\.?\d")
Tone = Literal["", "good", "bad", "quiet"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """A value as a person reads it and, where a program may want it, as it is.

    Attributes:
        text: What is read.
        key: Where `summary.json` has it, such as `metrics.test.macro_f1`; "" where it has not.
        value: What stands there.
        tone: Whether it is good or bad news, or of little weight.
    """

    text: str
    key: str = ""
    value: Any = None
    tone: Tone = ""

    @property
    def is_number(self) -> bool:
        """Whether it stands to the right of a column."""
        return bool(_NUMBER.match(self.text))


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """A few sentences.

    Attributes:
        text: What they say.
        tone: Whether that is good or bad news, or of little weight.
    """

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: Tone = ""


@dataclasses.dataclass(frozen=True)
class Tiles:
    """The few figures that are looked at first.

    Attributes:
        tiles: Of each its name and its value.
    """

    kind: ClassVar[str] = "tiles"
    tiles: tuple[tuple[str, Cell], ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of values.

    Attributes:
        columns: Their names; all empty for a table without a head.
        rows: Of each as many values as there are columns; a string is a `Cell` of that text.
        caption: What is shown; "" where the heading says it.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    caption: str = ""

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, of cells only."""
        return [
            [value if isinstance(value, Cell) else Cell(value) for value in row]
            for row in self.rows
        ]


@dataclasses.dataclass(frozen=True)
class Figure:
    """A plot.

    Attributes:
        svg: As a function of `plots` gives it.
        caption: What is seen.
        alternative: The same for who cannot see it, with the figures that matter.
    """

    kind: ClassVar[str] = "figure"
    svg: str
    caption: str
    alternative: str


@dataclasses.dataclass(frozen=True)
class Text:
    """What somebody has written, in whatever script, and what is to be known of it.

    Attributes:
        text: The review.
        notes: Such as its label and the model's answer.
    """

    text: str
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Texts:
    """Reviews, each with what is to be known of it.

    Attributes:
        texts: The reviews.
    """

    kind: ClassVar[str] = "texts"
    texts: tuple[Text, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    """Blocks under a heading of their own.

    Attributes:
        title: The heading.
        blocks: What stands under it.
        folded: Whether it is opened by who wants to see it.
    """

    kind: ClassVar[str] = "group"
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


Block = Paragraph | Tiles | Table | Figure | Texts | Group


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: By which it is linked to.
        title: Its heading.
        blocks: What stands under it.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]


def of_summary(summary: Any, key: str, form: str = "", tone: Tone = "") -> Cell:
    """A value of `summary.json`, which a program finds again in the page.

    Args:
        summary: Of the run.
        key: Of the value, the keys on the way to it parted by `.`; a key itself may have one.
        form: As `format` takes it, such as `.3f` or `,`.
        tone: See `Cell`.

    Returns:
        The cell; "–" where the summary has nothing there.

    Example:
        >>> of_summary({"metrics": {"f1": 0.75}}, "metrics.f1", ".2f").text
        '0.75'
    """
    value = _value_at(summary, key)
    return Cell("–" if value is None else format(value, form), key, value, tone)


def _value_at(values: Any, key: str) -> Any:
    if not isinstance(values, dict):
        return None
    if key in values:
        return values[key]
    dots = (place for place, character in enumerate(key) if character == ".")
    found = (_value_at(values.get(key[:dot]), key[dot + 1 :]) for dot in dots)
    return next((value for value in found if value is not None), None)
