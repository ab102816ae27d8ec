from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_text  # noqa: F401  registers the operations of the preprocessor
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import transform_pb2
from tfx.types import channel, standard_artifacts
from tfx.utils import proto_utils

from reviewlens.components import ReviewTransform
from reviewlens.components.tokenized_examples import TOKENS_FEATURE
from reviewlens.components.transform import preprocessing_fn
from reviewlens.components.transform.component import PREPROCESSING_FN, Executor
from reviewlens.models.encoders.registry import load_tokenizer
from reviewlens.models.encoders.truncation import UNCUT

# Longer than any of the reviews.
LENGTH = 512
SPLITS = ("train", "eval", "test")


@pytest.fixture(scope="module")
def transformed(artifacts_in, tiny_encoder, reviews, tmp_path_factory):
    """Runs the node on 90 reviews; returns its output and the reviews."""
    folder = tmp_path_factory.mktemp("transform")
    make_artifact = artifacts_in(folder)
    texts = ["", "Größe 3 ½ — 很好 😀", *reviews[:88]]
    examples = make_artifact(standard_artifacts.Examples, split_names=json.dumps(SPLITS))
    for offset, split in enumerate(SPLITS):
        directory = Path(examples.uri, f"Split-{split}")
        directory.mkdir(parents=True)
        path = directory / "data_tfrecord-00000-of-00001.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for row in range(offset, len(texts), 3):
                example = tf.train.Example()
                example.features.feature["text"].bytes_list.value.append(texts[row].encode())
                example.features.feature["label"].int64_list.value.append(row)
                example.features.feature["grade"].int64_list.value.append(row % 4)
                shares = example.features.feature["grade_shares"].float_list.value
                shares.extend([row / 100, 1 - row / 100, 0, 0])
                writer.write(example.SerializeToString())
    schema = make_artifact(standard_artifacts.Schema)
    proto = schema_pb2.Schema()
    features = (("text", "BYTES", 1), ("label", "INT", 1), ("grade", "INT", 1))
    for name, kind, size in (*features, ("grade_shares", "FLOAT", 4)):
        feature = proto.feature.add(name=name, type=schema_pb2.FeatureType.Value(kind))
        feature.presence.min_fraction = 1.0
        feature.shape.dim.add(size=size)
    tfdv.write_schema_text(proto, f"{schema.uri}/schema.pbtxt")
    encoder = make_artifact(standard_artifacts.Model)
    shutil.copytree(tiny_encoder, Path(encoder.uri, "Format-Serving"))
    output = make_artifact(standard_artifacts.Examples)
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
        tmp_dir=str(folder / "scratch"),
        unique_id="1",
    )
    splits = transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "eval"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["pytest"])
        Executor(context).Do(
            {"examples": [examples], "schema": [schema], "encoder": [encoder]},
            {
                "transform_graph": [make_artifact(standard_artifacts.TransformGraph)],
                "transformed_examples": [output],
            },
            {
                "preprocessing_fn": PREPROCESSING_FN,
                "splits_config": proto_utils.proto_to_json(splits),
                "disable_statistics": 1,
                "keeps_text": 1,
                "task": "text-classification",
            },
        )
    return output, texts


def test_the_splits_that_are_trained_on_are_tokenized(transformed):
    output, _ = transformed

    assert sorted(path.name for path in Path(output.uri).iterdir()) == ["Split-eval", "Split-train"]


def test_tokens_are_those_of_the_encoders_own_preprocessor_beside_the_text(
    transformed, tiny_preprocessor
):
    output, texts = transformed
    preprocessor = tf.saved_model.load(tiny_preprocessor)
    files = tf.io.gfile.glob(f"{output.uri}/Split-eval/*")
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    assert len(records) == 30

    for record in records:
        feature = tf.train.Example.FromString(record).features.feature
        (row,) = feature["label"].int64_list.value
        shares = [row / 100, 1 - row / 100, 0, 0]
        assert list(feature["grade"].float_list.value) == pytest.approx(shares)
        assert list(feature["text"].bytes_list.value) == [texts[row].encode()]
        tokens = list(feature[TOKENS_FEATURE].int64_list.value)
        pieces = preprocessor.tokenize(tf.constant([texts[row]]))
        packed = preprocessor.bert_pack_inputs([pieces], seq_length=LENGTH)
        ids = packed["input_word_ids"][0].numpy()
        assert tokens == ids[: packed["input_mask"][0].numpy().sum()].tolist()


