"""Files of predictions, written as the evaluator writes them but without it."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

LABELS = ["bad", "fair", "good"]


@pytest.fixture
def write_predictions(tmp_path):
    """Writes a file of some columns; returns its path."""
    number = iter(range(100))

    def write(columns, labels=LABELS, **options):
        path = str(tmp_path / f"{next(number)}.parquet")
        table = pa.table(columns).replace_schema_metadata({"labels": json.dumps(labels)})
        pq.write_table(table, path, **options)
        return path

    return write
