"""What a page is made of: sections of blocks, which say nothing of how they look."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, ClassVar, Literal

_NUMBER = re.compile(r"[<±+−-]?\s?\.?\d")
Tone = Literal["", "good", "bad", "quiet"]
# As `format` takes it, or what makes words of a value.
Form = str | Callable[[Any], str]


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

    @property
    def numeric(self) -> list[bool]:
        """Of each column, whether it has numbers only, and dashes where there is none."""
        return [
            any(row[place].is_number for row in self.cells)
            and all(row[place].is_number or row[place].text in ("–", "") for row in self.cells)
            for place in range(len(self.columns))
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


def of_summary(summary: Any, key: str, form: Form = "", tone: Tone = "") -> Cell:
    """A value of `summary.json`, which a program finds again in the page.

    Args:
        summary: Of the run.
        key: Of the value, the keys on the way to it parted by `.`; a key itself may have some.
        form: As `format` takes it, such as `.3f` or `,`, or what makes words of the value.
        tone: See `Cell`.

    Returns:
        The cell; "–" where the summary has nothing there.

    Example:
        >>> of_summary({"metrics": {"f1": 0.75}}, "metrics.f1", ".2f").text
        '0.75'
    """
    value = value_at(summary, key)
    if value is None:
        return Cell("–", key, None, tone)
    return Cell(form(value) if callable(form) else format(value, form), key, value, tone)


def value_at(values: Any, key: str) -> Any:
    """Finds a value in mappings that are in each other.

    Args:
        values: The outermost one.
        key: The keys on the way, parted by `.`; a key itself may have some.

    Returns:
        The value; None where there is none.

    Example:
        >>> value_at({"slices": {"size=4.5": {"f1": 0.5}}}, "slices.size=4.5.f1")
        0.5
    """
    if not isinstance(values, dict):
        return None
    if key in values:
        return values[key]
    for end in reversed([match.start() for match in re.finditer(r"\.", key)]):
        if key[:end] in values:
            return value_at(values[key[:end]], key[end + 1 :])
    return None
