"""From documents to the segments that an encoder reads: filled, in pairs or not, nothing lost.

Segments are filled from the sentences of one document after the other, as RoBERTa's
FULL-SENTENCES (Liu et al., 2019), across their bounds too, with a token of end between two. Where
pairs are asked for, a segment is two parts of which the second follows the first in its document,
or is from others (BERT's next sentence prediction; Devlin et al., NAACL 2019). Devlin's recipe
takes such parts from anywhere, so that some sentences are learnt twice and others never. Here two
streams of documents are cut at the same time and change their second parts: all is read once.
"""

from __future__ import annotations

import bisect
import dataclasses
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .features import NO_PAIR

FOLLOWS, RANDOM = 0, 1

# As in Devlin's recipe: so many segments have a length that is drawn.
_SHORT = 0.1
# A segment that is as full ends with its sentence or its document; any other one is filled up, and
# the sentence goes on in the next.
_FULL = 0.9


class Span(NamedTuple):
    """Pieces of one document that stand one after the other.

    Attributes:
        document: Its number.
        start: Place of the first piece, among those of all documents.
        end: Place behind the last one.
    """

    document: int
    start: int
    end: int


class Segment(NamedTuple):
    """What an encoder reads at once, before it has its tokens of start and end.

    Attributes:
        first: Spans of its first part.
        second: Those of its second part, none where it has but one.
        random_next: `FOLLOWS`, `RANDOM` or, of a segment that is no pair, `NO_PAIR`.
    """

    first: tuple[Span, ...]
    second: tuple[Span, ...] = ()
    random_next: int = NO_PAIR


def length_of(spans: Sequence[Span]) -> int:
    """Tokens of a part of a segment, with those between its documents.

    Args:
        spans: Of the part, at least one.
    """
    return sum([span.end - span.start for span in spans]) + len(spans) - 1


@dataclasses.dataclass(frozen=True)
class Documents:
    """The word pieces of some documents.

    Attributes:
        ids: Of all pieces of one document after the other, [pieces].
        sentence_ends: Place behind each sentence, among all pieces, rising, int64 [sentences].
        document_ends: Place behind each document, likewise, int64 [documents].
        continues: Whether each piece goes on with the word of the one before, bool [pieces]; None
            where words may be cut.
    """

    ids: np.ndarray
    sentence_ends: np.ndarray
    document_ends: np.ndarray
    continues: np.ndarray | None = None


def pack(
    documents: Documents, most: int, pairs: bool, generator: random.Random
) -> Iterator[Segment]:
    """Packs documents into segments.

    Args:
        documents: Each of a piece at least, in the order in which they are read.
        most: Pieces of a segment at most, from 2, those between documents included.
        pairs: Whether second parts are wanted.
        generator: Of what is drawn.

    Yields:
        The segments; among their spans is each piece once. As many pairs are `RANDOM` as are not,
        or one more or less.

    Example:
        >>> documents = Documents(np.arange(7), np.array([3, 5, 7]), np.array([5, 7]))
        >>> [segment.first for segment in pack(documents, 5, False, random.Random(1))]
        [(Span(document=0, start=0, end=5),), (Span(document=1, start=5, end=7),)]
    """
    packer = _Packer(documents, most, generator)
    yield from _balanced(packer.pairs()) if pairs else packer.singles()


class _Stream:
    """Documents that are read one after the other; the next one is taken when one is out."""

    def __init__(self, waiting: Iterator[tuple[int, int, int]]):
        self._waiting = waiting
        # Document, first piece and end of each that was taken and is not read to its end.
        self._taken: list[tuple[int, int, int]] = []

    def document(self, number: int) -> tuple[int, int, int] | None:
        """The rest of the document that is being read, or of one behind it; None behind all."""
        while len(self._taken) <= number:
            following = next(self._waiting, None)
            if following is None:
                return None
            self._taken.append(following)
        return self._taken[number]

    def read(self, spans: Sequence[Span]) -> None:
        """Goes on behind these spans, which `gathered` gave."""
        last = spans[-1]
        while self._taken[0][0] != last.document:
            del self._taken[0]
        document, _, end = self._taken[0]
        if last.end == end:
            del self._taken[0]
        else:
            self._taken[0] = document, last.end, end


