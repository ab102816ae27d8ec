"""The graphs: what the runner, the report and Kubeflow's compiler know of each, and its builder."""

from .graph import Graph
from .registry import GRAPHS, PRETRAINING, REVIEWS, build_pipeline, graph_of

__all__ = ["GRAPHS", "PRETRAINING", "REVIEWS", "Graph", "build_pipeline", "graph_of"]
