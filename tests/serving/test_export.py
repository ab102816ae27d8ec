from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2

from reviewlens.models.encoders.bert.tokenizer import pack_inputs
from reviewlens.models.precision import with_precision
from reviewlens.serving.export import export_model
from reviewlens.serving.text_models.encoder import EncoderModel

# What tf.Text 2.12.1 registers of the operations a tokenizer may use; TF Serving 2.12 to 2.19
# links exactly that version.
TEXT_OPS = {
    "CaseFoldUTF8",
    "NormalizeUTF8",
    "RegexSplitWithOffsets",
    "WordpieceTokenizeWithOffsets",
    "FastWordpieceTokenizeWithOffsets",
    "FastBertNormalize",
}
# Operations of TensorFlow itself; each is older than its release 2.12.
# fmt: off
CORE_OPS = {
    "AddV2", "All", "ArgMax", "Assert", "AssignVariableOp", "BatchMatMulV2", "BiasAdd", "Cast",
    "ConcatV2", "Const", "DisableCopyOnRead", "DynamicStitch", "Equal", "Exp", "ExpandDims", "Fill",
    "FloorDiv", "FusedBatchNormV3", "GatherV2", "Identity", "If", "InvertPermutation", "Less",
    "Log", "MatMul", "Max", "Maximum", "Mean", "MergeV2Checkpoints", "Minimum", "Mul", "NoOp",
    "OneHot", "Pack", "ParseExampleV2", "Placeholder", "Pow", "RaggedGather", "RaggedRange",
    "RaggedTensorToTensor", "Range", "ReadVariableOp", "RealDiv", "Reshape", "ResourceGather",
    "RestoreV2", "Rsqrt", "SaveV2", "Select", "SelectV2", "Shape", "ShardedFilename", "Size",
    "Softmax", "Sqrt", "Square", "Squeeze", "StatefulPartitionedCall", "StaticRegexFullMatch",
    "StridedSlice", "StringJoin", "Sub", "Sum", "Tanh", "TensorListConcatV2", "TensorListReserve",
    "TensorListSetItem", "Tile", "TopKV2", "Transpose", "Unpack", "UpperBound", "VarHandleOp",
    "VarIsInitializedOp", "While", "ZerosLike",
}
# fmt: on

HOSTILE = [
    b"",
    b" \t\r\n ",
    b"\x00",
    b"great\x00product",
    b"\xff\xfe broken \xc3",
    "😀👍🏽 ❤️".encode(),
    "ﷺ𝕳𝖊𝖑𝖑𝖔 ｆｕｌｌ ｗｉｄｔｈ".encode(),
    ("e" + "\u0301" * 500).encode(),
    "\u202eright to left\u202c".encode(),
    b"[CLS] [SEP] [PAD] [MASK]",
    b"a" * 1_000_000,
    b"good " * 200_000,
    "😀".encode() * 250_000,
]


@pytest.fixture(scope="module")
def model(served):
    return tf.saved_model.load(served.directory)


@pytest.fixture(scope="module")
def ask(model):
    def ask(texts):
        answer = model.signatures["serving_default"](text=tf.constant(texts, tf.string))
        return answer["probabilities"].numpy(), answer["label"].numpy()

    return ask


def one_by_one(served, texts):
    """Probabilities by the parts, each review alone in its batch."""
    logits = [
        served.classifier(pack_inputs(served.tokenizer(tf.constant([text]))))[0] for text in texts
    ]
    return served.decision.probabilities(np.array(logits))


