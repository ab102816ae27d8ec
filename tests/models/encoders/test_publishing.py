"""A published encoder is the trained one, whoever reads its folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from encoder_test_case import difference, random_inputs
from folders import BERT, DISTILBERT, ROBERTA, random_tensors, write_folder

from reviewlens.errors import RunError
from reviewlens.models import fetch_encoder, load_encoder, read_head, write_encoder
from reviewlens.models.encoders.formats.opening import open_encoder_files
from reviewlens.models.encoders.publishing import read_facts

KINDS = {
    # keras-hub has no other activation, epsilon or number of types.
    "bert": {**BERT, "hidden_act": "gelu_new"},
    "unlike_keras_hub": {**BERT, "layer_norm_eps": 1e-3, "type_vocab_size": 1},
    "distilbert": DISTILBERT,
    "roberta": ROBERTA,
}
STARTED_FROM = {"name": "tiny", "source": "hf://of/tiny", "sha256": "12ab", "licence": "MIT"}


@pytest.fixture(scope="module", params=KINDS)
def published(request, tmp_path_factory, tiny_vocabulary, byte_pair_files):
    """An encoder with changed weights, its head, and the folder that it was written to."""
    config = KINDS[request.param]
    files = byte_pair_files if config is ROBERTA else {"vocab.txt": tiny_vocabulary}
    folder = tmp_path_factory.mktemp(request.param)
    size = 50300 if config is ROBERTA else 500
    tensors = random_tensors(config, size, pooler=request.param != "unlike_keras_hub")
    source = write_folder(folder / "source", config, tensors, files)
    Path(source, "LICENSE").write_text("Do as you like.")
    Path(source, "NOTICE").write_text("Thanks to all.")
    encoder = load_encoder(source)
    random = np.random.default_rng(1)
    for weight in encoder.trainable_weights:
        weight.assign(weight + random.normal(0, 0.1, weight.shape))
    head = random_head(encoder, pairs=len(encoder.inputs.names) == 3)
    facts = {"name": request.param, "started_from": STARTED_FROM}
    directory = str(folder / "published" / "1")
    told = write_encoder(encoder, directory, head=head, facts=facts, source=source)
    return encoder, head, directory, told


def random_head(encoder, pairs):
    random = np.random.default_rng(2)
    size, rows = encoder.hidden_size, encoder.vocabulary_size
    shapes = {"dense/kernel": (size, size), "dense/bias": (size,), "bias": (rows,)}
    shapes |= {"norm/gamma": (size,), "norm/beta": (size,)}
    if pairs:
        shapes |= {"next_sentence/kernel": (size, 2), "next_sentence/bias": (2,)}
    return {name: random.normal(0, 0.5, shape).astype("f4") for name, shape in shapes.items()}


def guesses(encoder, head, vectors):
    """Logits of a head, in float64."""
    inner = vectors.astype(np.float64) @ head["dense/kernel"] + head["dense/bias"]
    inner = keras.ops.gelu(inner, approximate=encoder.approximate_gelu)
    inner = np.asarray(inner)
    centered = inner - inner.mean(-1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(-1, keepdims=True) + encoder.epsilon)
    scaled = scaled * head["norm/gamma"] + head["norm/beta"]
    return scaled @ np.asarray(encoder.word_embeddings).T + head["bias"]


def test_it_loads_as_the_encoder_that_was_trained(published):
    encoder, _, directory, told = published
    loaded = load_encoder(directory)
    inputs = random_inputs(encoder, [9, 4, 7], 9)

    assert type(loaded) is type(encoder)
    assert difference(loaded(inputs), encoder(inputs)) == 0
    if encoder.padding_id:
        for name, path in encoder.tokenizer_files.items():
            assert Path(directory, name).read_bytes() == Path(path).read_bytes()
    else:
        texts = ["Fits very well, 10/10!", ""]
        ids = [one.tokenizer(max_tokens=20)(texts).to_list() for one in (encoder, loaded)]
        assert ids[0] == ids[1]
    assert json.loads(Path(directory, "encoder.json").read_text()) == told == read_facts(directory)
    assert told["layers"] == 2 and told["name"] and told["started_from"] == STARTED_FROM


def test_what_others_call_the_same_is_no_record(tmp_path):
    assert read_facts(str(tmp_path)) == {}
    # The vocabulary of a byte-pair encoding has that name, too.
    (tmp_path / "encoder.json").write_text('{"files": 16624, "training": 32189}')
    assert read_facts(str(tmp_path)) == {}


def test_it_comes_with_its_head(published):
    _, head, directory, told = published
    found = read_head(directory)

    assert found.keys() == head.keys()
    assert all(np.array_equal(found[name], head[name]) for name in head)
    assert told["head"] == (["mlm", "nsp"] if "next_sentence/bias" in head else ["mlm"])


def test_it_comes_with_the_licence_of_what_it_started_from(published):
    *_, directory, _ = published
    notice = Path(directory, "NOTICE").read_text()

    assert Path(directory, "LICENSE").read_text() == "Do as you like."
    assert "tiny, from hf://of/tiny" in notice and "licence: MIT" in notice
    assert notice.endswith("Thanks to all.")


def test_whoever_fetches_it_has_all_of_it(published, tmp_path):
    *_, directory, told = published
    record = fetch_encoder(directory, str(tmp_path / "fetched"))

    assert record.sha256 == told["sha256"] and record.parameters == told["parameters"]
    assert read_head(str(tmp_path / "fetched"))
    assert {"LICENSE", "NOTICE"} <= set(os.listdir(tmp_path / "fetched"))


def test_tf_hub_loads_it(published):
    encoder, head, directory, _ = published
    if encoder.padding_id:
        assert not Path(directory, "saved_model.pb").exists()
        return
    loaded = hub.load(directory)
    inputs = random_inputs(encoder, [9, 4, 7], 9)
    given = {"input_type_ids": 0 * inputs["input_word_ids"], **inputs}
    outputs = loaded(given, training=False)

    assert difference(encoder(inputs), outputs) < 1e-5
    assert len(outputs["encoder_outputs"]) == 2
    assert np.array_equal(outputs["default"], outputs["pooled_output"])
    assert difference(loaded(given), outputs) == 0
    assert difference(loaded(given, training=True), outputs) > 1e-3
    places = np.array([[0, 8], [3, 3], [6, 1]], np.int32)
    logits = loaded.mlm({**given, "masked_lm_positions": places}, training=False)["mlm_logits"]
    vectors = np.take_along_axis(np.asarray(outputs["sequence_output"]), places[..., None], 1)
    np.testing.assert_allclose(logits, guesses(encoder, head, vectors), atol=1e-4)
    assert loaded.vocab_file.asset_path.numpy().endswith(b"assets/vocab.txt")
    assert bool(loaded.do_lower_case) == encoder.lower_case
    assert len(loaded.trainable_variables) == len(loaded.variables)

    with tf.GradientTape() as tape:
        masked = {**given, "masked_lm_positions": places}
        loss = tf.reduce_sum(loaded.mlm(masked, training=True)["mlm_logits"] ** 2)
    gradients = tape.gradient(loss, loaded.mlm.trainable_variables)
    missing = [
        v.name for v, g in zip(loaded.mlm.trainable_variables, gradients, strict=True) if g is None
    ]
    assert all("pooler" in name for name in missing)


def test_its_saved_model_is_trained_as_it_is_and_published_again(published, tmp_path):
    encoder, head, directory, told = published
    if told["name"] != "unlike_keras_hub":
        return
    loaded = load_encoder(directory, native=False)
    inputs = random_inputs(loaded, [9, 4, 7], 9)
    assert difference(encoder({n: inputs[n] for n in encoder.inputs.names}), loaded(inputs)) < 1e-5
    for variable in loaded.trainable_variables:
        variable.assign(variable + 0.01)
    head = {name: value + 0.01 for name, value in head.items()}
    again = str(tmp_path / "again")
    assert write_encoder(loaded, again, head=head)["head"] == ["mlm"]

    for native in (True, False):
        assert difference(load_encoder(again, native=native)(inputs), loaded(inputs)) < 1e-4
    found = read_head(again)
    assert all(np.array_equal(found[name], head[name]) for name in found)
    assert "bias" in found


def test_keras_hub_loads_it(published):
    encoder, _, directory, told = published
    if told["name"] != "bert":
        return
    backbone = keras_hub.models.BertBackbone.from_preset(directory, max_sequence_length=40)
    inputs = random_inputs(encoder, [9, 4, 7], 9)
    outputs = backbone(
        {
            "token_ids": inputs["input_word_ids"],
            "segment_ids": inputs["input_type_ids"],
            "padding_mask": inputs["input_mask"],
        }
    )
    mask = tf.cast(inputs["input_mask"], tf.float32)[..., None]
    ours = encoder(inputs)
    assert difference(
        {**ours, "sequence_output": ours["sequence_output"] * mask},
        {**outputs, "sequence_output": outputs["sequence_output"] * mask},
    ) < (1e-5)
    tokenizer = keras_hub.tokenizers.BertTokenizer.from_preset(directory)
    ours = encoder.tokenizer(max_tokens=20)(["Fits very well!"]).to_list()[0][1:-1]
    assert tokenizer("Fits very well!").numpy().tolist() == ours


def test_one_without_a_tokenizer_is_not_written(published, tmp_path):
    encoder, *_ = published
    bare = {"vocabulary_file": ""} if not encoder.padding_id else {"tokenizer_files": {}}
    bare = type(encoder).from_config({**encoder.get_config(), **bare})
    with pytest.raises(RunError, match="has no file of a tokenizer"):
        write_encoder(bare, str(tmp_path / "bare"))
    assert list(tmp_path.iterdir()) == []


def test_heads_of_tf_hub_and_hugging_face(tiny_encoder, tmp_path, tiny_vocabulary):
    (files,) = open_encoder_files(tiny_encoder)
    head = read_head(tiny_encoder)
    assert head.keys() == {"dense/kernel", "dense/bias", "norm/gamma", "norm/beta", "bias"}
    theirs = hub.load(tiny_encoder).mlm.variables
    (kernel,) = (v for v in theirs if "cls/predictions/transform/dense/kernel" in v.name)
    assert np.array_equal(head["dense/kernel"], kernel)

    tensors = random_tensors(BERT, 500, "bert.")
    head = random_head(load_encoder(write(tmp_path / "bare", tensors, tiny_vocabulary)), True)
    cls = {
        "cls.predictions.transform.dense.weight": head["dense/kernel"].T,
        "cls.predictions.transform.dense.bias": head["dense/bias"],
        "cls.predictions.transform.LayerNorm.weight": head["norm/gamma"],
        "cls.predictions.transform.LayerNorm.bias": head["norm/beta"],
        "cls.predictions.bias": head["bias"],
        "cls.seq_relationship.weight": head["next_sentence/kernel"].T,
        "cls.seq_relationship.bias": head["next_sentence/bias"],
    }
    found = read_head(write(tmp_path / "whole", {**tensors, **cls}, tiny_vocabulary))
    assert found.keys() == head.keys()
    assert all(np.array_equal(found[name], head[name]) for name in head)
    assert read_head(str(tmp_path / "bare")) == {}
    # One with a table of its own guesses otherwise.
    untied = {**BERT, "tie_word_embeddings": False}
    found = read_head(write(tmp_path / "untied", {**tensors, **cls}, tiny_vocabulary, untied))
    assert found.keys() == {"next_sentence/kernel", "next_sentence/bias"}
    # Half a head is none.
    del cls["cls.predictions.bias"], cls["cls.seq_relationship.bias"]
    assert read_head(write(tmp_path / "half", {**tensors, **cls}, tiny_vocabulary)) == {}


def write(directory, tensors, vocabulary, config=BERT):
    return write_folder(directory, config, tensors, {"vocab.txt": vocabulary})
