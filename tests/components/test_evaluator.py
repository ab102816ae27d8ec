from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from reviewlens.components.evaluator.component import Executor
from reviewlens.components.evaluator.eval_config import build_eval_config
from reviewlens.components.evaluator.settings import EvaluationSettings
from reviewlens.models.tasks.text_classification.metrics import expected_calibration_error
from reviewlens.serving import LocalModel

SHOPS = ("north", "south")


@pytest.fixture(scope="session")
def answers(tiny_model, reviews):
    """The model's own answers to 300 reviews, and labels that it gets right in part."""
    texts = reviews[:300]
    predictions = LocalModel(tiny_model).predict(texts)
    names = list(predictions[0].probabilities)
    named = [names.index(prediction.label) for prediction in predictions]
    # Every class occurs in every slice, whatever the model says.
    labels = [index if row % 3 else row // 15 % len(names) for row, index in enumerate(named)]
    return texts, labels, named, [list(p.probabilities.values()) for p in predictions], names


@pytest.fixture
def evaluate(make_artifact, tiny_model, answers, tmp_path):
    """Runs the evaluator on these reviews; returns its metrics and its blessing."""
    texts, labels, *_ = answers
    examples = make_artifact(standard_artifacts.Examples, split_names='["test"]')
    Path(examples.uri, "Split-test").mkdir(parents=True)
    path = f"{examples.uri}/Split-test/data_tfrecord-00000-of-00001.gz"
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
            example = tf.train.Example()
            feature = example.features.feature
            feature["text"].bytes_list.value.append(text.encode())
            feature["label"].int64_list.value.append(label)
            feature["shop"].bytes_list.value.append(SHOPS[row % 5 == 0].encode())
            writer.write(example.SerializeToString())
    schema = make_artifact(standard_artifacts.Schema)
    proto = schema_pb2.Schema()
    for name, kind in (("text", "BYTES"), ("label", "INT"), ("shop", "BYTES")):
        feature = proto.feature.add(name=name, type=schema_pb2.FeatureType.Value(kind))
        feature.presence.min_fraction = 1.0
        feature.shape.dim.add(size=1)
    tfdv.write_schema_text(proto, f"{schema.uri}/schema.pbtxt")

    def model():
        artifact = make_artifact(standard_artifacts.Model)
        Path(artifact.uri, "Format-Serving").symlink_to(tiny_model)
        return artifact

    def run(settings: EvaluationSettings, baseline: str | None = None):
        baselines = {
            None: [],
            "as good": [model()],
            "without files": [make_artifact(standard_artifacts.Model)],
        }
        evaluation = make_artifact(standard_artifacts.ModelEvaluation)
        blessing = make_artifact(standard_artifacts.ModelBlessing)
        config = build_eval_config(
            "text-classification", {"labels": answers[-1]}, settings, ["shop"]
        )
        context = BaseBeamExecutor.Context(
            beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
            tmp_dir=str(tmp_path),
            unique_id="1",
        )
        Executor(context).Do(
            {
                "examples": [examples],
                "schema": [schema],
                "model": [model()],
                "baseline_model": baselines[baseline],
            },
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": proto_utils.proto_to_json(config),
                "example_splits": '["test"]',
                "module_path": "reviewlens.components.evaluator.extractors",
            },
        )
        return json.loads(Path(evaluation.uri, "metrics.json").read_text()), blessing

    return run


def test_metrics_are_those_of_the_decision_and_of_the_probabilities(evaluate, answers):
    _, labels, named, probabilities, names = answers

    metrics, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1))

    test = metrics["test"]
    assert test["macro_f1"] == pytest.approx(f1_score(labels, named, average="macro"), abs=1e-6)
    assert test["confusion_matrix"] == confusion_matrix(labels, named).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(labels, named)
    for index, name in enumerate(names):
        figures = test["per_class"][name]
        assert figures["precision"] == pytest.approx(precision[index], abs=1e-6)
        assert figures["recall"] == pytest.approx(recall[index], abs=1e-6)
        assert figures["f1"] == pytest.approx(f1[index], abs=1e-6)
        assert figures["support"] == support[index]
    error = expected_calibration_error(np.array(probabilities), np.array(labels))
    assert test["ece"] == pytest.approx(error, abs=1e-4)
    assert metrics["baseline"] is None
    assert blessing.get_int_custom_property("blessed") == 1


def test_every_slice_is_reported(evaluate, answers):
    _, labels, named, _, _ = answers

    metrics, _ = evaluate(EvaluationSettings(min_macro_f1=0.1))

    south = slice(0, None, 5)
    report = metrics["test"]["slices"]["shop=south"]
    assert list(metrics["test"]["slices"]) == ["shop=north", "shop=south"]
    assert report["examples"] == len(labels[south])
    expected = f1_score(labels[south], named[south], average="macro")
    assert report["macro_f1"] == pytest.approx(expected, abs=1e-6)


def test_a_model_below_the_threshold_is_not_blessed_and_the_reason_is_said(evaluate):
    _, blessing = evaluate(EvaluationSettings(min_macro_f1=0.99, min_accuracy=0.98))

    assert blessing.get_int_custom_property("blessed") == 0
    reason = blessing.get_string_custom_property("reason")
    assert "below evaluation.min_macro_f1=0.99" in reason
    assert "below evaluation.min_accuracy=0.98" in reason


def test_a_model_as_good_as_the_last_blessed_one_is_blessed(evaluate):
    metrics, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1), baseline="as good")

    assert metrics["baseline"]["macro_f1"] == metrics["test"]["macro_f1"]
    assert blessing.get_int_custom_property("blessed") == 1


def test_a_baseline_without_files_is_none(evaluate):
    metrics, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1), baseline="without files")

    assert metrics["baseline"] is None
    assert blessing.get_int_custom_property("blessed") == 1
