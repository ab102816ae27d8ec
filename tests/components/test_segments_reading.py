"""Segments are read into an order of their own, and their ids stay on disk."""

from __future__ import annotations

import os
import tracemalloc

import numpy as np
import pytest

from reviewlens.components.segments.reading import read_segments
from reviewlens.errors import RunError

SEGMENTS = [
    ([2, 7, 8, 3, 9, 3], 4, 0),
    ([2, 7, 8, 3, 9, 3], 4, 1),
    ([2, 7, 8, 3, 9, 3], 5, 0),
    ([2, 250_001, 3], 0, -1),
    ([2, 7, 8, 3, 9, 3], 4, 0),
    *(([2, number, 3], 0, -1) for number in range(10, 400)),
]


def test_segments_are_the_same_whatever_the_files(segment_files, tmp_path):
    texts = read_segments(segment_files(SEGMENTS), "train", str(tmp_path))
    other = read_segments(segment_files(SEGMENTS, shards=5, seed=1), "train")

    assert other.digest() == texts.digest()
    read = [
        (texts.row(place).tolist(), second, random_next)
        for place, (second, random_next) in enumerate(
            zip(texts.seconds.tolist(), texts.targets["random_next"].tolist(), strict=True)
        )
    ]
    # All of a segment that is no pair is its first part.
    expected = [(ids, second or len(ids), random) for ids, second, random in SEGMENTS]
    assert sorted(read) == sorted(expected) and read != expected
    # What is kept on disk has no name there, so that nothing stays of it.
    assert os.listdir(tmp_path) == []


def test_an_empty_split_is_named(segment_files):
    with pytest.raises(RunError, match="the eval split is empty"):
        read_segments(segment_files([]), "eval")


def test_memory_does_not_grow_with_the_ids(segment_files):
    ids = np.random.default_rng(0).integers(5, 250_000, (8_000, 128)).tolist()
    files = segment_files((row, 0, -1) for row in ids)
    tracemalloc.start()
    texts = read_segments(files, "train")
    digest = texts.digest()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(digest) == 64 and len(texts.tokens) == 8_000 * 128
    # They would be 4 MB; a batch that is parsed takes 1 MB, and a part that is sorted little.
    assert peak < 3_000_000, peak
