"""The two ways in which a run is shown."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from reviewlens.pipeline.graphs.registry import GRAPHS
from reviewlens.pipeline.local.display import (
    LiveDisplay,
    NodeProgress,
    PlainDisplay,
    State,
    open_display,
)


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=100)


def shown(console):
    return console.file.getvalue()


def test_the_table_shows_each_node_with_state_seconds_and_progress(console):
    nodes = [NodeProgress(name) for name in ("ingest", "train", "push")]
    nodes[0].start()
    nodes[0].end(State.CACHED)
    nodes[1].start()
    nodes[1].done, nodes[1].total, nodes[1].note = 40, 200, "loss [0.41]"
    display = LiveDisplay(console)
    display.show(nodes)
    console.print(display.render())
    header, first, second, third = (line.split() for line in shown(console).splitlines())
    assert header == ["node", "state", "seconds", "progress"]
    assert first == ["ingest", "cached", "0.0"]
    assert second[:2] == ["train", "running"]
    assert second[-3:] == ["40/200", "loss", "[0.41]"]
    assert third == ["push", "waiting"]


def test_the_table_shows_work_of_unknown_length(console):
    node = NodeProgress("ingest")
    node.start()
    node.done, node.note = 12345, "rows"
    display = LiveDisplay(console)
    display.show([node])
    console.print(display.render())
    assert shown(console).splitlines()[1].split()[-2:] == ["12,345", "rows"]


LONGEST = [
    (0, None, "compares the encoder with the one that it was"),
    (1_234_567, None, "of about 12,000,000 rows checked  123,456 a second"),
    (123_456, 234_567, "epoch 10/10  loss 0.412  1:00:12 left  12345 reviews/s"),
    (123_456, 234_567, "epoch 10/10  compiling the step"),
    (9, 9, ""),
]


def lines_of(nodes, width):
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    display = LiveDisplay(console)
    display.show(nodes)
    console.print(display.render())
    return shown(console).splitlines()


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
@pytest.mark.parametrize("graph", GRAPHS, ids=["run", "pretrain"])
def test_every_state_takes_one_line_of_a_terminal(width, state, graph):
    """With the longest names, times and notes that there are."""
    for done, total, note in LONGEST:
        nodes = [NodeProgress(node.id) for node in graph.nodes]
        for node in nodes:
            node.start()
            node.done, node.total, node.note = done, total, note
            if state is not State.RUNNING:
                node.end(state)
                node.seconds = 12345.6
        _, *lines = lines_of(nodes, width)
        # Room for what a terminal echoes of Ctrl-C.
        assert max(map(len, lines)) <= width - len("^C^C")
        for node, line in zip(nodes, lines, strict=True):
            assert line.startswith(f"{node.node} ") and f" {state.value} " in f"{line} "


@pytest.mark.parametrize(
    ("width", "report", "told"),
    [
        (80, LONGEST[1], "1,234,567 of about 12,000,000 rows"),
        (80, LONGEST[2], "53% epoch 10/10  loss 0.412"),
        (80, LONGEST[3], "53% epoch 10/10"),
        (80, (40, 200, "numbers drawn"), "40/200 numbers drawn"),
        (100, LONGEST[1], "1,234,567 of about 12,000,000 rows checked"),
        (100, LONGEST[2], "53% epoch 10/10  loss 0.412  1:00:12 left"),
        (100, LONGEST[3], "123,456/234,567 epoch 10/10  compiling the step"),
    ],
)
def test_what_matters_most_of_a_report_has_room(width, report, told):
    nodes = [NodeProgress("review-example-gen", State.LEFT_OUT), NodeProgress("trainer")]
    nodes[1].start()
    nodes[1].done, nodes[1].total, nodes[1].note = report
    assert told in lines_of(nodes, width)[2]


@pytest.fixture(autouse=True)
def no_ci(monkeypatch):
    """Tests of these tests' own are run by a CI, too."""
    monkeypatch.delenv("CI", raising=False)


def test_ctrl_c_leaves_one_header_on_the_terminal(terminal):
    shown = terminal(width=80)
    nodes = [NodeProgress(name) for name in ("draw", "double", "total")]
    with open(shown.theirs, "w", closefd=False) as stream, open_display(stream) as display:
        assert isinstance(display, LiveDisplay)
        display.show(nodes)
        nodes[-1].start()
        nodes[-1].note = "x" * 100
        for _ in range(2):
            time.sleep(0.4)
            shown.press(b"\x03")
        time.sleep(0.4)
        nodes[-1].end(State.INTERRUPTED)
    shown.close()
    assert shown.written().count("^C") == 2
    lines = shown.lines()
    assert sum(line.split() == ["node", "state", "seconds", "progress"] for line in lines) == 1
    assert [line.split()[:2] for line in lines if line.startswith("total")] == [
        ["total", "interrupted"]
    ]


def test_before_there_are_nodes_the_wait_is_explained(console):
    console.print(LiveDisplay(console).render())
    assert "loading TensorFlow" in shown(console)


def test_plain_lines_name_start_end_and_failure(console):
    display = PlainDisplay(console)
    nodes = [NodeProgress("ingest"), NodeProgress("push")]
    display.show(nodes)
    for node, state in zip(nodes, (State.DONE, State.FAILED), strict=True):
        node.start()
        display.node_changed(node)
        node.end(state)
        display.node_changed(node)
    lines = [line.split() for line in shown(console).splitlines()]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", clock) for clock, *_ in lines)
    assert [words for _, *words in lines] == [
        ["ingest", "running"],
        ["ingest", "done", "0.0", "s"],
        ["push", "running"],
        ["push", "failed", "0.0", "s"],
    ]


def test_frequent_reports_do_not_flood_a_pipe(console):
    display = PlainDisplay(console)
    node = NodeProgress("train")
    display.show([node])
    node.start()
    display.node_changed(node)
    for node.done in range(1000):
        display.progressed(node)
    assert len(shown(console).splitlines()) == 1


def test_a_stream_that_is_no_terminal_gets_plain_lines():
    stream = io.StringIO()
    with open_display(stream) as display:
        display.notify("a [bold] line " + "x" * 200)
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "loading TensorFlow and TFX",
        "a [bold] line " + "x" * 200,
    ]


@pytest.mark.parametrize(("said", "lines"), [("true", True), ("1", True), ("false", False)])
def test_under_ci_a_terminal_gets_plain_lines_too(monkeypatch, terminal, said, lines):
    monkeypatch.setenv("CI", said)
    shown = terminal(width=80)
    with open(shown.theirs, "w", closefd=False) as stream, open_display(stream) as display:
        assert isinstance(display, PlainDisplay if lines else LiveDisplay)
    shown.close()


def test_colours_that_are_asked_for_make_no_terminal_of_a_file(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with open_display(io.StringIO()) as display:
        assert isinstance(display, PlainDisplay)