def examples(texts):
    features = [
        {"text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))}
        for text in texts
    ]
    return [
        tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
        for feature in features
    ]


def test_signatures_are_those_of_the_contract(model):
    serve, classify = model.signatures["serving_default"], model.signatures["classify"]
    assert set(model.signatures) == {"serving_default", "classify"}
    assert serve.structured_input_signature[1] == {"text": tf.TensorSpec([None], tf.string, "text")}
    assert serve.structured_outputs["probabilities"].dtype == tf.float32
    assert serve.structured_outputs["probabilities"].shape.as_list() == [None, 3]
    assert serve.structured_outputs["label"].dtype == tf.string
    assert serve.structured_outputs["label"].shape.as_list() == [None]
    assert classify.structured_input_signature[1] == {
        "inputs": tf.TensorSpec([None], tf.string, "inputs")
    }
    assert classify.structured_outputs["classes"].shape.as_list() == [None, 3]
    assert classify.structured_outputs["scores"].shape.as_list() == [None, 3]


def test_answers_equal_the_classifiers_however_large_the_batch(served, ask, reviews):
    texts = reviews[:150]
    probabilities, labels = ask(texts)
    expected = one_by_one(served, texts)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    scores = np.log(expected) + served.decision.offsets
    assert labels.tolist() == [served.labels[index].encode() for index in scores.argmax(axis=1)]
    # Otherwise the offsets would go untested.
    assert (scores.argmax(axis=1) != expected.argmax(axis=1)).any()
    assert len(set(labels)) == 3


def test_classify_says_the_same_of_examples(model, ask, reviews):
    answer = model.signatures["classify"](inputs=tf.constant(examples(reviews[:70])))
    np.testing.assert_allclose(answer["scores"], ask(reviews[:70])[0], atol=1e-6)
    assert answer["classes"].numpy().tolist() == [[b"negative", b"neutral", b"positive"]] * 70


def test_an_example_without_text_is_an_empty_review(model, ask):
    answer = model.signatures["classify"](inputs=tf.constant([b""]))
    np.testing.assert_allclose(answer["scores"], ask([""])[0], atol=1e-6)


@pytest.mark.parametrize("blank", ["", " ", " \t\r\n ", "\u3000\u00a0", "\ufeff\u200b", "\x00"])
def test_a_text_with_nothing_to_read_gets_the_prior(model, ask, served, reviews, blank):
    probabilities, labels = ask([reviews[0], blank, reviews[1]])
    np.testing.assert_allclose(probabilities[1], served.decision.prior, rtol=1e-6)
    # Of all classes the last one is the most probable, but the offsets are against it.
    assert labels[1] == b"neutral"
    np.testing.assert_allclose(probabilities[::2], ask(reviews[:2])[0], atol=1e-5)
    answer = model.signatures["classify"](inputs=tf.constant(examples([blank])))
    np.testing.assert_array_equal(answer["scores"], probabilities[1:2])


@pytest.mark.parametrize("text", [".", "-", "\u2764", "a", "\u0301", b"\xff"])
def test_a_text_with_anything_to_see_is_read(ask, served, text):
    assert np.abs(ask([text])[0] - served.decision.prior).max() > 1e-4


def test_an_empty_batch_gives_empty_answers(model, ask):
    probabilities, labels = ask([])
    assert probabilities.shape == (0, 3) and labels.shape == (0,)
    answer = model.signatures["classify"](inputs=tf.constant([], tf.string))
    assert answer["scores"].shape == (0, 3) and answer["classes"].shape == (0, 3)


def test_hostile_texts_get_an_answer_and_do_not_disturb_their_neighbours(ask, reviews):
    alone, labels_alone = ask(reviews[:20])
    mixed, labels_mixed = ask([text.encode() for text in reviews[:20]] + HOSTILE)
    np.testing.assert_allclose(mixed[:20], alone, atol=1e-5)
    assert labels_mixed[:20].tolist() == labels_alone.tolist()
    assert np.isfinite(mixed).all()
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-5)


@given(st.lists(st.one_of(st.text(max_size=60).map(str.encode), st.binary(max_size=40))))
@settings(max_examples=40, deadline=None)
def test_whatever_is_sent_the_answer_is_a_distribution(ask, texts):
    texts = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in texts]
    probabilities, labels = ask(texts)
    assert probabilities.shape == (len(texts), 3) and labels.shape == (len(texts),)
    np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(len(texts)), atol=1e-5)


