"""Where the nodes of a run are: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import time
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_SECONDS_BETWEEN_LINES = 10.0
# Importing them takes far longer than most nodes of a cached run.
_LOADING = "loading TensorFlow and TFX"


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
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def node_changed(self, node: NodeProgress) -> None:
        if node.state is State.RUNNING:
            self._line(node, node.note)
        elif node.state is not State.LEFT_OUT:
            self._line(node, f"{node.seconds:.1f} s")

    def progressed(self, node: NodeProgress) -> None:
        if time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            count = f"{node.done:,}" + (f"/{node.total:,}" if node.total else "")
            self._line(node, f"{count}  {node.note}")

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
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("node", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=len(State.INTERRUPTED.value))
        table.add_column("seconds", justify="right", no_wrap=True)
        table.add_column("progress")
        for node in self._nodes:
            begun = node.state not in (State.WAITING, State.LEFT_OUT)
            table.add_row(
                Text(node.node),
                Text(node.state.value, _STYLES[node.state]),
                Text(f"{node.elapsed:.1f}" if begun else ""),
                _bar(node) if node.state is State.RUNNING else "",
            )
        return table


def _bar(node: NodeProgress) -> Table | Text:
    if not node.total:
        count = f"{node.done:,} " if node.done else ""
        return Text(f"{count}{node.note}")
    row = Table.grid(padding=(0, 1))
    row.add_row(
        ProgressBar(total=node.total, completed=node.done, width=20),
        Text(f"{node.done:,}/{node.total:,}"),
        Text(node.note),
    )
    return row


@contextlib.contextmanager
def open_display(stream: TextIO) -> Iterator[Display]:
    """Chooses the display that suits a stream.

    Args:
        stream: A terminal gets the live table.

    Yields:
        The display, until the run is over.
    """
    console = Console(file=stream)
    if not console.is_terminal or console.is_dumb_terminal:
        plain = PlainDisplay(console)
        plain.notify(_LOADING)
        yield plain
        return
    with LiveDisplay(console) as display:
        yield display
