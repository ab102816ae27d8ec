"""Encoders in archives, whole, damaged and hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
import zipfile

import pytest

from reviewlens.errors import RunError
from reviewlens.models import fetch_encoder, source_fingerprint


def test_an_encoder_may_lie_deeper_in_an_archive(hugging_face_folder, tmp_path):
    path = tmp_path / "deep.tgz"
    with tarfile.open(path, "w:gz") as opened:
        opened.add(hugging_face_folder, "models/tiny")
    record = fetch_encoder(str(path), str(tmp_path / "encoder"))
    direct = fetch_encoder(str(hugging_face_folder), str(tmp_path / "direct"))
    assert record.sha256 == direct.sha256
    assert sorted(os.listdir(tmp_path / "encoder")) == sorted(os.listdir(tmp_path / "direct"))


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "encoder.onnx"
    path.write_bytes(b"onnx")
    with pytest.raises(RunError, match="is a file; an encoder is a folder or a .tar.gz of one"):
        fetch_encoder(str(path), str(tmp_path / "encoder"))


def test_the_fingerprint_sees_a_change_of_the_file(tmp_path):
    path = tmp_path / "encoder.tar.gz"
    path.write_bytes(b"one")
    before = source_fingerprint(str(path))
    assert source_fingerprint(str(path)) == before
    path.write_bytes(b"other")
    assert source_fingerprint(str(path)) != before


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
        ([], "there is no saved_model.pb and no config.json in it"),
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
