"""What the tests of the report share."""

from __future__ import annotations

import gzip
import json
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewlens.components.review_example_gen.example_encoding import ExampleEncoder
from reviewlens.components.review_example_gen.reviews import Review, Targets

LABELS = ["bad", "fair", "good"]


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


@pytest.fixture
def write_predictions(tmp_path):
    """Writes a file of some columns, as the evaluator does but without it; returns its path."""
    number = iter(range(100))

    def write(columns, labels=LABELS, **options):
        path = str(tmp_path / f"{next(number)}.parquet")
        table = pa.table(columns).replace_schema_metadata({"labels": json.dumps(labels)})
        pq.write_table(table, path, **options)
        return path

    return write
