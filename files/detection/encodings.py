"""In which encoding a text is, by its bytes alone."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .heads import BEYOND_ASCII
from .languages import LANGUAGES, languages_of, letters_of

UTF_8 = "utf-8"

# Encodings of Latin letters; of two that read a text alike the first one is taken.
_LATIN = (
    *("cp1252", "cp1250", "cp1254", "cp1257", "iso8859-15", "iso8859-2", "mac-roman", "cp850"),
)
# Those of other letters, which charset-normalizer tells apart.
_OTHERS = (
    *("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_BEYOND = re.compile(r"[^\0-\x7f]")
_BROKEN = re.compile("[\udc80-\udcff]")
_PLAIN = re.compile("[A-Za-z]")
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Signs that texts have; those that may stand between two letters, too.
_JOINING = frozenset("’‘–—…·\xad\xa0´")
_SIGNS = _JOINING | frozenset(
    "“”„‚«»‹›¿¡€£¥§°©®™•²³½¼¾µ×±ºª†、。，．！？：；「」『』（）【】～〜・％―"
)
_MOST_BAD = 0.1
_DAMAGED = 0.02
_FEWEST = 8
_RARE = 100
_LITTLE = 0.02
_SHOWN = 3
# Letters of ASCII make most of a text in Latin ones.
_MOST_SPECIAL = 0.45
_LEAST_SPECIAL = 0.3
# Of fewer letters it is not clear whether they are of another alphabet than the Latin one.
_NOT_MUCH = 200
# Bytes by which charset-normalizer has never taken one alphabet for another.
_MUCH = 1500
# Chinese, Japanese and Korean have no spaces between words.
_FIRST_IDEOGRAPH = 0x3000
_LOOKED_AT = 4096
_AROUND = 25


class Reading(NamedTuple):
    """A text as an encoding reads it.

    Attributes:
        encoding: Of Python.
        text: What is read.
        bad: How many of the characters beyond ASCII no such text would have.
        beyond: How many characters beyond ASCII there are.
    """

    encoding: str
    text: str
    bad: int
    beyond: int


class FoundEncoding(NamedTuple):
    """What has been found out.

    Attributes:
        encoding: The likeliest.
        rivals: Readings between which it is not certain, the likeliest first; none where it is.
    """

    encoding: str
    rivals: Sequence[Reading] = ()


def find_encoding(head: bytes, sample: bytes) -> FoundEncoding:
    """Finds the encoding of a text.

    Args:
        head: Its beginning.
        sample: Lines of it that are not ASCII; empty where there are none.

    Returns:
        It is certain where the bytes say so themselves (a byte order mark, UTF-8), or where of
        all encodings that read other letters than the likeliest one does none makes a text of it.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return FoundEncoding(encoding)
    if wide := _without_mark(head):
        return FoundEncoding(wide)
    if not sample:
        return FoundEncoding(UTF_8)
    as_utf8 = _as_utf8(sample)
    if as_utf8.bad <= _DAMAGED * as_utf8.beyond:
        return FoundEncoding(UTF_8)
    best, *others = sorted([as_utf8, *_readings(sample)], key=_share)
    outweighs = best is as_utf8 and as_utf8.bad < as_utf8.beyond - as_utf8.bad
    is_rare = _RARE * len(sample.splitlines()) < len(head.splitlines())
    if not outweighs and _share(best) > _MOST_BAD and is_rare:
        # Whatever it is, it is no text, and costs its rows.
        return FoundEncoding(UTF_8)
    if not outweighs and _share(best) > _MOST_BAD:
        return FoundEncoding(best.encoding, _different([best, *others])[:_SHOWN])
    special = len(sample) - len(sample.translate(None, BEYOND_ASCII))
    is_mostly = special > _MOST_SPECIAL * (special + len(_PLAIN.findall(best.text)))
    if best.beyond < _NOT_MUCH and (best.encoding in _OTHERS or is_mostly):
        return FoundEncoding(best.encoding, _different([best, *others])[:_SHOWN])
    rivals = _different([best, *[other for other in others if _is_rival(best, other)]])
    return FoundEncoding(best.encoding, rivals if len(rivals) > 1 else ())


def _as_utf8(sample: bytes) -> Reading:
    text = sample.decode(UTF_8, "surrogateescape")
    broken = len(_BROKEN.findall(text))
    return Reading(UTF_8, text, broken, _beyond(text))


