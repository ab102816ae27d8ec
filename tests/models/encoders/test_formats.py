"""Folders that are no encoder, or not a whole one, get one line; nothing in them is run."""

from __future__ import annotations

import json

import pytest
from folders import BERT, random_tensors, write_folder

from reviewlens.errors import RunError
from reviewlens.models import load_encoder


@pytest.fixture
def folder(tmp_path, tiny_vocabulary):
    files = {"vocab.txt": tiny_vocabulary}
    write_folder(tmp_path / "encoder", BERT, random_tensors(BERT, 500), files)
    return tmp_path / "encoder"


@pytest.mark.parametrize("kind", ["deberta-v2", "mpnet", "t5", "xlm-roberta", "electra"])
def test_another_architecture_is_named_beside_the_known_ones(folder, kind):
    (folder / "config.json").write_text(json.dumps({**BERT, "model_type": kind}))
    with pytest.raises(RunError, match=f"architecture {kind}, which is not known .* are bert"):
        load_encoder(str(folder))


def test_a_converted_encoder_is_not_run_as_it_is(folder):
    with pytest.raises(RunError, match="is no SavedModel, .* choose model.native=true"):
        load_encoder(str(folder), native=False)


def test_pickles_are_not_loaded(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cposix\nsystem\n.")
    with pytest.raises(RunError, match="are pickled .pytorch_model.bin., .* is never loaded"):
        load_encoder(str(folder))


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(RunError, match="holds no weights: there is no model.safetensors"):
        load_encoder(str(folder))


def test_a_part_of_the_weights_is_missing(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    for elsewhere in ("model-00002-of-00002.safetensors", "../config.json"):
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": elsewhere}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        with pytest.raises(RunError, match=f"lacks weights that .* names: {elsewhere}"):
            load_encoder(str(folder))


@pytest.mark.parametrize("kept", [0, 7, 100, 4000, -1])
def test_weights_that_are_cut_off(folder, kept):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:kept])
    with pytest.raises(RunError, match="model.safetensors cannot be read: ") as caught:
        load_encoder(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"model_type": "bert"}'])
def test_a_configuration_that_says_nothing(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(RunError, match="config") as caught:
        load_encoder(str(folder))
    assert "\n" not in str(caught.value)


def test_an_empty_folder(tmp_path):
    with pytest.raises(RunError, match="holds no readable SavedModel, .* and no config.json"):
        load_encoder(str(tmp_path))
