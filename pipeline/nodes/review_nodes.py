"""The nodes of the graph that makes a served model of reviews.

One table, from which `--from` and `--to`, the display, the cache keys, the settings on Kubeflow,
the summary and the report derive. It imports nothing heavy, so that a wrong `--from` is told before
TFX is imported: functions are named here, and loaded when they are called.
"""

from __future__ import annotations

from .node import Node

TENSORFLOW = ("tensorflow", "tensorflow-text")
KERAS = (*TENSORFLOW, "keras", "numpy")
_SUMMARY = "reviewlens.pipeline.report.contributions"
_REPORT = "reviewlens.pipeline.report.lines"

ENCODER_FETCHER = Node(
    "encoder-fetcher",
    "fetches the encoder",
    code=("reviewlens.components.encoder_fetcher",),
    summary=f"{_SUMMARY}:encoder",
)

# In the order in which they run.
REVIEW_NODES = (
    Node(
        "review-example-gen",
        "reads the reviews",
        code=("reviewlens.components.review_example_gen",),
        libraries=("apache-beam", "pyarrow"),
        task=("components.data", "components.examples"),
        cached="on request",
        asks_store=True,
        summary=f"{_SUMMARY}:data",
        report=f"{_REPORT}:reviews",
    ),
    ENCODER_FETCHER,
    Node("statistics-gen", "counts what is in the columns"),
    Node("schema-gen", "derives the schema", code=("reviewlens.components.schema_importer",)),
    Node("example-validator", "compares the data with the schema"),
    Node(
        "encoder-validator",
        "asks whether the encoder can be served like that",
        code=("reviewlens.components.encoder_validator",),
        libraries=KERAS,
    ),
    Node(
        "transform",
        "prepares the reviews for training",
        code=("reviewlens.components.transform",),
        task=("components.transform",),
        libraries=(*TENSORFLOW, "tensorflow-transform", "apache-beam"),
    ),
    Node(
        "ngram-trainer",
        "trains the n-gram classifier",
        code=("reviewlens.components.ngram_trainer",),
        task=("models.task",),
        libraries=KERAS,
        summary=f"{_SUMMARY}:ngram_training",
    ),
    Node(
        "trainer",
        "fine-tunes the encoder",
        code=("reviewlens.components.trainer",),
        task=("models.task",),
        libraries=KERAS,
        summary=f"{_SUMMARY}:training",
        report=f"{_REPORT}:reading",
    ),
    Node(
        "exporter",
        "fits the decision and writes the model",
        code=("reviewlens.components.exporter",),
        task=("models.task", "serving.signatures", "serving.requests"),
        libraries=KERAS,
        summary=f"{_SUMMARY}:export",
        report=f"{_REPORT}:wide",
    ),
    Node(
        "latest-blessed",
        "looks for the last blessed model",
        cached="never",
        asks_store=True,
    ),
    Node(
        "evaluator",
        "evaluates the model",
        code=("reviewlens.components.evaluator",),
        task=("components.data", "components.evaluation"),
        libraries=(*TENSORFLOW, "tensorflow-model-analysis", "apache-beam"),
        summary=f"{_SUMMARY}:evaluation",
        report=f"{_REPORT}:metrics",
    ),
    Node(
        "serving-validator",
        "queries the model as a server would",
        code=("reviewlens.components.serving_validator",),
        task=("serving.requests",),
        libraries=TENSORFLOW,
        summary=f"{_SUMMARY}:validation",
    ),
    Node(
        "pusher",
        "pushes the model",
        asks_store=True,
        summary=f"{_SUMMARY}:push",
        report=f"{_REPORT}:verdict",
    ),
)
