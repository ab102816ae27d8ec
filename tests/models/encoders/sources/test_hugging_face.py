"""Models of the Hugging Face Hub, over its protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from folders import BERT, random_tensors, write_folder

from reviewlens.errors import RunError, UsageError
from reviewlens.models import fetch_encoder, source_fingerprint
from reviewlens.models.encoders.sources.registry import find_source

MODEL = "me/tiny-bert"
ENCODER_FILES = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]


@pytest.fixture
def repository(hub, hugging_face_folder, tmp_path):
    """A copy of the folder that a test may change, on the server."""
    folder = tmp_path / "repository"
    shutil.copytree(hugging_face_folder, folder)
    return hub.add(MODEL, folder)


def refusal(source, tmp_path) -> str:
    with pytest.raises(RunError) as raised:
        fetch_encoder(source, str(tmp_path / "out" / "encoder"))
    assert not os.listdir(tmp_path / "out")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_model_arrives_as_it_is_and_nothing_else_is_fetched(hub, repository, tmp_path):
    record = fetch_encoder(f"hf://{MODEL}", str(tmp_path / "encoder"))

    assert sorted(os.listdir(tmp_path / "encoder")) == ENCODER_FILES
    for name in ENCODER_FILES:
        assert (tmp_path / "encoder" / name).read_bytes() == (repository.folder / name).read_bytes()
    assert (record.hidden_size, record.layers) == (16, 2)
    assert record.source == record.name == f"hf://{MODEL}"
    fetched = {line.rpartition("/")[2] for line in hub.asked if "/resolve/" in line}
    assert fetched == set(ENCODER_FILES)


def test_weights_in_parts_arrive_with_their_index(hub, tiny_vocabulary, tmp_path):
    size = Path(tiny_vocabulary).read_text(encoding="utf-8").count("\n")
    tensors, files = random_tensors(BERT, size), {"vocab.txt": tiny_vocabulary}
    write_folder(tmp_path / "parts", BERT, tensors, files, dtype="bfloat16", shards=3)
    hub.add(MODEL, tmp_path / "parts")

    assert fetch_encoder(f"hf://{MODEL}", str(tmp_path / "encoder")).layers == 2
    assert sorted(os.listdir(tmp_path / "encoder")) == sorted(os.listdir(tmp_path / "parts"))
    assert len(list((tmp_path / "encoder").glob("model-0000*-of-00003.safetensors"))) == 3


def test_it_is_the_same_encoder_as_its_folder(repository, hugging_face_folder, tmp_path):
    fetched = fetch_encoder(f"hf://{MODEL}@{repository.commit}", str(tmp_path / "a"))
    copied = fetch_encoder(str(hugging_face_folder), str(tmp_path / "b"))
    assert fetched.sha256 == copied.sha256
    assert fetched.parameters == copied.parameters


@pytest.mark.parametrize("revision", ["", "@main", "@" + "a" * 40])
def test_what_was_fetched_once_needs_no_network(revision, hub, repository, tmp_path):
    source = f"hf://{MODEL}{revision}"
    first, known = fetch_encoder(source, str(tmp_path / "first")), source_fingerprint(source)
    hub.stop()

    assert fetch_encoder(source, str(tmp_path / "again")) == first
    assert source_fingerprint(source) == known == f"hf://{MODEL}@{'a' * 40}"


def test_the_fingerprint_follows_the_branch_but_not_a_pinned_commit(hub, repository):
    pinned = f"hf://{MODEL}@{repository.commit}"
    before = source_fingerprint(f"hf://{MODEL}"), source_fingerprint(pinned)
    repository.commit = "b" * 40
    asked = len(hub.asked)

    assert source_fingerprint(pinned) == before[1] == pinned
    assert len(hub.asked) == asked, "a commit is its own fingerprint"
    assert source_fingerprint(f"hf://{MODEL}") == f"hf://{MODEL}@{'b' * 40}" != before[0]


def test_a_private_model_is_opened_by_the_token(repository, tmp_path, monkeypatch):
    repository.token = "hf_secret"
    said = refusal(f"hf://{MODEL}", tmp_path)
    assert said.startswith(f"there is no model {MODEL} on http")
    assert "HF_TOKEN" in said

    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert fetch_encoder(f"hf://{MODEL}", str(tmp_path / "encoder")).layers == 2


def test_a_gated_model_is_refused(repository, tmp_path):
    repository.gated = True
    assert f"hf://{MODEL} is gated: accept its terms on http" in refusal(f"hf://{MODEL}", tmp_path)


def test_a_model_that_is_not_there_is_refused(hub, tmp_path):
    assert refusal("hf://me/none", tmp_path).startswith("there is no model me/none on http")


def test_a_revision_that_is_not_there_is_refused(repository, tmp_path):
    assert f"{MODEL} has no revision 'v9'" in refusal(f"hf://{MODEL}@v9", tmp_path)
    unknown = f"hf://{MODEL}@{'c' * 40}"
    assert f"{MODEL} has no revision '{'c' * 40}'" in refusal(unknown, tmp_path)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["config.json"], "is no encoder: it has neither saved_model.pb"),
        (
            ["model.safetensors"],
            "has its weights only as a pickle, pytorch_model.bin, which may run any code",
        ),
        (["model.safetensors", "pytorch_model.bin"], "has no weights: there is no model.safe"),
        (["vocab.txt"], "has no tokenizer: there is neither tokenizer.json nor vocab.txt"),
    ],
)
def test_wrong_files_are_told_by_their_names(missing, said, hub, repository, tmp_path):
    for name in missing:
        (repository.folder / name).unlink()
    assert f"hf://{MODEL} {said}" in refusal(f"hf://{MODEL}", tmp_path)
    assert not [line for line in hub.asked if "/resolve/" in line]


def test_without_a_network_and_a_cache_one_line_says_what_works(hub, tmp_path):
    hub.stop()
    said = refusal(f"hf://{MODEL}", tmp_path)
    assert said == (
        f"cannot reach {hub.address} for hf://{MODEL}; without a network, these encoders work: "
        "minilm-l6"
    )
    assert source_fingerprint(f"hf://{MODEL}") == f"hf://{MODEL}@main"


@pytest.mark.parametrize("text", ["hf://", "hf://bert", "hf://a/b/c", "hf://a/b@", "hf://a/../b"])
def test_an_address_that_is_none_is_refused_at_once(text):
    with pytest.raises(UsageError, match="is written hf://OWNER/NAME or hf://OWNER/NAME@REVISION"):
        find_source(text)


def test_the_environment_says_which_server_and_cache(hub, repository, tmp_path):
    code = (
        "import sys; from reviewlens.models.encoders.sources.registry import find_source; "
        f"print(find_source('hf://{MODEL}').fetch(None))"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    folder = Path(printed.stdout.strip())
    assert folder.is_relative_to(tmp_path / "home")
    assert sorted(os.listdir(folder)) == ENCODER_FILES

    hub.stop()
    environment["HF_HUB_OFFLINE"] = "1"
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout == printed.stdout
