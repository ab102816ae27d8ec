"""Reading examples without TensorFlow: what `example_bytes` writes, and files of it."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components import example_bytes
from reviewlens.components.example_values import (
    example_values,
    examples_files,
    read_framed,
    sample_records,
)
from reviewlens.errors import RunError

WHOLE = st.integers(-(2**63), 2**63 - 1)
FEATURES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.one_of(
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1),
        st.lists(WHOLE, min_size=1),
        st.lists(st.floats(width=32, allow_nan=False), min_size=1),
    ),
    max_size=4,
)


def serialized(features):
    def feature(values):
        kinds = {str: example_bytes.texts, int: example_bytes.integers}
        return kinds.get(type(values[0]), example_bytes.floats)(values)

    return example_bytes.example(
        example_bytes.entry(example_bytes.key(name), feature(values))
        for name, values in features.items()
    )


def written(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    framed = b"".join(
        struct.pack("<QI", len(record), 0) + record + struct.pack("<I", zlib.crc32(record))
        for record in records
    )
    path.write_bytes(gzip.compress(framed))
    return str(path)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(FEATURES)
def test_examples_are_read_as_they_were_written(features):
    expected = {
        name: [value.encode() if isinstance(value, str) else value for value in values]
        for name, values in features.items()
    }
    assert example_values(serialized(features)) == expected


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_anything_else_is_no_example_or_one_without_surprise(noise):
    try:
        found = example_values(noise)
    except ValueError as error:
        assert "no example" in str(error) or isinstance(error, UnicodeDecodeError)
    else:
        assert isinstance(found, dict)


def test_a_sample_is_the_same_however_the_records_are_spread(tmp_path):
    records = [str(number).encode() for number in range(1000)]
    one = [written(tmp_path / "one" / "a.gz", records)]
    two = [written(tmp_path / "two" / f"{n}.gz", records[n::2]) for n in range(2)]

    count, sample = sample_records(one, 50, bytes.decode)
    again, other = sample_records(two, 50, bytes.decode)

    assert count == again == 1000
    assert len(sample) == 50 and set(sample) == set(other)
    assert sample == sorted(sample, key=int)
    # From everywhere, and not the first ones.
    assert int(sample[-1]) > 800


def test_few_records_are_all_in_the_sample(tmp_path):
    path = written(tmp_path / "a.gz", [b"x", b"y", b"x"])

    assert sample_records([path], 5, bytes.decode) == (3, ["x", "y", "x"])
    assert sample_records([path], 0, bytes.decode) == (3, [])


def test_a_split_that_is_not_there_has_no_files(tmp_path):
    path = written(tmp_path / "Split-train" / "data-00000.gz", [b"x"])

    assert examples_files(str(tmp_path), "train") == [path]
    assert examples_files(str(tmp_path), "eval") == []


@pytest.mark.parametrize("damage", [lambda all: all[:-9], lambda all: b"text", lambda all: all[3:]])
def test_a_damaged_file_is_told(tmp_path, damage):
    path = tmp_path / "a.gz"
    written(path, [b"x" * 100])
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(RunError, match="cannot be read as examples"):
        list(read_framed(str(path)))
