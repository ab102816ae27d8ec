"""The rows of a table that is written, and the columns that they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import RunError

# `int` and `float` themselves are empty cells in a column of such numbers.
Cell = str | int | float | type[int] | type[float]


class OutputRow(NamedTuple):
    """A row that was read, with what is added to it.

    Attributes:
        cells: Column -> text of the cell, as `Record.values` has them.
        added: Columns that are added, in each row that a table has of it; at least one, and all
            of the same columns. A column of a name that is among the cells takes its place.
        record: The same as one object, for formats in which lists and objects have a place.
        text: What the row is about, for formats that have no other column.
        label: The class that it is found to be of; None where it is not about classes.
    """

    cells: Mapping[str, str]
    added: Sequence[Mapping[str, Cell]]
    record: Mapping[str, Any]
    text: str = ""
    label: str | None = None


class FlatRows:
    """Rows of the columns that the first one has.

    Args:
        rows: Are taken one at a time.

    Attributes:
        columns: Column -> type of its cells.
        count: How many of the rows have been taken.

    Raises:
        RunError: While they are iterated: a row has columns that the first one lacks.

    Example:
        >>> flat = FlatRows([OutputRow({"text": "Great."}, [{"stars": 5}], {})])
        >>> flat.columns
        {'text': <class 'str'>, 'stars': <class 'int'>}
        >>> list(flat)
        [['Great.', 5]]
    """

    def __init__(self, rows: Iterable[OutputRow]):
        self._rows = iter(rows)
        self._first = next(self._rows, None)
        self.columns: dict[str, type] = {}
        self.count = 0
        if self._first:
            added = self._first.added[0]
            self.columns = {name: str for name in self._first.cells if name not in added}
            self.columns |= {name: kind_of(cell) for name, cell in added.items()}

    def __iter__(self) -> Iterator[list[Cell]]:
        """Yields cells in the order of the columns; "" where a row has none."""
        if self._first is None:
            return
        yield from self._of_row(self._first)
        for row in self._rows:
            yield from self._of_row(row)

    def _of_row(self, row: OutputRow) -> Iterator[list[Cell]]:
        self.count += 1
        for added in row.added:
            found = {**row.cells, **added}
            if not found.keys() <= self.columns.keys():
                new = ", ".join(name for name in found if name not in self.columns)
                raise RunError(
                    f"row {self.count} has columns that the first row lacks ({new}); "
                    "write .jsonl instead"
                )
            yield [found.get(name, "") for name in self.columns]


def kind_of(cell: Cell) -> type:
    """The type of the column that a cell stands in."""
    return cell if isinstance(cell, type) else type(cell)


def cell_as_text(cell: Cell) -> str:
    """A cell where there is nothing but text: a fraction has six digits.

    Example:
        >>> [cell_as_text(cell) for cell in ("a", 7, 0.25, float)]
        ['a', '7', '0.250000', '']
    """
    if isinstance(cell, type):
        return ""
    return f"{cell:.6f}" if isinstance(cell, float) else str(cell)
