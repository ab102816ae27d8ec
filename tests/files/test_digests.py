from __future__ import annotations

import hashlib

from reviewlens.files import file_digest, tree_digests


def test_a_file_is_told_by_its_content(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)

    assert file_digest(str(tmp_path / "a")) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_every_file_of_a_folder_counts(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "b").write_bytes(b"1")
    (tmp_path / "below" / "a").write_bytes(b"2")
    before = tree_digests(str(tmp_path))
    (tmp_path / "below" / "a").write_bytes(b"3")
    after = tree_digests(str(tmp_path))

    assert list(before) == ["b", "below/a"]
    assert [name for name in before if before[name] != after[name]] == ["below/a"]
