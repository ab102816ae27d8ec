"""Requests that a server sends itself while it loads a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
# Short, empty and longer than any encoder reads: the shapes that real requests have.
WARMUP_TEXTS = (
    "Love it! Fits perfectly and looks even better than in the picture.",
    "Broke after two days, and nobody answered my mails. " * 4,
    "",
    "It is okay for the price, nothing special. " * 100,
)


def write_warmup_requests(
    directory: str, texts: Sequence[str], make_requests: Callable[[list[bytes]], Iterable]
) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests` of a version directory.

    It holds, for each signature, one request with a single text and one with all of them,
    as TFRecords of `PredictionLog` (TensorFlow Serving's "SavedModel Warmup").

    Args:
        directory: Version directory of a model written by `export_model`.
        texts: At least one.
        make_requests: Of the model's task, see `serving.tasks.base.Requests`.
    """
    path = os.path.join(directory, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    encoded = [text.encode() for text in texts]
    with tf.io.TFRecordWriter(path) as writer:
        for batch in (encoded[:1], encoded):
            for signature, inputs in make_requests(batch):
                request = predict_pb2.PredictRequest()
                request.model_spec.signature_name = signature
                for key, values in inputs.items():
                    request.inputs[key].CopyFrom(tf.make_tensor_proto(values.numpy(), values.dtype))
                log = prediction_log_pb2.PredictionLog(
                    predict_log=prediction_log_pb2.PredictLog(request=request)
                )
                writer.write(log.SerializeToString())


def read_warmup_requests(directory: str) -> Iterator[tuple[str, dict[str, tf.Tensor]]]:
    """Reads the warm-up requests of a version directory.

    Args:
        directory: Version directory of any served model.

    Yields:
        The signature's name and its inputs by name; nothing if there is no such file.
    """
    path = os.path.join(directory, WARMUP_FILE)
    if not tf.io.gfile.exists(path):
        return
    for record in tf.data.TFRecordDataset(path):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        yield (
            request.model_spec.signature_name,
            {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()},
        )
