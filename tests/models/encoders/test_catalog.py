"""The catalog of encoders."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reviewlens.models import ENCODERS, search_encoders
from reviewlens.models.encoders.sources.registry import find_source


def test_it_has_the_collection_and_an_encoder_for_offline_use():
    assert len(ENCODERS) >= 31
    assert [name for name, preset in ENCODERS.items() if preset.offline] == ["minilm-l6"]


@pytest.mark.parametrize("name", ENCODERS)
def test_each_entry_is_complete(name):
    preset = ENCODERS[name]
    assert preset.name == name
    assert preset.hidden_size % preset.heads == 0
    assert all((preset.description, preset.languages, preset.licence, preset.vocabulary))
    assert find_source(name).text == preset.source
    assert preset.offline == preset.source.startswith("package:")


def test_names_and_sources_are_distinct():
    assert len({preset.source for preset in ENCODERS.values()}) == len(ENCODERS)


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
        ("distilbert-base-uncased", 66_362_880),
        ("distilbert-base-cased", 65_190_912),
        # Those of KerasHub's 124,052,736 and what it leaves out: pooler, types, two positions.
        ("roberta-base", 124_052_736 + 590_592 + 768 + 2 * 768),
    ],
)
def test_parameters_are_those_published(name, parameters):
    assert ENCODERS[name].parameters == parameters


@pytest.mark.parametrize(
    ("name", "millions"),
    # As the model cards on Hugging Face say.
    [
        ("distilroberta-base", "82"),
        ("bge-small", "33.4"),
        ("bge-base", "109"),
        ("bge-large", "335"),
        ("e5-base", "109"),
        ("gte-small", "33.4"),
        ("minilm-l6", "22.7"),
    ],
)
def test_parameters_are_about_those_of_the_cards(name, millions):
    assert abs(ENCODERS[name].parameters / 1e6 - float(millions)) < 0.5


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["roberta"], ["roberta-base", "roberta-large", "distilroberta-base"]),
        (["ROBERTA", "mit"], ["roberta-base", "roberta-large"]),
        (["offline"], ["minilm-l6"]),
        (["chinese"], ["bert-zh"]),
        (["104", "cased"], ["bert-multi-cased"]),
        (["sentiment"], ["expert-wiki-books-sst2"]),
        (["cased", "large", "mask"], ["bert-large-wwm-cased"]),
        (["roberta", "chinese"], []),
        (["."], []),
    ],
)
def test_every_word_has_to_fit(words, names):
    assert [preset.name for preset in search_encoders(words)] == names


def test_no_words_find_all_of_them():
    assert search_encoders([]) == list(ENCODERS.values())


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys; from reviewlens.models import ENCODERS; "
        "from reviewlens.models.encoders.sources.registry import find_source; "
        "heavy = ('tensorflow', 'keras', 'numpy', 'tensorflow_hub', 'huggingface_hub'); "
        "sys.exit(any(m in sys.modules for m in heavy))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
