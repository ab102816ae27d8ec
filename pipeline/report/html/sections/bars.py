"""Bars that lie one below the other, for who sees them and for who does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..blocks import Figure
from ..plots import flat_bars


def bars_of(
    values: Mapping[str, float],
    unit: str,
    caption: str,
    largest: str,
    form: Callable[[float], str],
) -> Figure:
    """Draws bars by name.

    Args:
        values: Their lengths, at least one.
        unit: Of the lengths.
        caption: What is seen.
        largest: What is said before the name of the longest bar to who cannot see it.
        form: How a length is told.
    """
    most = max(values, key=values.__getitem__)
    svg = flat_bars(list(values), list(values.values()), unit)
    return Figure(svg, caption, f"{largest} {most}, {form(values[most])}.")
