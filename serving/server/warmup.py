"""Sending a model its own warm-up requests before others may."""

from __future__ import annotations

import os
import time

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from ..status import Code, ServingError
from ..warmup import WARMUP_FILE
from .requests import answer_classify, answer_multi_inference, answer_predict, answer_regress
from .servable import Servable, as_serving_error

_MOST_RECORDS = 1000
_ANSWERS = {
    "predict_log": answer_predict,
    "classify_log": answer_classify,
    "regress_log": answer_regress,
    "multi_inference_log": answer_multi_inference,
}


def warm_up(servable: Servable, iterations: int = 1) -> None:
    """Sends a servable the requests of its `assets.extra/tf_serving_warmup_requests`.

    Args:
        servable: Just loaded.
        iterations: How often to send each request.

    Raises:
        ServingError: A request fails, the file cannot be read or has too many requests, or
            some of a kind that is not supported.
    """
    path = os.path.join(servable.directory, WARMUP_FILE)
    if not tf.io.gfile.exists(path):
        return
    started = time.perf_counter()
    status, count = Code.OK, 0
    try:
        for count, record in enumerate(_read(path), start=1):
            if count > _MOST_RECORDS:
                raise ServingError(
                    Code.INVALID_ARGUMENT,
                    f"Number of warmup records exceeds the maximum ({_MOST_RECORDS}) at {path}",
                )
            kind = record.WhichOneof("log_type")
            if kind not in _ANSWERS:
                raise ServingError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
            for _ in range(iterations):
                _ANSWERS[kind](servable, getattr(record, kind).request, None)
    except ServingError as error:
        status = error.code
        raise
    finally:
        microseconds = (time.perf_counter() - started) * 1e6
        servable.metrics.warmup(servable.directory, status.name, microseconds, count)


def _read(path: str):
    try:
        for record in tf.compat.v1.io.tf_record_iterator(path):
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except tf.errors.DataLossError as error:
        raise ServingError(
            Code.DATA_LOSS,
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from None
    except tf.errors.OpError as error:
        raise as_serving_error(error) from None
    except DecodeError as error:
        raise ServingError(
            Code.INVALID_ARGUMENT, f"{path}: a record is no PredictionLog: {error}"
        ) from None
