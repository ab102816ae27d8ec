"""The best answers to a question are kept, the others counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.pipeline.ranking import Ranking
from reviewlens.serving import Answer


def answer(score, text="two"):
    return Answer(text, 0, len(text), score)


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), max_size=30),
    st.integers(1, 6),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_best_of_any_number_are_kept_in_order(found, top):
    ranking = Ranking(top)
    for score, has_answer in found:
        ranking.add("two", answer(score, "two" if has_answer else ""))
    rows = [(-score, row) for row, (score, has_answer) in enumerate(found, 1) if has_answer]
    assert [(-each.answer.score, each.review) for each in ranking.best()] == sorted(rows)[:top]
    assert (ranking.asked, ranking.answered) == (len(found), len(rows))


@pytest.mark.parametrize(
    ("before", "after", "excerpt"),
    [
        ("It took\n ", "\tdays [sic].", "It took [two] days [sic]."),
        ("", "", "[two]"),
        ("x" * 100, "y" * 100, f"{'x' * 100}[two]{'y' * 100}"),
        ("é" * 101, "👍" * 101, f"…{'é' * 100}[two]{'👍' * 100}…"),
    ],
)
def test_a_review_is_shown_around_its_answer(before, after, excerpt):
    ranking = Ranking(1)
    ranking.add(f"{before}two{after}", Answer("two", len(before), len(before) + 3, 0.5))
    assert [each.excerpt for each in ranking.best()] == [excerpt]
