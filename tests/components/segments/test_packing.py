"""What is packed: all of it, once, and in pairs that are what they say."""

from __future__ import annotations

import dataclasses
import itertools
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.segments.features import NO_PAIR
from reviewlens.components.segments.packing import (
    FOLLOWS,
    RANDOM,
    Documents,
    length_of,
    pack,
)

# Of each document the pieces of its sentences.
texts = st.lists(
    st.lists(st.integers(1, 12) | st.integers(1, 60), min_size=1, max_size=8),
    min_size=1,
    max_size=12,
)


def documents_of(sizes) -> Documents:
    ends = list(itertools.accumulate(itertools.chain(*sizes)))
    bounds = list(itertools.accumulate(map(sum, sizes)))
    return Documents(np.arange(ends[-1]), np.array(ends), np.array(bounds))


def pieces_of(segments) -> list[int]:
    spans = itertools.chain(*(segment.first + segment.second for segment in segments))
    return [piece for span in spans for piece in range(span.start, span.end)]


def many_texts(number=3000):
    """As reviews are: some sentences, of some 17 pieces."""
    draw = random.Random(1)
    return [
        [max(1, int(draw.lognormvariate(2.7, 0.6))) for _ in range(draw.randint(1, 9))]
        for _ in range(number)
    ]


@settings(derandomize=True, max_examples=200, deadline=None)
@given(texts, st.integers(2, 40), st.integers(0, 9))
def test_pieces_stay_in_their_order_and_none_is_lost(sizes, most, seed):
    documents = documents_of(sizes)
    segments = list(pack(documents, most, False, random.Random(seed)))
    assert pieces_of(segments) == list(range(len(documents.ids)))
    bounds = [0, *documents.document_ends.tolist()]
    for segment in segments:
        assert segment.random_next == NO_PAIR and not segment.second
        assert 0 < length_of(segment.first) <= most
        for span in segment.first:
            assert bounds[span.document] <= span.start < span.end <= bounds[span.document + 1]
        # A document is left only at its end.
        for span, following in itertools.pairwise(segment.first):
            assert span.end == bounds[following.document] == following.start


@settings(derandomize=True, max_examples=200, deadline=None)
@given(texts, st.integers(2, 40), st.integers(0, 9))
def test_pairs_are_balanced_and_are_what_they_say(sizes, most, seed):
    documents = documents_of(sizes)
    segments = list(pack(documents, most, True, random.Random(seed)))
    assert sorted(pieces_of(segments)) == list(range(len(documents.ids)))
    inner = set(documents.sentence_ends.tolist()) - set(documents.document_ends.tolist())
    count = {NO_PAIR: 0, FOLLOWS: 0, RANDOM: 0}
    for first, second, random_next in segments:
        count[random_next] += 1
        if random_next == NO_PAIR:
            # With that of the token which parts a pair.
            assert not second and 0 < length_of(first) <= most + 1
            continue
        assert length_of(first) + length_of(second) <= most
        assert second[0].start in inner
        if random_next == FOLLOWS:
            assert first[-1].document == second[0].document and first[-1].end == second[0].start
        else:
            assert not {span.document for span in first} & {span.document for span in second}
    assert abs(count[FOLLOWS] - count[RANDOM]) <= 1


def test_segments_are_full_but_for_some_whose_length_is_drawn():
    documents = documents_of(many_texts())
    for pairs in (False, True):
        segments = list(pack(documents, 125, pairs, random.Random(1)))
        lengths = [
            length_of(first) + (length_of(second) if second else 0) for first, second, _ in segments
        ]
        assert np.mean(lengths) > 0.9 * 125
        short = sum(length < 0.9 * 125 for length in lengths) / len(lengths)
        assert 0.06 < short < 0.12
        if pairs:
            assert sum(random_next != NO_PAIR for *_, random_next in segments) > 0.97 * len(lengths)
            seconds = [length_of(second) for _, second, random_next in segments if second]
            assert 30 < np.mean(seconds) < 90


def test_what_follows_and_what_is_random_are_as_long():
    """Or the length would tell them apart."""
    segments = list(pack(documents_of(many_texts()), 125, True, random.Random(1)))
    first, second = (
        [
            np.mean([length_of(segment[part]) for segment in segments if segment[2] == kind])
            for kind in (FOLLOWS, RANDOM)
        ]
        for part in (0, 1)
    )
    assert abs(first[0] - first[1]) < 5 and abs(second[0] - second[1]) < 5


def test_one_long_document_has_nothing_to_be_paired_with_at_random():
    segments = list(pack(documents_of([[9] * 500, [5, 5]]), 60, True, random.Random(1)))
    assert sum(random_next == RANDOM for *_, random_next in segments) <= 2
    assert sum(random_next == FOLLOWS for *_, random_next in segments) <= 3
    assert sorted(pieces_of(segments)) == list(range(4510))


def test_words_stay_whole_unless_they_are_longer_than_a_segment():
    documents = documents_of([[40, 90], [7]])
    continues = np.arange(137) % 4 > 0
    continues[60:90] = True
    documents = dataclasses.replace(documents, continues=continues)
    segments = list(pack(documents, 21, False, random.Random(1)))
    assert pieces_of(segments) == list(range(137))
    starts = [segment.first[0].start for segment in segments]
    inside = [start for start in starts if continues[start]]
    assert len(inside) == 1 and 60 < inside[0] < 90


def test_the_same_seed_packs_the_same():
    documents = documents_of(many_texts(200))
    one, again, other = (list(pack(documents, 60, True, random.Random(seed))) for seed in (1, 1, 2))
    assert one == again != other
