"""The nodes of the graph that pre-trains an encoder, as `review_nodes` has those of the other."""

from __future__ import annotations

from .node import Node
from .review_nodes import ENCODER_FETCHER, KERAS, TENSORFLOW

_SUMMARY = "reviewlens.pipeline.report.contributions"
_REPORT = "reviewlens.pipeline.report.lines"
_PRETRAINING = "reviewlens.pipeline.report.pretraining"

# In the order in which they run.
PRETRAINING_NODES = (
    Node(
        "text-example-gen",
        "reads the texts",
        code=("reviewlens.components.review_example_gen",),
        libraries=("apache-beam", "pyarrow"),
        task=("components.data", "components.examples"),
        cached="on request",
        asks_store=True,
        summary=f"{_SUMMARY}:data",
        report=f"{_PRETRAINING}:texts",
    ),
    Node(
        "vocabulary-gen",
        "learns a vocabulary",
        code=("reviewlens.components.vocabulary_gen",),
        libraries=KERAS,
        summary=f"{_SUMMARY}:encoder",
    ),
    ENCODER_FETCHER,
    Node(
        "transform",
        "packs the texts into segments",
        code=("reviewlens.components.segments",),
        libraries=(*TENSORFLOW, "apache-beam"),
        summary=f"{_SUMMARY}:segments",
        report=f"{_PRETRAINING}:segments",
    ),
    Node(
        "pretrainer",
        "pre-trains the encoder",
        code=("reviewlens.components.pretrainer",),
        task=("models.task",),
        libraries=KERAS,
        summary=f"{_SUMMARY}:training",
        report=f"{_PRETRAINING}:training",
    ),
    Node(
        "encoder-evaluator",
        "compares the encoder with the one that it was",
        code=("reviewlens.components.encoder_evaluator",),
        task=("models.task",),
        libraries=KERAS,
        summary=f"{_SUMMARY}:encoder_evaluation",
        report=f"{_PRETRAINING}:metrics",
    ),
    Node(
        "encoder-pusher",
        "pushes the encoder",
        code=("reviewlens.components.encoder_pusher",),
        libraries=KERAS,
        asks_store=True,
        summary=f"{_SUMMARY}:push",
        report=f"{_REPORT}:verdict",
    ),
)
