from __future__ import annotations

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reviewlens.models import NgramSettings
from reviewlens.models.ngrams.features import NgramFeatures

EVERYTHING = NgramSettings(words=3, characters=(3, 5), buckets=10_007)


@pytest.fixture(scope="module")
def all_ways(tmp_path_factory):
    """The features as they are computed eagerly, in a traced graph and by a SavedModel."""
    features = NgramFeatures(EVERYTHING)
    module = tf.Module()
    module.serve = tf.function(
        lambda texts: features(texts).to_tensor(-1),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    path = str(tmp_path_factory.mktemp("features"))
    tf.saved_model.save(module, path)
    return (
        lambda texts: features(texts).to_tensor(-1),
        module.serve,
        tf.saved_model.load(path).serve,
    )


@given(st.lists(st.one_of(st.binary(max_size=40), st.text(max_size=30).map(str.encode))))
@example([])
@example([b""])
@example([b"", b"\xff\xfe", "Größe İ ﬁ 好的。".encode(), b"a" * 300, b" \t\r\n\x00"])
@settings(derandomize=True, max_examples=60, deadline=None)
def test_ids_are_the_same_wherever_they_are_computed(all_ways, texts):
    found = [way(tf.constant(texts, tf.string)).numpy().tolist() for way in all_ways]

    assert found[0] == found[1] == found[2]
    assert all(-1 <= one < EVERYTHING.buckets for row in found[0] for one in row)


@given(st.lists(st.binary(max_size=20), min_size=2, max_size=5))
@settings(derandomize=True, max_examples=20, deadline=None)
def test_a_text_has_the_same_ids_beside_any_others(texts):
    features = NgramFeatures(EVERYTHING)

    together = features(tf.constant(texts)).to_list()

    assert together == [features(tf.constant([text])).to_list()[0] for text in texts]


def ids(text: str, **changes) -> list[int]:
    return NgramFeatures(NgramSettings(**{"prefix": None, **changes}))(
        tf.constant([text])
    ).to_list()[0]


def test_ids_never_change():
    found = ids("Fits well!", prefix=3, characters=(3, 4), buckets=1000)

    assert found == [
        68,
        142,
        393,
        806,
        885,
        564,
        90,
        52,
        629,
        153,
        41,
        324,
        441,
        839,
        251,
        406,
        183,
        249,
        575,
        530,
        953,
        543,
        882,
        969,
    ]


def test_case_width_and_spaces_do_not_count():
    assert ids("GRÖẞE  Ｆits") == ids("größe\tfits\u3000") == ids(" große fits".replace("o", "ö"))


def test_an_empty_text_has_no_features():
    assert ids("") == ids(" \n") == []


def test_marks_and_signs_without_spaces_are_words_of_their_own():
    assert ids("fits!", words=1) == ids("fits !", words=1)
    assert ids("很好", words=1) == ids("很 好", words=1)


def test_the_forms_of_a_word_share_its_beginning():
    (one, first), (other, second) = (ids(word, words=1, prefix=4) for word in ("größer", "GRÖẞEN"))

    assert one != other and first == second and first not in (one, ids("größ", words=1)[0])


def test_runs_of_words_know_their_order_and_their_end():
    one, pair, end, closed = ids("good bad")
    other, turned, *_ = ids("bad good")

    assert one != other and pair != turned
    # The last word is another one than in a longer text, but as a word the same.
    assert ids("good bad end")[2] == end and ids("good bad end")[3] != closed
