"""Plots, as SVG whose colours are those of the page, whether that is dark or light.

Text stays text, so that it is found and read aloud; the same values give the same bytes.
"""

from __future__ import annotations

import dataclasses
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .texts import presentable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What Matplotlib is told -> the variable of the page that takes its place.
_INK, _MUTED, _GRID, _PAPER = "#010101", "#020202", "#030303", "#040404"
_SERIES = ("#0a0101", "#0a0202", "#0a0303", "#0a0404", "#0a0505", "#0a0606")
_VARIABLES = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _GRID: "var(--line)",
    _PAPER: "var(--paper)",
    **{color: f"var(--series-{number})" for number, color in enumerate(_SERIES, start=1)},
}
_LONGEST_LABEL, _LONGEST_TITLE = 24, 60
# Inches. Two stand beside each other on a screen, one on a phone, and are read on both.
_SIZE = (5.2, 2.9)
_WIDE = 6.0
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10.0,
    "text.color": _INK,
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": _GRID,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "axes.axisbelow": True,
}


@dataclasses.dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        x: Places [n].
        y: Values [n].
        lower: Where the interval of each value begins [n], None without intervals.
        upper: Where it ends [n], likewise.
        marked: Whether each place has a dot.
    """

    x: Sequence[float]
    y: Sequence[float]
    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None
    marked: bool = False


def lines(
    curves: Mapping[str, Line],
    x: str,
    y: str,
    diagonal: bool = False,
    limits: tuple[float, float] | None = None,
    square: bool = False,
    whole_numbers: bool = False,
) -> str:
    """Draws curves.

    Args:
        curves: By their names.
        x: What the horizontal axis says.
        y: What the vertical one says.
        diagonal: Whether equality is drawn, as in a reliability diagram.
        limits: Of both axes; None for what the curves need.
        square: Whether the plot is as high as it is wide.
        whole_numbers: Whether nothing lies between the numbers of the horizontal axis.

    Returns:
        The SVG.
    """

    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        if diagonal:
            axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        for (name, line), color in zip(curves.items(), _colors(len(curves)), strict=True):
            marker: dict[str, Any] = {"marker": "o", "markersize": 3.5} if line.marked else {}
            axes.plot(line.x, line.y, color=color, label=_label(name), **marker)
            if line.lower is not None and line.upper is not None:
                axes.fill_between(
                    line.x, line.lower, line.upper, color=color, alpha=0.18, linewidth=0
                )
        if limits:
            axes.set_xlim(*limits)
            axes.set_ylim(*limits)
        if len(curves) > 1:
            axes.legend()
        if whole_numbers:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(presentable(x, _LONGEST_TITLE))
        axes.set_ylabel(presentable(y, _LONGEST_TITLE))

    return _drawn(draw, (5.2, 5.0) if square else _SIZE)


def bars(
    names: Sequence[str], groups: Mapping[str, Sequence[float]], y: str, stacked: bool = False
) -> str:
    """Draws bars.

    Args:
        names: Of the places, from left to right.
        groups: By name the heights [places]; several stand beside or upon each other.
        y: What the vertical axis says.
        stacked: Whether upon.

    Returns:
        The SVG.
    """

    def draw(axes: Axes) -> None:
        places, width = np.arange(len(names)), 0.8 if stacked else 0.8 / max(len(groups), 1)
        bottom = np.zeros(len(names))
        shown = zip(groups.items(), _colors(len(groups)), strict=True)
        for number, ((name, heights), color) in enumerate(shown):
            offset = 0.0 if stacked else (number - (len(groups) - 1) / 2) * width
            axes.bar(
                places + offset,
                heights,
                width * 0.94,
                bottom=bottom if stacked else 0,
                color=color,
                label=_label(name),
            )
            bottom = bottom + np.asarray(heights, float)
        axes.set_xticks(places, [_label(name) for name in names])
        axes.grid(False, axis="x")
        axes.set_ylabel(presentable(y, _LONGEST_TITLE))
        if len(groups) > 1:
            axes.legend()

    return _drawn(draw, _SIZE)


def flat_bars(names: Sequence[str], widths: Sequence[float], x: str) -> str:
    """Draws bars that lie one below the other, for names that are long.

    Args:
        names: From above.
        widths: Of the bars [names].
        x: What the horizontal axis says.

    Returns:
        The SVG.
    """

    def draw(axes: Axes) -> None:
        places = np.arange(len(names))
        axes.barh(places, widths, 0.7, color=_SERIES[0])
        axes.set_yticks(places, [_label(name) for name in names])
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.set_xlabel(presentable(x, _LONGEST_TITLE))

    return _drawn(draw, (_SIZE[0], 0.7 + 0.27 * len(names)))


def histogram(counts: Mapping[str, Sequence[float]], edges: Sequence[float], x: str, y: str) -> str:
    """Draws how often values of a range occur.

    Args:
        counts: By name how often, [bins].
        edges: Where the bins begin and end, [bins + 1].
        x: What the values are.
        y: What is counted.

    Returns:
        The SVG.
    """

    def draw(axes: Axes) -> None:
        for (name, heights), color in zip(counts.items(), _colors(len(counts)), strict=True):
            axes.stairs(heights, edges, fill=True, color=color, alpha=0.75, label=_label(name))
        axes.set_xlabel(presentable(x, _LONGEST_TITLE))
        axes.set_ylabel(presentable(y, _LONGEST_TITLE))
        if len(counts) > 1:
            axes.legend()

    return _drawn(draw, _SIZE)


def heat_map(values: np.ndarray, names: Sequence[str], rows: str, columns: str) -> str:
    """Draws a square of shares, such as a confusion matrix by row.

    Args:
        values: Counts [names, names].
        names: Of both sides.
        rows: What the rows are.
        columns: What the columns are.

    Returns:
        The SVG; each field says its count, and is the darker the larger its share of the row is.
    """
    totals = np.maximum(values.sum(axis=1, keepdims=True), 1)
    shares = values / totals

    def draw(axes: Axes) -> None:
        count = len(names)
        for row in range(count):
            for column in range(count):
                share = float(shares[row, column])
                axes.add_patch(_field(column, row, share))
                if count <= 12:
                    axes.text(
                        column,
                        row,
                        f"{int(values[row, column]):,}\n{share:.0%}",
                        ha="center",
                        va="center",
                        fontsize=9 if count <= 6 else 6,
                    )
        axes.set_xlim(-0.5, count - 0.5)
        axes.set_ylim(count - 0.5, -0.5)
        axes.grid(False)
        axes.set_xticks(range(count), [_label(name) for name in names], rotation=30, ha="right")
        axes.set_yticks(range(count), [_label(name) for name in names])
        axes.set_xlabel(presentable(columns, _LONGEST_TITLE))
        axes.set_ylabel(presentable(rows, _LONGEST_TITLE))

    size = min(2.4 + 0.6 * len(names), 7.5)
    return _drawn(draw, (size + 0.6, size))


def _field(column: int, row: int, share: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column - 0.5, row - 0.5),
        *(1, 1),
        facecolor=_SERIES[0],
        alpha=0.05 + 0.5 * share,
        edgecolor=_PAPER,
    )


def _drawn(draw: Callable[[Axes], None], size: tuple[float, float]) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # By pyplot there would be a state of the process that others see.
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": "reviewlens"}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        buffer = io.StringIO()
        with warnings.catch_warnings():
            # A browser has the glyphs that Matplotlib's own font lacks.
            warnings.filterwarnings("ignore", "Glyph .* missing")
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _inlined(buffer.getvalue(), size[0])


def _inlined(svg: str, inches: float) -> str:
    """An SVG as a part of a page: without its prologue, of any width, in the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    wide = ' class="wide"' if inches > _WIDE else ""
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1"{wide}>', svg, count=1)
    svg = re.sub(r'font: ([\d.]+)px [^;"]*', r"font-size: \1px", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, variable)
    return _unique(svg)


def _unique(svg: str) -> str:
    """Leaves out the names that nothing refers to: on a page each must be there once."""
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    return re.sub(
        r' id="([^"]+)"', lambda found: found.group(0) if found.group(1) in used else "", svg
    )


def _colors(count: int) -> list[str]:
    return [_SERIES[number % len(_SERIES)] for number in range(count)]


def _label(name: str) -> str:
    shown = presentable(name, 10_000)
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"
