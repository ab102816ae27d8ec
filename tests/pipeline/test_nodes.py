"""What the table of nodes and partial runs know of the graph is what the graph is."""

from __future__ import annotations

import pathlib

import pytest

from reviewlens.pipeline import build_pipeline, load_config
from reviewlens.pipeline.nodes import NODES, load, node_ids

CONFIG = pathlib.Path(__file__).parents[2] / "configs" / "amazon-snippets.yaml"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    output = tmp_path_factory.mktemp("output")
    return lambda *overrides: build_pipeline(
        load_config(str(CONFIG), [f"output={output}", *overrides])
    )


@pytest.fixture(scope="module")
def pipeline(build):
    return build()


def test_the_table_holds_the_nodes_of_the_graph(build):
    components = build("export.precision=bfloat16").components
    assert sorted(node.id for node in components) == sorted(node_ids())


def test_what_cannot_be_exported_as_asked_stops_the_run_before_the_training(build, pipeline):
    nodes = {node.id: node for node in build("export.precision=bfloat16").components}
    before = {node.id for node in nodes["transform"].upstream_nodes}
    assert {"example-validator", "encoder-validator"} <= before
    # And costs nothing where nothing of the kind is asked.
    assert "encoder-validator" not in {node.id for node in pipeline.components}


def test_what_follows_the_training_is_no_part_of_it(build, pipeline):
    """The trainer's settings are the same for whatever model is made of the weights."""
    changed = build("export.precision=bfloat16", "evaluation.decide_for=accuracy")
    trainers = [{n.id: n for n in p.components}["trainer"] for p in (pipeline, changed)]
    first, second = (trainer.exec_properties for trainer in trainers)
    assert first == second
    assert {node.id for node in trainers[1].upstream_nodes} == {"encoder-fetcher", "transform"}


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
