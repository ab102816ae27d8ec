from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from reviewlens.components.serving_validator import Executor


@pytest.fixture
def validate(make_artifact, tiny_model):
    """Validates a copy of the tiny model after `spoil` had its way with it."""

    def run(spoil=lambda directory: None, timeout_seconds: int = 120):
        model = make_artifact(standard_artifacts.Model)
        directory = Path(model.uri, "Format-Serving")
        shutil.copytree(tiny_model, directory)
        spoil(directory)
        blessing = make_artifact(standard_artifacts.InfraBlessing)
        Executor().Do(
            {"model": [model]}, {"blessing": [blessing]}, {"timeout_seconds": timeout_seconds}
        )
        return blessing

    return run


def test_a_sound_model_is_blessed(validate):
    blessing = validate()

    assert blessing.get_string_custom_property("reason") == ""
    assert blessing.get_int_custom_property("blessed") == 1
    assert Path(blessing.uri, "INFRA_BLESSED").exists()


def test_a_truncated_model_is_not(validate):
    blessing = validate(lambda directory: (directory / "saved_model.pb").write_bytes(b"half"))

    assert blessing.get_int_custom_property("blessed") == 0
    assert "cannot be loaded" in blessing.get_string_custom_property("reason")
    assert Path(blessing.uri, "INFRA_NOT_BLESSED").exists()


def test_a_model_that_takes_too_long_is_not(validate):
    blessing = validate(timeout_seconds=1)

    assert blessing.get_int_custom_property("blessed") == 0
    assert "within 1 seconds" in blessing.get_string_custom_property("reason")
