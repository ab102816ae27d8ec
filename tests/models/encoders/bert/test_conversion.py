"""BERT's and DistilBERT's weights from Hugging Face and keras-hub, against what they compute."""

from __future__ import annotations

import json
from pathlib import Path

import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from encoder_test_case import difference, random_inputs, run_encoder_test
from folders import BERT, DISTILBERT, encode, random_tensors, write_folder, write_preset

from reviewlens.errors import RunError
from reviewlens.models import BertEncoder, HubEncoder, load_encoder, load_tokenizer


@pytest.fixture
def size(tiny_vocabulary) -> int:
    return len(Path(tiny_vocabulary).read_text(encoding="utf-8").splitlines())


@pytest.fixture
def write(tmp_path, tiny_vocabulary):
    """Writes a folder; its tokenizer is that of `tiny_vocabulary` unless others are given."""

    def write(config, tensors, name="encoder", **kwargs):
        kwargs.setdefault("tokenizer_files", {"vocab.txt": tiny_vocabulary})
        return write_folder(tmp_path / name, config, tensors, **kwargs)

    return write


def check(encoder, config, tensors, atol=1e-4):
    inputs = random_inputs(encoder, [30, 4, 17], 30)
    values = {name: value.numpy() for name, value in inputs.items()}
    expected = encode(
        config,
        tensors,
        values["input_word_ids"],
        values["input_mask"],
        values.get("input_type_ids"),
    )
    assert difference(encoder(inputs), expected) < atol


@pytest.mark.parametrize("native", [True, False], ids=["native", "hub"])
def test_it_is_an_encoder(tiny_encoder, native):
    encoder = load_encoder(tiny_encoder, native=native)
    assert type(encoder) is (BertEncoder if native else HubEncoder)
    run_encoder_test(encoder)


@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("pooler", [True, False], ids=["pooler", "no pooler"])
def test_bert_of_hugging_face(write, size, prefix, pooler):
    tensors = random_tensors(BERT, size, prefix, pooler)
    head = {"cls.predictions.bias": np.zeros(size, np.float32)}
    encoder = load_encoder(write(BERT, {**tensors, **head}))
    assert encoder.has_pooler is pooler and encoder.lower_case
    assert (encoder.max_positions, encoder.num_layers, encoder.num_heads) == (40, 2, 2)
    check(encoder, BERT, tensors)


def test_early_names_and_the_other_gelu_of_hugging_face(write, size):
    config = {**BERT, "hidden_act": "gelu_new", "layer_norm_eps": 1e-3}
    tensors = random_tensors(config, size, "bert.")
    early = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in tensors.items()
    }
    check(load_encoder(write(config, early)), config, tensors)


def test_distilbert_has_no_types_and_no_pooler(write, size):
    tensors = random_tensors(DISTILBERT, size, "distilbert.")
    encoder = load_encoder(write(DISTILBERT, tensors))
    assert encoder.inputs.names == ("input_word_ids", "input_mask")
    check(encoder, DISTILBERT, tensors)
    run_encoder_test(encoder)


@pytest.mark.parametrize(("dtype", "atol"), [("float16", 2e-2), ("bfloat16", 2e-1)])
def test_halves_and_parts_are_read_as_they_are(write, size, dtype, atol):
    tensors = random_tensors(BERT, size)
    encoder = load_encoder(write(BERT, tensors, dtype=dtype, shards=3))
    assert {variable.dtype for variable in encoder.trainable_variables} == {"float32"}
    rounded = tensors["pooler.dense.bias"].astype(
        np.float16 if dtype == "float16" else tf.bfloat16.as_numpy_dtype
    )
    np.testing.assert_array_equal(encoder.pooler[1].numpy(), rounded.astype(np.float32))
    check(encoder, BERT, tensors, atol)


