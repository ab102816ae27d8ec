"""From what a cell says (`5`, `-0.7`, `positive`) to the name it stands for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from ...files.dialect import number_pattern

Value = str | int | float
Name = TypeVar("Name", bound=Hashable)

_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_IS_NUMBER = re.compile(_NUMBER).fullmatch
_IS_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})").fullmatch
_IS_COMPARISON = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER})").fullmatch
_LOOKS_NUMERIC = re.compile(r"[<>]|[-+.0-9]+\s*\.\.|\.\.\s*[-+.0-9]").match
_IS_WRITTEN = {mark: re.compile(number_pattern(mark)).fullmatch for mark in (".", ",")}
_INFINITY = float("inf")


@dataclasses.dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`; the ends belong to it where `closed` says so."""

    low: float
    high: float
    closed: tuple[bool, bool] = (True, True)

    def __contains__(self, number: float) -> bool:
        return (self.low < number or (self.closed[0] and self.low == number)) and (
            number < self.high or (self.closed[1] and number == self.high)
        )

    def overlaps(self, other: Interval) -> bool:
        """Whether some number is in both."""
        low = max((self.low, not self.closed[0]), (other.low, not other.closed[0]))
        high = min((self.high, self.closed[1]), (other.high, other.closed[1]))
        return low[0] < high[0] or (low[0] == high[0] and not low[1] and high[1])


def as_number(text: str, decimal: str | None = None) -> float | None:
    """Reads a cell as a number, as values are compared with it.

    Args:
        text: Without white space around it.
        decimal: See `ValueMap.find`.

    Returns:
        The number; None where the text is none.

    Example:
        >>> as_number("4.50"), as_number("four"), as_number("1.234,5", ",")
        (4.5, None, 1234.5)
    """
    if decimal is None:
        return float(text) if _IS_NUMBER(text) else None
    if not _IS_WRITTEN[decimal](text):
        return None
    return float(
        text.replace(",", "") if decimal == "." else text.replace(".", "").replace(",", ".")
    )


def parse_value(value: Value) -> Interval | str:
    """Reads one entry of a class or of a derived column.

    Args:
        value: A number (`5`), a range with both ends included (`-0.5 .. 0.5`), a comparison
            (`< -0.5`), or any other text, which stands for itself.

    Returns:
        The interval of numbers, or the text.

    Raises:
        ValueError: It looks like a range or a comparison and is none.

    Example:
        >>> parse_value("1 .. 98")
        Interval(low=1.0, high=98.0, closed=(True, True))
        >>> parse_value("positive")
        'positive'
    """
    text = str(value).strip()
    if _IS_NUMBER(text):
        return Interval(float(text), float(text))
    if match := _IS_RANGE(text):
        low, high = float(match[1]), float(match[2])
        if low > high:
            raise ValueError(f"the range {text!r} ends before it starts")
        return Interval(low, high)
    if match := _IS_COMPARISON(text):
        operator, number = match[1], float(match[2])
        if operator[0] == "<":
            return Interval(-_INFINITY, number, (False, operator == "<="))
        return Interval(number, _INFINITY, (operator == ">=", False))
    if not text:
        raise ValueError("an empty value stands for nothing")
    if _LOOKS_NUMERIC(text):
        raise ValueError(f"{text!r} is neither a range (1 .. 3) nor a comparison (< 3)")
    return text


class ValueMap(Generic[Name]):
    """Names, each with the values that stand for it.

    Args:
        values: Name -> values, ranges and comparisons. They should not overlap; where they do,
            the first name wins.

    Raises:
        ValueError: A value cannot be read (see `parse_value`).

    Example:
        >>> stars = ValueMap({"bad": ["< 3"], "good": [4, 5]})
        >>> stars.find("2.5"), stars.find("5.0"), stars.find("3")
        ('bad', 'good', None)
    """

    def __init__(self, values: Mapping[Name, Sequence[Value]]):
        self._texts: dict[str, Name] = {}
        self._intervals: list[tuple[Interval, Name]] = []
        for name, entries in values.items():
            for entry in map(parse_value, entries):
                if isinstance(entry, str):
                    self._texts.setdefault(entry, name)
                else:
                    self._intervals.append((entry, name))

    def find(self, value: str, decimal: str | None = None) -> Name | None:
        """Returns the name that a value stands for, or None.

        Args:
            value: Of a cell.
            decimal: What stands before the fraction of a number, `.` or `,`; the other one may
                stand between thousands. None for a point, and nothing between thousands.

        Example:
            >>> ValueMap({"high": ["> 1000"]}).find("1.234,5", ",")
            'high'
        """
        number = as_number(value, decimal) if self._intervals else None
        if number is not None:
            for interval, name in self._intervals:
                if number in interval:
                    return name
        return self._texts.get(value)


def overlaps(values: Mapping[str, Sequence[Value]]) -> Iterator[tuple[str, str]]:
    """Finds values that stand for two names at once.

    Args:
        values: Name -> readable values, ranges and comparisons.

    Yields:
        `(name, what overlaps)` for each such pair, under the later name.
    """
    seen: list[tuple[str, Value, Interval | str]] = []
    for name, entries in values.items():
        for entry in entries:
            parsed = parse_value(entry)
            for other_name, other_entry, other in seen:
                if other_name == name:
                    continue
                if isinstance(parsed, str) or isinstance(other, str):
                    same = parsed == other
                else:
                    same = parsed.overlaps(other)
                if same:
                    yield name, f"{entry!r} overlaps {other_entry!r} of {other_name!r}"
            seen.append((name, entry, parsed))
