from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.training.batching import pad_batch, shuffled_batches, sorted_batches
from reviewlens.models.training.tokenized import TokenizedTexts

lengths_lists = st.lists(st.integers(2, 60), max_size=200).map(lambda x: np.array(x, int))


@given(lengths_lists, st.integers(1, 17), st.integers(1, 5), st.integers(0, 1000))
def test_an_epoch_has_every_review_once(lengths, batch_size, window, seed):
    batches = shuffled_batches(lengths, batch_size, np.random.default_rng(seed), window)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(0 < len(batch) <= batch_size for batch in batches)
    # Only the end of the last window is a smaller batch.
    assert sum(len(batch) < batch_size for batch in batches) <= 1


@given(lengths_lists, st.integers(1, 17))
def test_scoring_takes_every_review_once_longest_first(lengths, batch_size):
    rows = [row for batch in sorted_batches(lengths, batch_size) for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert (np.diff(lengths[rows]) <= 0).all()


def test_batches_hold_similar_lengths_and_little_padding():
    lengths = np.random.default_rng(0).integers(2, 129, 3200)
    batches = shuffled_batches(lengths, 32, np.random.default_rng(1))
    widths = np.concatenate([np.full(len(b), lengths[b].max()) for b in batches])
    assert lengths.sum() / widths.sum() > 0.95


def test_lengths_come_in_random_order_and_every_epoch_differs():
    lengths = np.arange(640)
    first, again, other = (
        shuffled_batches(lengths, 32, np.random.default_rng([7, epoch]), window=5)
        for epoch in (0, 0, 1)
    )
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
    means = [lengths[batch].mean() for batch in first]
    assert (np.diff(means) < 0).any() and (np.diff(means) > 0).any()


@given(
    st.lists(st.lists(st.integers(1, 30000), max_size=40), min_size=1, max_size=20),
    st.integers(1, 16),
)
def test_padding_keeps_every_piece_and_is_as_narrow_as_allowed(rows, multiple):
    reviews = TokenizedTexts.from_rows(rows, {})
    chosen = np.arange(len(rows))[::-1]
    inputs = pad_batch(reviews, chosen, EncoderInputs(), multiple)
    words, mask = inputs["input_word_ids"], inputs["input_mask"]
    for row, padded, kept in zip(reversed(rows), words, mask, strict=True):
        assert padded[kept == 1].tolist() == row
        assert padded[kept == 0].sum() == 0
        assert kept.tolist() == sorted(kept, reverse=True)
    longest = max(1, *map(len, rows), 1)
    assert words.shape[1] % multiple == 0
    assert longest <= words.shape[1] < longest + multiple
    assert not inputs["input_type_ids"].any()
    assert {array.dtype for array in inputs.values()} == {np.dtype(np.int32)}


@given(st.lists(st.tuples(st.lists(st.integers(0, 9)), st.integers(0, 2))), st.randoms())
def test_canonical_order_does_not_depend_on_the_order_given(examples, random):
    shuffled = list(examples)
    random.shuffle(shuffled)
    both = [
        TokenizedTexts.from_rows([row for row, _ in x], {"grade": [label for _, label in x]})
        for x in (examples, shuffled)
    ]
    first, second = (reviews.in_canonical_order() for reviews in both)
    assert first.digest() == second.digest()
    as_pairs = [(first.row(i).tolist(), int(first.targets["grade"][i])) for i in range(len(first))]
    assert sorted(as_pairs) == sorted(examples)
