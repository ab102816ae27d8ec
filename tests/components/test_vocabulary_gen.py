"""A vocabulary is learnt from texts, and an encoder of random weights comes with it."""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tfx.types import standard_artifacts

from reviewlens.components.encoder_facts import encoder_facts
from reviewlens.components.vocabulary_gen.component import Executor
from reviewlens.components.vocabulary_gen.counting import count_words
from reviewlens.components.vocabulary_gen.settings import VocabularySettings
from reviewlens.errors import RunError
from reviewlens.models import load_encoder, load_tokenizer
from reviewlens.models.encoders.fresh import EncoderSize

ODD = ["naïve Straße ÀÉ", "中文字 很好", "👍🏽 so good👍", "ﬁne İstanbul", "2½ x² ‑ … “quoted”"]


@pytest.fixture(scope="session")
def learn(artifacts_in, tmp_path_factory):
    """Runs the node on texts; returns the artifact."""

    def run(texts, size, vocabulary, seed=3, shards=1):
        make = artifacts_in(tmp_path_factory.mktemp("learn"))
        examples = make(standard_artifacts.Examples)
        examples.split_names = json.dumps(["train", "eval"])
        for split, some in (("train", texts), ("eval", ["zzz"] * 9)):
            folder = Path(examples.uri, f"Split-{split}")
            folder.mkdir(parents=True)
            for shard in range(shards):
                path = str(folder / f"data-{shard}.gz")
                with tf.io.TFRecordWriter(path, "GZIP") as writer:
                    for text in some[shard::shards]:
                        writer.write(example(text))
        model = make(standard_artifacts.Model)
        settings = {
            "size": json.dumps(vars(size)),
            "vocabulary": json.dumps(vars(vocabulary)),
            "seed": seed,
        }
        Executor().Do({"examples": [examples]}, {"model": [model]}, settings)
        return model

    return run


def example(text):
    values = tf.train.BytesList(value=[text.encode()])
    features = {"text": tf.train.Feature(bytes_list=values)}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def folder_of(model):
    return os.path.join(model.uri, "Format-Serving")


@pytest.fixture(scope="module", params=["bert", "bert-cased", "roberta"])
def learnt(request, learn, reviews):
    """The artifact, and what it was made of."""
    texts = reviews[:1500] + 3 * ODD
    size = EncoderSize(1, 16, 2, positions=64, family=request.param.partition("-")[0])
    vocabulary = VocabularySettings(1200, lower_case="cased" not in request.param)
    return learn(texts, size, vocabulary), texts, size, vocabulary


def test_it_is_an_encoder_as_one_that_was_fetched(learnt):
    model, _, size, _ = learnt
    facts = encoder_facts(model.uri)
    encoder = load_encoder(folder_of(model))

    assert encoder.vocabulary_size == facts["vocabulary_size"] == 1200
    assert (encoder.num_layers, encoder.hidden_size, encoder.max_positions) == (1, 16, 64)
    assert facts["parameters"] == encoder.count_params()
    assert facts["random_weights"] and facts["name"] == f"{size.family}-1x16"
    assert model.get_string_custom_property("sha256") == facts["sha256"]
    kernel = np.asarray(encoder.word_embeddings)
    assert np.abs(kernel).max() <= 0.04 and 0.016 < kernel.std() < 0.019
    assert {1.0} == set(np.asarray(encoder.embeddings_norm[0]))
    assert encoder.tokenizer(max_tokens=8).mask_id is not None


def test_the_same_texts_give_the_same_files_in_any_order(learnt, learn):
    model, texts, size, vocabulary = learnt
    shuffled = [texts[row] for row in np.random.default_rng(0).permutation(len(texts))]
    again = learn(shuffled, size, vocabulary, shards=3)
    for name in os.listdir(folder_of(model)):
        other = Path(folder_of(again), name).read_bytes()
        assert Path(folder_of(model), name).read_bytes() == other, name
    if size.family == "roberta":
        other = learn(texts, size, vocabulary, seed=4)
        assert encoder_facts(other.uri)["sha256"] != encoder_facts(model.uri)["sha256"]


