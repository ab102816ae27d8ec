"""N-grams alone, and beside an encoder, are served like an encoder."""

from __future__ import annotations

import json
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import NgramClassifier, NgramSettings
from reviewlens.serving import (
    Client,
    EncoderModel,
    LocalModel,
    NgramModel,
    WideModel,
    export_model,
)
from reviewlens.serving.deployment.compatibility import oldest_release, operations_of
from reviewlens.serving.validation import HOSTILE_TEXTS, validate_model

# Of tf.Text, whose release 2.12 TensorFlow Serving 2.12 links.
TEXT_OPS = {"NormalizeUTF8"}
# Of TensorFlow itself; each is older than its release 2.12.
# fmt: off
CORE_OPS = {
    "AddV2", "All", "ArgMax", "Assert", "AssignVariableOp", "BitwiseAnd", "BitwiseXor",
    "BroadcastTo", "Cast", "ConcatV2", "Const", "Cumsum", "DenseBincount", "DisableCopyOnRead",
    "DynamicStitch", "Equal", "Exp", "ExpandDims", "GatherV2", "Greater", "GreaterEqual",
    "Identity", "If", "Less", "LessEqual", "Log", "LogicalAnd", "LogicalNot", "Max", "Maximum",
    "Mean", "MergeV2Checkpoints", "Minimum", "Mul", "NoOp", "NotEqual", "Pack", "ParseExampleV2",
    "Placeholder", "Prod", "RaggedGather", "RaggedRange", "Range", "ReadVariableOp", "RealDiv",
    "Reshape", "ResourceGather", "RestoreV2", "RightShift", "Rsqrt", "SaveV2", "Select", "SelectV2",
    "Shape", "ShardedFilename", "Size", "Softmax", "SparseSegmentSumWithNumSegments", "Sqrt",
    "Square", "Squeeze", "StatefulPartitionedCall", "StaticRegexFullMatch", "StaticRegexReplace",
    "StridedSlice", "StringJoin", "StringLower", "StringNGrams", "StringSplitV2",
    "StringToHashBucketFast", "Sub", "Substr", "Sum", "Tile", "Transpose", "UnicodeDecode",
    "UnicodeEncode", "VarHandleOp", "VarIsInitializedOp", "Where",
}
# fmt: on


@pytest.fixture(scope="module")
def classifier(reviews) -> NgramClassifier:
    """One with words, characters and grades, whose weights say something of every text."""
    made = NgramClassifier(NgramSettings(buckets=2**12, characters=(3, 4)), 3)
    random = np.random.default_rng(0)
    table, bias = (weight.shape for weight in made.weights)
    weights = random.normal(size=table)
    weights[:, -1] = 1
    made.set_weights([weights, np.zeros(bias)])
    mean = made(made.features(tf.constant(reviews[:100]))).numpy().mean(axis=0)
    made.set_weights([weights, -mean])
    return made


@pytest.fixture(scope="module")
def exported(served, classifier, tmp_path_factory):
    """By algorithm an export: `directory`, and `expected`, what makes logits of texts by parts."""
    folder = tmp_path_factory.mktemp("exported")

    def alone(texts):
        return classifier(classifier.features(tf.constant(texts))).numpy()

    def deep(texts):
        inputs = served.classifier.encoder.inputs
        rows = [served.tokenizer(tf.constant([text])) for text in texts]
        return np.concatenate([served.classifier(inputs.pack(row)) for row in rows])

    encoder = EncoderModel(served.classifier, served.tokenizer)
    made = {
        "ngrams": (NgramModel(classifier), alone),
        "wide": (
            WideModel(encoder, NgramModel(classifier), 0.25),
            lambda texts: deep(texts) + 0.25 * alone(texts),
        ),
    }
    for name, (model, _) in made.items():
        export_model(
            str(folder / name / "1"), task=served.task, model=model, decision=served.decision
        )
    return {
        name: types.SimpleNamespace(directory=str(folder / name / "1"), expected=expected)
        for name, (_, expected) in made.items()
    }


@pytest.fixture(params=["ngrams", "wide"])
def model(request, exported):
    return exported[request.param]


