"""The two ways in which a run is shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

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
    assert [line.split() for line in shown(console).splitlines()] == [
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
    assert stream.getvalue().splitlines() == [
        "loading TensorFlow and TFX",
        "a [bold] line " + "x" * 200,
    ]