def test_frequent_words_are_one_piece_and_no_character_of_the_texts_is_unknown(learnt):
    model, texts, size, vocabulary = learnt
    tokenizer = load_tokenizer(folder_of(model), max_tokens=10_000)
    unknown = {"bert": 1, "roberta": 3}[size.family]
    ids = tokenizer(texts).to_list()

    assert all(unknown not in row for row in ids)
    assert len(tokenizer(["the battery of the camera"]).to_list()[0]) <= 8
    lower, upper = tokenizer(["the", "THE"]).to_list()
    assert (lower == upper) is (size.family == "bert" and vocabulary.lower_case)


def test_any_text_can_be_tokenized(learnt):
    model, texts, size, _ = learnt
    tokenizer = load_tokenizer(folder_of(model), max_tokens=10_000)
    known = sorted(set("".join(texts)))
    unknown = {"bert": 1, "roberta": 3}[size.family]

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(
        st.lists(st.text(max_size=30), min_size=1, max_size=20),
        st.lists(st.text(known, max_size=30), min_size=1, max_size=20),
    )
    def check(anything, of_known):
        rows = tokenizer(anything + of_known).to_list()
        for row in rows:
            assert (row[0], row[-1]) == (tokenizer.start_id, tokenizer.end_id)
            assert max(row) < 1200
        # Words of what was seen have pieces, whoever put its letters together.
        assert all(unknown not in row for row in rows[len(anything) :])

    check()


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_vocabulary_that_is_larger_than_the_text_supports(learn, reviews, family):
    size = EncoderSize(1, 16, family=family)
    with pytest.raises(RunError, match="vocabulary.size is 50,000, but .* choose") as caught:
        learn(reviews[:200], size, VocabularySettings(50_000))
    assert "\n" not in str(caught.value)
    # What it says is right.
    told = int(str(caught.value).partition("vocabulary.size=")[2].split()[0])
    model = learn(reviews[:200], size, VocabularySettings(told))
    assert encoder_facts(model.uri)["vocabulary_size"] == told


def test_texts_that_are_too_little_for_any_vocabulary(learn):
    with pytest.raises(RunError, match="size is 500, but .* only 21 different .*: bring more text"):
        learn(["so good, so bad"] * 9, EncoderSize(1, 16), VocabularySettings(500))
    with pytest.raises(RunError, match="have no words to learn a vocabulary from"):
        learn([" ", ""], EncoderSize(1, 16), VocabularySettings(500))


def test_words_that_are_too_many_for_memory_are_counted_all_the_same(tmp_path):
    random = np.random.default_rng(1)
    words = [b"%d" % min(number, 500) for number in random.zipf(1.3, 5000)]
    words += [b"\n", b"two\nlines", b"long" * 100]
    expected = collections.Counter(words)
    del expected[b"long" * 100]
    batches = [words[start : start + 100] for start in range(0, len(words), 100)]

    found = count_words(batches, 1000, str(tmp_path), most_in_memory=50)
    assert len(os.listdir(tmp_path)) > 3
    assert found == sorted((word.decode(), count) for word, count in expected.items())
    few = count_words(batches[::-1], 10, str(tmp_path), most_in_memory=70)
    ranked = sorted(expected.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert few == sorted((word.decode(), count) for word, count in ranked)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"layers": 0}, "layers"),
        ({"hidden": 0}, "hidden"),
        ({"hidden": 100, "heads": 3}, "hidden"),
        ({"heads": 0}, "heads"),
        ({"intermediate": 0}, "intermediate"),
        ({"positions": 1000}, "positions"),
        ({"family": "t5"}, "family"),
    ],
)
def test_sizes_that_make_no_encoder(changes, key):
    assert not list(EncoderSize(2, 128).problems())
    ((found, problem),) = EncoderSize(**{"layers": 2, "hidden": 128, **changes}).problems()
    assert found == key and problem.startswith("is ")


def test_sizes_of_vocabularies():
    assert not list(VocabularySettings().problems())
    for size in (10, 2_000_000):
        ((key, problem),) = VocabularySettings(size).problems()
        assert key == "size" and str(size) in problem
