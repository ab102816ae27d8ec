"""What became of the documents of a split, and whether that is good enough to go on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping

import numpy as np

from ...errors import RunError
from .features import NO_PAIR
from .packing import RANDOM, Documents, Segment

_SUMMED = ("texts", "sentences", "single", "pieces", "segments", "tokens", "pairs", "random")

# With fewer segments that are pairs, or more texts of one sentence, a person should know.
_MANY = 0.5


@dataclasses.dataclass
class Counts:
    """What became of the documents of one bucket, or of all of a split.

    Attributes:
        split: Its name.
        bucket: Its number.
        texts: That have a word piece.
        sentences: Theirs.
        single: Texts of a single sentence.
        longest: Pieces of the longest text.
        pieces: Of all texts.
        segments: That were made of them.
        tokens: All of theirs, with those that begin, part and end them.
        pairs: Segments that are pairs.
        random: Pairs whose second part is from other texts.
        shards: Paths of the files of the segments.
    """

    split: str
    bucket: int = 0
    texts: int = 0
    sentences: int = 0
    single: int = 0
    longest: int = 0
    pieces: int = 0
    segments: int = 0
    tokens: int = 0
    pairs: int = 0
    random: int = 0
    shards: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def of_documents(cls, split: str, bucket: int, documents: Documents) -> Counts:
        """Counts documents that are not packed yet."""
        sizes = np.diff(documents.document_ends, prepend=0)
        places = np.searchsorted(documents.sentence_ends, documents.document_ends)
        return cls(
            split,
            bucket,
            texts=len(sizes),
            sentences=len(documents.sentence_ends),
            single=int((np.diff(places, prepend=-1) == 1).sum()),
            longest=int(sizes.max(initial=0)),
            pieces=len(documents.ids),
        )

    def add(self, segment: Segment, tokens: int) -> None:
        """Counts a segment of so many tokens."""
        self.segments += 1
        self.tokens += tokens
        self.pairs += segment.random_next != NO_PAIR
        self.random += segment.random_next == RANDOM

    def to_json(self) -> str:
        """Writes the counts as one line for `from_json`."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Counts:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(line))


def add_up(counts: Iterable[Counts]) -> dict[str, Counts]:
    """Adds the counts of all buckets.

    Args:
        counts: In any order.

    Returns:
        Split -> the sums, with the files in the order of the buckets.
    """
    totals: dict[str, Counts] = {}
    for one in sorted(counts, key=lambda one: (one.split, one.bucket)):
        total = totals.setdefault(one.split, Counts(one.split))
        for name in _SUMMED:
            setattr(total, name, getattr(total, name) + getattr(one, name))
        total.longest = max(total.longest, one.longest)
        total.shards += one.shards
    return totals


def check_pieces(totals: Mapping[str, Counts], splits: Iterable[str]) -> None:
    """Makes sure that there is something to learn from and to be held out.

    Args:
        totals: By split.
        splits: Those that are due.

    Raises:
        RunError: A split has no piece.
    """
    for split in splits:
        if split not in totals:
            raise RunError(
                f"the texts of the split {split} have no word that the encoder's tokenizer knows "
                "of; are they in its language?"
            )


def check_pairs(totals: Mapping[str, Counts]) -> None:
    """Makes sure that there are pairs to learn from.

    Args:
        totals: By split.

    Raises:
        RunError: A split has none.
    """
    # That of most texts first, which tells most.
    for total in sorted(totals.values(), key=lambda total: -total.texts):
        if not total.pairs:
            single = total.single / total.texts
            raise RunError(
                "model.objectives has nsp, which learns what follows a sentence, but of the "
                f"{total.texts:,} texts of the split {total.split} no pair can be made: "
                f"{single:.0%} of them have one sentence only; leave nsp out, or bring "
                f"{'longer' if single == 1 else 'more'} texts"
            )


def pairs_warning(total: Counts) -> str | None:
    """What a person should know of texts that nsp can learn little from.

    Args:
        total: Of the split train.

    Returns:
        One line, or None where there is nothing to say.
    """
    single, paired = total.single / total.texts, total.pairs / total.segments
    if paired >= _MANY and single <= _MANY:
        return None
    return (
        f"{single:.0%} of the texts have one sentence only, of which nsp learns nothing; "
        f"{paired:.0%} of the segments are pairs"
    )


def facts(totals: Mapping[str, Counts], max_tokens: int) -> dict[str, int | float]:
    """What the artifact carries.

    Args:
        totals: By split.
        max_tokens: Of a segment at most.

    Returns:
        By name the sums of all splits, `longest`, the segments of each split under its name, and
        as shares `fill`, of what segments could hold; `single`, of texts with one sentence;
        and `paired`, of segments that are pairs.
    """
    every = Counts("")
    for total in totals.values():
        for name in _SUMMED:
            setattr(every, name, getattr(every, name) + getattr(total, name))
        every.longest = max(every.longest, total.longest)
    return {
        **{name: getattr(every, name) for name in _SUMMED if name != "single"},
        "longest": every.longest,
        **{split: total.segments for split, total in totals.items()},
        "fill": every.tokens / (every.segments * max_tokens),
        "single": every.single / every.texts,
        "paired": every.pairs / every.segments,
    }
