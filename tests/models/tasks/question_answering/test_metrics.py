"""The official measures of SQuAD: what counts of an answer, and how two are compared."""

from __future__ import annotations

import pytest

from reviewlens.models import exact_match, f1_score
from reviewlens.models.tasks.question_answering.metrics import normalized


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("  The\tBlue   shirt. ", "blue shirt"),
        ("an apple a day", "apple day"),
        # What becomes an article without its punctuation is one; a part of a word is none.
        ("'A-n' theatre", "theatre"),
        ("A.", ""),
        ("e-mail", "email"),
        ("$5,000.50", "500050"),
        # Of other alphabets neither punctuation nor white space of all kinds is left out.
        ("¿Qué?", "¿qué"),
        ("\u201cfits\u201d\u00a0well", "\u201cfits\u201d well"),
        ("ΣΑΣ", "σας"),
    ],
)
def test_what_counts_of_an_answer(text, counts):
    assert normalized(text) == counts


@pytest.mark.parametrize(
    ("answer", "right", "exact", "f1"),
    [
        ("the blue shirt", ["Blue shirt!"], 1, 1),
        ("blue", ["blue shirt"], 0, 2 / 3),
        # The one that is most like it counts, of words as often as they are in both.
        ("red red shirt", ["dress", "red shirt"], 0, 4 / 5),
        ("red", ["blue"], 0, 0),
        # Where there is no answer, none is right.
        ("", [], 1, 1),
        ("blue", [], 0, 0),
        ("", ["blue"], 0, 0),
        # An answer of which nothing counts is none, on either side.
        ("the", [], 1, 1),
        ("blue", ["a", "blue"], 1, 1),
        ("", ["the"], 1, 1),
        ("the", ["blue", "an"], 0, 0),
    ],
)
def test_how_answers_are_compared(answer, right, exact, f1):
    assert exact_match(answer, right) == exact
    assert f1_score(answer, right) == pytest.approx(f1)
