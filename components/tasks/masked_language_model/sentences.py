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

# Such belong to the sentence that they follow.
_FACE = r"(?:[:;=8][-o^']?[)(\]\[DPp/\\|*]|<3)(?=\s|$)"
_PICTURE = "[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?"
_FACES = re.compile(rf"(?:\s*(?:{_FACE}|{_PICTURE}))+")

# Short forms that need another word behind them.
_NEVER_LAST = re.compile(
    "mr|mrs|ms|dr|prof|st|mt|rev|gen|sgt|capt|jr|sr|vs|ca|cf|fig|vol|eds|e[.]g|i[.]e|eg|ie|viz|"
    "approx|dept|incl"
)
# Such may be last, but then the next sentence shows that it begins.
_SELDOM_LAST = re.compile(
    "etc|inc|ltd|corp|co|al|lbs?|oz|ft|yd|cm|mm|kg|hrs?|yrs?|avg|jan|feb|mar|apr|jun|jul|aug|sept?|"
    "oct|nov|dec|.*[.].*"
)
_WORD_BEFORE = re.compile(r"[^\W_](?:[^\W_]|\.(?=[^\W_]))*$")
_LONGEST_WORD = 16


def sentence_ends(text: str) -> list[int]:
    """Says where the sentences of a text end.

    Args:
        text: Cleaned, and not empty.

    Returns:
        Of each sentence the place behind its last character, in characters; the last one is the
        length of the text. Between two sentences stands white space or nothing.

    Example:
        >>> sentence_ends("Only $4.50! So soft... i love it")
        [11, 22, 32]
    """
    ends = []
    for match in _END.finditer(text):
        end = match.end()
        if end < len(text) and _ends(text, match):
            faces = _FACES.match(text, end)
            end = faces.end() if faces else end
            if end < len(text):
                ends.append(end)
    ends.append(len(text))
    return ends


def sentences_of(text: bytes, ends: Sequence[int]) -> Iterator[bytes]:
    """Cuts a text of the examples of this task into its sentences.

    Args:
        text: The feature `text` of an example.
        ends: Its feature `sentences`.

    Yields:
        Each sentence, without the white space around it.

    Example:
        >>> list(sentences_of(b"It fits. I love it!", [8, 19]))
        [b'It fits.', b'I love it!']
    """
    start = 0
    for end in ends:
        yield text[start:end].strip()
        start = end


def _ends(text: str, match: re.Match) -> bool:
    """Whether marks before the end of the text end a sentence."""
    marks, start, end = match[0], match.start(), match.end()
    if match[1]:
        return True
    if not text[end].isspace():
        return _lacks_space(text, match)
    if marks[0] != "." or len(marks) > 1:
        return True
    found = _WORD_BEFORE.search(text, max(start - _LONGEST_WORD, 0), start)
    if not found:
        return True
    word = found[0].lower()
    following = text[end + 1 : end + 3]
    begins = following[:1].isupper() or following == "i "
    if _NEVER_LAST.fullmatch(word):
        return False
    if word == "no":
        return not following[:1].isdigit()
    if len(word) == 1 and word != "i":
        # As in J. Crew, but not in "size m. after that".
        return not (found[0].isupper() and begins)
    return begins or not _SELDOM_LAST.fullmatch(word)


def _lacks_space(text: str, match: re.Match) -> bool:
    """Whether a space was forgotten, as in "It fits.Runs small"; not in "www.Site.com", "4.5"."""
    start, end = match.start(), match.end()
    if match[0].startswith("...") and text[end].isalpha():
        return True
    before, following = text[max(start - 2, 0) : start], text[end : end + 2]
    return before.islower() and before.isalpha() and following.istitle() and following.isalpha()
