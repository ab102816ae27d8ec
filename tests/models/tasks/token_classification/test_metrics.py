"""The figures of entities are those of seqeval."""

from __future__ import annotations

import numpy as np
import pytest
import seqeval.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import entity_counts, entity_report
from reviewlens.models.tasks.token_classification.comparison import compare_counts, counts_of_texts
from reviewlens.models.tasks.token_classification.tags import entities_of

LABELS = ("food", "person", "place")
NAMES = ["O", *(f"{part}-{label}" for label in LABELS for part in "BI")]
TEXTS = st.lists(st.integers(0, 12), min_size=1, max_size=8)


@st.composite
def taggings(draw):
    lengths = draw(TEXTS)
    one = st.integers(0, len(NAMES) - 1)
    pairs = [[draw(st.lists(one, min_size=n, max_size=n)) for n in lengths] for _ in range(2)]
    return pairs


def entities(texts):
    tags = np.array([tag for text in texts for tag in text], np.int64)
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    first, last, kinds = entities_of(tags, rows)
    return np.stack([rows[first], first, last, kinds], axis=1)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(taggings())
def test_any_tags_are_judged_as_seqeval_judges_them(pair):
    found, there = pair
    report = entity_report(entity_counts(entities(found), entities(there), len(LABELS)), LABELS)

    names = [[[NAMES[tag] for tag in text] for text in texts] for texts in (there, found)]
    for figure, theirs in (
        ("f1", seqeval.metrics.f1_score),
        ("precision", seqeval.metrics.precision_score),
        ("recall", seqeval.metrics.recall_score),
    ):
        assert report[figure] == pytest.approx(theirs(*names), abs=1e-12)
    if not (entities(found).size or entities(there).size):
        # seqeval has no mean over no types.
        assert report["macro_f1"] == 0
        return
    theirs = seqeval.metrics.classification_report(*names, output_dict=True)
    assert report["macro_f1"] == pytest.approx(theirs["macro avg"]["f1-score"], abs=1e-12)
    for label, ours in report["per_class"].items():
        of_type = theirs.get(label, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
        of_type["f1"] = of_type.pop("f1-score")
        assert ours == pytest.approx(of_type, abs=1e-12)


def test_a_certain_gain_is_told_from_a_lucky_one():
    random = np.random.default_rng(3)
    there = np.array([[row, 0, 0, 0] for row in range(400)])
    most, fewer = there[random.random(400) < 0.9], there[random.random(400) < 0.7]
    counts = [counts_of_texts(found, there, 400) for found in (most, fewer, most)]

    gain = compare_counts(*counts[:2], random=np.random.default_rng(0))
    assert gain.low > 0.05 and gain.is_certain
    none = compare_counts(counts[0], counts[2], random=np.random.default_rng(0))
    assert (none.value, none.low, none.high) == (0, 0, 0)
