"""Where an answer stands in its text."""

from __future__ import annotations

import array
import bisect
import functools
import itertools
import re
from collections.abc import Callable, Iterator

from ..utf16 import in_characters

# So often is a text searched on for words that stand in it again and again.
_MOST_PLACES = 100

_WORD = re.compile(r"\S+")


class Context:
    """A text in which answers are looked for; what that takes grows with the text alone.

    Attributes:
        text: The text.

    Args:
        text: The text.

    Example:
        >>> context = Context("He left U.S. soil ( 2 ) in 1902 and in 1904.")
        >>> context.at("left", 3), context.at("left", 4), context.only("(2)"), context.only("in")
        ((3, 7), None, (18, 23), 2)
    """

    def __init__(self, text: str):
        self.text = text

    @functools.cached_property
    def from_utf16(self) -> Callable[[int], int]:
        """What counts in characters the places of this text, see `in_characters`."""
        return in_characters(self.text)

    def at(self, words: str, start: int) -> tuple[int, int] | None:
        """Returns where words stand that begin at a place, or None if they do not.

        Args:
            words: Which may differ from the text in white space; there is none around them.
            start: Characters before them.
        """
        if not 0 <= start <= len(self.text):
            return None
        if self.text.startswith(words, start):
            return start, start + len(words)
        packed, (starts, packed_starts) = self._packed
        word = bisect.bisect_right(starts, start) - 1
        place = 0
        if word >= 0:
            end = packed_starts[word + 1]
            place = min(packed_starts[word] + start - starts[word], end)
        words = "".join(words.split())
        return self._unpacked(place, len(words)) if packed.startswith(words, place) else None

    def only(self, words: str) -> tuple[int, int] | int:
        """Returns where words stand, if that is one place, or else at how many they do.

        Words that stand there just so come before such as differ in white space, and of
        several places those that do not begin or end inside a word.

        Args:
            words: Without white space around them, not empty.
        """
        places = [(start, start + len(words)) for start in _places(self.text, words)]
        if not places:
            packed = "".join(words.split())
            found = _places(self._packed[0], packed)
            places = self._whole([self._unpacked(start, len(packed)) for start in found])
        elif len(places) > 1:
            places = self._whole(places) or places
        return places[0] if len(places) == 1 else len(places)

    @functools.cached_property
    def _packed(self) -> tuple[str, tuple[array.array, array.array]]:
        """The text without white space; and where its words begin, in it and packed."""
        starts, packed_starts = array.array("L"), array.array("L", [0])
        for word in _WORD.finditer(self.text):
            starts.append(word.start())
            packed_starts.append(packed_starts[-1] + word.end() - word.start())
        return "".join(self.text.split()), (starts, packed_starts)

    def _unpacked(self, start: int, length: int) -> tuple[int, int]:
        _, (starts, packed_starts) = self._packed

        def place(packed: int) -> int:
            word = bisect.bisect_right(packed_starts, packed) - 1
            return starts[word] + packed - packed_starts[word]

        return place(start), place(start + length - 1) + 1

    def _whole(self, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of words that are not parts of longer ones; all, where there may be more."""
        if len(places) == _MOST_PLACES:
            return places
        return [place for place in places if self._is_whole(*place)]

    def _is_whole(self, start: int, end: int) -> bool:
        text = self.text
        return not (
            (start and text[start - 1].isalnum() and text[start].isalnum())
            or (end < len(text) and text[end - 1].isalnum() and text[end].isalnum())
        )


def _places(text: str, words: str) -> Iterator[int]:
    """Where words begin, the first of them at most."""

    def places() -> Iterator[int]:
        place = text.find(words)
        while place >= 0:
            yield place
            place = text.find(words, place + 1)

    return itertools.islice(places(), _MOST_PLACES)
