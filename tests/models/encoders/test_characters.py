"""Characters of texts, and the words that the pieces of any tokenizer make up."""

from __future__ import annotations

import time

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import BytePairTokenizer, Characters, WordpieceTokenizer
from reviewlens.models.encoders.truncation import UNCUT

TEXTS = st.lists(st.text(st.sampled_from("ab é👍Ç日カ9.'-\u0301\n�ñ"), max_size=12), max_size=5)


@pytest.fixture(scope="module", params=["words", "bytes"])
def tokenizer(request, tiny_vocabulary, byte_pair_files):
    if request.param == "words":
        return WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    return BytePairTokenizer(files, max_tokens=UNCUT)


def words_of(tokenizer, texts):
    """Text of each word of texts, by their pieces."""
    given = tf.constant(texts, tf.string)
    _, starts, ends = tokenizer.tokenize_with_offsets(given)
    characters = Characters(given)
    continues = characters.continues(starts, ends).to_list()
    first, last = (characters.positions(places).to_list() for places in (starts, ends))
    words = []
    for text, *rows in zip(texts, continues, first, last, strict=True):
        found = []
        for same, start, end in zip(*rows, strict=True):
            if same:
                found[-1] = found[-1][0], max(end, found[-1][1])
            elif start < end:
                found.append((start, end))
        words.append([text[start:end] for start, end in found])
    return words


def test_words_are_those_of_the_text_whatever_the_pieces(tokenizer):
    texts = ["The pizza.", "To  re-order", "", "Ünïted 2nd-hand", "日本カ x", "xylophones"]
    assert words_of(tokenizer, texts) == [
        ["The", "pizza", "."],
        ["To", "re", "-", "order"],
        [],
        ["Ünïted", "2nd", "-", "hand"],
        ["日", "本", "カ", "x"],
        ["xylophones"],
    ]


def test_names_and_addresses_are_words_with_their_signs(tokenizer):
    texts = [
        "@paul_w: #food, see http://t.co/x?a=b",
        "@a",
        "me@home.org, 1#2",
        "hdmi @ home # 1",
        "http: /x and/or",
    ]
    assert words_of(tokenizer, texts) == [
        ["@paul_w", ":", "#food", ",", "see", "http://t.co/x?a=b"],
        ["@a"],
        ["me", "@", "home", ".", "org", ",", "1", "#", "2"],
        ["hdmi", "@", "home", "#", "1"],
        ["http", ":", "/", "x", "and", "/", "or"],
    ]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(texts=TEXTS, data=st.data())
def test_bytes_and_characters(texts, data):
    characters = Characters(tf.constant(texts, tf.string))
    places = [list(range(len(text) + 1)) for text in texts]
    offsets = [
        [len(text[:place].encode()) for place in of_text]
        for text, of_text in zip(texts, places, strict=True)
    ]
    given = tf.ragged.constant(offsets, tf.int64, ragged_rank=1)
    assert characters.positions(given).to_list() == places
    parts = []
    for row, text in enumerate(texts):
        start = data.draw(st.integers(0, len(text)))
        parts.append((row, start, data.draw(st.integers(start, len(text)))))
    rows, starts, ends = (tf.constant([part[i] for part in parts], tf.int64) for i in range(3))
    found = [part.decode() for part in characters.strings(rows, starts, ends).numpy()]
    assert found == [texts[row][start:end] for row, start, end in parts]


def test_bytes_that_are_no_utf_8_count_as_characters():
    texts = tf.constant([b"a\xffb", b"\x80"])
    characters = Characters(texts)
    starts = tf.ragged.constant([[0, 2], [0]], tf.int64)
    assert characters.positions(starts).to_list() == [[0, 2], [0]]
    assert characters.continues(starts, starts + 1).to_list() == [[False, False], [False]]


def test_a_long_text_among_many_takes_no_memory_for_each_of_them(tokenizer):
    # 512 rows of the width of the longest were four billion numbers.
    texts = ["fits well " * 100_000, *["fits well"] * 511]
    began = time.monotonic()
    words = words_of(tokenizer, texts)
    assert [len(of_text) for of_text in words] == [200_000, *[2] * 511]
    assert time.monotonic() - began < 60
