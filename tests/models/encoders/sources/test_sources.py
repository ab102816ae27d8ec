"""Fetching encoders: what arrives, and what is said where nothing can."""

from __future__ import annotations

import bz2
import dataclasses
import functools
import gzip
import io
import lzma
import os
import random
import shutil
import tarfile
import threading
import zipfile
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


def member(name, **facts):
    info = tarfile.TarInfo(name)
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info


def links(count):
    chain = [member("l0", type=tarfile.SYMTYPE, linkname=".")]
    for n in range(1, count):
        chain.append(member(f"l{n}", type=tarfile.SYMTYPE, linkname=f"l{n - 1}/."))
    return chain


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([member("a/" * 6_000 + "b")], "is no encoder: the name a/a/.* has 6,001 levels"),
        ([member("a/" * 40 + "b")], "has 41 levels and 81 characters"),
        ([member("a" * 1_001)], "has 1 levels and 1,001 characters"),
        (
            [member("a", type=tarfile.SYMTYPE, linkname="a/" * 6_000)],
            "the name a/a/.* has 6,001 levels",
        ),
        ([member("a" * 300)], "cannot write the encoder to .*File name too long"),
        ([member("../a")], "outside the destination"),
        ([member("a", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "absolute path"),
        ([member("a", type=tarfile.LNKTYPE, linkname="../../etc/passwd")], "outside the dest"),
        ([member("a", type=tarfile.CHRTYPE)], "is a special file"),
        ([member("a", type=tarfile.FIFOTYPE)], "is a special file"),
        ([member("a", size=2**50)], "the disk is full: .* 1,125,899,906,842,624 bytes or more"),
        (
            [member("a"), member("b", type=tarfile.GNUTYPE_LONGNAME, size=2**40)],
            "a header of 1,099,511,627,776 bytes",
        ),
        ([member("a"), member("b", type=tarfile.XHDTYPE, size=2**40)], "a header of 1,099,511,627"),
        ([member(f"a{n}") for n in range(1_001)], "it has over 1,000 members"),
        (links(500), "is no"),
        ([], "there is no saved_model.pb in it"),
    ],
)
def test_an_archive_that_is_no_encoders_is_refused_before_it_does_harm(members, said, tmp_path):
    path = tmp_path / "evil.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT, compresslevel=1) as opened:
        for each in members:
            opened.addfile(each)
    with pytest.raises(RunError, match=said) as raised:
        fetch_encoder(str(path), str(tmp_path / "out" / "encoder"))
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 1000
    assert not os.listdir(tmp_path / "out")


def zipped(path, content):
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("saved_model.pb", content)


@pytest.mark.parametrize(
    "write",
    [
        zipped,
        lambda path, content: path.write_bytes(b""),
        lambda path, content: path.write_bytes(b"\x1f\x8b" + b"junk" * 100),
        lambda path, content: path.write_bytes(gzip.compress(b"junk" * 1000)),
        lambda path, content: path.write_bytes(bz2.compress(content)[:-20]),
        lambda path, content: path.write_bytes(lzma.compress(content)[:-20]),
        lambda path, content: path.write_bytes(lzma.compress(content)[:60] + bytes(500)),
        # The checksum at the end of it.
        lambda path, content: path.write_bytes(gzip.compress(content)[:-8] + bytes(8)),
    ],
    ids=["zip", "empty", "no gzip", "no tar", "bz2", "xz", "damaged xz", "checksum"],
)
def test_what_is_no_archive_is_refused(write, tmp_path):
    path, plain = tmp_path / "broken.tar.gz", io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as opened:
        opened.addfile(member("saved_model.pb", size=5000), io.BytesIO(os.urandom(5000)))
    write(path, plain.getvalue())
    with pytest.raises(RunError, match=r"broken\.tar\.gz is no whole \.tar\.gz") as raised:
        fetch_encoder(str(path), str(tmp_path / "out" / "encoder"))
    assert "\n" not in str(raised.value)
    assert not os.listdir(tmp_path / "out")


def test_any_damage_to_an_archive_is_told_in_a_line(tmp_path):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as opened:
        opened.addfile(member("größe/" + "b" * 120, size=3, mtime=1.5), io.BytesIO(b"abc"))
        opened.addfile(member("saved", type=tarfile.SYMTYPE, linkname="größe"))
    content, chance = plain.getvalue(), random.Random(7)
    used = [place for place, byte in enumerate(content) if byte]
    for number in range(200):
        damaged = bytearray(content)
        for place in chance.sample(used, 1 + number % 3):
            damaged[place] = chance.randrange(256)
        path = tmp_path / "damaged.tar.gz"
        path.write_bytes(gzip.compress(bytes(damaged), 1))
        with pytest.raises(RunError) as raised:
            fetch_encoder(str(path), str(tmp_path / "out" / "encoder"))
        assert "\n" not in str(raised.value), bytes(damaged)
        assert not os.listdir(tmp_path / "out")


def test_a_link_that_leads_in_a_circle_is_not_followed(tiny_encoder, tmp_path):
    folder = tmp_path / "folder"
    shutil.copytree(tiny_encoder, folder)
    for name in ("one", "two"):
        (folder / "assets" / name).symlink_to(folder / "assets")
    fetch_encoder(str(folder), str(tmp_path / "encoder"))
    assert sorted(os.listdir(tmp_path / "encoder" / "assets")) == ["vocab.txt"]


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