def test_bert_of_keras_hub(tmp_path, tiny_vocabulary, size):
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=size,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=40,
    )
    tokenizer = {"class_name": "BertTokenizer", "config": {"lowercase": True}}
    assets = {"vocabulary.txt": tiny_vocabulary}
    folder = write_preset(tmp_path / "preset", backbone, tokenizer, assets)

    encoder = load_encoder(folder)

    inputs = random_inputs(encoder, [30, 4, 17], 30)
    theirs = backbone(
        {
            "token_ids": inputs["input_word_ids"],
            "padding_mask": inputs["input_mask"],
            "segment_ids": inputs["input_type_ids"],
        }
    )
    assert difference(encoder(inputs), theirs) < 1e-4
    assert (
        load_tokenizer(folder, max_tokens=9)(["The"]).to_list()
        == load_tokenizer(folder, max_tokens=9)(["the"]).to_list()
    )


def fast_tokenizer(vocabulary: str, **normalizer) -> dict:
    pieces = Path(vocabulary).read_text(encoding="utf-8").splitlines()
    return {
        "normalizer": {"type": "BertNormalizer", "lowercase": True, **normalizer},
        "model": {"type": "WordPiece", "vocab": {piece: i for i, piece in enumerate(pieces)}},
    }


def test_the_vocabulary_may_lie_in_tokenizer_json(write, size, tiny_vocabulary, tmp_path):
    path = tmp_path / "fast.json"
    path.write_text(json.dumps(fast_tokenizer(tiny_vocabulary, lowercase=False)))
    folder = write(BERT, random_tensors(BERT, size), tokenizer_files={"tokenizer.json": str(path)})
    encoder = load_encoder(folder)
    assert encoder.lower_case is False
    tokenizer = encoder.tokenizer(max_tokens=20)
    assert tokenizer.files == {"tokenizer.json": f"{folder}/tokenizer.json"}
    cased = BertEncoder(size, 16, 1, 2, 32, vocabulary_file=tiny_vocabulary, lower_case=False)
    assert tokenizer(["It works"]).to_list() == cased.tokenizer(20)(["It works"]).to_list()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_act": "relu"}, "the activation 'relu'; known are gelu, "),
        ({"position_embedding_type": "relative_key"}, "is of 'relative_key' positions"),
        ({"is_decoder": True}, "is a decoder, which is not computed here"),
        ({"num_hidden_layers": 3}, "lack encoder.layer.2"),
        ({"num_hidden_layers": 1}, "weights that its architecture, bert, has not: encoder.layer.1"),
        ({"intermediate_size": 64}, "is of shape .* which does not make"),
        ({"num_attention_heads": None}, "has None for num_attention_heads"),
    ],
)
def test_a_configuration_that_is_not_the_weights(write, size, changes, message):
    with pytest.raises(RunError, match=message) as caught:
        load_encoder(write({**BERT, **changes}, random_tensors(BERT, size)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "is BertJapaneseTokenizer with"),
        ({"do_lower_case": True, "strip_accents": False}, "in its own way"),
        ({"tokenize_chinese_chars": False}, "in its own way"),
    ],
)
def test_a_tokenizer_that_is_not_berts(write, size, tiny_vocabulary, tmp_path, settings, message):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(settings))
    files = {"vocab.txt": tiny_vocabulary, "tokenizer_config.json": str(path)}
    with pytest.raises(RunError, match=message):
        load_encoder(write(BERT, random_tensors(BERT, size), tokenizer_files=files))


def test_a_tokenizer_that_does_not_fit(write, size):
    folder = write(BERT, random_tensors(BERT, size - 1))
    with pytest.raises(RunError, match=f"has {size} tokens, and there are {size - 1} embeddings"):
        load_encoder(folder)


def test_an_encoder_without_tokenizer(write, size):
    folder = write(BERT, random_tensors(BERT, size), tokenizer_files={})
    with pytest.raises(RunError, match="no vocabulary: neither vocab.txt nor tokenizer.json"):
        load_encoder(folder)
