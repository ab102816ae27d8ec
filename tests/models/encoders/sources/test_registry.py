"""Which kind of source a text names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from reviewlens.errors import RunError, UsageError
from reviewlens.models import fetch_encoder, register_source, source_fingerprint
from reviewlens.models.encoders.sources import registry
from reviewlens.models.encoders.sources.registry import find_source, source_problem

KINDS = {
    "minilm-l6": "InstalledPackage",
    "roberta-base": "HuggingFace",
    "electra-small": "TFHub",
    "package:somebody/model": "InstalledPackage",
    "hf://owner/name": "HuggingFace",
    "hf://owner/name@v1.0": "HuggingFace",
    "https://tfhub.dev/google/electra_small/2": "TFHub",
    "gs://bucket/encoder": "TFHub",
    "google/bert/tensorFlow2/bert-en-uncased-l-12-h-768-a-12/4": "TFHub",
    "kaggle://keras/roberta/keras/roberta_base_en": "Kaggle",
    "keras/roberta/keras/roberta_base_en/3": "Kaggle",
    "encoders/mine.tar.gz": "Archive",
    "mine.tgz": "Archive",
    "encoders/mine": "Folder",
    "/volumes/mine": "Folder",
    "~/mine": "Folder",
}


@pytest.mark.parametrize("text", KINDS)
def test_a_text_is_of_one_kind_whether_or_not_it_is_there(text):
    source = find_source(text)
    assert type(source).__name__ == KINDS[text]
    assert source.is_path == (KINDS[text] in ("Archive", "Folder"))
    assert source_problem(text) is None


def test_what_lies_here_comes_before_what_a_handle_may_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keras/roberta/keras/roberta_base_en").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    assert find_source("keras/roberta/keras/roberta_base_en").is_path
    assert find_source("mine").is_path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("minilm", "which is no name of the catalog; did you mean minilm-l6?"),
        ("something", "which is no name of the catalog; `reviewlens encoders` lists the names"),
        ("hf://bert", "a model of Hugging Face is written hf://OWNER/NAME or "),
        ("kaggle://keras/bert", "a model of Kaggle is written kaggle://OWNER/MODEL/"),
    ],
)
def test_what_names_nothing_is_told_with_what_would_be_right(text, problem):
    assert problem in source_problem(text)
    with pytest.raises(UsageError, match="^the encoder is '") as raised:
        find_source(text)
    assert problem in str(raised.value)


def test_one_more_kind_is_one_class(hugging_face_folder, tmp_path, monkeypatch):
    path = Path(__file__).with_name("toy_source.py")
    spec = importlib.util.spec_from_file_location("toy_source", path)
    toy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toy)
    monkeypatch.setattr(registry, "SOURCES", list(registry.SOURCES))
    monkeypatch.setenv("BOX", str(hugging_face_folder.parent))
    register_source(toy.Box)
    source = f"box:{hugging_face_folder.name}"

    assert source_problem(source) is None
    record = fetch_encoder(source, str(tmp_path / "encoder"))
    assert record.sha256 == fetch_encoder(str(hugging_face_folder), str(tmp_path / "b")).sha256
    assert source_fingerprint(source) == source_fingerprint(source)
    with pytest.raises(RunError, match="box:none: there is no such thing in the box"):
        fetch_encoder("box:none", str(tmp_path / "none"))
