"""Statistics of the reviews that a server was asked about."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import statistics_pb2
from tensorflow_serving.apis import prediction_log_pb2

from ..errors import RunError
from ..serving.examples import to_example
from ..serving.server.request_log import read_request_log
from .task_registry import TASKS, inputs_of


def serving_statistics(directory: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Computes the statistics of logged requests as `statistics-gen` does for training data.

    Requests of `serving_default` count as examples with the features that the model is asked,
    such as `text`, those of `classify` and of the classification API with all features that they
    have. So the result can be held against a run's schema (`tfdv.validate_statistics`) and shown
    beside its statistics (`tfdv.visualize_statistics`).

    Args:
        directory: Where `reviewlens serve --request_log` has written.

    Returns:
        The statistics of one data set.

    Raises:
        RunError: If there are no logged requests, or a file of them is damaged.

    Example:
        >>> statistics = serving_statistics("requests")
        >>> statistics.datasets[0].num_examples
        1280
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "examples.tfrecord")
        count = 0
        with tf.io.TFRecordWriter(path) as writer:
            for log in read_request_log(directory):
                for example in _examples_of(log):
                    writer.write(example)
                    count += 1
        if not count:
            raise RunError(f"{directory}: holds no logged requests")
        return tfdv.generate_statistics_from_tfrecord(path)


def _examples_of(log: prediction_log_pb2.PredictionLog) -> Iterator[bytes]:
    """The reviews of a request, as serialized examples."""
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        inputs = log.predict_log.request.inputs
        taken = next((of for of in map(inputs_of, TASKS) if of.keys() <= set(inputs)), None)
        if taken:
            values = [tf.make_ndarray(inputs[name]).ravel() for name in taken]
            for row in zip(*values, strict=True):
                yield to_example(**dict(zip(taken.values(), row, strict=True)))
        elif "inputs" in inputs:
            yield from tf.make_ndarray(inputs["inputs"]).ravel()
    elif kind in ("classify_log", "regress_log", "multi_inference_log"):
        for example in getattr(log, kind).request.input.example_list.examples:
            yield example.SerializeToString()
