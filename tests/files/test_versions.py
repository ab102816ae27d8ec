from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.files import version_number, version_numbers


@pytest.mark.parametrize(
    ("name", "number"),
    [("1", 1), ("0", 0), ("007", 7), ("7/", 7), (str(2**63 - 1), 2**63 - 1), ("0" * 40 + "5", 5)],
)
def test_digits_are_a_version(name, number):
    assert version_number(name) == number


@pytest.mark.parametrize(
    "name",
    ["", "²", "٣", "①", "1²", "-1", "+1", " 1", "1 ", "1\n", "1.0", "1_0", ".1.partial", "a"]
    + [str(2**63), "9" * 5000],
)
def test_anything_else_is_none(name):
    assert version_number(name) is None


@given(st.text(max_size=8))
def test_no_name_is_an_error(name):
    number = version_number(name)
    assert number is None or int(name.rstrip("/")) == number


def test_the_versions_of_a_folder_are_in_the_order_of_their_numbers():
    assert list(version_numbers(["10", "9", "²", ".11.partial", "010", "2/"])) == [2, 9, 10]
    assert version_numbers(["10", "010"]) == {10: "010"}
