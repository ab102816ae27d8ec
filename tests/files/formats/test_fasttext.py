"""fastText's lines: what was written is read back, and a line of several labels is told."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records
from reviewlens.files.formats.fasttext import fasttext_line

BOTH = {"label": "data.label", "text": "data.text"}
# What fastText splits at, and what looks like it but is part of a word.
SPACES = st.text(st.sampled_from(" \t\v\f\0"), min_size=1, max_size=3)
WORDS = st.text(
    st.characters(exclude_characters=" \n\r\t\v\f\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=8,
)
LABELS = st.one_of(WORDS, st.sampled_from(["__label__", "\u00a0", "été", "-1.5"]))


def read(path, columns=BOTH, format="fasttext"):
    (file,) = list_files(str(path), format)
    return list(read_records(file, columns))


@given(
    st.lists(
        st.tuples(LABELS, st.lists(st.one_of(WORDS, st.just("__label_")), max_size=6)), min_size=1
    ),
    st.data(),
)
@settings(
    derandomize=True,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_lines_are_read_back_wherever_the_label_stands(tmp_path, rows, data):
    lines = []
    for label, words in rows:
        place = data.draw(st.integers(0, len(words)))
        parts = [*words[:place], f"__label__{label}", *words[place:]]
        gaps = data.draw(st.lists(SPACES, min_size=len(parts), max_size=len(parts)))
        lines.append("".join(part + gap for part, gap in zip(parts, gaps, strict=True)))
    path = tmp_path / "t.txt"
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())

    records = read(path)
    # A word of the text may happen to be a label itself.
    expected = [(label, " ".join(words)) for label, words in rows]
    assert [record.row for record in records] == list(range(1, len(rows) + 1))
    for record, (label, text) in zip(records, expected, strict=True):
        if not record.reason:
            assert (record.values["label"], record.values["text"]) == (label, text)
            again = tmp_path / "again.fasttext"
            again.write_bytes(fasttext_line(label, text).encode())
            assert read(again, format="auto")[0].values == record.values


def test_a_line_has_one_label_or_a_reason(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(
        b"__label__good fits well\n\n \t\nfits __label__good well __label__4-stars\n"
        b"no label\n__label__ nameless\ncaf\xe9 __label__good\n__label__good\n"
    )
    records = read(path)
    assert [(record.row, record.reason) for record in records] == [
        (1, ""),
        (4, "several-labels"),
        (5, "no-label"),
        (6, "malformed-row"),
        (7, "undecodable"),
        (8, ""),
    ]
    assert records[1].detail == "__label__good, __label__4-stars: a text is of one class here"
    assert records[-1].values == {"label": "good", "text": ""}
    # Who asks for the texts alone gets them all.
    texts = [record.values["text"] for record in read(path, {"text": "--column"})[:4]]
    assert texts == ["fits well", "fits well", "no label", "nameless"]


def test_other_columns_are_told_and_txt_stays_what_it_is(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("__label__good fits well\n")
    with pytest.raises(RunError, match="no column 'stars', which data.rating names.*'label', 'te"):
        read(path, {"stars": "data.rating", "text": "data.text"})
    (record,) = read(path, {"text": "data.text"}, format="auto")
    assert record.values == {"text": "__label__good fits well"}


@pytest.mark.parametrize(
    ("label", "text", "problem"),
    [
        ("very good", "x", "'very good' cannot be a label"),
        ("", "x", "'' cannot be a label"),
        ("good", "a __label__b", "'__label__b' in the text"),
    ],
)
def test_what_fasttext_cannot_hold_is_not_written(label, text, problem):
    with pytest.raises(RunError, match=problem):
        fasttext_line(label, text)
