"""The list of nodes that the command line checks against is that of the graph."""

from __future__ import annotations

import pathlib

from reviewlens.pipeline import build_pipeline, load_config
from reviewlens.pipeline.nodes import NODES

CONFIG = pathlib.Path(__file__).parents[2] / "configs" / "amazon-snippets.yaml"


def test_the_list_holds_the_nodes_of_the_graph(tmp_path):
    pipeline = build_pipeline(load_config(str(CONFIG), [f"output={tmp_path}"]))
    assert sorted(node.id for node in pipeline.components) == sorted(NODES)
