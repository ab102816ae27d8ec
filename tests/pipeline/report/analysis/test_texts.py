"""What is told of texts: lengths, languages, and which of them say nearly the same."""

from __future__ import annotations

import random

from reviewlens.pipeline.report.analysis.texts import (
    NOT_SURE,
    languages_of,
    near_duplicates,
    spread_of,
)

# A review is written by strangers.
HOSTILE = ["", "\ud800", "\x00", "👍" * 300, "a" * 1_000_000, "\u202eright to left", "<script>"]


def test_the_spread_of_lengths():
    spread = spread_of([*range(1, 101)])

    assert (spread.least, spread.median, spread.most, spread.mean) == (1, 50.5, 100, 50.5)
    assert spread.ninety_nine > 99
    assert spread_of([]) is None


def test_languages_are_told_of_texts_that_are_long_enough():
    texts = [
        "Fits perfectly and looks great. I ordered a size small.",
        "It lasted two years, which is more than I can say of the other one.",
        "Die Qualität ist sehr gut und die Lieferung war auch schnell.",
        "Ok",
    ]

    assert languages_of(texts) == [("en", 2), ("de", 1), (NOT_SURE, 1)]
    assert languages_of([]) == []


def test_near_duplicates_are_found_among_many_and_most_similar_first():
    words = [f"word{number}" for number in range(500)]
    chance = random.Random(0)
    texts = [" ".join(chance.choices(words, k=30)) for _ in range(300)]
    changed = texts[7].split()
    changed[12] = "another"
    texts += [" ".join(changed), texts[3].upper() + "!!"]

    found = near_duplicates(texts)

    assert [(pair.first, pair.second) for pair in found.pairs] == [(3, 301), (7, 300)]
    assert found.pairs[0].similarity == 1 > found.pairs[1].similarity > 0.8
    assert found.texts == 4


def test_short_texts_are_alike_by_chance_and_left_out():
    assert near_duplicates(["I love it", "I love it", "I love it!"]).texts == 0


def test_texts_that_all_look_alike_are_not_all_compared():
    found = near_duplicates(["this text is there as often as it can be"] * 2000)

    assert found.texts == 2000
    assert len(found.pairs) < 2000 * 11


def test_hostile_texts_do_no_harm():
    assert sum(count for _, count in languages_of(HOSTILE)) == len(HOSTILE)
    assert near_duplicates(HOSTILE).pairs == ()
