from __future__ import annotations

import tensorflow as tf
import tensorflow_text  # noqa: F401
from tensorflow_serving.apis import prediction_log_pb2

from reviewlens.serving.warmup import WARMUP_TEXTS, read_warmup_requests


def test_the_file_is_what_tf_serving_reads(served):
    path = f"{served.directory}/assets.extra/tf_serving_warmup_requests"
    records = [record.numpy() for record in tf.data.TFRecordDataset(path)]
    assert 0 < len(records) <= 1000
    for record in records:
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"


def test_every_signature_is_warmed_alone_and_in_a_batch_and_answers(served):
    model = tf.saved_model.load(served.directory)
    sizes = {}
    for signature, inputs in read_warmup_requests(served.directory):
        outputs = model.signatures[signature](**inputs)
        (size,) = {len(value) for value in [*inputs.values(), *outputs.values()]}
        sizes.setdefault(signature, []).append(size)
    expected = [1, len(WARMUP_TEXTS)]
    assert sizes == {"serving_default": expected, "classify": expected}


def test_a_model_without_warmup_has_no_requests(tmp_path):
    assert list(read_warmup_requests(str(tmp_path))) == []
