"""Encoders in folders of this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reviewlens.errors import RunError
from reviewlens.models import encoder_digest, fetch_encoder, load_encoder, source_fingerprint


def test_what_is_no_part_of_the_encoder_stays_where_it_is(hugging_face_folder, tmp_path):
    fetch_encoder(str(hugging_face_folder), str(tmp_path / "encoder"))
    assert sorted(os.listdir(tmp_path / "encoder")) == [
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
    ]


def test_a_saved_model_arrives_with_its_variables_and_vocabulary(tiny_encoder, tmp_path):
    record = fetch_encoder(tiny_encoder, str(tmp_path / "encoder"))
    assert sorted(os.listdir(tmp_path / "encoder")) == ["assets", "saved_model.pb", "variables"]
    assert (tmp_path / "encoder" / "assets" / "vocab.txt").is_file()
    assert record.parameters == load_encoder(tiny_encoder).count_params()
    # What it computes with is described in a file that TensorFlow does not write alike twice.
    with open(tmp_path / "encoder" / "saved_model.pb", "ab") as file:
        file.write(b"\x00")
    assert encoder_digest(str(tmp_path / "encoder")) == record.sha256


def test_a_preset_of_keras_hub_arrives_with_its_tokenizer(tmp_path, tiny_vocabulary):
    import keras_hub

    tokenizer = keras_hub.tokenizers.BertTokenizer(tiny_vocabulary, lowercase=True)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
    )
    folder = tmp_path / "preset"
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    (folder / "README.md").write_text("# A model card")

    record = fetch_encoder(str(folder), str(tmp_path / "encoder"))
    assert (record.layers, record.hidden_size) == (2, 16)
    assert not (tmp_path / "encoder" / "README.md").exists()
    (folder / "README.md").unlink()
    assert encoder_digest(str(folder)) == encoder_digest(str(tmp_path / "encoder"))
    assert load_encoder(str(tmp_path / "encoder")).count_params() == record.parameters


def test_a_link_that_leads_in_a_circle_is_not_followed(tiny_encoder, tmp_path):
    folder = tmp_path / "folder"
    shutil.copytree(tiny_encoder, folder)
    for name in ("one", "two"):
        (folder / "assets" / name).symlink_to(folder / "assets")
    fetch_encoder(str(folder), str(tmp_path / "encoder"))
    assert sorted(os.listdir(tmp_path / "encoder" / "assets")) == ["vocab.txt"]


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(RunError, match=r"folder holds no readable SavedModel"):
        fetch_encoder(str(folder), str(tmp_path / "encoder"))


@pytest.mark.parametrize("damage", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_saved_model_is_refused(damage, tiny_encoder, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_encoder, folder)
    (folder / damage).write_bytes(b"\x0a\xff\xff")

    with pytest.raises(RunError, match="damaged"):
        fetch_encoder(str(folder), str(tmp_path / "encoder"))


def test_a_saved_model_that_is_no_encoder_is_refused(tiny_preprocessor, tmp_path):
    with pytest.raises(RunError, match="is no text encoder"):
        fetch_encoder(tiny_preprocessor, str(tmp_path / "encoder"))


def test_the_fingerprint_sees_a_change_of_the_encoders_files_alone(hugging_face_folder, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(hugging_face_folder, folder)
    before = source_fingerprint(str(folder))
    (folder / "notes.txt").write_text("mine")
    assert source_fingerprint(str(folder)) == before

    with open(folder / "vocab.txt", "a", encoding="utf-8") as file:
        file.write("more\n")
    assert source_fingerprint(str(folder)) != before


def test_of_a_folder_of_versions_the_newest_is_taken(hugging_face_folder, tmp_path):
    versions = tmp_path / "versions"
    for name in ("9", "10", ".11.partial", "notes"):
        shutil.copytree(hugging_face_folder, versions / name)
        (versions / name / "LICENSE").write_text(name)
    (versions / "12").write_text("no folder")

    fetch_encoder(str(versions), str(tmp_path / "encoder"))
    assert (tmp_path / "encoder" / "LICENSE").read_text() == "10"

    before = source_fingerprint(str(versions))
    (versions / ".11.partial" / "LICENSE").write_text("longer than before")
    assert source_fingerprint(str(versions)) == before
    (versions / ".11.partial").rename(versions / "11")
    assert source_fingerprint(str(versions)) != before


def test_an_encoder_without_its_tokenizer_is_refused_in_one_line(
    tiny_encoder, hugging_face_folder, tmp_path
):
    for source, name in ((tiny_encoder, "assets/vocab.txt"), (hugging_face_folder, "vocab.txt")):
        folder = tmp_path / Path(source).name
        shutil.copytree(source, folder)
        (folder / name).unlink()
        with pytest.raises(RunError, match="vocab") as caught:
            fetch_encoder(str(folder), str(tmp_path / "encoder"))
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "encoder").exists()
