"""Exact match and F1 of answers are those of SQuAD's own scripts, of both versions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official.nlp.tools import squad_evaluate_v1_1, squad_evaluate_v2_0

from reviewlens.models.tasks.question_answering.metrics import exact_match, f1_score

# Few words, so that answers share some; and what the rules treat on its own.
TEXTS = st.lists(
    st.sampled_from(["the", "An", "a", "two", "Two,", "years", "'s", "!", "U.S.", "1.5", "é", "İ"])
    | st.text(max_size=3),
    max_size=5,
).map(" ".join)


def official(script, answer, right):
    question = {"id": "", "answers": [{"text": text} for text in right]}
    return script.evaluate([{"paragraphs": [{"qas": [question]}]}], {"": answer})


@settings(derandomize=True, max_examples=100, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_any_answers_are_judged_as_by_version_2(answer, right):
    found = official(squad_evaluate_v2_0, answer, right)

    assert 100 * exact_match(answer, right) == found["exact"]
    assert 100 * f1_score(answer, right) == pytest.approx(found["f1"])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(TEXTS, st.lists(TEXTS.map("x {}".format), min_size=1, max_size=3))
def test_answers_with_words_are_judged_as_by_version_1(answer, right):
    found = official(squad_evaluate_v1_1, answer, right)

    assert exact_match(answer, right) == found["exact_match"]
    assert f1_score(answer, right) == pytest.approx(found["final_f1"])
