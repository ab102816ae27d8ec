"""Splits, equal texts and the encoding of examples."""

from __future__ import annotations

import collections
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import Splitter
from reviewlens.components.review_example_gen.duplicates import (
    CONTRADICTORY,
    DUPLICATE,
    GRADED,
    MERGED,
    OF_MAJORITY,
    TIED,
    UNDECIDED,
    FingerprintBuckets,
    Verdict,
    Verdicts,
    settle,
)
from reviewlens.components.review_example_gen.example_encoding import ExampleEncoder
from reviewlens.components.review_example_gen.reviews import Review, Targets
from reviewlens.components.review_example_gen.settings import CONTRADICTORY as CHOICES
from reviewlens.components.review_example_gen.settings import REJECT, SOFT

STAYING = (0, GRADED, OF_MAJORITY, UNDECIDED)
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


# Two classes of two grades, and one of a single one.
KINDS = (0, 0, 1, 1, 2)
ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, len(KINDS) - 1), st.booleans()), max_size=40
)


def settled(rows, contradictory, rows_in_file, random: random.Random):
    """What is decided about each row, when they come to their buckets in any order."""
    places = [(i // (2 * rows_in_file), i // rows_in_file, i) for i in range(len(rows))]
    workers = FingerprintBuckets(), FingerprintBuckets()
    shuffled = list(zip(rows, places, strict=True))
    random.shuffle(shuffled)
    for (text, grade, teaches), place in shuffled:
        assert random.choice(workers).add(text, grade, place, teaches) is None
    buckets = collections.defaultdict(list)
    for worker in workers:
        for bucket, fingerprints in worker.rest():
            buckets[bucket].insert(random.randint(0, 1), fingerprints)
    verdicts = collections.defaultdict(list)
    for fingerprints in buckets.values():
        for task, found in settle(b"".join(fingerprints), KINDS, contradictory):
            verdicts[task].insert(random.randint(0, len(verdicts[task])), found)
    of_task = {task: Verdicts(found) for task, found in verdicts.items()}
    nothing = Verdicts([])
    found = [of_task.get(task, nothing).of(file, row) for task, file, row in places]
    assert all(verdicts.all_used() for verdicts in of_task.values())
    return found


def judged_by_a_dictionary(rows, contradictory):
    """The same, one text after the other."""
    found = [Verdict(0)] * len(rows)
    texts = collections.defaultdict(list)
    for number, (text, _, _) in enumerate(rows):
        texts[text].append(number)
    for copies in texts.values():
        grades = collections.Counter(rows[number][1] for number in copies)
        kinds = collections.Counter(KINDS[rows[number][1]] for number in copies)
        most = max(kinds.values())
        winners = [kind for kind, votes in kinds.items() if votes == most]
        mixed = grades if len(grades) > 1 and contradictory == SOFT else {}
        own = [number for number in copies if KINDS[rows[number][1]] == winners[0]]
        stays, goes = copies[0], DUPLICATE
        if contradictory == REJECT:
            chosen = CONTRADICTORY if len(kinds) > 1 else 0
            goes = chosen or DUPLICATE
        elif len(winners) > 1:
            chosen, goes = (UNDECIDED, MERGED) if rows[copies[0]][2] else (TIED, TIED)
            mixed = mixed if chosen == UNDECIDED else {}
        else:
            chosen = GRADED if mixed else 0
            if len(kinds) > 1:
                chosen, goes = OF_MAJORITY, MERGED
            often = max(grades[rows[number][1]] for number in own)
            stays = next(number for number in own if grades[rows[number][1]] == often)
        for number in copies:
            found[number] = Verdict(goes)
        found[stays] = Verdict(chosen, mixed if contradictory == SOFT else {})
    return found


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    ROWS,
    st.sampled_from(CHOICES),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_equal_texts_are_settled_as_a_dictionary_would(rows, contradictory, in_file, random):
    if contradictory != SOFT:
        rows = [(text, grade, False) for text, grade, _ in rows]
    found = settled(rows, contradictory, in_file, random)
    assert found == judged_by_a_dictionary(rows, contradictory)
    stay = collections.Counter(rows[i][0] for i, one in enumerate(found) if one.what in STAYING)
    assert set(stay.values()) <= {1}
    went = [one.what for one in found if one.what not in STAYING]
    rejected = sum(what in (CONTRADICTORY, TIED) for what in went)
    duplicates = sum(what in (DUPLICATE, MERGED) for what in went)
    assert len(rows) == len(stay) + duplicates + rejected


def test_many_texts_of_many_classes_are_settled_at_once():
    """A hundred thousand rows of short texts; the work of a loop over them would be seen."""
    rows = [(f"text {n % 9973}", n * n % 7 % len(KINDS), n % 3 == 0) for n in range(100_000)]
    found = settled(rows, SOFT, 1000, random.Random(1))
    assert found == judged_by_a_dictionary(rows, SOFT)


def test_full_buckets_are_sent_on():
    buckets = FingerprintBuckets()
    sent = [buckets.add(f"text {n}", 0, (0, 0, n)) for n in range(200_000)]
    sent = [full for full in sent if full] + list(buckets.rest())
    assert sum(len(fingerprints) for _, fingerprints in sent) == 34 * 200_000
    assert max(len(fingerprints) for _, fingerprints in sent) < 100_000


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


SHARES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=5)


@given(TEXTS, st.integers(0, 70_000), SHARES, TEXTS, TEXTS, TEXTS)
def test_examples_are_encoded_as_protobuf_does(text, label, shares, id, slice_name, slice_value):
    from tensorflow.core.example import example_pb2

    slice_name = f"slice {slice_name}"
    targets = Targets({"label": label, "shares": shares})
    review = Review(text, targets, id, "", (slice_value,))
    encoder = ExampleEncoder([slice_name], ["label", "shares"])
    encoded = encoder.encode(review)
    assert encoder.encode(review) == encoded
    expected = example_pb2.Example()
    feature = expected.features.feature
    feature["text"].bytes_list.value.append(text.encode())
    feature["label"].int64_list.value.append(label)
    feature["shares"].float_list.value.extend(shares)
    feature["id"].bytes_list.value.append(id.encode())
    feature[slice_name].bytes_list.value.append(slice_value.encode())
    assert example_pb2.Example.FromString(encoded) == expected
    if slice_name.isascii():
        assert encoded == expected.SerializeToString(deterministic=True)