def test_without_an_encoder_the_text_is_what_is_left():
    inputs = {
        "text": tf.constant([["Works."], [b"\xff"]]),
        "label": tf.constant([[1], [0]], tf.int64),
        "grade_shares": tf.constant([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]),
    }
    outputs = preprocessing_fn(inputs, {"task": "text-classification", "keeps_text": True})

    assert set(outputs) == {"text", "label", "grade"}
    assert outputs["text"].numpy().tolist() == [b"Works.", b"\xff"]
    assert outputs["label"].numpy().tolist() == [1, 0]


def test_pieces_of_entities_are_tagged_and_cut_entities_counted(tiny_encoder):
    rows = [
        ("A new battery, a new lens", "6:13:0 21:25:1"),
        ("", ""),
        ("Bad batteries", "4:13:1"),
        ("The battery", "4:8:0"),
    ]
    text, spans = zip(*rows, strict=True)
    inputs = {"text": tf.constant(text)[:, None], "spans": tf.constant(spans)[:, None]}
    config = {"task": "token-classification", "keeps_text": False, "encoder": tiny_encoder}

    outputs = preprocessing_fn(inputs, config)

    assert set(outputs) == {"tokens", "tag", "word", "entities", "cut_entities"}
    tags, words = outputs["tag"].to_list(), outputs["word"].to_list()
    assert [len(row) for row in tags] == outputs["tokens"].row_lengths().numpy().tolist()
    # start, a, new, battery, comma, a, new, lens, end
    assert tags[0] == [0, 0, 0, 1, 0, 0, 0, 3, 0]
    assert words[0] == [-1, 1, 1, 1, 1, 1, 1, 1, -1]
    assert (tags[1], words[1]) == ([0, 0], [-1, -1])
    # Letters of a word that is not in the vocabulary.
    assert tags[2][1:-1] == [0, 3, *[4] * (len(tags[2]) - 4)]
    assert words[2][2:-1] == [1, *[0] * (len(words[2]) - 4)]
    assert tags[3] == [0, 0, 1, 0]
    assert outputs["entities"].numpy().tolist() == [2, 0, 1, 1]
    assert outputs["cut_entities"].numpy().tolist() == [0, 0, 0, 1]


def test_questions_stand_before_their_texts_and_their_answers_are_marked(tiny_encoder):
    rows = [
        ("What is new ?", "A new battery, a new lens", "21:25 6:13"),
        ("Is it ?", "", ""),
        ("For whom ?", "Bad batteries", "4:11"),
    ]
    features = zip(("question", "text", "spans"), zip(*rows, strict=True), strict=True)
    inputs = {name: tf.constant(values)[:, None] for name, values in features}
    config = {"task": "question-answering", "keeps_text": False, "encoder": tiny_encoder}

    outputs = preprocessing_fn(inputs, config)

    counts = {"answered", "right_answers", "cut_answers"}
    assert set(outputs) == {"tokens", "second", "answers", *counts}
    tokens, answers = outputs["tokens"].to_list(), outputs["answers"].to_list()
    tokenizer = load_tokenizer(tiny_encoder, max_tokens=UNCUT)
    alone = [tokenizer(tf.constant(each)).to_list() for each in list(zip(*rows, strict=True))[:2]]
    for place, second in enumerate(outputs["second"].numpy()):
        question, text = (each[place] for each in alone)
        assert tokens[place] == question + text[1:] and second == len(question)
        assert answers[place][:second] == [-1] * second and answers[place][-1] == -1
    # a, new, battery, comma, a, new, lens
    assert answers[0][-8:-1] == [0, 0, 2, 0, 0, 0, 1]
    assert len(answers[1]) == outputs["second"].numpy()[1] + 1
    assert 1 in answers[2]
    assert [outputs[name].numpy().tolist() for name in ("answered", "right_answers")] == [
        [1, 0, 1],
        [2, 0, 1],
    ]
    assert outputs["cut_answers"].numpy().tolist() == [0, 0, 0]


def test_a_process_that_ran_the_node_declares_it_for_the_next_run(transformed):
    inputs = {
        "examples": standard_artifacts.Examples,
        "schema": standard_artifacts.Schema,
        "encoder": standard_artifacts.Model,
    }

    node = ReviewTransform(
        **{name: channel.Channel(type=kind) for name, kind in inputs.items()},
        task="text-classification",
    )

    assert node.exec_properties["task"] == "text-classification"
