from __future__ import annotations

import pytest

from reviewlens.models import NgramSettings


@pytest.mark.parametrize(
    "key, value",
    [
        ("words", 0),
        ("prefix", 0),
        ("characters", (0, 3)),
        ("characters", (5, 3)),
        ("characters", (3,)),
        ("buckets", 0),
        ("buckets", 2**31),
        ("epochs", 0),
        ("patience", 0),
        ("penalty", 0.0),
        ("penalty", float("nan")),
        ("dropout", 1.0),
        ("dropout", -0.1),
    ],
)
def test_bad_values_are_named(key, value):
    assert [named for named, _ in NgramSettings(**{key: value}).problems()] == [key]


def test_defaults_are_good():
    assert not list(NgramSettings().problems())
    assert not list(NgramSettings(characters=[3, 5]).problems())
