"""The graphs that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import AnyConfig, Config, PretrainingConfig
from ..nodes.pretraining_nodes import PRETRAINING_NODES
from ..nodes.review_nodes import REVIEW_NODES
from .graph import Graph
from .left_out import left_out_of_pretraining, left_out_of_reviews

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from ..targets import Target

REVIEWS = Graph(
    Config,
    REVIEW_NODES,
    left_out_of_reviews,
    builder="reviewlens.pipeline.graphs.reviews:build_reviews",
    next_steps="reviewlens.pipeline.report.lines:commands_of_model",
)
PRETRAINING = Graph(
    PretrainingConfig,
    PRETRAINING_NODES,
    left_out_of_pretraining,
    builder="reviewlens.pipeline.graphs.pretraining:build_pretraining",
    next_steps="reviewlens.pipeline.report.pretraining:commands_of_encoder",
)
GRAPHS: tuple[Graph[Any], ...] = (REVIEWS, PRETRAINING)


def graph_of(config: AnyConfig) -> Graph[Any]:
    """Finds the graph that a configuration is of.

    Args:
        config: Of any graph.
    """
    return next(graph for graph in GRAPHS if type(config) is graph.config)


def build_pipeline(config: AnyConfig, cache: bool = True, target: Target | None = None) -> Pipeline:
    """Builds the graph that a configuration asks for.

    Args:
        config: A checked configuration, of any graph.
        cache: Take the results of nodes that ran before on the same inputs.
        target: Where it shall run; by default on this machine, artifacts and metadata under the
            configuration's `output`.

    Returns:
        The pipeline; on a target that takes values at submission some are its parameters.

    Raises:
        RunError: The input cannot be found.
        UsageError: `beam.options` has one that Beam does not know.
    """
    return graph_of(config).build(config, cache, target)
