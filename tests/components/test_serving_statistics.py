from __future__ import annotations

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_serving.apis import prediction_log_pb2

from reviewlens.components.serving_statistics import serving_statistics
from reviewlens.errors import RunError
from reviewlens.serving.examples import to_example
from reviewlens.serving.server.request_log import RequestLog


@pytest.fixture
def training(tmp_path, reviews):
    """Statistics of 300 reviews, as a run has them of its examples."""
    path = str(tmp_path / "training.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for text in reviews[:300]:
            writer.write(to_example(text.encode()))
    return tfdv.generate_statistics_from_tfrecord(path)


@pytest.fixture
def serve(tmp_path):
    """Logs a request per list of reviews, of each signature and API in turn."""

    def serve(requests: list[list[str]]) -> str:
        directory = str(tmp_path / "requests")
        with RequestLog(directory, sampling_rate=1) as log:
            for turn, texts in enumerate(requests):
                entry = prediction_log_pb2.PredictionLog()
                encoded = [text.encode() for text in texts]
                examples = [to_example(text) for text in encoded]
                if turn % 3 == 0:
                    tensor = tf.make_tensor_proto(encoded, tf.string)
                    entry.predict_log.request.inputs["text"].CopyFrom(tensor)
                elif turn % 3 == 1:
                    tensor = tf.make_tensor_proto(examples, tf.string)
                    entry.predict_log.request.inputs["inputs"].CopyFrom(tensor)
                else:
                    sent = entry.classify_log.request.input.example_list.examples
                    sent.extend(map(tf.train.Example.FromString, examples))
                log.write(entry)
        return directory

    return serve


def test_the_same_reviews_have_the_statistics_of_training(training, serve, reviews):
    requests = [reviews[start : start + 50] for start in range(0, 300, 50)]
    served = serving_statistics(serve(requests))

    assert served.datasets[0].num_examples == 300
    assert served.datasets[0].features[0].path.step == ["text"]
    assert served.datasets[0].features[0].string_stats == (
        training.datasets[0].features[0].string_stats
    )
    schema = tfdv.infer_schema(training)
    assert not tfdv.validate_statistics(served, schema).anomaly_info


def test_other_requests_than_training_are_an_anomaly(training, serve):
    schema = tfdv.infer_schema(training)
    tfdv.get_feature(schema, "text").skew_comparator.infinity_norm.threshold = 0.1
    served = serving_statistics(serve([["the same again and again"] * 100]))

    found = tfdv.validate_statistics(training, schema, serving_statistics=served)

    assert "text" in found.anomaly_info


def test_questions_count_beside_the_texts_that_they_are_asked_of(tmp_path):
    with RequestLog(str(tmp_path), sampling_rate=1) as log:
        entry = prediction_log_pb2.PredictionLog()
        inputs = entry.predict_log.request.inputs
        inputs["question"].CopyFrom(tf.make_tensor_proto([b"Why?", b"How long?"]))
        inputs["context"].CopyFrom(tf.make_tensor_proto([b"It fits.", b"It lasted two years."]))
        log.write(entry)

    (served,) = serving_statistics(str(tmp_path)).datasets

    assert served.num_examples == 2
    lengths = {of.path.step[0]: of.string_stats.avg_length for of in served.features}
    assert lengths == {"question": 6.5, "text": 14}


def test_a_log_without_requests_is_refused(tmp_path):
    with pytest.raises(RunError, match="holds no logged requests"):
        serving_statistics(str(tmp_path))
