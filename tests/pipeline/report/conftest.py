"""What the tests of the report share."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest

from reviewlens.components.review_example_gen.example_encoding import ExampleEncoder
from reviewlens.components.review_example_gen.reviews import Review, Targets


@pytest.fixture
def split_of():
    """Writes the examples of a split as the ingest does, of texts from a shop in Ulm."""

    def write(folder, split, texts):
        encoder = ExampleEncoder(["shop"], ["label"])
        records = [
            encoder.encode(Review(text, Targets({"label": 1}), f"r{at}", "", ("Ulm",)))
            for at, text in enumerate(texts)
        ]
        framed = b"".join(
            struct.pack("<QI", len(record), 0) + record + struct.pack("<I", zlib.crc32(record))
            for record in records
        )
        (folder / f"Split-{split}").mkdir(parents=True)
        (folder / f"Split-{split}" / "data-00000.gz").write_bytes(gzip.compress(framed))

    return write