class _Packer:
    def __init__(self, documents: Documents, most: int, generator: random.Random):
        self._sentence_ends: list[int] = documents.sentence_ends.tolist()
        ends: list[int] = documents.document_ends.tolist()
        self._documents = zip(range(len(ends)), [0, *ends], ends, strict=False)
        continues = documents.continues
        self._continues = b"" if continues is None else continues.astype(np.uint8).tobytes()
        self._most = most
        self._generator = generator

    def singles(self) -> Iterator[Segment]:
        stream = _Stream(self._documents)
        while spans := self._gathered(stream, self._length()):
            stream.read(spans)
            yield Segment(spans)

    def pairs(self) -> Iterator[Segment]:
        one, other = _Stream(self._documents), _Stream(self._documents)
        ahead = 0
        while True:
            lengths = self._length(), self._length()
            spans = self._gathered(one, lengths[0])
            if not spans:
                one, other = other, one
                spans = self._gathered(one, lengths[0])
                if not spans:
                    return
            parted = self._parted(spans)
            if not parted:
                one.read(spans)
                yield Segment(spans)
            elif ahead > 0 or not (exchanged := self._parted(self._gathered(other, lengths[1]))):
                one.read(spans)
                ahead -= 1
                yield Segment(*parted, FOLLOWS)
            else:
                ahead += 2
                yield from self._exchanged((one, other), (parted[0], exchanged[0]), lengths)
            one, other = other, one

    def _exchanged(
        self,
        streams: tuple[_Stream, _Stream],
        firsts: tuple[tuple[Span, ...], tuple[Span, ...]],
        lengths: tuple[int, int],
    ) -> Iterator[Segment]:
        """Two segments, each with the second part of the other."""
        seconds = []
        for stream, first, to_fill, length in zip(
            streams, firsts, reversed(firsts), reversed(lengths), strict=True
        ):
            stream.read(first)
            second = self._gathered(stream, length - length_of(to_fill))
            stream.read(second)
            seconds.append(second)
        for first, second in zip(firsts, reversed(seconds), strict=True):
            yield Segment(first, second, RANDOM)

    def _length(self) -> int:
        if self._generator.random() < _SHORT:
            return self._generator.randint(2, self._most)
        return self._most

    def _gathered(self, stream: _Stream, length: int) -> tuple[Span, ...]:
        """The next spans of a stream, which stays where it is."""
        spans: list[Span] = []
        used = 0
        while used < _FULL * length:
            room = length - used - bool(spans)
            following = stream.document(len(spans)) if room > 0 else None
            if following is None:
                break
            document, start, end = following
            if end - start > room:
                whole = self._last_end(start, start + room)
                fills = length - room + whole - start >= _FULL * length
                end = whole if whole > start and fills else self._between_words(start, start + room)
            spans.append(Span(document, start, end))
            used = length - room + end - start
            if end < following[2]:
                break
        return tuple(spans)

    def _last_end(self, start: int, most: int) -> int:
        """Where the last sentence ends up to a place, or `start` if none does behind that."""
        place = bisect.bisect_right(self._sentence_ends, most)
        return max(self._sentence_ends[place - 1], start) if place else start

    def _between_words(self, start: int, end: int) -> int:
        """Where a word begins at `end` or before it; `end` where none does behind `start`."""
        place = end
        while place > start and self._continues and self._continues[place]:
            place -= 1
        return place if place > start else end

    def _parted(self, spans: Sequence[Span]) -> tuple[tuple[Span, ...], tuple[Span, ...]] | None:
        """Cuts spans where a sentence goes on with its document; None where none does."""
        bounds = [
            (
                bisect.bisect_right(self._sentence_ends, span.start),
                bisect.bisect_left(self._sentence_ends, span.end),
            )
            for span in spans
        ]
        number = sum(end - start for start, end in bounds)
        if not number:
            return None
        place, chosen = 0, self._generator.randrange(number)
        while chosen >= bounds[place][1] - bounds[place][0]:
            chosen -= bounds[place][1] - bounds[place][0]
            place += 1
        span, cut = spans[place], self._sentence_ends[bounds[place][0] + chosen]
        return (
            (*spans[:place], span._replace(end=cut)),
            (span._replace(start=cut), *spans[place + 1 :]),
        )


def _balanced(segments: Iterator[Segment]) -> Iterator[Segment]:
    """Makes no pairs of the last ones of a kind that has too many."""
    found = list(segments)
    places = {
        kind: [place for place, segment in enumerate(found) if segment.random_next == kind]
        for kind in (FOLLOWS, RANDOM)
    }
    for kind, other in ((FOLLOWS, RANDOM), (RANDOM, FOLLOWS)):
        for place in places[kind][len(places[other]) + 1 :]:
            first, second, _ = found[place]
            if kind == FOLLOWS:
                first, second = first[:-1], (first[-1]._replace(end=second[0].end), *second[1:])
            found[place] = Segment((*first, *second))
    yield from found
