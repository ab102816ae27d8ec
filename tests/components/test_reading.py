"""How many tokens are read of reviews, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.trainer.reading import (
    choose_max_tokens,
    reading_facts,
    reading_of,
    reading_warning,
    vocabulary_facts,
    vocabulary_warning,
    warnings_of,
    window_facts,
)
from reviewlens.models.encoders.windows import Windows


@pytest.mark.parametrize(
    ("lengths", "positions", "chosen"),
    [
        ([20, 30], 512, 128),
        ([100] * 99 + [400], 512, 256),
        ([100] * 999 + [400], 512, 128),
        ([100] * 99 + [200], 512, 160),
        ([160] * 10, 512, 160),
        ([160] * 999 + [161], 512, 160),
        ([161] * 10, 512, 192),
        ([1000] * 10, 512, 256),
        ([1000] * 10, 200, 200),
        ([1000] * 10, 64, 64),
        ([20, 30], 64, 64),
    ],
)
def test_as_few_as_leave_little_unread_and_no_more_than_the_encoder_reads(
    lengths, positions, chosen
):
    assert choose_max_tokens(np.array(lengths), positions) == chosen


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(2, 2000), min_size=1, max_size=30), positions=st.integers(16, 512)
)
def test_fewer_would_leave_more_unread(lengths, positions):
    lengths = np.array(lengths)
    chosen = choose_max_tokens(lengths, positions)
    assert chosen <= min(positions, 256)
    facts = reading_facts(chosen, "head", lengths, lengths, positions)
    assert facts["auto"] == chosen
    assert facts["tokens_unread"] <= 0.005 or chosen == min(positions, 256)
    if chosen > 128:
        fewer = reading_facts(max(chosen - 32, 128), "head", lengths, lengths, positions)
        assert fewer["tokens_unread"] > 0.005


def test_the_shares_are_of_reviews_and_of_tokens():
    facts = reading_facts(10, "head_tail", np.array([5, 10, 15, 20]), np.array([11, 9]), 16)
    assert facts == {
        "max_tokens": 10,
        "truncation": "head_tail",
        "auto": 16,
        "reviews_cut": 0.5,
        "tokens_unread": 0.3,
        "eval": {"reviews_cut": 0.5, "tokens_unread": 0.05},
    }


def facts_of(max_tokens=128, truncation="head", reviews_cut=0.11):
    return {
        "max_tokens": max_tokens,
        "truncation": truncation,
        "auto": 256,
        "reviews_cut": reviews_cut,
        "tokens_unread": 0.04,
    }


def test_up_to_a_tenth_there_is_no_warning():
    assert reading_warning(facts_of(reviews_cut=0.1)) is None
    assert "11% of the reviews are longer" in reading_warning(facts_of())


@pytest.mark.parametrize(
    ("max_tokens", "truncation", "advised"),
    [
        (128, "head", ["model.max_tokens=auto reads 256", "model.truncation=head_tail"]),
        (256, "head", ["a higher model.max_tokens", "model.truncation=head_tail"]),
        (256, "head_tail", ["a higher model.max_tokens"]),
        (512, "head_tail", []),
    ],
)
def test_a_warning_says_what_can_be_done(max_tokens, truncation, advised):
    warning = reading_warning(facts_of(max_tokens, truncation))
    assert warning.count("model.") == len(advised)
    assert all(advice in warning for advice in advised)


@pytest.mark.parametrize(("most", "named"), [(16, "max_question_tokens"), (64, "max_tokens")])
def test_questions_that_are_cut_are_told_where_they_are_many(most, named):
    windows = Windows(128, 40, most_head=most)
    lengths, questions = np.array([100, 300, 90, 90]), np.array([most, most + 1, 5, 5])

    facts = window_facts(windows, lengths, lengths[:1], 512, (questions, questions[:1]))

    assert (facts["question_tokens"], facts["questions_cut"]) == (most, 0.25)
    assert facts["eval"] == {"reviews_in_windows": 0, "questions_cut": 0}
    told = f"25% of the questions are longer than the {most} tokens that are read of them: "
    assert reading_warning(facts) == f"{told}a higher model.{named} reads more"
    assert reading_warning({**facts, "questions_cut": 0.1}) is None


def test_the_rules_say_the_same_in_a_clause_and_what_to_try():
    told = "11% of the reviews are longer than the 128 tokens that are read, and 4% of all tokens "
    reading = reading_of({**facts_of(), "unknown_pieces": 0.2})
    assert (reading.unknown, reading.unread) == (0.2, 0.04)
    assert reading.told == f"{told}are not read"
    assert reading.advice == "model.max_tokens=auto or model.truncation=head_tail"
    assert "model.wide=on" in reading_of(facts_of(512, "head_tail")).advice
    windows = {"max_tokens": 128, "stride": 63, "auto": 128, "reviews_in_windows": 0.5}
    assert reading_of(windows).unread is None
    questions = {**windows, "question_tokens": 16, "questions_cut": 0.2}
    assert reading_of(questions).told.startswith("20% of the questions are longer")
    assert reading_of(questions).advice == "a higher model.max_question_tokens"


def test_what_the_rules_tell_is_not_told_before():
    facts = {**facts_of(), "unknown_pieces": 0.2, "pieces_per_word": 1.5}
    told = warnings_of(facts, watched=False)
    assert told == [reading_warning(facts), vocabulary_warning(facts)]
    reviews, vocabulary = warnings_of(facts, watched=True)
    assert reviews == told[0] and "cuts a word" in vocabulary and "know" not in vocabulary
    (vocabulary,) = warnings_of({**facts, "tokens_unread": 0.2}, watched=True)
    assert "cuts a word" in vocabulary
    assert warnings_of(facts_of(reviews_cut=0.1), watched=True) == []


def test_of_texts_without_questions_windows_are_all_that_is_told():
    facts = window_facts(Windows(128, 63), np.array([100, 300]), np.array([28]), 512)
    assert set(facts) == {"max_tokens", "stride", "auto", "reviews_in_windows", "eval"}
    assert reading_warning(facts) is None


def test_a_vocabulary_that_hardly_covers_the_texts_is_told(tiny_vocabulary):
    from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer

    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=512)

    def facts_of(*texts):
        return vocabulary_facts(tokenizer(texts).values.numpy(), tokenizer)

    assert facts_of("a the a", "the") == {"unknown_pieces": 0.0, "pieces_per_word": 1.0}
    assert vocabulary_warning(facts_of("a the a")) is None
    # q, ##x, ##q; a piece for each letter.
    cut = facts_of("qxq zzz a")
    assert cut == {"unknown_pieces": 0.0, "pieces_per_word": round(7 / 3, 4)}
    assert "cuts a word into 2.3 pieces on average: it has hardly" in vocabulary_warning(cut)
    foreign = facts_of("\u0448\u0430\u043f\u043a\u0430 a a a")
    assert foreign == {"unknown_pieces": 0.25, "pieces_per_word": 1.0}
    assert "does not know 25% of the pieces: it has hardly" in vocabulary_warning(foreign)
    assert facts_of("") == {"unknown_pieces": 0.0, "pieces_per_word": 0.0}
    assert vocabulary_warning({}) is None
