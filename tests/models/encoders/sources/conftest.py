"""Tiny encoders in the formats that sources bring, and a server that speaks as the Hub does."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from fake_hub import FakeHub
from folders import BERT, random_tensors, write_folder


@pytest.fixture(scope="session")
def hugging_face_folder(tmp_path_factory, tiny_vocabulary) -> Path:
    """A BERT of random weights as Hugging Face has it, with files that are no part of it."""
    folder = tmp_path_factory.mktemp("hugging_face") / "tiny-bert"
    size = Path(tiny_vocabulary).read_text(encoding="utf-8").count("\n")
    config = {**BERT, "vocab_size": size}
    write_folder(folder, config, random_tensors(BERT, size), {"vocab.txt": tiny_vocabulary})
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    (folder / "README.md").write_text("# A model card")
    (folder / "pytorch_model.bin").write_bytes(b"\x80never opened")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"other weights")
    return folder


@pytest.fixture(scope="session")
def archive(tmp_path_factory, hugging_face_folder) -> str:
    """Path of a `.tar.gz` of it."""
    path = str(tmp_path_factory.mktemp("archive") / "encoder.tar.gz")
    with tarfile.open(path, "w:gz") as opened:
        opened.add(hugging_face_folder, ".")
    return path


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A `FakeHub` that Hugging Face's library takes for the Hub, and an empty cache."""
    from huggingface_hub import constants

    hub = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    # The library reads HF_HOME when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield hub
    hub.stop()
