"""What an encoder cannot be served as is told before it is trained."""

from __future__ import annotations

import os

import pytest
from tfx.types import Channel, standard_artifacts

from reviewlens.components.encoder_validator import EncoderValidator, Executor
from reviewlens.errors import RunError


@pytest.fixture
def validate(make_artifact, tiny_encoder):
    def run(native, precision):
        encoder = make_artifact(standard_artifacts.Model)
        os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
        blessing = make_artifact(standard_artifacts.InfraBlessing)
        node = EncoderValidator(
            encoder=Channel(type=standard_artifacts.Model), native=native, precision=precision
        )
        Executor().Do({"encoder": [encoder]}, {"blessing": [blessing]}, node.exec_properties)
        return blessing

    return run


def test_an_encoder_that_can_is_blessed(validate):
    assert validate(native=True, precision="bfloat16").get_int_custom_property("blessed") == 1


def test_one_that_computes_as_it_was_saved_is_not_asked_for_bfloat16(validate):
    with pytest.raises(RunError, match="export.precision: is bfloat16, .* choose auto or float32"):
        validate(native=False, precision="bfloat16")
