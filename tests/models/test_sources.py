"""Fetching encoders: what arrives, and what is said where nothing can."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reviewlens.errors import RunError, UsageError
from reviewlens.models import ENCODERS, fetch_encoder, load_encoder, source_fingerprint


@pytest.fixture(scope="module")
def archive(tmp_path_factory, tiny_encoder) -> str:
    path = str(tmp_path_factory.mktemp("archive") / "encoder.tar.gz")
    with tarfile.open(path, "w:gz") as opened:
        opened.add(tiny_encoder, ".")
    return path


def test_a_folder_and_its_archive_arrive_alike(tiny_encoder, archive, tmp_path):
    from_folder = fetch_encoder(tiny_encoder, str(tmp_path / "new" / "a"))
    from_archive = fetch_encoder(archive, str(tmp_path / "new" / "b"))

    assert sorted(os.listdir(tmp_path / "new")) == ["a", "b"], "nothing temporary is left"
    assert sorted(os.listdir(tmp_path / "new" / "a")) == ["assets", "saved_model.pb", "variables"]
    assert (tmp_path / "new" / "b" / "assets" / "vocab.txt").is_file()
    assert from_folder.sha256 == from_archive.sha256
    assert from_folder.parameters == load_encoder(tiny_encoder).count_params()
    assert dataclasses.astuple(from_folder)[4:] == (16, 2, True)
    assert load_encoder(str(tmp_path / "new" / "a")).hidden_size == 16


def test_the_embedded_encoder_needs_no_network(tmp_path):
    record = fetch_encoder("minilm-l6", str(tmp_path / "encoder"))

    preset = ENCODERS["minilm-l6"]
    assert record.parameters == preset.parameters
    assert (record.layers, record.hidden_size) == (preset.layers, preset.hidden_size)
    assert record.lower_case is preset.lower_case
    assert fetch_encoder("minilm-l6", str(tmp_path / "again")).sha256 == record.sha256


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
    ("source", "error", "said"),
    [
        ("minilm-16", UsageError, "'minilm-l6'"),
        ("electra_small", UsageError, "'electra-small'"),
        ("./no/such/folder", RunError, "no such file or folder"),
        ("missing.tar.gz", RunError, "missing.tar.gz"),
        ("http://127.0.0.1:9/encoder.tar.gz", RunError, "minilm-l6"),
        ("https://nowhere.invalid/encoder/1", RunError, "cannot reach"),
    ],
)
def test_what_is_not_there_is_named(source, error, said, tmp_path):
    with pytest.raises(error, match=said):
        fetch_encoder(source, str(tmp_path / "encoder"))

    assert not os.listdir(tmp_path)


def test_a_truncated_archive_is_refused(archive, tmp_path):
    with open(archive, "rb") as opened:
        content = opened.read()
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(content[: len(content) // 2])

    with pytest.raises(RunError, match=r"broken\.tar\.gz is no whole \.tar\.gz"):
        fetch_encoder(str(broken), str(tmp_path / "out" / "encoder"))
    assert not os.listdir(tmp_path / "out")


def test_a_folder_without_a_saved_model_is_refused(tmp_path):
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


def test_a_folder_with_files_is_not_overwritten(tiny_encoder, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        fetch_encoder(tiny_encoder, str(tmp_path))
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_the_fingerprint_sees_a_change_of_files(tiny_encoder, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    before = source_fingerprint(str(folder))
    assert source_fingerprint(str(folder)) == before

    with open(folder / "assets" / "vocab.txt", "a", encoding="utf-8") as file:
        file.write("more\n")
    assert source_fingerprint(str(folder)) != before


def test_the_fingerprint_of_an_address_is_the_address():
    assert source_fingerprint("electra-small") == ENCODERS["electra-small"].handle
    assert source_fingerprint("https://tfhub.dev/a/b/1") == "https://tfhub.dev/a/b/1"
    assert source_fingerprint("minilm-l6") == source_fingerprint("minilm-l6")
