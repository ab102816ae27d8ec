"""RoBERTa's weights from Hugging Face and keras-hub, against what they compute."""

from __future__ import annotations

import keras_hub
import numpy as np
import pytest
from encoder_test_case import difference, random_inputs, run_encoder_test
from folders import ROBERTA, encode, random_tensors, write_folder, write_preset

from reviewlens.errors import RunError
from reviewlens.models import RobertaEncoder, load_encoder, load_tokenizer

# GPT-2's pieces and five special tokens.
SIZE = 50_261


def check(encoder, tensors):
    inputs = random_inputs(encoder, [30, 4, 17], 30)
    assert tuple(inputs) == ("input_word_ids", "input_mask")
    values = [value.numpy() for value in inputs.values()]
    assert difference(encoder(inputs), encode(ROBERTA, tensors, *values)) < 1e-4


@pytest.mark.parametrize(
    ("prefix", "pooler"), [("", True), ("roberta.", False)], ids=["RobertaModel", "with a head"]
)
def test_roberta_of_hugging_face(tmp_path, byte_pair_files, prefix, pooler):
    tensors = random_tensors(ROBERTA, SIZE, prefix, pooler)
    head = {"lm_head.bias": np.zeros(SIZE, np.float32)}
    files = {name: byte_pair_files[name] for name in ("vocab.json", "merges.txt")}
    folder = write_folder(tmp_path / "encoder", ROBERTA, {**tensors, **head}, files)

    encoder = load_encoder(folder)

    assert isinstance(encoder, RobertaEncoder)
    # The table has 42 rows, of which the first two are of padding.
    assert (encoder.max_positions, encoder.num_types, encoder.has_pooler) == (40, 1, pooler)
    check(encoder, tensors)
    run_encoder_test(encoder)
    assert encoder.inputs.padding_id == encoder.tokenizer(max_tokens=8).padding_id == 1


def test_roberta_of_keras_hub(tmp_path, byte_pair_files):
    backbone = keras_hub.models.RobertaBackbone(
        vocabulary_size=SIZE,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=40,
    )
    tokenizer = {"class_name": "RobertaTokenizer", "config": {"add_prefix_space": False}}
    assets = {
        "vocabulary.json": byte_pair_files["vocab.json"],
        "merges.txt": byte_pair_files["merges.txt"],
    }
    folder = write_preset(tmp_path / "preset", backbone, tokenizer, assets)

    encoder = load_encoder(folder)

    assert (encoder.num_types, encoder.has_pooler, encoder.max_positions) == (0, False, 40)
    inputs = random_inputs(encoder, [30, 4, 17], 30)
    theirs = backbone({"token_ids": inputs["input_word_ids"], "padding_mask": inputs["input_mask"]})
    expected = {"sequence_output": theirs, "pooled_output": theirs[:, 0]}
    assert difference(encoder(inputs), expected) < 1e-4
    ids = load_tokenizer(folder, max_tokens=9)(["Fits well!"]).to_list()
    assert ids == encoder.tokenizer(max_tokens=9)(["Fits well!"]).to_list()
    assert (ids[0][0], ids[0][-1]) == (0, 2)


def test_a_tokenizer_that_does_not_fit(tmp_path, byte_pair_files):
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    folder = write_folder(tmp_path / "encoder", ROBERTA, random_tensors(ROBERTA, 1000), files)
    with pytest.raises(RunError, match="has 50,261 tokens, and there are 1,000 embeddings"):
        load_encoder(folder)
    assert load_tokenizer(folder, max_tokens=4)(["a b c d"]).to_list()[0][-1] == 2


def test_an_encoder_without_tokenizer(tmp_path):
    folder = write_folder(tmp_path / "encoder", ROBERTA, random_tensors(ROBERTA, 300), {})
    with pytest.raises(RunError, match="has no vocabulary and merges of byte pairs"):
        load_encoder(folder)
