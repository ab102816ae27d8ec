"""Encoders of TF Hub and Kaggle: what is cached, and what is said where nothing answers."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reviewlens.errors import RunError, UsageError
from reviewlens.models import fetch_encoder, source_fingerprint
from reviewlens.models.encoders.sources import hub
from reviewlens.models.encoders.sources.registry import find_source

PRESET = "keras/tiny/keras/tiny_en"


def test_an_address_that_was_fetched_before_needs_no_network(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    serve = functools.partial(SimpleHTTPRequestHandler, directory=os.path.dirname(archive))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/encoder.tar.gz"
        first = fetch_encoder(address, str(tmp_path / "first"))
        server.shutdown()

    again = fetch_encoder(address, str(tmp_path / "again"))

    assert again == first


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://127.0.0.1:9/encoder.tar.gz", "minilm-l6"),
        ("https://nowhere.invalid/encoder/1", "cannot reach"),
    ],
)
def test_what_cannot_be_reached_is_named(source, said, tmp_path):
    with pytest.raises(RunError, match=said):
        fetch_encoder(source, str(tmp_path / "encoder"))

    assert not os.listdir(tmp_path)


@pytest.fixture
def kaggle_cache(hugging_face_folder, tmp_path, monkeypatch):
    """Versions 2 and 10 of a preset, as Kaggle's library keeps them, and half of version 11."""
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "is_reachable", lambda address: False)
    folder = tmp_path / "cache" / "models" / PRESET
    for version in ("2", "10"):
        shutil.copytree(hugging_face_folder, folder / version)
        (folder / f"{version}.complete").touch()
    (folder / "11").mkdir()


@pytest.mark.parametrize(
    ("source", "version"),
    [
        (f"kaggle://{PRESET}", "10"),
        (f"kaggle://{PRESET}/2", "2"),
        (f"{PRESET}/10", "10"),
    ],
)
def test_a_preset_of_kaggle_that_is_here_needs_no_network(source, version, kaggle_cache, tmp_path):
    found = find_source(source).fetch(tmp_path)
    assert found == tmp_path / "cache" / "models" / PRESET / version
    assert fetch_encoder(source, str(tmp_path / "encoder")).layers == 2
    assert source_fingerprint(source) == source


@pytest.mark.parametrize("handle", [f"{PRESET}/11", "keras/none/keras/none_en"])
def test_a_preset_of_kaggle_that_is_not_here_needs_one(handle, kaggle_cache, tmp_path):
    with pytest.raises(RunError, match=f"cannot reach https://www.kaggle.com/models/{handle}; "):
        fetch_encoder(f"kaggle://{handle}", str(tmp_path / "encoder"))


def test_a_handle_of_kaggle_that_is_none_is_refused_at_once():
    with pytest.raises(UsageError, match="is written kaggle://OWNER/MODEL/FRAMEWORK/VARIATION"):
        find_source("kaggle://keras/roberta")
