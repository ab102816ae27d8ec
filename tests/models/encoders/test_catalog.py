"""The catalog of encoders."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reviewlens.models import ENCODERS


def test_it_has_the_collection_and_an_encoder_for_offline_use():
    assert len(ENCODERS) >= 31
    assert [name for name, preset in ENCODERS.items() if preset.offline] == ["minilm-l6"]


@pytest.mark.parametrize("name", ENCODERS)
def test_each_entry_is_complete(name):
    preset = ENCODERS[name]
    assert preset.name == name
    assert preset.hidden_size % preset.heads == 0
    assert preset.lower_case == ("uncased" in preset.vocabulary)
    if not preset.offline:
        assert preset.handle.startswith("https://tfhub.dev/")
        assert "/tensorFlow2/" in preset.kaggle_handle


def test_handles_are_distinct():
    presets = [preset for preset in ENCODERS.values() if not preset.offline]
    assert len({preset.handle for preset in presets}) == len(presets)
    assert len({preset.kaggle_handle for preset in presets}) == len(presets)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # As published with the checkpoints, for example among KerasHub's presets.
        ("small-bert-l2-h128", 4_385_920),
        ("small-bert-l4-h512", 28_763_648),
        ("small-bert-l8-h512", 41_373_184),
        ("bert-base-uncased", 109_482_240),
        ("bert-base-cased", 108_310_272),
        ("bert-multi-cased", 177_853_440),
        ("bert-zh", 102_267_648),
        ("bert-large-uncased", 335_141_888),
    ],
)
def test_parameters_are_those_published(name, parameters):
    assert ENCODERS[name].parameters == parameters


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys; from reviewlens.models import ENCODERS; "
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'numpy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
