"""From entities to tags of pieces and back, whatever the tokenizer."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import BytePairTokenizer, Characters, WordpieceTokenizer, piece_targets
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.tasks.token_classification.tags import entities_of
from reviewlens.models.tasks.token_classification.targets import unit_tags
from reviewlens.models.tasks.token_classification.units import unit_outputs


@pytest.fixture(scope="module", params=["words", "bytes"])
def tokenizer(request, tiny_vocabulary, byte_pair_files):
    if request.param == "words":
        return WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    return BytePairTokenizer(files, max_tokens=UNCUT)


def targets_of(tokenizer, texts, spans):
    given = tf.constant(texts, tf.string)
    offsets = tokenizer.tokenize_with_offsets(given)
    flat = np.array([span for of_text in spans for span in of_text], np.int64).reshape(-1, 3)
    ragged = tf.RaggedTensor.from_row_lengths(flat, [len(of_text) for of_text in spans])
    return piece_targets(given, *offsets[1:], ragged), offsets


def entities_found(tokenizer, texts, spans, label_pieces):
    """The entities that the tags of units stand for, by text, in characters."""
    targets, offsets = targets_of(tokenizer, texts, spans)
    tags = unit_tags(targets["tag"].values.numpy(), targets["word"].values.numpy(), label_pieces)
    characters = Characters(tf.constant(texts, tf.string))
    # The tags themselves as outputs: those of the units shall be the ones that are learnt.
    outputs = tf.RaggedTensor.from_row_splits(tags[:, None], offsets[0].row_splits)
    units, starts, ends = unit_outputs(outputs, offsets, characters, label_pieces)
    np.testing.assert_array_equal(units.values[:, 0], tags[tags >= 0])
    rows = starts.value_rowids().numpy()
    starts, ends = (characters.positions(of).values.numpy() for of in (starts, ends))
    found = [[] for _ in texts]
    for first, last, kind in zip(*entities_of(tags[tags >= 0], rows), strict=True):
        found[rows[first]].append([starts[first], ends[last], kind])
    return found


@pytest.mark.parametrize("label_pieces", ["first", "all"])
def test_entities_of_whole_words_come_back(tokenizer, label_pieces):
    texts = ["The xylophones. Crème brûlée, 日本x", "", "  a b c  ", "👍 re-order\n it"]
    spans = [
        [[4, 14, 1], [16, 28, 0], [30, 31, 0], [31, 32, 0]],
        [],
        [[2, 3, 0], [4, 7, 0]],
        [[2, 10, 2], [12, 14, 1]],
    ]
    found = entities_found(tokenizer, texts, spans, label_pieces)
    if isinstance(tokenizer, BytePairTokenizer):
        # Its pieces take two ideographs for one where the vocabulary does.
        found[0], spans[0] = found[0][:2], spans[0][:2]
    assert found == spans


WORDS = st.lists(st.sampled_from(["the", "Xylophones", "é", "b2", "!", "日", "fits"]), max_size=12)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(texts=st.lists(WORDS.map(" ".join), min_size=1, max_size=4), data=st.data())
def test_any_entities_of_whole_words_come_back(tokenizer, texts, data):
    spans = []
    for text in texts:
        words = [match.span() for match in re.finditer(r"\S+", text)]
        bounds = data.draw(st.sets(st.integers(0, len(words))).map(sorted))
        spans.append(
            [
                [words[start][0], words[end - 1][1], data.draw(st.integers(0, 2))]
                for start, end in zip(bounds[::2], bounds[1::2], strict=False)
            ]
        )
    for label_pieces in ("first", "all"):
        assert entities_found(tokenizer, texts, spans, label_pieces) == spans


def test_tags_of_pieces_and_entities_that_cut_one(tiny_vocabulary):
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    # The frequent word is one piece, the other one is spelt.
    texts = ["the the zyx the"]
    spans = [[[1, 3, 0], [4, 9, 1]]]
    targets, _ = targets_of(tokenizer, texts, spans)
    assert targets["word"].to_list() == [[-1, 1, 1, 1, 0, 0, 1, -1]]
    assert targets["tag"].to_list() == [[0, 1, 3, 4, 0, 0, 0, 0]]
    # It begins inside of the first word; the other one ends between two pieces.
    assert targets["cut"].numpy().tolist() == [1]


def test_a_word_has_the_first_tag_of_its_pieces():
    words = np.array([-1, 1, 0, 0, 1, 0, 1, -1])
    tags = np.array([0, 0, 1, 3, 2, 2, 0, 0])
    assert unit_tags(tags, words, "first").tolist() == [-1, 1, -1, -1, 2, -1, 0, -1]
    assert unit_tags(tags, words, "all").tolist() == [-1, 0, 1, 3, 2, 2, 0, -1]


def test_one_piece_that_has_some_of_two_entities_is_of_the_first(tiny_vocabulary):
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    targets, _ = targets_of(tokenizer, ["the the"], [[[0, 1, 0], [2, 7, 1]]])
    assert targets["tag"].to_list() == [[0, 1, 3, 0]]
    assert targets["cut"].numpy().tolist() == [2]