def _without_mark(head: bytes) -> str:
    """UTF-16 that does not say so: every other byte of what is ASCII in it is 0."""
    head = head[: min(len(head) // 2 * 2, _LOOKED_AT)]
    zeros = head[::2].count(0), head[1::2].count(0)
    if not sum(zeros) or min(zeros) > 0.05 * max(zeros):
        return ""
    encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    text = head.decode(encoding, "replace")
    strange = sum(unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\r\n" for c in text)
    is_mostly_ascii = max(zeros) > len(text) / 2
    if strange + text.count("\ufffd") > 0.01 * len(text) + 1:
        return ""
    try:
        head.decode()
    except UnicodeDecodeError:
        return encoding if "\n" in text else ""
    return encoding if is_mostly_ascii else ""


def _readings(sample: bytes) -> list[Reading]:
    """All candidates."""
    languages = languages_of(sample)
    letters = frozenset(letters_of(languages or list(LANGUAGES)))
    usual = [LANGUAGES[language].encoding for language in languages[:1]]
    found = []
    for encoding in dict.fromkeys([*usual, *_LATIN]):
        text = sample.decode(encoding, "replace")
        found.append(Reading(encoding, text, _bad(text, letters), _beyond(text)))
    if min(map(_share, found)) > _MOST_BAD:
        found += _other_readings(sample)
    return found


def _bad(text: str, letters: frozenset[str]) -> int:
    """Counts what a text in languages of these letters would not have."""
    bad = special = 0
    for before, character, after in _with_neighbours(text):
        if character in letters:
            special += 1
            # Within a word, letters are small unless all are.
            bad += character.isupper() and before.islower()
        elif character in _SIGNS:
            bad += character not in _JOINING and before.isalpha() and after.isalpha()
        else:
            bad += 1
            special += character.isalpha()
    plain = len(_PLAIN.findall(text))
    is_other = special >= _NOT_MUCH and special > _MOST_SPECIAL * (special + plain)
    return _beyond(text) if is_other else bad


def _other_readings(sample: bytes) -> Iterator[Reading]:
    """What charset-normalizer finds; of little text, what else it finds possible."""
    import charset_normalizer

    matches = charset_normalizer.from_bytes(sample, cp_isolation=list(_OTHERS))
    found = [match.encoding for match in matches if match.encoding in _OTHERS]
    is_little = len(sample) - len(sample.translate(None, BEYOND_ASCII)) < _MUCH
    for encoding in found[: _SHOWN if is_little else 1]:
        text = sample.decode(encoding, "replace")
        yield Reading(encoding, text, _bad_of_others(text), _beyond(text))


def _bad_of_others(text: str) -> int:
    bad = text.count("\ufffd")
    for before, character, after in _with_neighbours(text):
        if character.isalpha() and ord(character) < _FIRST_IDEOGRAPH:
            # A word is of one alphabet.
            bad += any(one.isascii() and one.isalpha() for one in (before, after))
            bad += character.isupper() and before.islower()
    special = sum(character.isalpha() for character in _BEYOND.findall(text))
    all_letters = special + len(_PLAIN.findall(text))
    is_other = special >= _FEWEST and special > _LEAST_SPECIAL * all_letters
    return bad if is_other else _beyond(text)


def _beyond(text: str) -> int:
    return len(_BEYOND.findall(text))


def _with_neighbours(text: str) -> Iterator[tuple[str, str, str]]:
    framed = f" {text} "
    for match in _BEYOND.finditer(framed):
        at = match.start()
        yield framed[at - 1], framed[at], framed[at + 1]


def _is_rival(best: Reading, other: Reading) -> bool:
    """Whether it might as well be the other one, by what the two read differently."""
    if other.text == best.text:
        return False
    more = other.bad - best.bad
    if more >= 3 and _share(other) > 5 * (_share(best) + 0.01):
        return False
    if len(other.text) == len(best.text):
        differing = sum(a != b for a, b in zip(best.text, other.text, strict=True))
    else:
        differing = max(best.beyond, other.beyond)
    # Of what stands nowhere else, such as text that was damaged before, little is no evidence.
    return more < differing / 2 and differing > _LITTLE * best.beyond


def _share(reading: Reading) -> float:
    return reading.bad / max(reading.beyond, 1)


def _different(readings: Sequence[Reading]) -> list[Reading]:
    """One of each text."""
    return list({reading.text: reading for reading in reversed(readings)}.values())[::-1]


def where_different(readings: Sequence[Reading]) -> list[str]:
    """Shows what readings make of the first place where they differ.

    Args:
        readings: Of one sample, at least two of them different.

    Returns:
        Some words of each.
    """
    lines = [reading.text.split("\n") for reading in readings]
    for row in zip(*lines, strict=False):
        if len(set(row)) > 1:
            start = min(_difference(row[0], other) for other in row[1:] if other != row[0])
            shown = [one[max(start - _AROUND, 0) : start + _AROUND].strip() for one in row]
            return [
                one.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                for one in shown
            ]
    return [reading.text[:_AROUND] for reading in readings]


def _difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
