"""Splits, equal texts and the encoding of examples."""

from __future__ import annotations

import collections
import random

from hypothesis import given
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import Splitter
from reviewlens.components.review_example_gen.duplicates import (
    CONTRADICTORY,
    DUPLICATE,
    FingerprintBuckets,
    Verdicts,
    settle,
)
from reviewlens.components.review_example_gen.example_encoding import ExampleEncoder
from reviewlens.components.review_example_gen.reviews import Review, Targets

SIZES = {"train": 8, "eval": 1, "test": 1}


def test_splits_are_those_of_every_run_and_machine():
    splits = "".join(Splitter(SIZES).split_of(f"review {n}")[1] for n in range(40))
    assert splits == "".join(Splitter(SIZES).split_of(f"review {n}")[1] for n in range(40))
    # Written down once: a change would move the rows of every existing data set.
    assert splits == "rrevrrrrrrerrrrrrrrrrerrrrrerrrrrrrerrer"


@given(st.text())
def test_only_the_ratio_of_the_sizes_matters(key):
    percent = {split: 10 * size for split, size in SIZES.items()}
    assert Splitter(SIZES).split_of(key) == Splitter(percent).split_of(key)


def test_splits_have_their_sizes():
    found = collections.Counter(map(Splitter(SIZES).split_of, map(str, range(10_000))))
    assert 7_800 < found["train"] < 8_200
    assert 900 < found["eval"] < 1_100 and 900 < found["test"] < 1_100


ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 1)), max_size=40)


@given(ROWS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_equal_texts_are_settled_as_a_dictionary_would(rows, rows_in_file, random: random.Random):
    places = [(i // (2 * rows_in_file), i // rows_in_file, i) for i in range(len(rows))]
    expected = []
    for position, (text, _) in enumerate(rows):
        labels = {label for other, label in rows if other == text}
        first = [other for other, _ in rows].index(text)
        duplicate = DUPLICATE if first < position else 0
        expected.append(CONTRADICTORY if len(labels) > 1 else duplicate)

    buckets = FingerprintBuckets()
    shuffled = list(zip(rows, places, strict=True))
    random.shuffle(shuffled)
    for (text, label), place in shuffled:
        assert buckets.add(text, label, place) is None
    verdicts = collections.defaultdict(bytes)
    for _, fingerprints in buckets.rest():
        for task, found in settle(fingerprints):
            verdicts[task] += found
    of_task = {task: Verdicts(found) for task, found in verdicts.items()}
    nothing = Verdicts(b"")
    found = [of_task.get(task, nothing).of(file, row) for task, file, row in places]
    assert found == expected
    assert all(verdict.all_used() for verdict in of_task.values())


def test_full_buckets_are_sent_on():
    buckets = FingerprintBuckets()
    sent = [buckets.add(f"text {n}", 0, (0, 0, n)) for n in range(200_000)]
    sent = [full for full in sent if full] + list(buckets.rest())
    assert sum(len(fingerprints) for _, fingerprints in sent) == 34 * 200_000
    assert max(len(fingerprints) for _, fingerprints in sent) < 100_000


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(TEXTS, st.integers(0, 70_000), st.integers(0, 70_000), TEXTS, TEXTS, TEXTS)
def test_examples_are_encoded_as_protobuf_does(text, label, grade, id, slice_name, slice_value):
    from tensorflow.core.example import example_pb2

    slice_name = f"slice {slice_name}"
    targets = Targets({"label": label, "grade": grade})
    review = Review(text, targets, id, "", (slice_value,))
    encoded = ExampleEncoder([slice_name], ["label", "grade"]).encode(review)
    expected = example_pb2.Example()
    feature = expected.features.feature
    feature["text"].bytes_list.value.append(text.encode())
    feature["label"].int64_list.value.append(label)
    feature["grade"].int64_list.value.append(grade)
    feature["id"].bytes_list.value.append(id.encode())
    feature[slice_name].bytes_list.value.append(slice_value.encode())
    assert example_pb2.Example.FromString(encoded) == expected
    if slice_name.isascii():
        assert encoded == expected.SerializeToString(deterministic=True)
