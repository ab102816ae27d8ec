"""What the table of nodes and partial runs know of the graph is what the graph is."""

from __future__ import annotations

import pathlib

import pytest

from reviewlens.pipeline import build_pipeline, load_config
from reviewlens.pipeline.nodes import NODES, load, node_ids

CONFIG = pathlib.Path(__file__).parents[2] / "configs" / "amazon-snippets.yaml"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    output = tmp_path_factory.mktemp("output")
    return build_pipeline(load_config(str(CONFIG), [f"output={output}"]))


def test_the_table_holds_the_nodes_of_the_graph(pipeline):
    assert sorted(node.id for node in pipeline.components) == sorted(node_ids())


def test_what_a_node_contributes_is_there():
    named = [name for node in NODES for name in (node.summary, node.report) if name]
    assert all(callable(load(name)) for name in named)


@pytest.mark.parametrize(
    ("from_node", "resolvers"),
    [
        ("transform", ["latest-blessed"]),
        ("evaluator", ["latest-blessed"]),
        # The evaluator, which it feeds, is left out.
        ("pusher", []),
    ],
)
def test_a_partial_run_asks_anew_for_the_baseline_where_it_is_used(pipeline, from_node, resolvers):
    from reviewlens.pipeline.local.dag_runner import resolvers_feeding

    assert resolvers_feeding(pipeline, from_node) == resolvers
