"""Where the nodes of a run are: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
import time
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.measure import Measurement
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_SECONDS_BETWEEN_LINES = 10.0
# Importing them takes far longer than most nodes of a cached run.
_LOADING = "loading TensorFlow and TFX"
# What a terminal writes where the cursor stands when Ctrl-C is pressed, twice. A line that it did
# not fit on would go on in another one, and the table would be drawn below its own header.
_ECHO = len("^C^C")
# Columns of progress from which on there is room for a longer bar.
_WIDE = 70
_BETWEEN = "  "


class State(enum.Enum):
    """What a node does; the value is what a person reads."""

    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    DONE = "done"
    SKIPPED = "skipped"
    DAMAGED = "damaged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LEFT_OUT = "left out"


_STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "bold cyan",
    State.CACHED: "blue",
    State.DONE: "green",
    State.SKIPPED: "yellow",
    State.DAMAGED: "bold yellow",
    State.FAILED: "bold red",
    State.INTERRUPTED: "bold yellow",
    State.LEFT_OUT: "dim",
}


@dataclasses.dataclass
class NodeProgress:
    """One node of a run.

    Attributes:
        node: Its id.
        state: What it does.
        seconds: How long it took, once it has ended.
        done: Units finished, as the node reports them.
        total: Units in all, or None where that is not known.
        note: What the node does, until it says something itself.
        memory: Bytes that the run took at most while it ran, once it has ended; None where that
            is not known.
    """

    node: str
    state: State = State.WAITING
    seconds: float = 0.0
    done: int = 0
    total: int | None = None
    note: str = ""
    memory: int | None = None

    def __post_init__(self):
        self._started = 0.0

    def start(self) -> None:
        """Sets the node running."""
        self.state, self._started = State.RUNNING, time.monotonic()

    def end(self, state: State) -> None:
        """Ends the node in a state."""
        self.seconds, self.state = self.elapsed, state

    @property
    def elapsed(self) -> float:
        """Seconds it has been running, or those it took."""
        running = self.state is State.RUNNING
        return time.monotonic() - self._started if running else self.seconds


class Display:
    """Shows a run; the base shows nothing."""

    def show(self, nodes: list[NodeProgress]) -> None:
        """Takes the nodes, which it will look at from now on."""

    def notify(self, line: str) -> None:
        """Shows a line that stays."""

    def node_changed(self, node: NodeProgress) -> None:
        """Is called when a node starts and ends."""

    def progressed(self, node: NodeProgress) -> None:
        """Is called when a node has reported how far it is; may come from any thread."""


class PlainDisplay(Display):
    """A line when a node starts and ends, and one every ten seconds while it reports.

    Each begins with the time of day, for whoever reads the log of a scheduled run.

    Args:
        console: Where the lines go.
    """

    def __init__(self, console: Console):
        self._console = console
        self._width = 0
        self._last_line = 0.0

    def show(self, nodes: list[NodeProgress]) -> None:
        self._width = max(len(node.node) for node in nodes)

    def notify(self, line: str) -> None:
        told = f"{time.strftime('%H:%M:%S')}{_BETWEEN}{line}"
        self._console.print(told, markup=False, highlight=False, soft_wrap=True)

    def node_changed(self, node: NodeProgress) -> None:
        if node.state is State.RUNNING:
            self._line(node, node.note)
        elif node.state is not State.LEFT_OUT:
            self._line(node, f"{node.seconds:.1f} s")

    def progressed(self, node: NodeProgress) -> None:
        if time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._line(node, f"{_count(node)}{node.note}")

    def _line(self, node: NodeProgress, rest: str) -> None:
        self._last_line = time.monotonic()
        self.notify(f"{node.node:{self._width}}  {node.state.value:7}  {rest}".rstrip())


class LiveDisplay(Display):
    """A table that renews itself.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console):
        self._nodes: list[NodeProgress] = []
        self._spinner = Spinner("dots")
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=5,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveDisplay:
        self._live.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._live.__exit__(*exception)

    def show(self, nodes: list[NodeProgress]) -> None:
        self._nodes = nodes

    def notify(self, line: str) -> None:
        self._live.console.print(line, markup=False, highlight=False)

    def render(self) -> Table | Group:
        """Returns the table as it stands now."""
        if not self._nodes:
            self._spinner.update(text=Text(_LOADING, "dim"))
            return Group(self._spinner)
        width = self._live.console.width - _ECHO
        table = Table(
            box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), width=width
        )
        table.add_column("node", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=len(State.LEFT_OUT.value))
        table.add_column("seconds", justify="right", no_wrap=True)
        table.add_column("progress", no_wrap=True, ratio=1)
        for node in self._nodes:
            begun = node.state not in (State.WAITING, State.LEFT_OUT)
            table.add_row(
                Text(node.node),
                Text(node.state.value, _STYLES[node.state]),
                Text(f"{node.elapsed:.1f}" if begun else ""),
                _Progress(node) if node.state is State.RUNNING else "",
            )
        return table


class _Progress:
    """How far a node is, in one line: what comes first stays where not all has room.

    Args:
        node: Is running.
    """

    def __init__(self, node: NodeProgress):
        self._node = node

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        node, width = self._node, options.max_width
        if not node.total:
            yield Text(_fitting(f"{_count(node)}{node.note}", width))
            return
        bar = 20 if width >= _WIDE else 8
        figure = f"{node.done:,}/{node.total:,}"
        if bar + len(figure) + len(node.note) + 2 > width:
            figure = f"{min(node.done / node.total, 1):4.0%}"
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=bar)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        note = _fitting(node.note, width - bar - len(figure) - 2)
        grid.add_row(
            ProgressBar(total=node.total, completed=node.done, width=bar), Text(figure), Text(note)
        )
        yield grid

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)


def _count(node: NodeProgress) -> str:
    """What stands before a note: units done, of how many if that is known."""
    if node.total:
        return f"{node.done:,}/{node.total:,}{_BETWEEN}"
    return f"{node.done:,} " if node.done else ""


def _fitting(note: str, width: int) -> str:
    """Leaves out the last parts of a note until the rest has room."""
    parts = note.split(_BETWEEN)
    while len(parts) > 1 and len(_BETWEEN.join(parts)) > width:
        parts.pop()
    fitting = _BETWEEN.join(parts)
    return fitting if len(fitting) <= width else f"{fitting[: max(width - 1, 0)]}…"


@contextlib.contextmanager
def open_display(stream: TextIO) -> Iterator[Display]:
    """Chooses the display that suits a stream.

    Args:
        stream: A terminal gets the live table, unless `CI` is set in the environment: what keeps
            the output of a scheduled run may call itself a terminal.

    Yields:
        The display, until the run is over.
    """
    console = Console(file=stream)
    # Not as Rich sees it, for which `FORCE_COLOR` makes a terminal of a file.
    if not stream.isatty() or console.is_dumb_terminal or _in_ci():
        plain = PlainDisplay(console)
        plain.notify(_LOADING)
        yield plain
        return
    with LiveDisplay(console) as display:
        yield display


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
