"""What every family is held to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

# The tests of all families share what lies here.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("encoder_test_case")


@pytest.fixture
def run_tokenizer_test(tmp_path) -> Callable:
    """Holds tokenizers to what the rest of the product takes for granted.

    They come from a function that takes `max_tokens` and `truncation`.

    Shapes and types, empty texts and batches, the cut, offsets; inside a graph and after a
    SavedModel was written and read, with the operations that TF Serving has had since 2.12.
    """
    import tensorflow as tf

    from reviewlens.models import TokenizedTexts, Truncation
    from reviewlens.models.encoders.truncation import UNCUT
    from reviewlens.serving.deployment.compatibility import oldest_release

    texts = ["Fits well!", "", "Tried it twice, café and all 👍🏽", "good " * 100, "ok"]
    texts += [f"{'so ' * count}good 👍🏽 and it é" for count in range(20)]

    def check(make) -> None:
        tokenizer = make(max_tokens=16, truncation="head")
        assert (tokenizer.max_tokens, tokenizer.truncation) == (16, "head")
        special = [tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id]
        special += [] if tokenizer.mask_id is None else [tokenizer.mask_id]
        assert len(set(special)) == len(special) and max(special) < tokenizer.vocabulary_size
        known, goes_on = tokenizer.special_ids, tokenizer.continuations
        assert set(special) <= set(known.tolist()) and (known[1:] > known[:-1]).all()
        assert (goes_on.dtype, goes_on.shape) == (bool, (tokenizer.vocabulary_size,))
        assert not goes_on[known].any()
        assert tokenizer.files and all(tf.io.gfile.exists(f) for f in tokenizer.files.values())

        tokens = tokenizer(tf.constant(texts))
        assert (tokens.dtype, tokens.shape.as_list()) == (tf.int64, [len(texts), None])
        rows = tokens.to_list()
        for row in rows:
            assert (row[0], row[-1]) == (tokenizer.start_id, tokenizer.end_id)
            assert not set(row[1:-1]) & set(special)
            assert min(row) >= 0 and max(row) < tokenizer.vocabulary_size
        assert rows[1] == [tokenizer.start_id, tokenizer.end_id]
        assert len(rows[3]) == 16
        assert tokenizer(tf.constant([], tf.string)).to_list() == []

        offsets = [part.to_list() for part in tokenizer.tokenize_with_offsets(tf.constant(texts))]
        _check_offsets(16, texts, rows, offsets)

        whole = make(max_tokens=UNCUT, truncation="head").tokenize_with_offsets(tf.constant(texts))
        whole = [part.to_list() for part in whole]
        assert max(map(len, whole[0])) > 100
        _check_offsets(UNCUT, texts, whole[0], whole)
        both = make(max_tokens=16, truncation="head_tail")
        assert (both.max_tokens, both.truncation) == (16, "head_tail")
        # Of 14 between start and end a quarter, rounded up, is of the beginning.
        for found, kind in ((tokenizer, "head"), (both, "head_tail")):
            first = {"head": 15, "head_tail": 5}[kind]
            expected = [
                [row if len(row) <= 16 else row[:first] + row[first - 16 :] for row in part]
                for part in whole
            ]
            assert found(tf.constant(texts)).to_list() == expected[0]
            # Training cuts what Transform has not.
            cut = TokenizedTexts.from_rows(whole[0], {}).cut(Truncation(16, kind))
            assert [cut.row(row).tolist() for row in range(len(cut))] == expected[0]
            found = found.tokenize_with_offsets(tf.constant(texts))
            assert [part.to_list() for part in found] == expected

        _check_pairs(make(max_tokens=UNCUT, truncation="head"), texts, whole)

        # What serves has the other cut as well.
        rows, offsets = expected[0], expected
        module = tf.Module()
        module.tokenizer = both
        module.ask = tf.function(
            lambda texts: (both(texts), *both.tokenize_with_offsets(texts)),
            input_signature=[tf.TensorSpec([None], tf.string)],
        )
        directory = str(tmp_path / "tokenizer")
        tf.saved_model.save(module, directory)
        for found in (module, tf.saved_model.load(directory)):
            answers = [part.to_list() for part in found.ask(tf.constant(texts))]
            assert answers == [rows, *offsets]
            assert [part.to_list() for part in found.ask(tf.constant([], tf.string))] == [[]] * 4
        assert oldest_release(directory) == (2, 12)

    return check


def _check_offsets(
    max_tokens: int, texts: list[str], rows: list[list[int]], offsets: list[list[list[int]]]
) -> None:
    """Offsets belong to the same ids, go forward, and all that can be seen is in some piece."""
    ids, starts, ends = offsets
    assert ids == rows
    for text, row, first, last in zip(texts, rows, starts, ends, strict=True):
        assert (first[0], last[0], first[-1], last[-1]) == (0, 0, 0, 0)
        assert len(first) == len(last) == len(row)
        first, last = np.array(first[1:-1], int), np.array(last[1:-1], int)
        assert (first <= last).all() and (np.diff(first) >= 0).all() and (np.diff(last) >= 0).all()
        raw = text.encode()
        found = bytearray(len(raw))
        for start, end in zip(first, last, strict=True):
            assert raw[start:end].decode() == raw[start:end].decode().strip()
            found[start:end] = raw[start:end]
        assert bytes(found).replace(b"\0", b"") in raw.replace(b" ", b"")
        if len(row) < max_tokens:
            assert bytes(found).replace(b"\0", b"") == raw.replace(b" ", b"")


def _check_pairs(tokenizer, texts, whole):
    """Start, the one, as many ends as part texts, the other, end."""
    import tensorflow as tf

    from reviewlens.models import join_offsets, join_pairs

    first, second = tokenizer(tf.constant(texts[::-1])), tokenizer(tf.constant(texts))
    tokens, seconds = join_pairs(tokenizer, first, second)
    parting = [tokenizer.end_id] * tokenizer.separators
    behind = tf.ragged.constant(whole[2], tf.int64)
    ends = join_offsets(tokenizer, first, behind).to_list()
    for pair, at, one, other, end, row in zip(
        tokens.to_list(), seconds.numpy(), whole[0][::-1], whole[0], ends, whole[2], strict=True
    ):
        assert pair[:at] == one[:-1] + parting
        assert pair[at:] == other[1:]
        assert end == [0] * at + row[1:]
    empty = tokenizer(tf.constant([], tf.string))
    assert [part.shape[0] for part in join_pairs(tokenizer, empty, empty)] == [0, 0]
