"""Cleaning: what a person reads stays, markup goes, and cleaning twice changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import clean_text

# Pieces that meet each other's rules: entities that make markup, markup that makes entities.
PIECES = st.sampled_from(
    "&amp; amp; & &lt; lt; < > b br / <b> </b> <!-- --> <script> </script> &#60; &#x26; #60; "
    "&eacute; <a_href=' ' \" = 3 e \u0301 \u037e \u200b \ufeff 🙂 İ".replace("_", "\n").split(" ")
    + ["\x00", " ", "\n", "\u00a0"]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Absolutely <b>wonderful</b>", "Absolutely wonderful"),
        ("Good<br/>fit.<BR>Bad<br />colour", "Good fit. Bad colour"),
        ("un<i>believ</i>able", "unbelievable"),
        ("see <a href=\"http://x.y/?a=1&amp;b=2\" class='c'>this</a>!", "see this!"),
        ("one<!-- hidden <b> -->two", "one two"),
        ("<style>p {color: red}</style>Nice<script>alert('<b>')</script>", "Nice"),
        ("never closed <!-- but said", "never closed <!-- but said"),
        ("I <3 it, a < b and b > c", "I <3 it, a < b and b > c"),
        ("it was <sigh> fine <b and c> x", "it was <sigh> fine <b and c> x"),
        ("rock &amp; roll, 5&quot; heel, caf&eacute;", 'rock & roll, 5" heel, café'),
        ("user-friendly &amp;#38; light, at&amp;amp;amp;t", "user-friendly & light, at&t"),
        ("&lt;br&gt;escaped&lt;p&gt;markup", "escaped markup"),
        ("&lt;3 and &amp;lt;3", "<3 and <3"),
        ("R&D, AT&T, ?a=1&copy=2, &nosuch; &;", "R&D, AT&T, ?a=1&copy=2, &nosuch; &;"),
        ("&#0;&#xD800;&#99999999;", "\ufffd&#99999999;"),
        ("  tabs\tand\r\nlines\u00a0and\u2003spaces  ", "tabs and lines and spaces"),
        ("cafe\u0301 \ufb01ne", "café \ufb01ne"),
        ("a\x00b\x07c\x7f", "a b c"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("family 👩\u200d👩\u200d👧 stays", "family 👩\u200d👩\u200d👧 stays"),
        (" \n\t\u00a0<br>&nbsp;\u200b", ""),
    ],
)
def test_cleans(text, expected):
    assert clean_text(text) == expected


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("&" + "amp;" * 100 + "lt;b>")
@example("<" * 20 + "b>" * 20)
@example("&l\u200bt;b&gt;")
@example("&lt\u037e")
def test_cleaning_twice_changes_nothing_and_leaves_normal_text(text):
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())


@given(st.text(st.sampled_from("abc ,.!?'ABC123éü🙂"), max_size=80))
def test_plain_words_survive(text):
    expected = " ".join(unicodedata.normalize("NFC", text).split())
    assert clean_text(text) == expected


@pytest.mark.parametrize("piece", ["<!--", "<script>", "<b ", "&amp;", "<b x=", "&lt;", "<a x='"])
def test_a_million_hostile_characters_are_no_trouble(piece):
    clean_text(piece * (1_000_000 // len(piece)))


# Letters that bring marks along, marks that are two, and what may stand between them.
MARKED = st.lists(
    st.sampled_from("aéắ\u0301\u0323\u0344\u0f71\u0f73\u0f74\ufb2c\u05bc\u200b\u034f")
    | st.sampled_from(["🙂", "\u0301" * 14, "\u0344" * 20, "<b>", "&#769;"]),
    max_size=60,
).map("".join)


@given(MARKED)
def test_no_letter_keeps_marks_without_end(text):
    clean = clean_text(text)
    assert clean_text(clean) == clean and unicodedata.is_normalized("NFC", clean)
    decomposed = unicodedata.normalize("NFD", clean)
    marks = "".join("m" if unicodedata.combining(character) else "." for character in decomposed)
    assert "m" * 31 not in marks


def test_thirty_marks_on_a_letter_stay_as_they_are():
    marks = "".join(chr(0x0300 + n) for n in range(30))
    assert clean_text(f"x{marks}y") == unicodedata.normalize("NFC", f"x{marks}y")
    assert clean_text("e" + "\u0323" * 31) == "\u1eb9" + "\u0323" * 29 + "\u034f\u0323"


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0344", "\u0f73", "\u0301\u200b"])
def test_marks_without_end_are_no_trouble(marks):
    # Sorted one by one these would take minutes.
    clean_text("a" + marks * 200_000)
