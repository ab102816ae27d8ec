"""Where the sentences of a text end.

By rules, for texts as people write them to shops: without capitals, with four dots and none. TF
Text's `StateBasedSentenceBreaker` ends a sentence behind each dot, also in 4.5, in e.g. and in
addresses of pages, and tears quotes apart; these rules ask what stands around the dot, and take
an eighth of its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# What may end a sentence, with what closes quotes and brackets behind it. The marks of Chinese
# and Japanese, behind which no space is due, are told apart.
_CLOSING = "[\"'”’»)\\]}」』）]*"
_END = re.compile(rf"(?:[.!?…؟।॥۔]+|([。！？｡．]+)){_CLOSING}")

_OPENING = "\"'“‘«([{#*-"

# Such belong to the sentence that they follow.
_FACE = r"(?:[:;=8][-o^']?[)(\]\[DPp/\\|*]|<3)(?=\s|$)"
_PICTURE = "[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?"
_FACES = re.compile(rf"(?:\s*(?:{_FACE}|{_PICTURE}))+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Short forms that need another word behind them.
_NEVER_LAST = _words(
    "mr mrs ms dr prof st mt rev gen sgt capt jr sr vs ca cf fig vol eds e.g i.e eg ie viz approx "
    "dept incl"
)
# Such may be last, but then the next sentence shows that it begins.
_SELDOM_LAST = _words(
    "etc inc ltd corp co al lb lbs oz ft yd cm mm kg hr hrs yr yrs avg jan feb mar apr jun jul aug "
    "sep sept oct nov dec"
)
_NUMBER = "no"
_SHORT = _NEVER_LAST | _SELDOM_LAST | {_NUMBER}
# Longer than any of them.
_LONGEST_WORD = 8


def sentence_ends(text: str) -> list[int]:
    """Says where the sentences of a text end.

    Args:
        text: Cleaned, so that white space is one space, and not empty.

    Returns:
        Of each sentence the place behind its last character, in characters; the last one is the
        length of the text. Between two sentences stands a space or nothing.

    Example:
        >>> sentence_ends("Only $4.50! So soft... i love it")
        [11, 22, 32]
    """
    ends = []
    length = len(text)
    for match in _END.finditer(text):
        end = match.end()
        if end == length:
            break
        if text[end] == " ":
            if match[0] == "." and not _dot_ends(text, match.start()):
                continue
            if not text[end + 1].isalnum() and (faces := _FACES.match(text, end)):
                end = faces.end()
                if end == length:
                    break
        elif match.lastindex is None and not _lacks_space(text, match):
            continue
        ends.append(end)
    ends.append(length)
    return ends


def sentences_of(text: bytes, ends: Sequence[int]) -> Iterator[bytes]:
    """Cuts a text of the examples of this task into its sentences.

    Args:
        text: The feature `text` of an example.
        ends: Its feature `sentences`.

    Yields:
        Each sentence, without the space around it.

    Example:
        >>> list(sentences_of(b"It fits. I love it!", [8, 19]))
        [b'It fits.', b'I love it!']
    """
    start = 0
    for end in ends:
        yield text[start:end].strip()
        start = end


def _dot_ends(text: str, dot: int) -> bool:
    """Whether a dot before a space ends a sentence, and not the short form of a word."""
    word = text[max(dot - _LONGEST_WORD, 0) : dot].rpartition(" ")[2].lstrip(_OPENING)
    lower = word.lower()
    if lower not in _SHORT and len(word) != 1 and "." not in word:
        return True
    following = text[dot + 2 : dot + 4]
    if lower in _NEVER_LAST:
        return False
    if lower == _NUMBER:
        return not following[:1].isdigit()
    begins = following[:1].isupper() or following == "i "
    if len(word) == 1:
        # As in J. Crew, but not in "size m. after that".
        return not (word.isalpha() and word.isupper() and word != "I" and begins)
    return begins or word[0].isdigit()


def _lacks_space(text: str, match: re.Match) -> bool:
    """Whether a space was forgotten, as in "It fits.Runs small"; not in "www.Site.com", "4.5"."""
    start, end = match.start(), match.end()
    if match[0].startswith("...") and text[end].isalpha():
        return True
    before, following = text[max(start - 2, 0) : start], text[end : end + 2]
    return before.islower() and before.isalpha() and following.istitle() and following.isalpha()
