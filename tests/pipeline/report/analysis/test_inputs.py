"""What is kept of the texts that a run has read, and of the rows that it could not use."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from reviewlens.errors import RunError
from reviewlens.pipeline.report.analysis.inputs import rejected_rows, sample_of_examples


def test_a_sample_says_what_was_read(tmp_path, split_of):
    split_of(tmp_path, "train", [f"text {number}" for number in range(40)])
    split_of(tmp_path, "test", ["schön " * 10_000])

    sample = sample_of_examples(str(tmp_path), ["shop"], {"train": 10, "eval": 5, "test": 5})

    assert sample.rows == {"train": 40, "test": 1} and not sample.is_all
    assert len(sample.texts) == 11
    *_, long = sample.texts
    assert (long.split, long.characters, long.slices) == ("test", 60_000, {"shop": "Ulm"})
    assert len(long.text) == 20_000
    assert sample_of_examples(str(tmp_path), [], {"train": 99, "test": 9}).is_all


def test_a_record_that_is_no_example_is_told(tmp_path):
    (tmp_path / "Split-train").mkdir()
    framed = struct.pack("<QI", 3, 0) + b"\xff\xff\xff" + struct.pack("<I", 0)
    (tmp_path / "Split-train" / "data.gz").write_bytes(gzip.compress(framed))

    with pytest.raises(RunError, match="is no example"):
        sample_of_examples(str(tmp_path))


def test_the_first_rejected_rows_of_each_reason_are_shown(tmp_path):
    rows = [
        {"file": "a.csv", "row": number, "reason": reason, "detail": "is empty", "raw": raw}
        for number, (reason, raw) in enumerate(
            [("empty-text", {"text": "", "stars": "5"}), ("malformed-row", "x" * 9_000)] * 5
        )
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "rejected-00000.jsonl").write_text(lines, encoding="utf-8")

    found = rejected_rows(str(tmp_path), each=2)

    assert [row.row for row in found["empty-text"]] == [0, 2]
    assert found["empty-text"][0].raw == "stars=5"
    assert len(found["malformed-row"][0].raw) == 2_000
    assert rejected_rows(str(tmp_path / "nowhere")) == {}


def test_a_damaged_file_of_rejected_rows_is_told(tmp_path):
    (tmp_path / "rejected-00000.jsonl").write_text('{"reason": "x"}\n', encoding="utf-8")

    with pytest.raises(RunError, match="damaged"):
        rejected_rows(str(tmp_path))