@pytest.fixture(scope="module")
def ngrams(exported):
    return tf.saved_model.load(exported["ngrams"].directory)


def test_answers_are_those_of_the_parts(model, served, reviews):
    texts = reviews[:90]
    logits = model.expected(texts)
    probabilities = served.decision.probabilities(logits)
    decided = served.decision.decided(logits)
    answers = LocalModel(model.directory).predict(texts)
    found = np.array([list(answer.probabilities.values()) for answer in answers])
    np.testing.assert_allclose(found, probabilities, atol=1e-4)
    assert [answer.label for answer in answers] == [served.labels[index] for index in decided]
    assert len(set(decided)) == 3


def test_signatures_are_those_of_the_contract(model):
    loaded = tf.saved_model.load(model.directory)
    assert set(loaded.signatures) == {"serving_default", "classify"}
    serve, classify = loaded.signatures["serving_default"], loaded.signatures["classify"]
    assert serve.structured_outputs["probabilities"].shape.as_list() == [None, 3]
    assert classify.structured_outputs["scores"].shape.as_list() == [None, 3]
    empty = serve(text=tf.constant([], tf.string))
    assert empty["probabilities"].shape == (0, 3) and empty["label"].shape == (0,)


def test_a_server_would_take_it(model):
    assert validate_model(model.directory) == []


def test_hostile_texts_do_not_disturb_their_neighbours(model, reviews):
    local = LocalModel(model.directory)
    serve = tf.saved_model.load(local.directory).signatures["serving_default"]
    texts = [text.encode() for text in reviews[:8]]
    alone = serve(text=tf.constant(texts))["probabilities"].numpy()
    mixed = serve(text=tf.constant(texts + list(HOSTILE_TEXTS.values())))["probabilities"].numpy()
    np.testing.assert_allclose(mixed[:8], alone, atol=1e-5)
    assert np.isfinite(mixed).all()


def test_the_files_beside_the_graph_are_those_of_its_parts(exported, served, classifier):
    card, assets = {}, {}
    for name, made in exported.items():
        directory = Path(made.directory)
        card[name] = json.loads((directory / "assets.extra/model.json").read_text())
        assets[name] = {path.name for path in (directory / "assets").iterdir()}
    assert assets == {"ngrams": {"labels.txt"}, "wide": {"labels.txt", "vocab.txt"}}
    assert [card[name]["algorithm"] for name in card] == ["ngrams", "encoder"]
    for each in card.values():
        assert each["ngrams"]["words"] == 2 and each["ngrams"]["characters"] == [3, 4]
    assert card["wide"]["wide_weight"] == 0.25 and card["wide"]["max_tokens"] == 48
    assert "max_tokens" not in card["ngrams"]


def test_only_operations_that_stock_tf_serving_links(exported, served):
    used = {name: operations_of(made.directory) for name, made in exported.items()}
    assert used["ngrams"] - CORE_OPS - TEXT_OPS == set()
    assert used["wide"] - used["ngrams"] - operations_of(served.directory) == set()
    assert {oldest_release(made.directory) for made in exported.values()} == {(2, 12)}


@given(
    st.lists(
        st.one_of(
            st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
            st.binary(max_size=30),
        )
    )
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_features_in_the_served_graph_are_those_of_training(ngrams, served, classifier, texts):
    # None is blank, which is answered otherwise.
    texts = [b"fits " + text for text in texts]
    answer = ngrams.signatures["serving_default"](text=tf.constant(texts, tf.string))
    ids = classifier.features(tf.constant(texts, tf.string))
    expected = served.decision.probabilities(classifier(ids).numpy())
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)


def test_a_server_answers_with_it(model, reviews, model_server):
    base = str(Path(model.directory).parent)
    server = model_server(model_name="reviews", model_base_path=base)
    expected = LocalModel(model.directory).predict(reviews[:20])
    for transport, address in (("rest", server.rest), ("grpc", server.grpc)):
        with Client(address, model="reviews", transport=transport) as client:
            answers = client.predict(reviews[:20])
        assert [answer.label for answer in answers] == [answer.label for answer in expected]
        for answer, other in zip(answers, expected, strict=True):
            assert answer.probabilities == pytest.approx(other.probabilities, abs=1e-5)
