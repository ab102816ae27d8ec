from __future__ import annotations

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from reviewlens.components.example_validator import Executor
from reviewlens.errors import RunError

ROWS = pd.DataFrame({"text": ["good", "bad", "so so"], "label": [2, 0, 1], "shop": ["a", "b", "a"]})


@pytest.fixture
def validate(make_artifact):
    """Validates a table against the schema of `ROWS`."""

    def run(table: pd.DataFrame, allow_anomalies: bool = False):
        statistics = make_artifact(standard_artifacts.ExampleStatistics, split_names='["train"]')
        io_utils.write_bytes_file(
            f"{statistics.uri}/Split-train/FeatureStats.pb",
            tfdv.generate_statistics_from_dataframe(table).SerializeToString(),
        )
        schema = make_artifact(standard_artifacts.Schema)
        inferred = tfdv.infer_schema(tfdv.generate_statistics_from_dataframe(ROWS))
        tfdv.write_schema_text(inferred, f"{schema.uri}/schema.pbtxt")
        anomalies = make_artifact(standard_artifacts.ExampleAnomalies)
        Executor().Do(
            {"statistics": [statistics], "schema": [schema]},
            {"anomalies": [anomalies]},
            {"exclude_splits": "[]", "allow_anomalies": int(allow_anomalies)},
        )
        return anomalies

    return run


def test_data_that_follows_the_schema_passes(validate):
    assert validate(ROWS).get_json_value_custom_property("blessed") == {"train": 1}


def test_anomalies_fail_the_run_in_words(validate):
    with pytest.raises(RunError) as failure:
        validate(ROWS.assign(shop=["a", "b", "elsewhere"]).drop(columns="label"))

    message = str(failure.value)
    assert "train split, shop" in message
    assert "elsewhere" in message
    assert "train split, label" in message
    assert "data.allow_anomalies=true" in message


def test_anomalies_can_be_allowed(validate):
    anomalies = validate(ROWS.assign(shop=["a", "b", "elsewhere"]), allow_anomalies=True)

    assert anomalies.get_json_value_custom_property("blessed") == {"train": 0}