def test_files_beside_the_graph(served):
    directory = Path(served.directory)
    assert (directory / "assets/labels.txt").read_text().split() == served.labels
    vocabulary = Path(served.tokenizer.vocabulary_file).read_bytes()
    assert (directory / "assets/vocab.txt").read_bytes() == vocabulary
    card = json.loads((directory / "assets.extra/model.json").read_text())
    assert card["task"] == "text-classification"
    assert card["labels"] == served.labels
    assert card["grades"] == [0, 1, 2]
    assert card["temperature"] == served.decision.calibration.temperature
    assert card["stretch"] == served.decision.calibration.stretch
    assert card["biases"] == list(served.decision.calibration.biases)
    assert card["offsets"] == list(served.decision.offsets)
    assert card["prior"] == list(served.decision.prior)
    assert card["max_tokens"] == 48
    assert card["encoder"] == {"name": "tiny"}


@pytest.fixture(scope="module")
def in_bfloat16(served, tmp_path_factory):
    """Directory of the same model in bfloat16."""
    directory = str(tmp_path_factory.mktemp("bfloat16") / "1")
    export_model(
        directory,
        task=served.task,
        model=EncoderModel(with_precision(served.classifier, "bfloat16"), served.tokenizer),
        decision=served.decision,
    )
    return directory


def test_bfloat16_says_nearly_the_same(in_bfloat16, served, reviews, ask):
    loaded = tf.saved_model.load(in_bfloat16)
    texts = tf.constant(reviews[:150])
    rounded = loaded.signatures["serving_default"](text=texts)
    probabilities, labels = ask(reviews[:150])
    # A tiny encoder with random weights; three digits of 16 numbers leave no more.
    assert np.abs(rounded["probabilities"] - probabilities).mean() < 0.02
    assert (rounded["label"].numpy() == labels).mean() > 0.9
    classified = loaded.signatures["classify"](inputs=tf.constant(examples(reviews[:150])))
    np.testing.assert_allclose(classified["scores"], rounded["probabilities"], atol=1e-6)
    empty = loaded.signatures["serving_default"](text=tf.constant([], tf.string))
    assert empty["probabilities"].shape == (0, 3)


def test_bfloat16_halves_the_weights_and_holds_them_once(in_bfloat16, served):
    saved = tf.train.load_checkpoint(f"{in_bfloat16}/variables/variables")
    shapes, kinds = saved.get_variable_to_shape_map(), saved.get_variable_to_dtype_map()
    in_variables = sum(
        int(np.prod(shapes[name])) * kind.size
        for name, kind in kinds.items()
        if name.startswith("model/_weights/")
    )
    constants = [node.attr["value"].tensor for node in _nodes(in_bfloat16) if _is_weight(node)]
    in_graph = sum(tf.make_ndarray(constant).nbytes for constant in constants)
    assert in_graph > 0
    # The head's few weights stay in float32.
    head = sum(variable.numpy().nbytes for variable in served.classifier.head.weights)
    assert in_variables + in_graph == 2 * served.classifier.encoder.count_params() + head


def _is_weight(node):
    return node.op == "Const" and "weight_" in node.name


def _nodes(directory):
    """Every node of a model's graph and of its functions."""
    content = Path(directory, "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def
    return [*graph.node, *(node for f in graph.library.function for node in f.node_def)]


@pytest.fixture(scope="module")
def nodes(served, in_bfloat16):
    """Every node of both models."""
    return _nodes(served.directory) + _nodes(in_bfloat16)


def test_only_operations_that_stock_tf_serving_links(nodes):
    assert {node.op for node in nodes} - CORE_OPS - TEXT_OPS == set()


def test_variables_have_only_the_attributes_that_tensorflow_2_12_knows(nodes):
    attributes = {name for node in nodes if node.op == "VarHandleOp" for name in node.attr}
    assert {name for name in attributes if not name.startswith("_")} <= {
        *("allowed_devices", "container", "dtype", "shape", "shared_name"),
    }
