"""What is hidden of texts: how much, what of it, and always the same by the same seed."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import TokenMasking

SIZE, MASK = 500, 4
SPECIAL = np.array([0, 1, 2, 3, 4, 77])
# As many pieces go on with a word as in English.
CONTINUATIONS = np.arange(300, 400)
RATE = 0.15


def make(**kwargs):
    return TokenMasking(SIZE, MASK, SPECIAL, CONTINUATIONS, **kwargs)


def inputs_of(lengths, width=None, seed=0):
    """Texts of random pieces between start and end, padded."""
    random = np.random.default_rng(seed)
    rows = [[2, *random.integers(5, SIZE, length), 3] for length in lengths]
    width = width or max(map(len, rows))
    ids = np.array([[*row, *[0] * (width - len(row))] for row in rows], np.int32)
    mask = np.arange(width) < np.array(list(map(len, rows)))[:, None]
    return {"input_word_ids": ids, "input_mask": mask.astype(np.int32)}


def drawn(masking, inputs, seed=(7, 1)):
    """What was hidden, as `bool [batch, width]`, and all outputs."""
    outputs = {name: value.numpy() for name, value in masking(inputs, seed=seed).items()}
    chosen = np.zeros(inputs["input_word_ids"].shape, bool)
    for row, (positions, weights) in enumerate(
        zip(outputs["positions"], outputs["weights"], strict=True)
    ):
        chosen[row, positions[weights == 1]] = True
    return chosen, outputs


def maskable(inputs):
    return ~np.isin(inputs["input_word_ids"], SPECIAL) & (inputs["input_mask"] == 1)


def numbers(inputs):
    """How many pieces of each text are to be guessed."""
    counts = maskable(inputs).sum(axis=1)
    nearest = np.floor(np.float32(RATE) * counts + np.float32(0.5)).astype(int)
    return np.minimum(np.maximum(nearest, 1), counts)


def binomial(count, share):
    """Bounds that chance leaves once in a million times."""
    spread = 5 * np.sqrt(count * share * (1 - share))
    return count * share - spread, count * share + spread


@pytest.mark.parametrize("whole_words", [False, True])
def test_what_is_hidden_is_what_bert_hides(whole_words):
    inputs = inputs_of(np.random.default_rng(1).integers(20, 126, 600), width=128)
    chosen, outputs = drawn(make(rate=RATE, whole_words=whole_words), inputs)
    ids, hidden = inputs["input_word_ids"], outputs["input_word_ids"]
    assert not (chosen & ~maskable(inputs)).any()
    np.testing.assert_array_equal(hidden[~chosen], ids[~chosen])
    # Positions rise, and say where the pieces are; the rest is filled up.
    for row, (positions, pieces, weights) in enumerate(
        zip(*(outputs[name] for name in ("positions", "ids", "weights")), strict=True)
    ):
        count = int(weights.sum())
        assert (weights == (np.arange(len(weights)) < count)).all()
        assert (np.diff(positions[:count]) > 0).all()
        assert (pieces[:count] == ids[row, positions[:count]]).all()
        assert not positions[count:].any() and not pieces[count:].any()
    assert (chosen.sum(axis=1) <= numbers(inputs)).all()
    total = chosen.sum()
    if not whole_words:
        np.testing.assert_array_equal(chosen.sum(axis=1), numbers(inputs))
        low, high = binomial(maskable(inputs).sum(), RATE)
        assert low < total < high
    # A piece in the place of another is that one itself once in some 500 times.
    masked = (hidden == MASK) & chosen
    kept = (hidden == ids) & chosen
    for found, share in ((masked, 0.8), (kept, 0.1), (chosen & ~masked & ~kept, 0.1)):
        low, high = binomial(total, share)
        assert low < found.sum() < high
    others = hidden[chosen & ~masked & ~kept]
    assert not np.isin(others, SPECIAL).any()
    assert len(np.unique(others)) > 300


def test_every_place_is_hidden_as_often_as_any_other():
    inputs = inputs_of([40] * 4000)
    chosen, _ = drawn(make(rate=RATE), inputs)
    # 6 of each text's pieces, but for those of the special id among them.
    often = chosen[:, 1:-1].sum(axis=0) / maskable(inputs)[:, 1:-1].sum(axis=0)
    assert often.min() > 0.15 - 0.03 and often.max() < 0.15 + 0.03


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    step=st.integers(0, 10**7),
)
def test_words_are_hidden_whole_and_fill_the_number(lengths, seed, step):
    inputs = inputs_of(lengths, seed=step % 50)
    chosen, _ = drawn(WHOLE, inputs, seed=(seed, step))
    room = numbers(inputs) - chosen.sum(axis=1)
    assert (room >= 0).all()
    for row, words in enumerate(map(words_of, *inputs.values())):
        for word in words:
            hidden = chosen[row, word]
            assert hidden.all() or not hidden.any()
            # One that was passed over did not fit.
            assert hidden.all() or len(word) > room[row]


WHOLE = make(rate=RATE, whole_words=True)


def words_of(ids, mask):
    """Places of the pieces of each word that can be hidden."""
    words = []
    for place, piece in enumerate(ids):
        if not mask[place] or piece in SPECIAL:
            words.append([])
        elif piece in CONTINUATIONS and words and words[-1]:
            words[-1].append(place)
        else:
            words.append([place])
    return [word for word in words if word]


def test_the_same_seed_hides_the_same_whatever_is_beside_it():
    lengths = [30, 7, 1, 18]
    inputs = inputs_of(lengths, width=32)
    masking = make(rate=RATE)
    chosen, outputs = drawn(masking, inputs)
    order = [3, 0]
    other = {name: np.pad(value[order], [[0, 0], [0, 8]]) for name, value in inputs.items()}
    again, same = drawn(masking, other)
    np.testing.assert_array_equal(again[:, :32], chosen[order])
    np.testing.assert_array_equal(same["input_word_ids"][:, :32], outputs["input_word_ids"][order])
    for seed in ((7, 2), (8, 1), (1, 7)):
        assert (drawn(masking, inputs, seed)[0] != chosen).any()
    # Without a seed each call draws anew.
    assert (drawn(masking, inputs, None)[0] != drawn(masking, inputs, None)[0]).any()


def test_short_texts_and_empty_ones():
    inputs = inputs_of([1, 0, 3])
    inputs["input_word_ids"][0, 1] = 77
    chosen, outputs = drawn(make(rate=RATE), inputs)
    # Nothing where there is nothing to guess, otherwise at least one piece.
    np.testing.assert_array_equal(chosen.sum(axis=1), [0, 0, 1])
    np.testing.assert_array_equal(outputs["weights"].sum(axis=1), [0, 0, 1])
    empty = {name: value[:0] for name, value in inputs.items()}
    assert make()(empty, seed=(1, 1))["ids"].shape[0] == 0


@pytest.mark.parametrize("rate", [0, -0.1, 1.5])
def test_a_rate_is_a_share(rate):
    with pytest.raises(ValueError, match=f"the rate is {rate}; it is a share above 0"):
        make(rate=rate)


def test_it_is_a_layer_like_others(tmp_path):
    inputs = {name: tf.constant(value) for name, value in inputs_of([9, 20]).items()}
    masking = make(rate=RATE, whole_words=True, seed=3)
    dataset = tf.data.Dataset.from_tensors(inputs).map(lambda batch: masking(batch, seed=(1, 2)))
    for name, value in next(iter(dataset)).items():
        np.testing.assert_array_equal(value, masking(inputs, seed=(1, 2))[name])

    symbols = {name: keras.Input([None], dtype="int32", name=name) for name in inputs}
    model = keras.Model(symbols, masking(symbols))
    assert model(inputs)["positions"].shape == (2, 3)
    model.save(tmp_path / "masking.keras")
    again = keras.saving.load_model(tmp_path / "masking.keras")
    copy = next(layer for layer in again.layers if isinstance(layer, TokenMasking))
    assert copy.get_config() == masking.get_config()
    np.testing.assert_array_equal(
        drawn(copy, inputs_of([30]))[0], drawn(masking, inputs_of([30]))[0]
    )
