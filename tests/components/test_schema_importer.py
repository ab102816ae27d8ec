from __future__ import annotations

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import standard_artifacts

from reviewlens.components.schema_importer import Executor


def test_a_schema_of_earlier_examples_is_completed_and_else_left_alone(make_artifact, tmp_path):
    written = schema_pb2.Schema()
    written.feature.add(name="text", type=schema_pb2.BYTES).presence.min_fraction = 1.0
    path = str(tmp_path / "mine.pbtxt")
    tfdv.write_schema_text(written, path)

    def imported(path):
        schema = make_artifact(standard_artifacts.Schema)
        properties = {"schema_file": path, "distributions": '{"grade_shares": 5}'}
        Executor().Do({}, {"schema": [schema]}, properties)
        return f"{schema.uri}/schema.pbtxt"

    once = imported(path)
    text, shares = tfdv.load_schema_text(once).feature
    assert text == written.feature[0]
    assert (shares.name, shares.type) == ("grade_shares", schema_pb2.FLOAT)
    assert [dim.size for dim in shares.shape.dim] == [5]
    assert tfdv.load_schema_text(imported(once)) == tfdv.load_schema_text(once)
